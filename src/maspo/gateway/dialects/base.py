"""A dialect: the texts of a request, and what a reply says, plain or assembled from the events of its stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias, TypedDict

from pydantic_core import from_json

from maspo.gateway.wire import JsonObject, Place, Role, ToolCall, WireReply, WireText
from maspo.models.replies import is_done
from maspo.models.tokens import read_tokens

Provider: TypeAlias = Literal["openai", "anthropic", "gemini", "ollama"]
"""Whose way of addressing a request follows; each has one address upstream."""
READY = "Reply with the word: ready"
READY_TOKENS = 16
"""What asks whether an endpoint is back: as ``maspo.models.base.ready_question``."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came: its path below the gateway's own prefix, without the query, and its JSON body."""

    path: str
    body: JsonObject

    def asking(self, what: JsonObject) -> Incoming:
        """Return a request to the same place and model that asks something else."""
        return Incoming(self.path, {"model": self.body.get("model"), **what})


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool returned, as a request brings it; dialects without ids name the tool."""

    id: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks."""

    model: str = ""
    texts: tuple[WireText, ...] = ()
    offered: tuple[str, ...] = ()
    results: tuple[ToolResult, ...] = ()
    streamed: bool = False
    max_tokens: int | None = None
    previous: str = ""
    """The reply whose conversation the endpoint keeps and this request goes on with (Responses)."""


class Dialect(Protocol):
    """How one kind of endpoint is asked, and how it answers."""

    @property
    def name(self) -> str:
        """What it is called in records."""
        ...

    @property
    def provider(self) -> Provider:
        """Whose address upstream is meant."""
        ...

    def takes(self, path: str) -> bool:
        """Say whether a POST to a path (below the gateway's own prefix) is in this dialect."""
        ...

    def read_request(self, incoming: Incoming) -> Asked:
        """Return what a request asks. A body that is not as documented gives what can be read of it; never raises."""
        ...

    def read_reply(self, body: bytes, streamed: bool) -> WireReply:
        """Return what a reply says; one that cannot be read is not whole. Never raises."""
        ...

    def ready(self, incoming: Incoming) -> Incoming:
        """Return the small question that shows whether the endpoint of a request answers."""
        ...


_TEXT: Final = frozenset({"text"})
"""Parts of a content that are texts, unless a dialect has other names for them."""


def objects(found: object) -> list[JsonObject]:
    """Return the JSON objects of a list; none of anything else."""
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def member(found: object, name: str) -> Any:
    """Return a member of a JSON object; None of anything else."""
    return found.get(name) if isinstance(found, dict) else None


def text_of(found: object) -> str:
    """Return a text; empty when it is none."""
    return found if isinstance(found, str) else ""


def count_of(found: object) -> int | None:
    """Return a positive whole number; None when it is none."""
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def parts(place: Place, role: Role, content: object, kinds: frozenset[str] = _TEXT) -> Iterator[WireText]:
    """Return the texts of a content: a text, or a list of parts of which some kinds hold one in ``text``."""
    if isinstance(content, str):
        yield WireText(place, role, content)
    elif isinstance(content, list):
        for number, part in enumerate(content):
            if isinstance(part, str):
                yield WireText((*place, number), role, part)
            elif isinstance(part, dict) and part.get("type", "text") in kinds and isinstance(part.get("text"), str):
                yield WireText((*place, number, "text"), role, part["text"])


def read_texts(messages: Iterable[JsonObject], roles: Mapping[str, Role]) -> Iterator[WireText]:
    """Return the texts of messages that each say a role and a content; who says neither is taken for the user."""
    for number, message in enumerate(messages):
        role = roles.get(str(message.get("role")), "user")
        yield from parts(("messages", number, "content"), role, message.get("content"))


def joined(texts: Iterable[WireText]) -> str:
    """Return texts as one."""
    return "\n".join(text.text for text in texts)


def compact(found: object) -> str:
    """Return a JSON value as text: a text as it is."""
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def loads(body: bytes) -> Any:
    """Return the JSON value of a body; None when it is none.

    Pydantic reads it in a third of the time; what it does not take (halves of surrogates, other encodings than UTF-8,
    lists within lists a thousandfold) the standard library does. Only names of members are kept for the next body.
    """
    with suppress(ValueError):
        return from_json(body, cache_strings="keys")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def sse_data(body: bytes) -> list[bytes]:
    """Return the data of each event of a stream of server-sent events (WHATWG HTML, 9.2.6).

    Lines end with LF, CR or both; comments are passed over; several data lines of an event are joined. An event that
    no empty line ends is not dispatched.
    """
    text = body.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if text.startswith(b"data: ") and text.endswith(b"\n\n"):
        found = text[6:-2].split(b"\n\ndata: ")
        if text.count(b"\n") == 2 * len(found):  # each event is one line, as in nearly all streams
            return found
    found = []
    for block in text.split(b"\n\n")[:-1]:
        data = [line[5:] for line in block.split(b"\n") if line.startswith(b"data:") or line == b"data"]
        if data:
            found.append(b"\n".join([one.removeprefix(b" ") for one in data]))
    return found


def sse_values(body: bytes) -> list[Any]:
    """Return the JSON values of a stream's events, None for one that is none; ``[DONE]`` is the text of it.

    They are read as one array: several times faster than one by one.
    """
    data = sse_data(body)
    done = bool(data) and is_done(data[-1])
    if done:
        data.pop()
    found = loads(b"[%b]" % b",".join(data))
    if not isinstance(found, list) or len(found) != len(data):
        found = ["[DONE]" if is_done(one) else loads(one) for one in data]
    return [*found, "[DONE]"] if done else found


def failure_in(found: object) -> str:
    """Return what a body says of an error, in the shapes of all dialects; empty when it says none."""
    error = found.get("error") if isinstance(found, dict) else None
    if not error:
        return ""
    message = member(error, "message")
    return message if isinstance(message, str) and message else compact(error)


class Metered(TypedDict, total=False):
    """The figures of a ``WireReply``."""

    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int
    tokens_stored: int
    storing: float


def metered(usage: object) -> Metered:
    """Return the tokens that a usage tells of, as a reply has them."""
    if not usage:
        return {}
    tokens = read_tokens(usage)
    return {
        "tokens_in": tokens.read,
        "tokens_out": tokens.written,
        "tokens_cached": tokens.cached,
        "tokens_stored": tokens.stored,
        "storing": tokens.storing,
    }


def unreadable(body: bytes) -> WireReply:
    """Return what is known of a reply that is no JSON object."""
    return WireReply(whole=False, failure="an empty body" if not body else "the body is not a JSON object")


def tool_calls(found: Iterable[tuple[str, str, object]]) -> tuple[ToolCall, ...]:
    """Return tool calls of (id, name, arguments)."""
    return tuple(ToolCall(id, name, compact(arguments)) for id, name, arguments in found)
