"""The union of a round: what looks good alone is tried together, and what clashes is found and told. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from statistics import fmean
from typing import Protocol

from maspo.core.prompts import Prompts
from maspo.core.verdict import Comparison, Verdict
from maspo.events import ConflictFound
from maspo.optimizers.base import Asking, Case
from maspo.optimizers.parts.effects import SCORE_VARIANCE, MixedRun
from maspo.optimizers.parts.mixture import NOTHING, Candidate, Mixture, join
from maspo.team.graph import Team

_ATTEMPTS = 4
"""Unions and parts of unions that are tried in a round, at most: a union, its two sides, pairs, what is mended."""
_MARGIN = 2
"""Inputs lost only together, less those won only together, that make a conflict: one may be a judge's slip."""
_MOST_PAIRS = 5
"""Pairs of agents that are tried for a conflict: each takes as many runs as a union."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Candidates that were tried together, and how they did against the anchor."""

    part: Mixture
    comparisons: tuple[Comparison, ...]


NO_TRIAL = Trial(NOTHING, ())


@dataclass(slots=True)
class Round:
    """What a round has found so far; candidates are numbered by their place."""

    number: int
    anchor: Prompts
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

    def by_agent(self, numbers: Iterable[int]) -> dict[str, list[int]]:
        """Return some candidates by their agent, in the order given."""
        found: dict[str, list[int]] = {}
        for number in numbers:
            found.setdefault(self.candidates[number].agent, []).append(number)
        return found

    def evidence(self) -> list[list[Comparison]]:
        """Return, for each candidate, the comparisons of the runs that it was in."""
        found: list[list[Comparison]] = [[] for _ in self.candidates]
        for run in self.runs:
            for member in run.members:
                found[member].append(run.comparison)
        return found


class Race(Protocol):
    """What a union needs of the race: to try parts against the anchor, to judge runs, to tell of a conflict."""

    def try_parts(self, purpose: str, parts: Sequence[Mixture]) -> Asking[list[Trial]]:
        """Let each part meet the anchor on the inputs of the union."""
        ...

    def estimate(self, runs: Sequence[MixedRun]) -> tuple[float, ...]:
        """Return what each candidate of the round adds, by some of its runs."""
        ...

    def record_conflict(self, event: ConflictFound, cases: Sequence[Case]) -> None:
        """Tell of changes of two agents that each win alone and lose together; the cases lead the next rewrite."""
        ...


