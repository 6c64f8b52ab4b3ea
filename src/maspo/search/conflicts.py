"""Conflicts: changes of two agents that each win alone and lose together. How they are noticed, found, told. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from maspo.events import ConflictFound
from maspo.search.misalignment import remembered
from maspo.search.mixture import Mixture
from maspo.search.race_state import State, Tried
from maspo.search.work import Case
from maspo.verdict import Verdict

_NOISE = 0.05
"""Variance of the score of one run: two in ten answers differ."""
_MARGIN = 2
"""Inputs lost only together, less those won only together, that make a conflict."""
_MOST_PAIRS = 5


def falls_short(state: State) -> bool:
    """Return whether the union of a round did not win and, by a standard error, not what its candidates promised."""
    plan, union = state.setting.plan, state.tried[0]
    promised = min(0.5, sum(state.worth[member] for member in union.part.members))
    error = math.sqrt(_NOISE / len(union.met) + len(union.part.members) * plan.spread**2)
    several = plan.conflicts and len(union.part.changes) > 1
    return several and state.mean(union.met) <= 0 and promised - state.mean(union.met) > error


def sides(state: State, union: Mixture) -> list[tuple[int, ...]]:
    """Return the candidates of a union in two groups, agents that read one another apart where it is possible."""
    early: set[str] = set()
    for name in state.setting.team.order:
        if name in union.changes and early.isdisjoint(state.setting.team.neighbours(name)):
            early.add(name)
    one = tuple(m for m in union.members if state.candidates[m].agent in early)
    return [one, tuple(m for m in union.members if m not in one)]


def suspects(state: State) -> list[tuple[int, ...]]:
    """Return the candidates of each linked pair of agents, one of either side, when the two sides of a union clash."""
    if not state.setting.plan.conflicts or len(state.tried) != 3:
        return []
    if not _clash(state, state.tried[0], _worth_apart(state)):
        return []
    union, one, other = (item.part for item in state.tried)
    linked = [pair for pair in product(one.changes, other.changes) if pair[1] in state.setting.team.neighbours(pair[0])]
    return [tuple(m for m in union.members if state.candidates[m].agent in pair) for pair in linked[:_MOST_PAIRS]]


def told(state: State, pairs: Sequence[Tried]) -> State:
    """Say which pairs of agents clash; inputs lost together lead the next rewrite of the lesser of two changes."""
    apart = _worth_apart(state)
    for together in pairs:
        state = _told(state, together, apart)
    return state


def _told(state: State, together: Tried, apart: Sequence[float]) -> State:
    inputs = _clash(state, together, apart)
    own: dict[str, list[int]] = {name: [] for name in state.setting.team.order if name in together.part.changes}
    if not inputs or len(own) != 2:
        return state
    for member in together.part.members:
        own[state.candidates[member].agent].append(member)
    (first, second), alone = own, [sum(apart[member] for member in members) for members in own.values()]
    kept, name = (first, second) if alone[0] >= alone[1] else (second, first)
    step, changes = f"r{state.round}", together.part.changes
    joint = {**state.prompts, kept: changes[kept]}
    cases = [Case(key, name, changes[name], joint, f"{step}/{name}", ("global",)) for key in inputs]
    event = ConflictFound(step, (first, second), (alone[0], alone[1]), state.mean(together.met), inputs)
    remembers = remembered(state.cases, cases)
    return replace(state, cases=remembers, events=(*state.events, event), gave_way=state.gave_way.union(own[name]))


def best_tried(state: State) -> Tried:
    """Return the best of what was tried, without what gave way; of equals the last, which was made to be better.

    A union that did not lose is left only for something that beats it by a standard error.
    """
    left = [item for item in reversed(state.tried) if state.gave_way.isdisjoint(item.part.members)]
    best, union = max(left, key=lambda item: state.mean(item.met)), state.tried[0]
    beaten = state.mean(best.met) - state.mean(union.met) > math.sqrt(_NOISE / len(union.met))
    return best if beaten or state.mean(union.met) < 0 or union not in left else union


def _clash(state: State, together: Tried, apart: Sequence[float]) -> tuple[str, ...]:
    """Return the inputs lost by candidates of two sides together and by neither side; none without a conflict.

    In a conflict those of each side are worth something ``apart``, together they do not win, and clearly more inputs
    are lost only together than are won only together.
    """
    lost, won = (
        {met.input_key for met in together.met if met.glob is verdict}
        - {met.input_key for side in state.tried[1:3] for met in side.met if met.glob is verdict}
        for verdict in (Verdict.LOSS, Verdict.WIN)
    )
    members = [set(together.part.members) & set(side.part.members) for side in state.tried[1:3]]
    alone = min(sum(apart[member] for member in of_a_side) for of_a_side in members)
    found = alone > 0 >= state.mean(together.met) and len(lost) >= len(won) + _MARGIN
    return tuple(sorted(lost)) if found else ()


def _worth_apart(state: State) -> tuple[float, ...]:
    """Return what each candidate is worth by all runs that held candidates of one side at most."""
    one, other = (item.part.members for item in state.tried[1:3])
    apart = [run for run in state.runs if not {*one} & {*run.members} or not {*other} & {*run.members}]
    return replace(state, runs=tuple(apart)).estimated()
