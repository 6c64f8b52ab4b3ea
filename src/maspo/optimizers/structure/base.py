"""What a search for a better structure is: a generator that lets teams meet and is told the verdicts. Pure."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Literal, Protocol, TypeAlias

from maspo.core.verdict import Verdict
from maspo.team import System
from maspo.team.changes import Change, Kind

MARGIN = 0.1
"""How many more inputs may be lost than won, as a share of all, by a team that still counts as doing as well: a tenth
is a usual margin for shares in trials of non-inferiority, and less could hardly be shown on some tens of inputs."""
STAGES = (10, 20, 40)
"""Inputs after which it is looked whether to go on with a change."""
ONE_OF_SEVERAL = 0.5
"""The share of the margin that a single change may use up: several are kept, and what they cost adds up. With the whole
margin the experts of a team went one by one, and the test on the hold-out found it worse (design note 0034)."""
_KEEPS, _BETTER = 1.0, 2.0
"""Standard errors by which a change must stay within the margin, and by which it must be better where it costs more.
The hold-out test decides; here an error costs a change, or a few calls."""


@dataclass(frozen=True, slots=True)
class Meet:
    """A question: how does the candidate's final answer do on an input against the reference's."""

    reference: System
    candidate: System
    input_key: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Wins, losses and ties of a changed team against the team before. Undecided inputs count as lost."""

    wins: int = 0
    losses: int = 0
    n: int = 0

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> Tally:
        """Count verdicts."""
        lost = verdicts.count(Verdict.LOSS) + verdicts.count(Verdict.UNDECIDED)
        return cls(verdicts.count(Verdict.WIN), lost, len(verdicts))

    @property
    def worse_by(self) -> float:
        """By how much worse the changed team may be, as a share of the inputs: what a change is kept or refused by."""
        return max(self.bound(_KEEPS), 0.0)

    def bound(self, errors: float) -> float:
        """Return how much worse the changed team may be, as a share of inputs, so many standard errors above the mean.

        Negative: it is better even so. One more difference is counted than was seen, so that a few ties are no proof.
        """
        return (self.losses - self.wins + errors * sqrt(self.wins + self.losses + 1)) / max(self.n, 1)


@dataclass(frozen=True, slots=True)
class ChangeTrial:
    """A change that was tried, and what became of it."""

    change: Change
    tally: Tally
    kept: bool


@dataclass(frozen=True, slots=True)
class FoundTeam:
    """Where a search ended: the team, the changes that lead to it, and all that was tried."""

    system: System
    changes: tuple[Change, ...] = ()
    tried: tuple[ChangeTrial, ...] = ()


Verdicts: TypeAlias = tuple[Verdict, ...]
StructureSearch: TypeAlias = Generator[tuple[Meet, ...], Verdicts, FoundTeam]
"""Yields what is to be known, is sent a verdict for each, returns where it ended."""
Method: TypeAlias = Literal["greedy", "agent-dropout"]


@dataclass(frozen=True, slots=True)
class StructurePlan:
    """What a search for a better structure may do."""

    kinds: tuple[Kind, ...] = ("agents", "edges")
    models: tuple[str, ...] = ()
    """By which agents may be answered instead."""
    margin: float = MARGIN
    stages: tuple[int, ...] = field(default=STAGES)
    seed: int = 0

    def keeps(self, tally: Tally, costs_more: bool) -> bool:
        """Tell whether a change is kept: as good for less, or better for more."""
        return tally.bound(_BETTER) < 0 if costs_more else tally.bound(_KEEPS) <= self.for_one

    @property
    def for_one(self) -> float:
        """By how much worse a single change that saves calls may be, as a share of the inputs."""
        return self.margin * ONE_OF_SEVERAL

    def is_hopeless(self, tally: Tally, costs_more: bool) -> bool:
        """Tell whether more inputs would hardly change that it is not kept."""
        return tally.bound(-_KEEPS) > (0 if costs_more else self.for_one)


class SearchesStructure(Protocol):
    """Looks for a better structure. Pure: a function of the team, the inputs, the plan, and the verdicts it is sent."""

    def __call__(self, system: System, inputs: Sequence[str], plan: StructurePlan) -> StructureSearch:
        """Begin a search on the keys of its inputs."""
        ...