@dataclass(slots=True)
class Union:
    """Tries candidates together, as long as something is left that may be better than the anchor."""

    race: Race
    round: Round
    team: Team
    beam_width: int
    """K: candidates of one agent that are joined."""
    spread: float
    """How much effects are expected to differ (standard deviation)."""
    look_for_conflicts: bool
    score: Callable[[Comparison], float]
    """What one comparison says for the changed prompts, from −½ to ½."""

    def unite(self, good: Sequence[int]) -> Asking[Trial]:
        """Return the best of what was tried, unless the anchor did better."""
        trials, latest = self.round.trials, (yield from self.attempt("union", [good]))
        while latest:
            sides = self.sides(trials[0].part)
            if self.round.attempts == 1 and all(sides) and self.falls_short():
                latest = yield from self.attempt("sides", sides)
                continue
            pairs = self.suspects()
            if pairs == [trials[0].part.members]:
                self.record_conflicts(trials[:1])
            elif pairs:
                latest = yield from self.attempt("pairs", pairs)
                self.record_conflicts(latest)
                mended = [member for member in trials[0].part.members if member not in self.round.withdrawn]
                if all(set(mended) != set(trial.part.members) for trial in trials):
                    latest = yield from self.attempt("union", [mended])
                    continue
            best = self.best()
            if self.mean(best) >= 0 and self.ever_won(best.part.members):
                return best
            parts = self.split(max(latest, key=self.mean).part.members)
            self.round.effects = self.race.estimate(self.round.runs)
            latest = yield from self.attempt("parts", parts)
        return NO_TRIAL

    def attempt(self, purpose: str, blocks: Sequence[Sequence[int]]) -> Asking[list[Trial]]:
        """Try candidates together, block by block; nothing when no attempt is left, or nothing changes."""
        parts = [part for part in map(self.join_best, blocks) if part.changes]
        if not parts or self.round.attempts >= _ATTEMPTS:
            return []
        self.round.attempts += 1
        trials = yield from self.race.try_parts(purpose, parts)
        self.round.trials += trials
        return trials

    def join_best(self, block: Sequence[int]) -> Mixture:
        """Return the K best candidates of each agent joined, the best first; at equal effect the shorter is ahead."""
        effects, candidates = self.round.effects, self.round.candidates
        best_first = sorted(block, key=lambda number: (-effects[number], len(candidates[number].text)))
        chosen = {number for own in self.round.by_agent(best_first).values() for number in own[: self.beam_width]}
        return join(self.round.anchor, candidates, [number for number in best_first if number in chosen], self.team)

    def best(self) -> Trial:
        """Return the best of what was tried, without what was withdrawn; of equals the last, which was mended.

        A union that did not lose is left only for something that beats it by a standard error.
        """
        trials, union = self.round.trials, self.round.trials[0]
        left = [trial for trial in reversed(trials) if self.round.withdrawn.isdisjoint(trial.part.members)]
        best = max(left, key=self.mean)
        beaten = self.mean(best) - self.mean(union) > math.sqrt(SCORE_VARIANCE / len(union.comparisons))
        return best if beaten or self.mean(union) < 0 or union not in left else union

    def mean(self, trial: Trial) -> float:
        """Return the mean score of what was tried together."""
        return fmean(map(self.score, trial.comparisons))

    def ever_won(self, members: Collection[int]) -> bool:
        """Return whether any run of the round with one of these was won: without a win the anchor stays."""
        held = set(members)
        return any(self.score(run.comparison) > 0 for run in self.round.runs if not held.isdisjoint(run.members))

    def split(self, members: Sequence[int]) -> list[tuple[int, ...]]:
        """Return the parts of a union that lost: its agents in two groups, or the better half of one agent's."""
        effects, own = self.round.effects, self.round.by_agent(members)
        agents = [name for name in self.team.order if name in own]
        if len(agents) > 1:
            return self.divide(members, {*agents[: len(agents) // 2]})
        ranked = sorted((member for member in members if effects[member] > 0), key=lambda member: -effects[member])
        return [tuple(ranked[: len(members) // 2])]

    def divide(self, members: Sequence[int], agents: Collection[str]) -> list[tuple[int, ...]]:
        """Return the candidates of some agents, and those of the others."""
        inside = {member: self.round.candidates[member].agent in agents for member in members}
        return [tuple(member for member in members if inside[member] is side) for side in (True, False)]

    # ── conflicts: changes of two agents that each win alone and lose together ───────────────────────────────────────

    def falls_short(self) -> bool:
        """Return whether the union did not win, nor, by a standard error, what its candidates promised."""
        union = self.round.trials[0]
        promised = min(0.5, sum(self.round.effects[member] for member in union.part.members))
        error = math.sqrt(SCORE_VARIANCE / len(union.comparisons) + len(union.part.members) * self.spread**2)
        several = self.look_for_conflicts and len(union.part.changes) > 1
        return several and self.mean(union) <= 0 and promised - self.mean(union) > error

    def sides(self, union: Mixture) -> list[tuple[int, ...]]:
        """Return the candidates of a union in two groups, agents that read one another apart where it is possible."""
        early: set[str] = set()
        for name in self.team.order:
            if name in union.changes and early.isdisjoint(self.team.neighbours(name)):
                early.add(name)
        return self.divide(union.members, early)

    def suspects(self) -> list[tuple[int, ...]]:
        """Return the candidates of each linked pair of agents, one of either side, when the sides of a union clash."""
        trials = self.round.trials
        if not self.look_for_conflicts or len(trials) != 3 or not self.clash(trials[0], self.effects_apart()):
            return []
        union, one, other = (trial.part for trial in trials)
        linked = [pair for pair in product(one.changes, other.changes) if pair[1] in self.team.neighbours(pair[0])]
        return [self.divide(union.members, pair)[0] for pair in linked[:_MOST_PAIRS]]

    def clash(self, together: Trial, apart: Sequence[float]) -> tuple[str, ...]:
        """Return the inputs lost by candidates of two sides together and by neither side; none without a conflict.

        In a conflict those of each side add something ``apart``, together they do not win, and clearly more inputs are
        lost only together than are won only together.
        """
        sides = self.round.trials[1:3]
        lost, won = (
            {met.input_key for met in together.comparisons if met.glob is verdict}
            - {met.input_key for side in sides for met in side.comparisons if met.glob is verdict}
            for verdict in (Verdict.LOSS, Verdict.WIN)
        )
        members = [set(together.part.members) & set(side.part.members) for side in sides]
        alone = min(sum(apart[member] for member in of_a_side) for of_a_side in members)
        found = alone > 0 >= self.mean(together) and len(lost) >= len(won) + _MARGIN
        return tuple(sorted(lost)) if found else ()

    def effects_apart(self) -> tuple[float, ...]:
        """Return what each candidate adds by all runs that held candidates of one side at most."""
        one, other = ({*trial.part.members} for trial in self.round.trials[1:3])
        return self.race.estimate(
            [run for run in self.round.runs if not one & {*run.members} or not other & {*run.members}]
        )

    def record_conflicts(self, pairs: Sequence[Trial]) -> None:
        """Tell which pairs of agents clash, and withdraw the lesser of two changes.

        Inputs lost together lead the next rewrite of its agent.
        """
        apart = self.effects_apart()
        for together in pairs:
            inputs = self.clash(together, apart)
            own = self.round.by_agent(together.part.members)
            if not inputs or len(own) != 2:
                continue
            first, second = sorted(own, key=self.team.order.index)
            alone = (sum(apart[m] for m in own[first]), sum(apart[m] for m in own[second]))
            stays, leaves = (first, second) if alone[0] >= alone[1] else (second, first)
            step, changes = f"r{self.round.number}", together.part.changes
            event = ConflictFound(step, (first, second), alone, self.mean(together), inputs)
            joint = {**self.round.anchor, stays: changes[stays]}
            cases = [Case(key, leaves, changes[leaves], joint, f"{step}/{leaves}", ("global",)) for key in inputs]
            self.race.record_conflict(event, cases)
            self.round.withdrawn.update(own[leaves])
