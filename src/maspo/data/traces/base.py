"""What a recorded trace tells: steps, each with what it was shown; and the texts in that, whatever their form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias

Json: TypeAlias = Mapping[str, Any]
Role: TypeAlias = Literal["instructions", "user", "assistant", "tool"]

_ROLES: Final[Mapping[str, Role]] = {
    "system": "instructions",
    "developer": "instructions",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
}
"""Names of roles in the dialects of models, and LangChain's."""
_TEXT_KEYS: Final = ("text", "content", "input_text")
_DEEPEST: Final = 6
"""Levels of lists and objects within which a message's text is looked for: formats in use have three."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message: who said what."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """A span or run of a trace: a call to a model, or a step around such calls.

    ``shown`` is what it was given, as it was recorded: text, JSON, or None where nothing was. ``order`` sorts the steps
    of a trace by their start.
    """

    trace: str
    id: str
    parent: str
    order: str
    is_call: bool
    shown: object = None


class TraceFormat(Protocol):
    """A format of exports."""

    name: str
    """As ``--format`` names it."""

    def knows(self, record: Json) -> bool:
        """Say whether a record of a file is of this format."""

    def steps(self, record: Json) -> Iterator[Step]:
        """Yield the steps in a record."""


def word(value: object) -> str:
    """Return a name, time or identifier as text; empty where something else stands in its place."""
    return str(value) if isinstance(value, str | int | float) else ""


def decoded(value: object) -> object:
    """Return what a text holds if it is a JSON object or list, as many exports write them; else the value itself."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            found: object = json.loads(value)
        except (ValueError, RecursionError):
            return value
        return found
    return value


def messages(value: object) -> tuple[Said, ...]:
    """Return the messages in a list of them, or in an object that holds such a list; none where there is none."""
    value = decoded(value)
    if isinstance(value, Mapping):
        held = [value[key] for key in ("messages", "input_messages", "input") if isinstance(value.get(key), list)]
        return messages(held[0]) if held else ()
    if not isinstance(value, list):
        return ()
    while len(value) == 1 and isinstance(value[0], list):  # a batch of one conversation, as LangChain writes it
        value = value[0]
    found = [_said(one) for one in value]
    return tuple(one for one in found if one is not None)


def _said(message: object) -> Said | None:
    """Return a message of any dialect; None where it is none, or has no text."""
    if not isinstance(message, Mapping):
        return None
    inner = message.get("message", message)
    if not isinstance(inner, Mapping):
        return None
    kept = inner.get("kwargs", inner.get("data", inner))  # LangChain's forms of a message that was written out
    kept = kept if isinstance(kept, Mapping) else inner
    name = word(inner.get("role") or kept.get("role") or inner.get("type") or kept.get("type"))
    if name == "constructor" and isinstance(inner.get("id"), list) and inner["id"]:
        name = word(inner["id"][-1]).removesuffix("Chunk").removesuffix("Message")
    role = _ROLES.get(name.lower())
    text = text_of(kept.get("content", kept.get("parts")))
    return Said(role, text) if role and text.strip() else None


def text_of(content: object, depth: int = 0) -> str:
    """Return the text of a message's content: a text, or parts of which some hold text."""
    if isinstance(content, str):
        return content
    if depth > _DEEPEST:
        return ""
    if isinstance(content, Mapping):
        return next((text for key in _TEXT_KEYS if (text := text_of(content.get(key), depth + 1))), "")
    if isinstance(content, list):
        return "\n".join(text for part in content if (text := text_of(part, depth + 1)))
    return ""
