"""Joint evaluation (Eq. 5): from three levels of verdicts to one reward. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from maspo.events import LevelCounts
from maspo.search.plan import Weights
from maspo.verdict import Comparison, Verdict

Scoring = Literal["centred", "indicator"]

_VALUES: Mapping[Scoring, Mapping[Verdict, float]] = {
    "indicator": dict.fromkeys(Verdict, 0.0) | {Verdict.WIN: 1.0},
    "centred": dict.fromkeys(Verdict, 0.0) | {Verdict.WIN: 0.5, Verdict.LOSS: -0.5},
}


def reward(comparisons: Sequence[Comparison], weights: Weights, scoring: Scoring) -> float:
    """Return R(p', p; B) of Eq. 5: the mean over the batch of α·local + β·mean of successors + θ·global.

    An agent without successors is the output agent: its local and global comparison are one, so R is its win rate.
    ``indicator`` is in [0, 1] as printed; ``centred`` is in [−½, ½] with a tie at 0. Undecided is never a win.
    """
    if not comparisons:
        return 0.0
    values = _VALUES[scoring]
    return sum(_term(comparison, weights, values) for comparison in comparisons) / len(comparisons)


def _term(comparison: Comparison, weights: Weights, values: Mapping[Verdict, float]) -> float:
    glob = values[comparison.glob]
    if not comparison.lookahead:
        return glob
    lookahead = sum(values[verdict] for _, verdict in comparison.lookahead) / len(comparison.lookahead)
    return weights.local * values[comparison.local] + weights.lookahead * lookahead + weights.glob * glob


def global_scores(comparisons: Iterable[Comparison]) -> list[float]:
    """Return one score per input from the global verdict alone: win +½, loss −½, else 0."""
    return [_VALUES["centred"][comparison.glob] for comparison in comparisons]


def counts(verdicts: Iterable[Verdict]) -> LevelCounts:
    """Count the verdicts of one level; a contradiction counts as a tie."""
    found = list(verdicts)
    return LevelCounts(
        wins=found.count(Verdict.WIN),
        losses=found.count(Verdict.LOSS),
        ties=found.count(Verdict.TIE) + found.count(Verdict.CONTRADICTED),
        undecided=found.count(Verdict.UNDECIDED),
    )
