"""Conflicts: changes of two agents that win alone and lose together. Suspected in a union, proven apart, told. Pure.

A union that falls short of what its candidates promised is tried in two sides, and where the sides clash, pair by pair.
Of a pair that clashes the lesser change is withdrawn at once, as the search goes on either way; the pair is told when
it is proven, on inputs that the union did not meet (``maspo.optimizers.race.proof``). Luck on a few inputs hides many a
conflict, so some pairs of early unions are looked at although nothing seems wrong, and what could not be proven is
looked at once more when the search has ended, with all that the judge has said by then
(``docs/design/0040-conflicts-proven.md``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from statistics import fmean

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.sums import add_up
from maspo.core.verdict import Comparison, Verdict
from maspo.events import ConflictFound
from maspo.optimizers.base import Answers, Asking, CallCount, Case, Compare, Problem
from maspo.optimizers.parts.misalignment import remember
from maspo.optimizers.race.effects import SCORE_VARIANCE
from maspo.optimizers.race.judged import JudgedAnswers
from maspo.optimizers.race.mixture import Candidate, MixedRun, Mixture, by_agent
from maspo.optimizers.race.proof import AT_THE_END, PROVE, Proof, calls_of_proof, prove
from maspo.optimizers.race.round import Blocks, Round, Trial, divide
from maspo.optimizers.race.search import Race
from maspo.optimizers.race.settings import AnchorRaceConfig
from maspo.team.graph import Team

_MARGIN = 2
"""Inputs lost only together, less those won only together, that make a conflict: one may be a judge's slip."""
_MOST_PAIRS = 5
"""Pairs of agents that are tried for a conflict: each takes as many runs as a union."""
_PROOFS = 0.5
"""Calls of proofs, at most, as a share of the calls planned."""
_INPUTS_OF_PROOF = 4
"""Inputs' worth of calls that the proof of a pair takes on average where nothing clashes (calls_of_proof)."""
_CLEAR_WIN = 0.15
"""Mean score of a union by which a conflict in it is unlikely (docs/design/0040-conflicts-proven.md)."""
_LOOKS_SPARED = 2
"""Of the proof of a pair of such a union, of a second pair, or of a later round: it ends as if it had had so many."""
_AUDITED_PAIRS = (2, 1)
"""Pairs that are looked at for a conflict in the first round, and in a later one, although nothing seems wrong."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Two changes that may clash."""

    round: Round
    told: ConflictFound
    """What would be told of it."""
    changes: Prompts
    members: Mapping[str, Sequence[int]]
    """The candidates in them, by agent."""

    @property
    def id(self) -> tuple[str, str]:
        """By which a pair is looked at once a round."""
        return self.told.step, prompts_id(self.changes)

    @property
    def lesser(self) -> str:
        """The agent whose change is thought to add less alone."""
        first, second = self.told.agents
        return second if self.told.alone[0] >= self.told.alone[1] else first

    def proven(self, proof: Proof) -> ConflictFound:
        """Return what is told of a pair: what made it suspect, or else what the proof saw."""
        if self.told.inputs:
            return self.told
        alone = dict(zip(self.told.agents, self.told.alone, strict=True))
        # Both are worth what one is alone, and what the other adds to that.
        worth = [
            alone[other] + fmean(map(self.round.estimator.score, seen))
            for name, seen in proof.added.items()
            for other in alone
            if other != name
        ]
        return replace(self.told, together=fmean(worth), inputs=proof.inputs)

    def withdraw(self, leaves: str) -> list[Case]:
        """Withdraw the change of one agent; return the inputs lost together as cases, which lead its rewrite."""
        joint = {**self.round.anchor, **{name: text for name, text in self.changes.items() if name != leaves}}
        step, text = f"{self.told.step}/{leaves}", self.changes[leaves]
        self.round.withdrawn.update(self.members[leaves])
        return [Case(key, leaves, text, joint, step, ("global",)) for key in self.told.inputs]


