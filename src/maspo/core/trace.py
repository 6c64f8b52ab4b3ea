"""Traces: what the agents of a team read and wrote on one input, call by call."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that an agent called within its turn: what it gave and what it got."""

    name: str
    arguments: str
    result: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an agent (Eq. 1: o_i = f_i(p_i, q, C_i))."""

    agent: str
    output: str
    reads: tuple[int, ...] = ()
    """Places in the trace of the calls whose outputs it read, in the order in which they were shown (C_i)."""
    nth: int = 0
    """How often the agent had been called before."""
    tokens_in: int | None = None
    """None when the endpoint reports no usage."""
    tokens_out: int | None = None
    seconds: float = 0.0
    """The time of the model call that wrote the output, also when it came from the run's record."""
    key: str = ""
    """The content address of the model call."""
    tools: tuple[ToolUse, ...] = ()
    item: str = ""
    """The entry of a list that it was called for."""
    replies: int | None = None
    """The replies that the turn took where they are not one for its answer and one for each tool: several tools asked
    for at once. None elsewhere, and in records of versions before."""

    @property
    def requests(self) -> int:
        """The requests that the turn took, at most: one for its answer, and one for each tool that it asked for."""
        return 1 + len(self.tools)

    @property
    def paid_for(self) -> int:
        """The requests that the turn took, as far as it is known: what is paid for when the team is used."""
        return self.requests if self.replies is None else self.replies

    @property
    def written(self) -> str:
        """What the agent wrote in its turn: the tools that it used with what they told it, then its output."""
        used = (f"{use.name}({use.arguments}) → {use.result}" for use in self.tools)
        return "\n".join((*used, self.output))


@dataclass(frozen=True)
class Trace:
    """One run of a team on one input: its calls in order. An agent may be called several times, or never."""

    input_key: str
    calls: tuple[Call, ...]
    output: str
    """The final output (Eq. 2: o_glob = Φ(G, P, q))."""

    @cached_property
    def by_agent(self) -> Mapping[str, tuple[Call, ...]]:
        """The calls of each agent that was called."""
        found: dict[str, list[Call]] = {}
        for call in self.calls:
            found.setdefault(call.agent, []).append(call)
        return {agent: tuple(calls) for agent, calls in found.items()}

    @cached_property
    def digest(self) -> str:
        """The content address of the trace, 16 hex digits: equal runs share it. A call's key stands for its text."""
        lines = [f"{self.input_key}\0{len(self.output)}"]
        for call in self.calls:
            what = f"{call.key}\0{len(call.output)}" if call.key else call.output
            lines.append(f"{call.agent}\0{what}\0{call.nth}\0{call.reads}\0{call.tools or ''}{call.item}")
        return hashlib.blake2b("\0".join(lines).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    def written_by(self, agent: str) -> str:
        """Return what an agent wrote in all its calls, in order; nothing when it was not called."""
        return "\n\n".join(call.written for call in self.by_agent.get(agent, ()))

    def read_by(self, agent: str) -> Mapping[str, str]:
        """Return what an agent read in all its calls, keyed by who wrote it (C_i of Eq. 1)."""
        return self.read_in(*self.by_agent.get(agent, ()))

    def read_in(self, *calls: Call) -> Mapping[str, str]:
        """Return what was read in some calls of the trace, keyed by who wrote it."""
        read: dict[str, list[str]] = {}
        for place in dict.fromkeys(place for call in calls for place in call.reads):
            read.setdefault(self.calls[place].agent, []).append(self.calls[place].output)
        items = list(dict.fromkeys(call.item for call in calls if call.item))
        return {
            writer: "\n\n".join(outputs) for writer, outputs in ({**read, "item": items} if items else read).items()
        }
