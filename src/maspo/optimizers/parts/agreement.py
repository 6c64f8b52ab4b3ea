"""How far local and lookahead verdicts agreed with the global verdict in this run, and so how much they count. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from maspo.core.verdict import Comparison, Level, Verdict
from maspo.events import LevelAgreement
from maspo.optimizers.parts.reward import Weights, term, value_of

Weighting = Literal["learned", "fixed", "global"]

_DOUBT = 20
"""Comparisons that neither agree nor disagree, added to those seen: a level counts little before it has earned it.

Chosen on the arena together with the weighting itself (docs/design/0003-anchor-race.md)."""
_DECIDED = (Verdict.WIN, Verdict.LOSS)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often one level agreed with the global verdict, where both were decided."""

    agreed: int = 0
    disagreed: int = 0

    @property
    def event(self) -> LevelAgreement:
        """The counts as an event tells them."""
        return LevelAgreement(self.agreed, self.disagreed)

    @property
    def reliability(self) -> float:
        """0: no better than a coin, as far as seen; 1: always right. Shrunk towards 0."""
        return max(0.0, (self.agreed - self.disagreed) / (self.agreed + self.disagreed + _DOUBT))

    def after(self, verdict: Verdict, glob: Verdict) -> Agreement:
        """Return the agreement after one more comparison; undecided ones and ties teach nothing."""
        if verdict not in _DECIDED or glob not in _DECIDED:
            return self
        if verdict is glob:
            return replace(self, agreed=self.agreed + 1)
        return replace(self, disagreed=self.disagreed + 1)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The agreement of both partial levels with the global verdict in one run."""

    local: Agreement = field(default_factory=Agreement)
    lookahead: Agreement = field(default_factory=Agreement)

    def after(self, comparisons: Iterable[Comparison]) -> Calibration:
        """Return the calibration after more comparisons; those of the output agent have only one level."""
        local, lookahead = self.local, self.lookahead
        for comparison in comparisons:
            if not comparison.lookahead:
                continue
            local = local.after(comparison.local, comparison.glob)
            for _, verdict in comparison.lookahead:
                lookahead = lookahead.after(verdict, comparison.glob)
        return Calibration(local, lookahead)


def score(comparison: Comparison, weighting: Weighting, weights: Weights, calibration: Calibration) -> float:
    """Return what one comparison says for the candidate, from −½ to ½: Eq. 5, its weights summing to 1.

    ``global`` takes the global verdict alone; ``fixed`` weighs the levels as given; ``learned`` starts from these
    weights and multiplies local and lookahead with the reliability that they have shown.
    """
    if weighting == "global" or not comparison.lookahead:
        return value_of(comparison.glob)
    earned = _earned(weights, calibration) if weighting == "learned" else weights
    total = earned.local + earned.lookahead + earned.glob
    return term(comparison, earned, "centred") / total if total else value_of(comparison.glob)


def _earned(weights: Weights, calibration: Calibration) -> Weights:
    return weights.model_copy(
        update={
            Level.LOCAL.value: weights.local * calibration.local.reliability,
            Level.LOOKAHEAD.value: weights.lookahead * calibration.lookahead.reliability,
        }
    )
