"""AgentDropout: edges have weights, teams are drawn by them, and what a policy gradient makes light is dropped. Pure.

Wang et al. (2025), arXiv 2503.18891. What differs: a reward is how a drawn team does against the
whole team on an input, since there are no labels; a team of one round has one adjacency matrix; and without the penalty
on the rank of it, which in a team of a few agents has little to do. The paper drops a number given beforehand, whether
that helps or not. Here it is the most that goes, lightest first, and nothing goes that inputs which the weights were
not learned from do not speak against (docs/design/0069-dropped-on-evidence.md).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence, Set
from math import ceil
from typing import TypeAlias

from maspo.core.errors import BudgetReached, SystemInvalid
from maspo.core.seeded import rank, shuffled
from maspo.core.sums import add_up
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
from maspo.team.changes import Change, DropAgent, DropEdge, Kind, changed_system

Edge: TypeAlias = tuple[str, str]
"""Source and reader."""
Weights: TypeAlias = Mapping[Edge, float]

KINDS: tuple[Kind, ...] = ("agents", "edges")
"""What is dropped, in this order."""
START = 0.5
"""The weight that every edge begins with, as in the paper."""
DROPPED = 0.2
"""The share of agents, and then of edges, that may be dropped; one of each at least. The paper's order of magnitude."""
LEARNED = 0.25
"""Part of the inputs that weights are learned from; others confirm. To meet the team without one member tells more
of that member than teams drawn at random do: correlations with its true worth are 0.84 and 0.55 (0069)."""
CONFIRMED = 60
"""Inputs that confirm a drop, at most: what 0069 measured had 57. With more, a search would cost the more the more
inputs there are, for members of whom ever less can be told."""
STEPS, DRAWN = 8, 10
"""Steps of the policy gradient before each dropping, and teams that are drawn for a step: as many runs as the other
search may spend on two changes, which is what teams of a handful of agents can pay."""
RATE = 0.1
"""The rate at which weights are changed: one step moves a weight by about a twentieth."""
_LEAST = 0.05
"""Weights stay this far from 0 and 1, so that every edge is still drawn now and then."""
_REWARD = {Verdict.WIN: 1.0, Verdict.TIE: 0.5, Verdict.CONTRADICTED: 0.5}


def drop_out(system: System, inputs: Sequence[str], plan: StructurePlan) -> StructureSearch:
    """Drop light agents, then light edges of those that stay, where the team does better without."""
    order = shuffled(inputs, plan.seed, "agent dropout")
    first = learned_from(len(order))
    learning, confirming = order[:first], order[first : first + CONFIRMED]
    current, met, tried = system, {system}, list[ChangeTrial]()
    try:
        for kind in (kind for kind in KINDS if kind in plan.kinds):
            weights = yield from _learn(system, current, learning, plan.seed, kind)
            lightest = _agents_by_weight(current, weights) if kind == "agents" else _edges_by_weight(weights)
            left = max(1, round(DROPPED * _counted(current, kind)))
            for change in lightest:
                candidate = _changed(current, change)
                if not left:
                    break
                if candidate in met:  # it cannot go, or an edge is all that its agent had
                    continue
                met.add(candidate)
                verdicts = yield tuple(Meet(current, candidate, key) for key in confirming)
                tried.append(ChangeTrial(change, tally := Tally.of(verdicts), is_better_without(tally)))
                if tried[-1].kept:
                    current, left = candidate, left - 1
    except BudgetReached:  # thrown in where nothing more can be asked: what was confirmed by then stays dropped
        pass
    return FoundTeam(current, tuple(one.change for one in tried if one.kept), tuple(tried))


def learned_from(inputs: int) -> int:
    """Return how many of the inputs weights are learned from."""
    return ceil(LEARNED * inputs)


def most_meetings(system: System, plan: StructurePlan, inputs: int) -> int:
    """Return how often teams meet at most: those that are drawn, and each agent and edge that may turn out light."""
    kinds = [kind for kind in KINDS if kind in plan.kinds]
    tried = sum(_counted(system, kind) for kind in kinds)
    return len(kinds) * STEPS * DRAWN + tried * min(CONFIRMED, inputs - learned_from(inputs))


def _counted(system: System, kind: Kind) -> int:
    return len(system.agents) if kind == "agents" else sum(len(agent.reads) for agent in system.agents)


def is_better_without(tally: Tally) -> bool:
    """Say whether a drop is confirmed: more was won than lost without. That nothing differs is no reason to drop."""
    return tally.wins > tally.losses


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
        for edge, slope in slopes(weights, [kept for _, kept in drawn], rewards).items():
            weights[edge] = min(1 - _LEAST, max(_LEAST, weights[edge] + RATE * slope))
    return weights


def slopes(weights: Weights, kept: Sequence[Set[Edge]], rewards: Sequence[float]) -> dict[Edge, float]:
    """Estimate the gradient of the expected reward by the weights, from the edges that teams kept and their rewards.

    It is the mean of (φ - mean φ) times the gradient of log p(G): 1/w for an edge that is kept, -1/(1-w) for another.
    """
    mean = add_up(rewards) / len(rewards)
    return {
        edge: add_up(
            (reward - mean) * (1 / weight if edge in edges else -1 / (1 - weight))
            for reward, edges in zip(rewards, kept, strict=True)
        )
        / len(rewards)
        for edge, weight in weights.items()
    }


def _draw(
    system: System, weights: Weights, seed: int, kind: str, step: int, number: int
) -> tuple[System, frozenset[Edge]]:
    """Return a team in which each edge is kept with the probability of its weight, and the edges that are kept."""
    team, kept = system, set(weights)
    for edge, weight in weights.items():
        if rank(seed, "drawn", kind, step, number, *edge) / 2**64 < weight:
            continue
        team = _changed(team, DropEdge(*edge))  # as it is where the edge went with an agent, or cannot go
        present = {(source, agent.name) for agent in team.agents for source in agent.reads}
        kept &= present
    return team, frozenset(kept)


def _agents_by_weight(system: System, weights: Weights) -> list[Change]:
    """Return the agents but the last, those with the lightest edges in and out first: their weighted degree."""
    degree = {
        agent.name: add_up(weight for edge, weight in weights.items() if agent.name in edge) for agent in system.agents
    }
    names = (name for name in degree if name != system.output)
    return [DropAgent(name) for name in sorted(names, key=lambda name: (degree[name], name))]


def _edges_by_weight(weights: Weights) -> list[Change]:
    return [DropEdge(*edge) for edge in sorted(weights, key=lambda edge: (weights[edge], edge))]


def _changed(system: System, change: Change) -> System:
    """Return the system after a change, or as it is where the change cannot be made."""
    try:
        return changed_system(system, change)
    except SystemInvalid:
        return system