class Conflicts:
    """The pairs of a search that seemed to clash, and those that were looked at."""

    def __init__(self, search: Race, config: AnchorRaceConfig, problem: Problem) -> None:
        self.search, self.config, self.problem = search, config, problem
        self.suspected: list[tuple[Suspicion, tuple[str, ...]]] = []
        """Pairs that seemed to clash, each with the inputs to prove it on."""
        self.looked_at = set[tuple[str, str]]()
        """Pairs that a proof was tried of, by their ids."""
        self.spent = CallCount(problem)
        """What proofs took; they come on top of the planned calls, so that a search loses no round to them."""
        self.unproven: list[tuple[Suspicion, Proof, tuple[str, ...]]] = []
        """Pairs that were looked at, and not shown to clash, each with its inputs."""
        self.known = JudgedAnswers()

    def learn(self, answers: Answers) -> None:
        """Learn from all answers of the search what the judge says of final answers, and what proofs took."""
        for request, result in answers:
            if isinstance(request, Compare) and isinstance(result, Comparison):
                self.known.learn(result)
            if request.purpose == PROVE:
                self.spent.add(request.price(self.problem, result))

    # ── in a round: what a union is tried for beside itself ──────────────────────────────────────────────────────────

    def next_blocks(self, round_: Round) -> tuple[str, Blocks] | None:
        """Return what is tried next because changes may clash, and its purpose; None: nothing for that reason."""
        if not self.config.conflicts:
            return None
        union, team, (purpose, latest) = round_.trials[0], self.search.team, round_.attempts[-1]
        if len(round_.attempts) == 1:
            for pair in linked_pairs(round_, union, team, self._audited_pairs(round_)):
                self._suspect(pair)
            sides = split_sides(union.part, round_.candidates, team)
            return ("sides", sides) if all(sides) and falls_short(round_, self.config.spread) else None
        if purpose == "pairs":
            self._withdraw(round_, latest)
            mended = round_.without_withdrawn(union.part.members)
            is_new = all(set(mended) != set(trial.part.members) for trial in round_.trials)
            return ("union", [mended]) if is_new else None
        if len(round_.trials) == 3:  # the union and its two sides
            pairs = suspect_pairs(round_, round_.estimate(runs_apart(round_)), team)
            if pairs != [union.part.members]:
                return ("pairs", pairs) if pairs else None
            self._withdraw(round_, [union])
        return None

    def audit(self, round_: Round, found: Trial) -> Asking[bool]:
        """Look at pairs of what is about to be kept in a first round; withdraw the worse of those that clash."""
        clashed = False
        for pair in linked_pairs(round_, found, self.search.team, self._audited_pairs(round_)):
            if self._is_looked_at(pair):
                continue
            proof = yield from self._prove(pair, self._inputs_for(pair))
            if proof.holds():
                shown = replace(pair, told=pair.proven(proof))
                self.search.events.append(shown.told)
                self.search.cases = remember(self.search.cases, shown.withdraw(proof.the_worse))
                clashed = True
        return clashed

    def _audited_pairs(self, round_: Round) -> int:
        """Return how many pairs of a round are looked at although nothing seems wrong."""
        config, most = self.config, self.config.by_team(self.problem.team).audited_rounds
        is_audited = config.conflicts and config.conflict_inputs and round_.number <= most
        return _AUDITED_PAIRS[round_.number > 1] if is_audited else 0

    def _withdraw(self, round_: Round, together: Sequence[Trial]) -> None:
        """Withdraw the lesser change of each pair that seems to clash; its cases lead the next rewrite."""
        for found in list(suspicions(round_, together, round_.estimate(runs_apart(round_)), self.search.team)):
            self.search.cases = remember(self.search.cases, found.withdraw(found.lesser))
            self._suspect(found)

    def _suspect(self, found: Suspicion) -> None:
        """Take up a pair that seems to clash; where nothing is proven, tell it."""
        if self.config.conflict_inputs:
            self.suspected.append((found, self._inputs_for(found)))
        else:
            self.search.events.append(found.told)

    def _inputs_for(self, found: Suspicion) -> tuple[str, ...]:
        return self.search.inputs_ahead(tuple(found.changes))[: self.config.conflict_inputs]

    # ── after the rounds: what is told ───────────────────────────────────────────────────────────────────────────────

    def tell(self) -> Asking[None]:
        """Tell which suspected pairs clash: what seemed so, then what is looked at although nothing did.

        What could not be proven before comes last: the judge has said more of the same answers since, by which it may
        hold now, or be worth going on with.
        """
        suspected, self.suspected = self.suspected, []
        for found, inputs in sorted(suspected, key=lambda one: not one[0].told.inputs):
            if self._is_looked_at(found):
                continue
            proof = yield from self._prove(found, inputs)
            if proof.holds():
                self.search.events.append(found.proven(proof))
        unproven, self.unproven = self.unproven, []
        for found, proof, inputs in sorted(unproven, key=lambda one: one[1].as_one):
            if not (proof.holds(AT_THE_END) or proof.is_hopeless):
                yield from self._go_on(found, proof, inputs)
            if proof.holds(AT_THE_END):
                self.search.events.append(found.proven(proof))

    def _is_looked_at(self, found: Suspicion) -> bool:
        """Return whether a pair was looked at in its round already, or, where nothing seems wrong, enough others."""
        step = found.told.step
        enough = not found.told.inputs and sum(one == step for one, _ in self.looked_at) >= _AUDITED_PAIRS[step != "r1"]
        return found.id in self.looked_at or enough

    def _prove(self, found: Suspicion, inputs: tuple[str, ...]) -> Asking[Proof]:
        """Look at a pair, once in its round, on as many inputs as the calls on top of the plan still pay."""
        # Below the change that fewer agents answer to, what is upstream is run already: it is added first.
        team = self.search.team
        names = sorted(found.changes, key=lambda name: team.calls_of(team.reached([name])))
        proof = Proof({name: [] for name in names}, self.known, self._looks_spared(found))
        self.looked_at.add(found.id)
        yield from self._go_on(found, proof, inputs)
        if not proof.holds():
            self.unproven.append((found, proof, inputs))
        return proof

    def _go_on(self, found: Suspicion, proof: Proof, inputs: Sequence[str]) -> Asking[None]:
        """Ask until a proof holds or seems hopeless, from where it stands."""
        team = self.search.team
        left = _PROOFS * self.search.planned_calls - self.spent.total
        met = min(map(len, proof.added.values()))
        paid = inputs[: met + max(0, int(left / calls_of_proof(team)))]
        changes = {name: found.changes[name] for name in proof.added}
        step, anchor = found.told.step, found.round.anchor
        order, seed = self.config.judge_order, self.problem.seed
        yield from prove(self.search, step, anchor, changes, paid, proof, order, seed)

    def _looks_spared(self, found: Suspicion) -> int:
        """Return how soon a proof ends: sooner where nothing seems wrong, but for the first pair of a first union."""
        others = any(step == found.told.step for step, _ in self.looked_at)  # of this round, which promised more
        unlikely = others or found.told.step != "r1" or found.told.together >= _CLEAR_WIN
        return _LOOKS_SPARED if unlikely and not found.told.inputs else 0


