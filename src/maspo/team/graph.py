"""The graph of a team: who reads whom, and what a change of prompts can reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property


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
        reached: dict[str, frozenset[str]] = {}
        for name in reversed(self.order):
            reached[name] = frozenset({name}).union(*(reached[reader] for reader in self.successors[name]))
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
        read = tuple(name for name in self.order if agent in self.successors[name])
        return (*read, *self.successors[agent])

    def reaches_output(self, agent: str) -> bool:
        """Return whether an agent's output can reach the team's."""
        return self.output in self.downstream[agent]

    @cached_property
    def _reached(self) -> dict[frozenset[str], frozenset[str]]:
        """Answers of ``reached`` so far: a search asks about the same changes thousands of times."""
        return {}
