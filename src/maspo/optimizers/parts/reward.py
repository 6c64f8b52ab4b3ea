"""Joint evaluation (Eq. 5): from three levels of verdicts to one number. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from maspo.core.sums import add_up
from maspo.core.verdict import Comparison, Verdict
from maspo.events import LevelCounts

Scoring = Literal["centred", "indicator"]
JudgeOrder = Annotated[
    Literal["balanced", "fixed"],
    Field(description="fixed shows the candidate first, as the released code does; biased"),
]

_VALUES: Mapping[Scoring, Mapping[Verdict, float]] = {
    "indicator": dict.fromkeys(Verdict, 0.0) | {Verdict.WIN: 1.0},
    "centred": dict.fromkeys(Verdict, 0.0) | {Verdict.WIN: 0.5, Verdict.LOSS: -0.5},
}


class Weights(BaseModel):
    """α, β and θ of Eq. 5: local validity, lookahead potential, global alignment. Defaults: the paper's."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    local: float = Field(default=0.4, ge=0, description="α: the agent's own answer")
    lookahead: float = Field(default=0.4, ge=0, description="β: the answers of its successors")
    glob: float = Field(default=0.2, ge=0, alias="global", description="θ: the team's final answer")


def value_of(verdict: Verdict, scoring: Scoring = "centred") -> float:
    """Return what one verdict counts: centred from −½ to ½ with a tie at 0, or 1 for a win and else 0."""
    return _VALUES[scoring][verdict]


def reward(comparisons: Sequence[Comparison], weights: Weights, scoring: Scoring) -> float:
    """Return R(p', p; B) of Eq. 5: the mean over the batch. Undecided is never a win; without a batch it is 0."""
    if not comparisons:
        return 0.0
    return add_up(term(comparison, weights, scoring) for comparison in comparisons) / len(comparisons)


def term(comparison: Comparison, weights: Weights, scoring: Scoring) -> float:
    """Return one term of Eq. 5: α·local + β·mean over successors + θ·global.

    An agent without successors is the output agent: its local and global comparison are one, so only this one counts.
    """
    values = _VALUES[scoring]
    glob = values[comparison.glob]
    if not comparison.lookahead:
        return glob
    lookahead = add_up(values[verdict] for _, verdict in comparison.lookahead) / len(comparison.lookahead)
    return weights.local * values[comparison.local] + weights.lookahead * lookahead + weights.glob * glob  # Eq. 5


def counts(verdicts: Iterable[Verdict]) -> LevelCounts:
    """Count the verdicts of one level; a contradiction counts as a tie."""
    found = list(verdicts)
    return LevelCounts(
        wins=found.count(Verdict.WIN),
        losses=found.count(Verdict.LOSS),
        ties=found.count(Verdict.TIE) + found.count(Verdict.CONTRADICTED),
        undecided=found.count(Verdict.UNDECIDED),
    )