# ── what proofs take ─────────────────────────────────────────────────────────────────────────────────────────────────


def most_calls(config: AnchorRaceConfig, team: Team) -> int:
    """Return the calls that the proofs of a run take at most."""
    return round(_PROOFS * config.planned_calls(team)) if config.conflicts and config.conflict_inputs else 0


def expected_calls(config: AnchorRaceConfig, team: Team) -> int:
    """Return the calls that the proofs of a run take on average."""
    linked = sum(other in team.neighbours(one) for one, other in combinations(team.rewritten, 2))
    first, later = (min(linked, pairs) for pairs in _AUDITED_PAIRS)
    rounds = config.by_team(team).audited_rounds
    proofs = first + later * (rounds - 1) if rounds else 0
    return min(proofs * _INPUTS_OF_PROOF * calls_of_proof(team), most_calls(config, team))


# ── what a round says of pairs ───────────────────────────────────────────────────────────────────────────────────────


def falls_short(round_: Round, spread: float) -> bool:
    """Return whether a union of several agents did not win, nor, by a standard error, what was promised.

    ``spread`` is the standard deviation of effects.
    """
    union = round_.trials[0]
    members, mean = union.part.members, round_.mean(union)
    promised = min(0.5, add_up(round_.effects[member] for member in members))  # ½ is a win on every input
    error = math.sqrt(SCORE_VARIANCE / len(union.comparisons) + len(members) * spread**2)
    return len(union.part.changes) > 1 and mean <= 0 and promised - mean > error


