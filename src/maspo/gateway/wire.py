"""What passes between an app and its models: texts, replies and calls, whatever dialect they are in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

JsonObject: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str | int, ...]
"""The address of a text within a JSON body, such as ``("messages", 0, "content")``."""
Role: TypeAlias = Literal["system", "developer", "instructions", "user", "assistant", "tool"]
INSTRUCTING: frozenset[Role] = frozenset({"system", "developer", "instructions"})
"""Roles whose texts tell a model what it is to do: where prompts of agents stand as a rule."""


@dataclass(frozen=True, slots=True)
class WireText:
    """One text of a request, in the order in which the model reads them; texts without a place come from kept state."""

    place: Place | None
    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that a model asked for; ``result`` is None until a later request of the rollout brings it."""

    id: str
    name: str
    arguments: str
    """As the model wrote them: JSON text as a rule."""
    result: str | None = None


@dataclass(frozen=True, slots=True)
class WireReply:
    """What a reply says, read from its body or assembled from the events of its stream.

    Token counts are None where the endpoint does not tell them. ``whole`` says that the reply came to its end in the
    way of its dialect; ``failure`` is what it says of an error, also one in the middle of a stream.
    """

    text: str = ""
    tools: tuple[ToolCall, ...] = ()
    finish: str = ""
    """Why it ended, in the dialect's own word."""
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int = 0
    """Of ``tokens_in``: those that the endpoint had in its own cache."""
    tokens_stored: int = 0
    """Of ``tokens_in``: those that it put there."""
    storing: float = 1.0
    """What one of those costs at least, of one that is read, as the reply tells."""
    whole: bool = True
    failure: str = ""
    id: str = ""
    """The name under which the endpoint keeps the reply (Responses)."""
    items: tuple[Any, ...] = ()
    """The output items of a Responses reply, as they came."""


@dataclass(frozen=True, slots=True)
class WireCall:
    """One call of a rollout as it passed over the wire.

    ``texts`` are as the app sent them (before the swap), those of a conversation that the endpoint keeps included.
    ``agent`` is None where nobody's prompt was found, or the prompt of several that cannot be told apart.
    """

    rollout: str
    number: int
    """From 0, in the order in which the requests of the rollout came."""
    dialect: str
    model: str
    texts: tuple[WireText, ...]
    offered: tuple[str, ...]
    """Names of the tools that the model may call."""
    output: str
    tools: tuple[ToolCall, ...]
    """What the model asked for."""
    finish: str
    tokens_in: int | None
    tokens_out: int | None
    seconds: float
    """From the request to the end of the reply; of the recorded call where the reply came from the record."""
    key: str
    """The content address of the call in the record."""
    cached: bool
    """It was answered from the record, at no cost."""
    failed: str = ""
    """Why it failed; empty when it did not. A rollout with a failed call is undecided."""
    agent: str | None = None
    unattributed: str = ""
    """Why no agent is named; empty when one is."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What stood for the placeholders of the agent's prompt."""
    usd: float | None = None
    """What it cost, retries included; 0 from the record, None where that is not known."""

    @property
    def instructions(self) -> str:
        """The texts that tell the model what it is to do, as one."""
        return instructions_in(self.texts)


def instructions_in(texts: Iterable[WireText]) -> str:
    """Return those of some texts that tell the model what it is to do, as one."""
    return "\n\n".join(text.text for text in texts if text.role in INSTRUCTING)


@dataclass(frozen=True, slots=True)
class WireAgent:
    """An agent as it is recognized on the wire.

    ``prompt`` is its seed prompt: fixed passages with ``{name}`` where values stand. White space is compared loosely.
    ``placeholders`` are the names that stand for values; None takes every ``{name}`` for one. Of agents with equal
    prompts ``tools`` (all that it is offered) or ``marker`` (a text that its requests hold, in any role) tells which
    it is.
    """

    name: str
    prompt: str
    placeholders: frozenset[str] | None = None
    tools: frozenset[str] | None = None
    marker: str = ""


@dataclass(frozen=True, slots=True)
class RolloutLimits:
    """What one rollout may use; None is no limit. ``seconds`` count from its opening."""

    calls: int | None = None
    usd: float | None = None
    seconds: float | None = None
