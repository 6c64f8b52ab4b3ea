"""The graph of a team: who reads whom, and what a change of prompts can reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter


def layered(reads: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Return agents in layers: an agent stands one layer after the last agent that it reads.

    Agents that read one another in a circle stand in one layer, as if they were one.
    """
    depth: dict[str, int] = {}
    remaining = list(reads)
    while remaining:
        ready = {name: reads[name] for name in remaining if all(one in depth for one in reads[name])}
        if not ready:
            waited = {name: [one for one in reads[name] if one not in depth] for name in remaining}
            ready = {name: [one for member in circle for one in reads[member]] for name, circle in _closed(waited)}
        new = {
            name: 1 + max((depth[one] for one in found if one in depth), default=-1) for name, found in ready.items()
        }
        depth |= new
        remaining = [name for name in remaining if name not in depth]
    layers: list[list[str]] = [[] for _ in range(1 + max(depth.values()))]
    for name in reads:
        layers[depth[name]].append(name)
    return tuple(tuple(layer) for layer in layers)


def circles(edges: Mapping[str, Sequence[str]]) -> Mapping[str, frozenset[str]]:
    """Return the circle that each agent stands in, of those that stand in one; who reads itself is a circle alone."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError:
        reached = {name: _reached_from(name, edges) for name in edges}
        found = {name: frozenset(one for one in reached[name] if name in reached[one]) for name in edges}
        return {name: circle for name, circle in found.items() if len(circle) > 1 or name in edges[name]}
    return {}


def _closed(waited: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, frozenset[str]]]:
    """Return the agents that wait for nobody but a circle that they stand in, each with its circle."""
    reached = {name: _reached_from(name, waited) for name in waited}
    for name, found in reached.items():
        if all(name in reached[one] for one in found):
            yield name, found


def _reached_from(start: str, edges: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return a name and all that it leads to."""
    found, waiting = {start}, [start]
    while waiting:
        new = {name for name in edges[waiting.pop()] if name not in found}
        found |= new
        waiting += new
    return frozenset(found)


@dataclass(frozen=True)
class Team:
    """What an optimizer knows of a team: who reads whom, and whose prompts it may rewrite.

    ``order`` is topological; ``successors`` are direct readers in topological order; ``output`` is the agent whose
    output is the team's; ``frozen`` agents are never rewritten.
    """

    order: tuple[str, ...]
    successors: Mapping[str, tuple[str, ...]]
    output: str
    frozen: frozenset[str] = frozenset()
    length_budget: Mapping[str, int] = field(default_factory=dict)
    """Characters that a prompt of each agent may have; an agent that is not named has no budget."""
    calls: Mapping[str, int] = field(default_factory=dict)
    """How often an agent is called in one run, at most; an agent that is not named is called once."""
    answering: frozenset[str] = frozenset()
    """Agents beside ``output`` whose output is the team's on some inputs."""
    steering: frozenset[str] = frozenset()
    """Agents that decide who is called: what they write can change what everybody does, whoever reads it."""
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Whom a change of an agent reaches beside its readers: those that are called only on a condition on its output,
    and those that have its prompt."""
    sharing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of agents whose prompt others have as well: all that have it, themselves first."""
    sometimes: frozenset[str] = frozenset()
    """Agents that are not called on every input."""

    @cached_property
    def rewritten(self) -> tuple[str, ...]:
        """The agents that may be rewritten, in topological order."""
        return tuple(name for name in self.order if name not in self.frozen)

    @cached_property
    def everyone(self) -> frozenset[str]:
        """All agents."""
        return frozenset(self.order)

    @cached_property
    def downstream(self) -> Mapping[str, frozenset[str]]:
        """All agents that an agent's output can reach, itself included."""
        reached = {name: self.everyone if name in self.steering else frozenset({name}) for name in self.order}
        settled = False
        while not settled:  # once around, and once more to see that it is all; with cycles, some more
            settled = True
            for name in reversed(self.order):
                further = (*self.successors[name], *self.also.get(name, ()))
                found = reached[name].union(*(reached[reader] for reader in further))
                settled &= found == reached[name]
                reached[name] = found
        return reached

    def reached(self, agents: Iterable[str]) -> frozenset[str]:
        """Return who has to answer again when the prompts of some agents change: they and all downstream of them."""
        changed = frozenset(agents)
        known: dict[frozenset[str], frozenset[str]] = self._reached
        if changed not in known:
            known[changed] = frozenset[str]().union(*(self.downstream[name] for name in changed))
        return known[changed]

    def calls_of(self, agents: Iterable[str]) -> int:
        """Return how often some agents are called in one run, at most."""
        return sum(self.calls.get(name, 1) for name in agents)

    def neighbours(self, agent: str) -> tuple[str, ...]:
        """Return whom the agent reads, and who reads it."""
        acting = self.acting(agent)
        read = tuple(name for name in self.order if not self._further(name).isdisjoint(acting))
        return tuple(dict.fromkeys((*read, *self.readers(agent), *self.also.get(agent, ()))))

    def acting(self, agent: str) -> tuple[str, ...]:
        """Return the agents that a change of this agent's prompt acts on: itself, and those that have its prompt."""
        return self.sharing.get(agent, (agent,))

    def readers(self, agent: str) -> tuple[str, ...]:
        """Return the direct readers of whoever an agent's prompt acts on, in topological order."""
        if agent not in self.sharing:
            return self.successors[agent]
        found = {reader for name in self.acting(agent) for reader in self.successors[name]}
        return tuple(name for name in self.order if name in found)

    def _further(self, agent: str) -> frozenset[str]:
        return frozenset((*self.successors[agent], *self.also.get(agent, ())))

    def reaches_output(self, agent: str) -> bool:
        """Return whether an agent's output can reach the team's."""
        return not self.downstream[agent].isdisjoint({self.output, *self.answering})

    @cached_property
    def _reached(self) -> dict[frozenset[str], frozenset[str]]:
        """Answers of ``reached`` so far: a search asks about the same changes thousands of times."""
        return {}