def split_sides(union: Mixture, candidates: Sequence[Candidate], team: Team) -> list[tuple[int, ...]]:
    """Return the candidates of a union in two groups, agents that read one another apart where it is possible."""
    early: set[str] = set()
    for name in team.order:
        if name in union.changes and early.isdisjoint(team.neighbours(name)):
            early.add(name)
    return divide(union.members, early, candidates)


def runs_apart(round_: Round) -> list[MixedRun]:
    """Return the runs that held candidates of one side of the union at most."""
    one, other = ({*trial.part.members} for trial in round_.trials[1:3])
    return [run for run in round_.runs if one.isdisjoint(run.members) or other.isdisjoint(run.members)]


def clash(round_: Round, together: Trial, apart: Sequence[float]) -> tuple[str, ...]:
    """Return the inputs lost by candidates of two sides together and by neither side; none without a conflict.

    In a conflict those of each side add something ``apart``, together they do not win, and clearly more inputs are
    lost only together than are won only together.
    """
    sides = round_.trials[1:3]
    lost, won = (
        {one.input_key for one in together.comparisons if one.glob is verdict}
        - {one.input_key for side in sides for one in side.comparisons if one.glob is verdict}
        for verdict in (Verdict.LOSS, Verdict.WIN)
    )
    members = [set(together.part.members) & set(side.part.members) for side in sides]
    alone = min(add_up(apart[member] for member in of_a_side) for of_a_side in members)
    found = alone > 0 >= round_.mean(together) and len(lost) >= len(won) + _MARGIN
    return tuple(sorted(lost)) if found else ()


def suspect_pairs(round_: Round, apart: Sequence[float], team: Team) -> list[tuple[int, ...]]:
    """Return the candidates of each linked pair of agents, one of either side, when the sides of a union clash."""
    whole, *sides = round_.trials
    if not clash(round_, whole, apart):
        return []
    one, other = (side.part.changes for side in sides)
    linked = [pair for pair in product(one, other) if pair[1] in team.neighbours(pair[0])]
    return [divide(whole.part.members, pair, round_.candidates)[0] for pair in linked[:_MOST_PAIRS]]


def suspicions(round_: Round, pairs: Sequence[Trial], apart: Sequence[float], team: Team) -> Iterator[Suspicion]:
    """Yield which pairs of agents that were tried together seem to clash."""
    for together in pairs:
        inputs = clash(round_, together, apart)
        if inputs and len(by_agent(together.part.members, round_.candidates)) == 2:
            yield _suspicion(round_, together.part, apart, team, round_.mean(together), inputs)


def linked_pairs(round_: Round, trial: Trial, team: Team, most: int) -> list[Suspicion]:
    """Return pairs of agents of a union that read one another, those whose changes promise most first."""
    union, mean = trial.part, round_.mean(trial)
    own = by_agent(union.members, round_.candidates)
    pairs = [(one, other) for one, other in combinations(own, 2) if other in team.neighbours(one)]
    worth = {name: add_up(round_.effects[member] for member in members) for name, members in own.items()}
    best = sorted(pairs, key=lambda pair: -worth[pair[0]] - worth[pair[1]])[:most]
    parts = [Mixture(divide(union.members, pair, round_.candidates)[0], union.changes) for pair in best]
    return [_suspicion(round_, part, round_.effects, team, mean) for part in parts]


def _suspicion(
    round_: Round, part: Mixture, apart: Sequence[float], team: Team, together: float, inputs: tuple[str, ...] = ()
) -> Suspicion:
    """Return the changes of two agents as a pair that may clash, by what each of their candidates adds apart."""
    own = by_agent(part.members, round_.candidates)
    first, second = sorted(own, key=team.order.index)
    alone = (add_up(apart[m] for m in own[first]), add_up(apart[m] for m in own[second]))
    told = ConflictFound(f"r{round_.number}", (first, second), alone, together, inputs)
    return Suspicion(round_, told, {name: part.changes[name] for name in told.agents}, own)
