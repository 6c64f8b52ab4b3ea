"""The union of a round: what looks good alone is tried together, and what clashes is found and told. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, product
from statistics import fmean
from typing import Protocol

from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison, Verdict
from maspo.events import ConflictFound, SearchEvent
from maspo.optimizers.base import Asking, Case
from maspo.optimizers.parts.effects import SCORE_VARIANCE
from maspo.optimizers.parts.misalignment import remembered
from maspo.optimizers.parts.mixture import Candidate, MixedRun, Mixture, by_agent, join
from maspo.optimizers.parts.proof import Proof
from maspo.team.graph import Team

_MARGIN = 2
"""Inputs lost only together, less those won only together, that make a conflict: one may be a judge's slip."""
_MOST_PAIRS = 5
"""Pairs of agents that are tried for a conflict: each takes as many runs as a union."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Candidates that were tried together, and how they did against the anchor."""

    part: Mixture
    comparisons: tuple[Comparison, ...]


NO_TRIAL = Trial(Mixture((), {}), ())


@dataclass(slots=True)
class Round:
    """What a round has found so far; candidates are numbered by their place."""

    number: int
    anchor: Prompts
    score: Callable[[Comparison], float]
    """What one comparison says for the changed prompts, from −½ to ½."""
    candidates: tuple[Candidate, ...] = ()
    runs: list[MixedRun] = field(default_factory=list)
    effects: tuple[float, ...] = ()
    """What each candidate is expected to add."""
    trials: list[Trial] = field(default_factory=list)
    """The union of all that looked good, then its parts."""
    withdrawn: set[int] = field(default_factory=set)
    """Candidates that clash with better ones of another agent."""
    attempts: int = 0
    """How often candidates were tried together."""

    def evidence(self) -> list[list[Comparison]]:
        """Return, for each candidate, the comparisons of the runs that it was in."""
        found: list[list[Comparison]] = [[] for _ in self.candidates]
        for run in self.runs:
            for member in run.members:
                found[member].append(run.comparison)
        return found

    def join_best(self, block: Sequence[int], most: int, team: Team) -> Mixture:
        """Return the best candidates of each agent joined, ``most`` of each; at equal effect the shorter is ahead."""
        best_first = sorted(block, key=lambda number: (-self.effects[number], len(self.candidates[number].text)))
        chosen = {number for own in by_agent(best_first, self.candidates).values() for number in own[:most]}
        return join(self.anchor, self.candidates, [number for number in best_first if number in chosen], team)

    def mean(self, trial: Trial) -> float:
        """Return the mean score of what was tried together."""
        return fmean(map(self.score, trial.comparisons))

    def best(self) -> Trial:
        """Return the best of what was tried, without what was withdrawn; of equals the last, which was mended.

        A union that did not lose is left only for something that beats it by a standard error.
        """
        union = self.trials[0]
        left = [trial for trial in reversed(self.trials) if self.withdrawn.isdisjoint(trial.part.members)]
        best = max(left, key=self.mean)
        beaten = self.mean(best) - self.mean(union) > math.sqrt(SCORE_VARIANCE / len(union.comparisons))
        return best if beaten or self.mean(union) < 0 or union not in left else union

    def ever_won(self, members: Collection[int]) -> bool:
        """Return whether any run of the round with one of these was won: without a win the anchor stays."""
        held = set(members)
        return any(self.score(run.comparison) > 0 for run in self.runs if not held.isdisjoint(run.members))

    # ── conflicts: changes of two agents that each win alone and lose together ───────────────────────────────────────

    def falls_short(self, spread: float) -> bool:
        """Return whether a union of several agents did not win, nor, by a standard error, what was promised.

        ``spread`` is the standard deviation of effects.
        """
        union = self.trials[0]
        members, mean = union.part.members, self.mean(union)
        promised = min(0.5, sum(self.effects[member] for member in members))  # ½ is a win on every input
        error = math.sqrt(SCORE_VARIANCE / len(union.comparisons) + len(members) * spread**2)
        return len(union.part.changes) > 1 and mean <= 0 and promised - mean > error

    def runs_apart(self) -> list[MixedRun]:
        """Return the runs that held candidates of one side of the union at most."""
        one, other = ({*trial.part.members} for trial in self.trials[1:3])
        return [run for run in self.runs if one.isdisjoint(run.members) or other.isdisjoint(run.members)]

    def suspects(self, apart: Sequence[float], team: Team) -> list[tuple[int, ...]]:
        """Return the candidates of each linked pair of agents, one of either side, when the sides of a union clash."""
        union, one, other = (trial.part for trial in self.trials)
        if not self.clash(self.trials[0], apart):
            return []
        linked = [pair for pair in product(one.changes, other.changes) if pair[1] in team.neighbours(pair[0])]
        return [divide(union.members, pair, self.candidates)[0] for pair in linked[:_MOST_PAIRS]]

    def clash(self, together: Trial, apart: Sequence[float]) -> tuple[str, ...]:
        """Return the inputs lost by candidates of two sides together and by neither side; none without a conflict.

        In a conflict those of each side add something ``apart``, together they do not win, and clearly more inputs are
        lost only together than are won only together.
        """
        sides = self.trials[1:3]
        lost, won = (
            {one.input_key for one in together.comparisons if one.glob is verdict}
            - {one.input_key for side in sides for one in side.comparisons if one.glob is verdict}
            for verdict in (Verdict.LOSS, Verdict.WIN)
        )
        members = [set(together.part.members) & set(side.part.members) for side in sides]
        alone = min(sum(apart[member] for member in of_a_side) for of_a_side in members)
        found = alone > 0 >= self.mean(together) and len(lost) >= len(won) + _MARGIN
        return tuple(sorted(lost)) if found else ()

    def suspicions(self, pairs: Sequence[Trial], apart: Sequence[float], team: Team) -> Iterator[Suspicion]:
        """Yield which pairs of agents seem to clash."""
        for together in pairs:
            inputs, own = self.clash(together, apart), by_agent(together.part.members, self.candidates)
            if inputs and len(own) == 2:
                yield self.suspicion(together.part, apart, team, self.mean(together), inputs)

    def linked(self, trial: Trial, team: Team, most: int) -> list[Suspicion]:
        """Return pairs of agents of a union that read one another, those whose changes promise most first."""
        union, mean = trial.part, self.mean(trial)
        own = by_agent(union.members, self.candidates)
        pairs = [(one, other) for one, other in combinations(own, 2) if other in team.neighbours(one)]
        worth = {name: sum(self.effects[member] for member in members) for name, members in own.items()}
        best = sorted(pairs, key=lambda pair: -worth[pair[0]] - worth[pair[1]])[:most]
        parts = [Mixture(divide(union.members, pair, self.candidates)[0], union.changes) for pair in best]
        return [self.suspicion(part, self.effects, team, mean) for part in parts]

    def suspicion(
        self, part: Mixture, apart: Sequence[float], team: Team, together: float, inputs: tuple[str, ...] = ()
    ) -> Suspicion:
        """Return the changes of two agents as a pair that may clash, by what each of their candidates adds apart."""
        own = by_agent(part.members, self.candidates)
        first, second = sorted(own, key=team.order.index)
        alone = (sum(apart[m] for m in own[first]), sum(apart[m] for m in own[second]))
        told = ConflictFound(f"r{self.number}", (first, second), alone, together, inputs)
        return Suspicion(told, {name: part.changes[name] for name in told.agents}, own)

    def withdraw(self, found: Suspicion, leaves: str) -> list[Case]:
        """Withdraw the change of one agent; return the inputs lost together as cases, which lead its rewrite."""
        joint = {**self.anchor, **{name: text for name, text in found.changes.items() if name != leaves}}
        step, text = f"{found.told.step}/{leaves}", found.changes[leaves]
        self.withdrawn.update(found.members[leaves])
        return [Case(key, leaves, text, joint, step, ("global",)) for key in found.told.inputs]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Two changes that may clash: what would be told, the prompts, and the candidates in them by agent."""

    told: ConflictFound
    changes: Prompts
    members: Mapping[str, Sequence[int]]

    def proven(self, proof: Proof, score: Callable[[Comparison], float]) -> ConflictFound:
        """Return what is told of a pair that was looked at without a suspicion, by what the proof saw."""
        if self.told.inputs:
            return self.told
        alone = dict(zip(self.told.agents, self.told.alone, strict=True))
        # Both are worth what one is alone, and what the other adds to that.
        worth = [
            alone[other] + fmean(map(score, seen))
            for name, seen in proof.added.items()
            for other in alone
            if other != name
        ]
        return replace(self.told, together=fmean(worth), inputs=proof.inputs)

    @property
    def lesser(self) -> str:
        """The agent whose change is thought to add less alone."""
        first, second = self.told.agents
        return second if self.told.alone[0] >= self.told.alone[1] else first


@dataclass(frozen=True, slots=True)
class Looking:
    """How conflicts are looked for."""

    spread: float
    """Standard deviation of the effects of candidates."""
    audited: int = 0
    """Pairs of a union that are suspected even where nothing seems wrong."""


class Uniting(Protocol):
    """What uniting needs of the search that it is part of."""

    events: list[SearchEvent]
    cases: tuple[Case, ...]

    def try_together(self, purpose: str, blocks: Sequence[Sequence[int]]) -> Asking[list[Trial]]:
        """Let the candidates of each block meet the anchor together; nothing once a round has tried enough."""
        ...

    def estimate(self, runs: Sequence[MixedRun]) -> tuple[float, ...]:
        """Return what each candidate adds, by some runs."""
        ...

    def suspect(self, found: Suspicion) -> None:
        """Take up a pair that seems to clash: it is told once it is proven."""
        ...

    def audit(self, found: Trial) -> Asking[bool]:
        """Prove pairs of what is about to be kept; return whether any of it was withdrawn."""
        ...


def unite(search: Uniting, round_: Round, good: Sequence[int], team: Team, looking: Looking | None) -> Asking[Trial]:
    """Try what looks good together, then parts of it, as long as something is left that may beat the anchor.

    Return the best of it, or nothing when the anchor did better. Without ``looking`` no conflicts are looked for.
    """
    latest = yield from search.try_together("union", [good])
    spread = None if looking is None else looking.spread
    if latest and looking is not None:
        for pair in round_.linked(round_.trials[0], team, looking.audited):
            search.suspect(pair)
    while latest:
        union = round_.trials[0].part
        sides = split_sides(union, round_.candidates, team)
        if spread is not None and round_.attempts == 1 and all(sides) and round_.falls_short(spread):
            latest = yield from search.try_together("sides", sides)
            continue
        pairs = []
        if spread is not None and len(round_.trials) == 3:  # the union and its two sides
            pairs = round_.suspects(search.estimate(round_.runs_apart()), team)
        if pairs == [union.members]:
            _record_conflicts(search, round_, round_.trials[:1], team)
        elif pairs:
            latest = yield from search.try_together("pairs", pairs)
            _record_conflicts(search, round_, latest, team)
            mended = [member for member in union.members if member not in round_.withdrawn]
            if all(set(mended) != set(trial.part.members) for trial in round_.trials):
                latest = yield from search.try_together("union", [mended])
                continue
        best = round_.best()
        if round_.mean(best) >= 0 and round_.ever_won(best.part.members):
            if not (yield from search.audit(best)):
                return best
            mended = [member for member in best.part.members if member not in round_.withdrawn]
            latest = yield from search.try_together("union", [mended])
            continue
        parts = split_parts(max(latest, key=round_.mean).part.members, round_, team)
        round_.effects = search.estimate(round_.runs)
        latest = yield from search.try_together("parts", parts)
    return NO_TRIAL


def _record_conflicts(search: Uniting, round_: Round, pairs: Sequence[Trial], team: Team) -> None:
    """Withdraw the lesser change of each of these pairs that seems to clash; its cases lead the next rewrite."""
    for found in list(round_.suspicions(pairs, search.estimate(round_.runs_apart()), team)):
        search.cases = remembered(search.cases, round_.withdraw(found, found.lesser))
        search.suspect(found)


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


def split_sides(union: Mixture, candidates: Sequence[Candidate], team: Team) -> list[tuple[int, ...]]:
    """Return the candidates of a union in two groups, agents that read one another apart where it is possible."""
    early: set[str] = set()
    for name in team.order:
        if name in union.changes and early.isdisjoint(team.neighbours(name)):
            early.add(name)
    return divide(union.members, early, candidates)
