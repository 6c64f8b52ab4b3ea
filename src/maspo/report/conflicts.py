"""Agents in conflict: whose change was kept, whose gave way, and the misalignment case that shows it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maspo.events import CaseShown, ConflictFound

MOST_CONFLICTS = 40
"""On the page; the newest."""
MOST_INPUTS = 12
"""Of one conflict, named on the page."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The two agents of a conflict, each with the mean score of its change alone, from −½ to ½."""

    kept: str
    kept_alone: float
    gave_way: str
    gave_way_alone: float


def sides(found: ConflictFound) -> Sides:
    """Return whose change was kept: the better one, and of equal ones the first, as the race decides."""
    (first, second), (one, other) = found.agents, found.alone
    return Sides(first, one, second, other) if one >= other else Sides(second, other, first, one)


def case_place(cases: Sequence[CaseShown], found: ConflictFound, input_key: str) -> int | None:
    """Return the place of the first case of the agent that gave way, of the same round and input; None without one."""
    agent = sides(found).gave_way
    for place, case in enumerate(cases):
        if (case.agent, case.input_key) == (agent, input_key) and case.step.startswith(f"{found.step}/"):
            return place
    return None


def pointed_at(cases: Sequence[CaseShown], conflicts: Sequence[ConflictFound]) -> frozenset[int]:
    """Return the places of the cases that the page's list of conflicts points at."""
    named = [(found, key) for found in conflicts[-MOST_CONFLICTS:] for key in found.inputs[:MOST_INPUTS]]
    places = (case_place(cases, found, key) for found, key in named)
    return frozenset(place for place in places if place is not None)
