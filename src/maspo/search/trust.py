"""Trust in local and lookahead verdicts: how far they agreed with the global verdict in this run. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from maspo.events import LevelAgreement
from maspo.search.plan import Plan, Weights
from maspo.verdict import Comparison, Level, Verdict

_PRIOR = 20
"""Comparisons' worth of doubt: trust is shrunk towards nothing by this many that neither agree nor disagree."""
_DECIDED = (Verdict.WIN, Verdict.LOSS)
_VALUE = dict.fromkeys(Verdict, 0.0) | {Verdict.WIN: 0.5, Verdict.LOSS: -0.5}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often one level agreed with the global verdict, where both were decided."""

    agreed: int = 0
    disagreed: int = 0

    @property
    def told(self) -> LevelAgreement:
        """The counts as an event tells them."""
        return LevelAgreement(self.agreed, self.disagreed)

    @property
    def trust(self) -> float:
        """0: no better than a coin, as far as seen; 1: always right. Shrunk towards 0."""
        return max(0.0, (self.agreed - self.disagreed) / (self.agreed + self.disagreed + _PRIOR))

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


def score(comparison: Comparison, plan: Plan, calibration: Calibration) -> float:
    """Return what one comparison says for the candidate, from −½ to ½.

    ``search.weighting``: ``global`` takes the global verdict alone; ``fixed`` weighs the levels as in Eq. 5;
    ``learned`` starts from those weights and multiplies local and lookahead with the trust that they have earned.
    """
    glob = _VALUE[comparison.glob]
    if plan.weighting == "global" or not comparison.lookahead:
        return glob
    weights = plan.weights if plan.weighting == "fixed" else _earned(plan.weights, calibration)
    lookahead = sum(_VALUE[verdict] for _, verdict in comparison.lookahead) / len(comparison.lookahead)
    total = weights.local + weights.lookahead + weights.glob
    value = weights.local * _VALUE[comparison.local] + weights.lookahead * lookahead + weights.glob * glob
    return value / total if total else glob


def _earned(weights: Weights, calibration: Calibration) -> Weights:
    return weights.model_copy(
        update={
            Level.LOCAL.value: weights.local * calibration.local.trust,
            Level.LOOKAHEAD.value: weights.lookahead * calibration.lookahead.trust,
        }
    )
