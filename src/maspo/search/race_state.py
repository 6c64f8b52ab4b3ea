"""The state of the anchor race, and what it thinks of each entrant. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import sqrt
from statistics import fmean

from maspo.events import Event
from maspo.prompts import Prompts
from maspo.search.setting import Setting
from maspo.search.trust import Calibration, score
from maspo.search.work import Case, Result, Work
from maspo.verdict import Comparison

_PRIOR_WEIGHT = 400
"""Comparisons that ``search.optimism`` weighs as much as, against what the run has seen of its proposer."""


class Phase(StrEnum):
    """What the wave in flight is for."""

    PROPOSE = "propose"
    RACE = "race"
    UNITE = "unite"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Entrant:
    """A candidate of one agent with what its comparisons against the anchor said so far."""

    agent: str
    text: str
    evidence: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """Where a race stands. ``prompts`` is the anchor; ``out`` are entrants that fell in this round."""

    setting: Setting
    prompts: Prompts
    phase: Phase = Phase.DONE
    round: int = 0
    stage: int = 0
    idle: int = 0
    """Rounds in a row without an accepted candidate."""
    order: tuple[str, ...] = ()
    """The inputs of this round, in the order in which stages take them up."""
    entrants: tuple[Entrant, ...] = ()
    out: tuple[Entrant, ...] = ()
    block: tuple[Entrant, ...] = ()
    """Accepted entrants of different agents that are tried together now, best first."""
    rejected: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Per agent, the ids of prompts that lost against an anchor whose neighbourhood has not changed since."""
    differed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Per input, how often answers differed, of how many comparisons."""
    worth: tuple[float, int] = (0.0, 0)
    """Sum and number of the scores of all drafts in their first stage: what this proposer's drafts are worth."""
    calibration: Calibration = field(default_factory=Calibration)
    cases: tuple[Case, ...] = ()
    wave: tuple[Work, ...] = ()
    told: Mapping[str, Result] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the search has ended."""
        return self.phase is Phase.DONE

    def score(self, comparison: Comparison) -> float:
        """Return what one comparison says for the candidate, from −½ to ½."""
        return score(comparison, self.setting.plan, self.calibration)

    def mean(self, entrant: Entrant) -> float:
        """Return the mean score of an entrant so far."""
        return fmean(self.score(comparison) for comparison in entrant.evidence) if entrant.evidence else 0.0

    def expected(self, entrant: Entrant) -> float:
        """Return the expected score of an entrant: its mean, shrunk towards what drafts of this run were worth."""
        plan = self.setting.plan
        total, met = self.worth
        prior = (total + _PRIOR_WEIGHT * plan.optimism) / (met + _PRIOR_WEIGHT)
        scores = [self.score(comparison) for comparison in entrant.evidence]
        weight = len(scores) + plan.doubt
        return (sum(scores) + plan.doubt * prior) / weight if weight else 0.0


def standard_error(scores: Sequence[float]) -> float:
    """Return the standard error of the mean of scores."""
    mean = fmean(scores)
    return sqrt(sum((value - mean) ** 2 for value in scores) / max(len(scores) - 1, 1) / len(scores))
