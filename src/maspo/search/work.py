"""What a search asks for and what it is told: plain data, no model, no clock.

A search asks for a *wave* of work. Each piece has an id that is a function of where the search stands, so that a
journal of (id, result) pairs replays to the same state, in whatever order the results arrived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from maspo.prompts import Prompts
from maspo.verdict import Comparison, Level


@dataclass(frozen=True, slots=True)
class Team:
    """What a search knows of a system: who reads whom.

    ``order`` is topological; ``successors`` are direct readers in topological order; ``frozen`` agents are never
    rewritten.
    """

    order: tuple[str, ...]
    successors: Mapping[str, tuple[str, ...]]
    output: str
    frozen: frozenset[str] = frozenset()
    length_budget: Mapping[str, int] = field(default_factory=dict)
    """Characters that a prompt of each agent may have; an agent that is not named has no budget."""

    @property
    def rewritten(self) -> tuple[str, ...]:
        """The agents that may be rewritten, in topological order."""
        return tuple(name for name in self.order if name not in self.frozen)

    def neighbours(self, agent: str) -> tuple[str, ...]:
        """Return who reads the agent, and whom it reads."""
        read = tuple(name for name in self.order if agent in self.successors[name])
        return (*read, *self.successors[agent])


@dataclass(frozen=True, slots=True)
class Case:
    """A misalignment case (Eq. 6): on this input the candidate won locally and the team did not gain."""

    input_key: str
    agent: str
    candidate: str
    reference: Prompts
    step: str
    lost: tuple[str, ...]
    """The successors that did not improve, and ``global`` when the final answer got worse."""


@dataclass(frozen=True, slots=True)
class Propose:
    """Ask the proposer for drafts of one agent's prompt, led by traces (Eq. 4)."""

    id: str
    agent: str
    prompts: Prompts
    """The joint prompts whose traces are shown; ``prompts[agent]`` is the parent."""
    inputs: tuple[str, ...]
    cases: tuple[Case, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Compare:
    """Ask how a candidate does against a reference on one input (one term of Eq. 5)."""

    id: str
    agent: str
    candidate: str
    reference: Prompts
    """The joint prompts of the reference; the candidate system differs from it in ``agent`` (and ``also``) alone."""
    input_key: str
    candidate_first: bool
    """Whether the judge sees the candidate's output as number 1."""
    levels: tuple[Level, ...] = (Level.LOCAL, Level.LOOKAHEAD, Level.GLOBAL)
    also: Mapping[str, str] = field(default_factory=dict)
    """Prompts of other agents that change together with this one."""
    orders: Literal[1, 2] = 1
    """2: the global comparison is judged in both orders."""
    when_differing: bool = False
    """Ask for local and lookahead verdicts only when the final answers differ."""

    @property
    def changed(self) -> Prompts:
        """The joint prompts of the candidate system."""
        return {**self.reference, **self.also, self.agent: self.candidate}


@dataclass(frozen=True, slots=True)
class Withhold:
    """Ask what becomes of the final answer on one input when a reader does not get what a source wrote.

    The answer is a comparison of the team without this edge (the candidate) against the team as it is, by final
    answers alone, judged in both orders.
    """

    id: str
    prompts: Prompts
    input_key: str
    source: str
    reader: str


@dataclass(frozen=True, slots=True)
class Draft:
    """One new prompt that the proposer wrote; ``rejected`` says why it may not be used, or is empty."""

    text: str
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Drafts:
    """The answer to a ``Propose``; empty when the proposer failed."""

    drafts: tuple[Draft, ...]


Work: TypeAlias = Propose | Compare | Withhold
Result: TypeAlias = Drafts | Comparison
