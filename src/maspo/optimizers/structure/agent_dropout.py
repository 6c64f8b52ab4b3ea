"""AgentDropout: edges have weights, teams are drawn by them, and what a policy gradient makes light is dropped. Pure.

Wang et al. (2025), arXiv 2503.18891. What differs: a reward is how a drawn team does against the
whole team on an input, since there are no labels; a team of one round has one adjacency matrix; and without the penalty
on the rank of it, which in a team of a few agents has little to do. As there, the number that is dropped is given
beforehand, whether dropping helps or not; what it comes to is the hold-out's to say.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

from maspo.core.errors import SystemInvalid
from maspo.core.seeded import rank, shuffled
from maspo.core.verdict import Verdict
from maspo.optimizers.structure.base import (
    ChangeTrial,
    FoundTeam,
    Meet,
    StructurePlan,
    StructureSearch,
    Tally,
    Verdicts,
)
from maspo.team import System
from maspo.team.changes import Change, DropAgent, DropEdge, changed_system

Edge: TypeAlias = tuple[str, str]
"""Source and reader."""
Weights: TypeAlias = Mapping[Edge, float]

START = 0.5
"""The weight that every edge begins with, as in the paper."""
DROPPED = 0.2
"""The share of agents, and then of edges, that is dropped; at least one of each. The paper's order of magnitude."""
STEPS, DRAWN = 8, 10
"""Steps of the policy gradient before each dropping, and teams that are drawn for a step: as many runs as the other
search may spend on two changes, which is what teams of a handful of agents can pay."""
RATE = 0.1
"""The rate at which weights are changed: one step moves a weight by about a twentieth."""
_LEAST = 0.05
"""Weights stay this far from 0 and 1, so that every edge is still drawn now and then."""
_REWARD = {Verdict.WIN: 1.0, Verdict.TIE: 0.5, Verdict.CONTRADICTED: 0.5}


def drop_out(system: System, inputs: Sequence[str], plan: StructurePlan) -> StructureSearch:
    """Drop the agents with the lightest edges, then the lightest edges of those that stay."""
    order = shuffled(inputs, plan.seed, "agent dropout")
    tried: list[ChangeTrial] = []
    current, changes = system, list[Change]()
    for kind in (kind for kind in ("agents", "edges") if kind in plan.kinds):
        weights = yield from _learn(system, current, order, plan.seed, kind)
        lightest = _agents_by_weight(current, weights) if kind == "agents" else _edges_by_weight(weights)
        for change in _droppable(current, lightest):
            current = changed_system(current, change)
            changes.append(change)
        # How the team does after it, on as many inputs as a change of the other search meets at its end.
        verdicts = yield tuple(Meet(system, current, key) for key in order[: plan.stages[-1]])
        tally = Tally.of(verdicts)
        tried += [ChangeTrial(change, tally, kept=True) for change in changes[len(tried) :]]
    return FoundTeam(current, tuple(changes), tuple(tried))


def _learn(
    whole: System, system: System, order: Sequence[str], seed: int, kind: str
) -> Generator[tuple[Meet, ...], Verdicts, dict[Edge, float]]:
    """Return the weights of edges after the steps of the policy gradient."""
    weights = {(source, agent.name): START for agent in system.agents for source in agent.reads}
    for step in range(STEPS if weights else 0):
        drawn = [_draw(system, weights, seed, kind, step, number) for number in range(DRAWN)]
        keys = [order[(step * DRAWN + number) % len(order)] for number in range(DRAWN)]
        verdicts = yield tuple(Meet(whole, team, key) for (team, _), key in zip(drawn, keys, strict=True))
        rewards = [_REWARD.get(verdict, 0.0) for verdict in verdicts]
        mean = sum(rewards) / len(rewards)
        for edge, weight in weights.items():
            # The gradient of E[φ(G)]: (φ - mean) times that of log p(G), 1/w for a kept edge, -1/(1-w) for another.
            slope = sum(
                (reward - mean) * (1 / weight if edge in kept else -1 / (1 - weight))
                for reward, (_, kept) in zip(rewards, drawn, strict=True)
            )
            weights[edge] = min(1 - _LEAST, max(_LEAST, weight + RATE * slope / DRAWN))
    return weights


def _draw(
    system: System, weights: Weights, seed: int, kind: str, step: int, number: int
) -> tuple[System, frozenset[Edge]]:
    """Return a team in which each edge is kept with the probability of its weight, and the edges that are kept."""
    team, kept = system, set(weights)
    for edge, weight in weights.items():
        if rank(seed, "drawn", kind, step, number, *edge) / 2**64 < weight:
            continue
        with suppress(SystemInvalid):  # it went with an agent, or cannot go
            team = changed_system(team, DropEdge(*edge))
        present = {(source, agent.name) for agent in team.agents for source in agent.reads}
        kept &= present
    return team, frozenset(kept)


def _agents_by_weight(system: System, weights: Weights) -> list[Change]:
    """Return agents to drop, those with the lightest edges in and out first: their weighted degree."""
    degree = {
        agent.name: sum(weight for edge, weight in weights.items() if agent.name in edge) for agent in system.agents
    }
    names = sorted((name for name in degree if name != system.output), key=lambda name: (degree[name], name))
    return [DropAgent(name) for name in names[: max(1, round(DROPPED * len(degree)))]]


def _edges_by_weight(weights: Weights) -> list[Change]:
    lightest = sorted(weights, key=lambda edge: (weights[edge], edge))
    return [DropEdge(*edge) for edge in lightest[: max(1, round(DROPPED * len(lightest)))]]


def _droppable(system: System, wanted: Sequence[Change]) -> Sequence[Change]:
    """Return those of the changes that can be made one after the other."""
    found: list[Change] = []
    for change in wanted:
        try:
            system = changed_system(system, change)
        except SystemInvalid:
            continue
        found.append(change)
    return found
