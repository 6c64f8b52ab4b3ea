"""Codecs: events, results of the search and traces to JSON text and back, without loss."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, TypeAlias

from pydantic import TypeAdapter

from maspo.errors import StoreError
from maspo.events import Event
from maspo.search.work import Drafts, Result
from maspo.trace import Trace
from maspo.verdict import Comparison

TOLD = "told"
"""The kind of journal entries that hold a result; all other kinds are events."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal. ``seq`` (from 1) and ``at`` (seconds since 1970) are set when it is written."""

    kind: str
    body: str
    seq: int = 0
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """What the search was told: the id of a piece of work and its result."""

    work: str
    result: Result


Recorded: TypeAlias = Event | Told

_RESULTS: dict[str, type] = {"drafts": Drafts, "comparison": Comparison}


def encode(recorded: Recorded) -> Entry:
    """Return the journal entry of an event or a result."""
    if not isinstance(recorded, Told):
        return Entry(recorded.kind, json.dumps(_plain(recorded)))
    result_kind = "drafts" if isinstance(recorded.result, Drafts) else "comparison"
    return Entry(TOLD, json.dumps({"work": recorded.work, "type": result_kind, "result": _plain(recorded.result)}))


def decode(entry: Entry) -> Recorded:
    """Return what a journal entry records.

    Raises:
        StoreError: it cannot be read.

    """
    try:
        found = json.loads(entry.body)
        if entry.kind == TOLD:
            result: Result = _adapter(_RESULTS[found["type"]]).validate_python(found["result"])
            return Told(found["work"], result)
        event: Event = _adapter(_events()[entry.kind]).validate_python(found)
        return event
    except (ValueError, LookupError, TypeError) as error:
        raise _strange(f"journal entry {entry.seq} ({entry.kind})", error) from error


def encode_trace(trace: Trace) -> str:
    """Return a trace as JSON text."""
    return json.dumps(_plain(trace))


def decode_trace(body: str) -> Trace:
    """Return the trace that JSON text holds.

    Raises:
        StoreError: it cannot be read.

    """
    try:
        trace: Trace = _adapter(Trace).validate_python(json.loads(body))
    except (ValueError, TypeError) as error:
        raise _strange("a trace", error) from error
    return trace


def _strange(what: str, error: Exception) -> StoreError:
    return StoreError(
        f"{what} cannot be read ({error}); it was written by another version of maspo: use that one, or start a new run"
    )


def _plain(value: object) -> object:
    """Return a value as JSON knows it. Pydantic only reads: it would not write every mapping or lone surrogate."""
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def _events() -> dict[str, type]:
    """Return the event types by their kind."""
    return {kind.__dataclass_fields__["kind"].default: kind for kind in Event.__args__}
