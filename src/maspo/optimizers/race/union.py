"""The union of a round: what looks good alone is tried together, whole and in parts, and the best of it kept. Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import NamedTuple, Protocol, TypeAlias

from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison
from maspo.optimizers.base import Asking
from maspo.optimizers.race.effects import SCORE_VARIANCE
from maspo.optimizers.race.estimate import Estimates
from maspo.optimizers.race.mixture import Candidate, MixedRun, Mixture, by_agent, join
from maspo.optimizers.race.settings import RoundSize
from maspo.team.graph import Team

Blocks: TypeAlias = Sequence[Sequence[int]]
"""Candidates, by their numbers, in groups that are tried each for itself."""
_ATTEMPTS = 4
"""Unions and parts of unions that are tried in a round, at most: a union, its two sides, pairs, what is mended."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Candidates that were tried together, and how they did against the anchor."""

    part: Mixture
    comparisons: tuple[Comparison, ...]


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
    estimates: Estimates
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
        self.runs += [MixedRun(one.part.members, "together", met) for one in trials for met in one.comparisons]

    def evidence(self) -> list[list[Comparison]]:
        """Return, for each candidate, the comparisons of the runs that it was in."""
        found: list[list[Comparison]] = [[] for _ in self.candidates]
        for run in self.runs:
            for member in run.members:
                found[member].append(run.comparison)
        return found

    def estimate(self, runs: Sequence[MixedRun]) -> tuple[float, ...]:
        """Return what each candidate adds, by some runs of this round and what earlier rounds saw."""
        return self.estimates.effects(self.candidates, runs)

    def join_best(self, block: Sequence[int], most: int, team: Team) -> Mixture:
        """Return the best candidates of each agent joined, ``most`` of each; at equal effect the shorter is ahead."""
        best_first = sorted(block, key=lambda number: (-self.effects[number], len(self.candidates[number].text)))
        chosen = {number for own in by_agent(best_first, self.candidates).values() for number in own[:most]}
        return join(self.anchor, self.candidates, [number for number in best_first if number in chosen], team)

    def mean(self, trial: Trial) -> float:
        """Return the mean score of what was tried together."""
        return fmean(map(self.estimates.score, trial.comparisons))

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
        return any(self.estimates.score(run.comparison) > 0 for run in self.runs if not held.isdisjoint(run.members))

    def without_withdrawn(self, members: Sequence[int]) -> list[int]:
        """Return candidates without those that clash with better ones."""
        return [member for member in members if member not in self.withdrawn]


class Unites(Protocol):
    """What uniting needs of the search that it is part of."""

    team: Team

    def try_together(self, purpose: str, parts: Sequence[Mixture]) -> Asking[None]:
        """Let mixtures of candidates meet the anchor on the inputs of the union: an attempt of the round."""
        ...


class SeesConflicts(Protocol):
    """What uniting needs of whoever looks for changes that clash (``maspo.optimizers.race.conflicts``)."""

    def next_blocks(self, round_: Round) -> tuple[str, Blocks] | None:
        """Return what is tried next because changes may clash, and its purpose; None: nothing for that reason."""
        ...

    def audit(self, round_: Round, found: Trial) -> Asking[bool]:
        """Look for changes that clash in what is about to be kept; return whether any of it was withdrawn."""
        ...


def unite(search: Unites, round_: Round, good: Sequence[int], most: int, conflicts: SeesConflicts) -> Asking[Trial]:
    """Try what looks good together, then parts of it, as long as something is left that may beat the anchor.

    Return the best of it, or nothing when the anchor did better. ``most`` candidates of an agent are joined.
    """
    purpose: str = "union"
    blocks: Blocks = [good]
    for _ in range(_ATTEMPTS):
        joined = [round_.join_best(block, most, search.team) for block in blocks]
        parts = [part for part in joined if part.changes]
        if not parts:
            break
        yield from search.try_together(purpose, parts)
        if suspected := conflicts.next_blocks(round_):
            purpose, blocks = suspected
            continue
        best = round_.best()
        if round_.mean(best) < 0 or not round_.ever_won(best.part.members):
            least_bad = max(round_.attempts[-1].trials, key=round_.mean)
            purpose, blocks = "parts", split_parts(least_bad.part.members, round_, search.team)
            round_.effects = round_.estimate(round_.runs)
        elif (yield from conflicts.audit(round_, best)):
            purpose, blocks = "union", [round_.without_withdrawn(best.part.members)]
        else:
            return best
    return NO_TRIAL


def divide(members: Sequence[int], agents: Collection[str], candidates: Sequence[Candidate]) -> list[tuple[int, ...]]:
    """Return the candidates of some agents, and those of the others."""
    inside = {member: candidates[member].agent in agents for member in members}
    return [tuple(member for member in members if inside[member] is side) for side in (True, False)]


def split_parts(members: Sequence[int], round_: Round, team: Team) -> list[tuple[int, ...]]:
    """Return the parts of a union that lost: its agents in two groups, or the better half of one agent's."""
    own = by_agent(members, round_.candidates)
    agents = [name for name in team.order if name in own]
    if len(agents) > 1:
        return divide(members, {*agents[: len(agents) // 2]}, round_.candidates)
    promising = [member for member in members if round_.effects[member] > 0]
    return [tuple(sorted(promising, key=lambda member: -round_.effects[member])[: len(members) // 2])]
