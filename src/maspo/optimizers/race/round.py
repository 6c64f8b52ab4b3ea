"""A round of the race: its candidates, what was run with them, and what was tried together. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import NamedTuple, TypeAlias

from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison
from maspo.optimizers.race.effects import SCORE_VARIANCE
from maspo.optimizers.race.estimate import Estimator
from maspo.optimizers.race.mixture import Candidate, MixedRun, Mixture, by_agent, join
from maspo.optimizers.race.settings import RoundSize
from maspo.team.graph import Team

Blocks: TypeAlias = Sequence[Sequence[int]]
"""Candidates, by their numbers, in groups that are tried each for itself."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Candidates that were tried together, and how they did against the anchor."""

    part: Mixture
    comparisons: tuple[Comparison, ...]


_TOGETHER = "together"
"""The group of runs that tried what looked good together."""
NO_TRIAL = Trial(Mixture((), {}), ())


class Attempt(NamedTuple):
    """Trials at the same time, and what for: ``union``, ``parts``; or ``sides``, ``pairs`` to find a conflict."""

    purpose: str
    trials: Sequence[Trial]


@dataclass(slots=True)
class Round:
    """A round of the race and what it has found so far; candidates are numbered by their place."""

    number: int
    anchor: Prompts
    estimator: Estimator
    size: RoundSize
    inputs: tuple[str, ...] = ()
    """All of the search, in the order in which this round takes them up."""
    calls_before: int = 0
    """Calls that the search had taken when the round began."""
    candidates: tuple[Candidate, ...] = ()
    runs: list[MixedRun] = field(default_factory=list)
    effects: tuple[float, ...] = ()
    """What each candidate is expected to add."""
    attempts: list[Attempt] = field(default_factory=list)
    """What was tried together, the union of all that looked good first."""
    withdrawn: set[int] = field(default_factory=set)
    """Candidates that clash with better ones of another agent."""

    @property
    def trials(self) -> list[Trial]:
        """All trials, in order."""
        return [trial for attempt in self.attempts for trial in attempt.trials]

    def add(self, purpose: str, trials: Sequence[Trial]) -> None:
        """Take note of trials; each comparison is also a run that says something of each candidate in it."""
        self.attempts.append(Attempt(purpose, trials))
        self.runs += [MixedRun(one.part.members, _TOGETHER, met) for one in trials for met in one.comparisons]

    def evidence(self) -> list[list[Comparison]]:
        """Return, for each candidate, the comparisons of the runs that it was in."""
        found: list[list[Comparison]] = [[] for _ in self.candidates]
        for run in self.runs:
            for member in run.members:
                found[member].append(run.comparison)
        return found

    def estimate(self, runs: Sequence[MixedRun]) -> tuple[float, ...]:
        """Return what each candidate adds, by some runs of this round and what earlier rounds saw."""
        return self.estimator.effects(self.candidates, runs)

    def spreads(self) -> tuple[float, ...]:
        """Return the standard deviation of what each candidate is expected to add, by the mixed runs that told it."""
        mixed = [run for run in self.runs if run.group != _TOGETHER]
        return self.estimator.spreads(self.candidates, mixed)

    def join_best(self, block: Sequence[int], most: int, team: Team) -> Mixture:
        """Return the best candidates of each agent joined, ``most`` of each; at equal effect the shorter is ahead."""
        best_first = sorted(block, key=lambda number: (-self.effects[number], len(self.candidates[number].text)))
        chosen = {number for own in by_agent(best_first, self.candidates).values() for number in own[:most]}
        return join(self.anchor, self.candidates, [number for number in best_first if number in chosen], team)

    def mean(self, trial: Trial) -> float:
        """Return the mean score of what was tried together."""
        return fmean(map(self.estimator.score, trial.comparisons))

    def best(self) -> Trial:
        """Return the best of what was tried, without what was withdrawn; of equals the last, which was mended.

        A union that did not lose is left only for something that beats it by a standard error.
        """
        trials = self.trials
        union = trials[0]
        left = [trial for trial in reversed(trials) if self.withdrawn.isdisjoint(trial.part.members)]
        best = max(left, key=self.mean)
        beaten = self.mean(best) - self.mean(union) > math.sqrt(SCORE_VARIANCE / len(union.comparisons))
        return best if beaten or self.mean(union) < 0 or union not in left else union

    def ever_won(self, members: Collection[int]) -> bool:
        """Return whether any run of the round with one of these was won: without a win the anchor stays."""
        held = set(members)
        return any(self.estimator.score(run.comparison) > 0 for run in self.runs if not held.isdisjoint(run.members))

    def without_withdrawn(self, members: Sequence[int]) -> list[int]:
        """Return candidates without those that clash with better ones."""
        return [member for member in members if member not in self.withdrawn]


def divide(members: Sequence[int], agents: Collection[str], candidates: Sequence[Candidate]) -> list[tuple[int, ...]]:
    """Return the candidates of some agents, and those of the others."""
    inside = {member: candidates[member].agent in agents for member in members}
    return [tuple(member for member in members if inside[member] is side) for side in (True, False)]
