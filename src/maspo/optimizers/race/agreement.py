"""How far local and lookahead verdicts agreed with the global verdict in this run, and so how much they count. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from maspo.core.verdict import Comparison, Verdict
from maspo.events import LevelAgreement
from maspo.optimizers.parts.reward import Weights, term, value_of

Weighting = Literal["learned", "fixed", "global", "readers"]

_DOUBT = 20
"""Comparisons that neither agree nor disagree, added to those seen: a level counts little before it has earned it.

Chosen on the arena together with the weighting itself (docs/design/0003-anchor-race.md)."""
_TRUSTED = 5
"""Comparisons that agree, added to those seen of readers where they are asked on every run: they begin with a tenth of
what the final answer counts (docs/design/0070-what-readers-saw.md)."""
UNSEEN = LevelAgreement()
_DECIDED = (Verdict.WIN, Verdict.LOSS)


def count_agreement(so_far: LevelAgreement, verdict: Verdict, glob: Verdict) -> LevelAgreement:
    """Return the agreement after one more comparison; undecided ones and ties teach nothing."""
    if verdict not in _DECIDED or glob not in _DECIDED:
        return so_far
    return LevelAgreement(so_far.agreed + (verdict is glob), so_far.disagreed + (verdict is not glob))


def reliability(seen: LevelAgreement, trusted: int = 0) -> float:
    """Return 0 for a level no better than a coin, as far as seen, up to 1 for one always right.

    It is shrunk towards 0, or, where so many of the comparisons added to those seen agree, towards a little trust.
    """
    return max(0.0, (seen.agreed - seen.disagreed + trusted) / (seen.agreed + seen.disagreed + _DOUBT))


@dataclass(frozen=True, slots=True)
class Reliability:
    """How often local and lookahead verdicts have agreed with the global verdict in one run."""

    local: LevelAgreement = UNSEEN
    lookahead: LevelAgreement = UNSEEN

    def after(self, comparison: Comparison) -> Reliability:
        """Return what is known after one more comparison; one of the output agent has only one level."""
        if not comparison.lookahead:
            return self
        lookahead = self.lookahead
        for _, verdict in comparison.lookahead:
            lookahead = count_agreement(lookahead, verdict, comparison.glob)
        return Reliability(count_agreement(self.local, comparison.local, comparison.glob), lookahead)


def score(comparison: Comparison, weighting: Weighting, weights: Weights, seen: Reliability, glob: float) -> float:
    """Return what one comparison says for the candidate, from −½ to ½: Eq. 5, its weights summing to 1.

    ``glob`` is what is known of its final answers, which may be more than its own verdict.
    ``global`` takes the global verdict alone; ``fixed`` weighs the levels as given; ``learned`` starts from these
    weights and multiplies local and lookahead with the reliability that they have shown. ``readers`` adds what readers
    saw to the global verdict, which counts in full.
    """
    if weighting == "global" or not comparison.lookahead:
        return glob
    if weighting == "readers":
        seen_by = fmean(value_of(verdict) for _, verdict in comparison.lookahead)
        return glob + weights.lookahead * reliability(seen.lookahead, _TRUSTED) * seen_by
    if weighting == "learned":
        local, lookahead = weights.local * reliability(seen.local), weights.lookahead * reliability(seen.lookahead)
        weights = weights.model_copy(update={"local": local, "lookahead": lookahead})
    total = weights.local + weights.lookahead + weights.glob
    known_better = weights.glob * (glob - value_of(comparison.glob))
    return (term(comparison, weights, "centred") + known_better) / total if total else glob
