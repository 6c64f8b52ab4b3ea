"""What an event is: a kind with a name, and its place in the record. Kinds are registered where they are defined.

::

    @event
    class PromptMerged(StepEvent):          # of an optimizer that another package brings
        step: str
        agent: str
        parts: int
        kind: Literal["acme.prompt_merged"] = "acme.prompt_merged"

An event is plain data: texts, numbers, None, tuples, mappings, and dataclasses of these. Its record can be read back
wherever the module that defines it has been imported; elsewhere it is an ``UnknownEvent``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any, Final, Generic, Protocol, TypeVar, dataclass_transform

from pydantic import TypeAdapter

from maspo.core.plain import plain


@dataclass(frozen=True, slots=True)
class Span:
    """What something in the record belongs to: a stretch of the run, and the longer one around it.

    Spans form a tree: ``run`` holds ``search``, ``cases``, ``holdout``, ``judge_check`` and ``calls``; ``search`` holds
    the steps of the optimizer; a step holds the requests that were made for it; ``calls`` holds the agents and roles.
    A span lasts from its first entry in the record to its last.
    """

    id: str
    parent: str = ""
    """The id of the span around it; empty for the run itself."""


RUN: Final = Span("run")
SEARCH: Final = Span("search", RUN.id)
CALLS: Final = Span("calls", RUN.id)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run, typed and final."""

    @property
    def kind(self) -> str:
        """The name by which it is recorded and decoded: a field of every kind of event.

        It is unique over all packages, so others begin theirs with their own name.
        """
        raise NotImplementedError

    @property
    def span(self) -> Span:
        """What it belongs to: the run, unless its kind says more."""
        return RUN


class SearchEvent(Event):
    """What an optimizer tells of its search. A run that goes on is told it again, and checks that it is the same."""

    __slots__ = ()

    @property
    def span(self) -> Span:
        """What it belongs to: the search as a whole."""
        return SEARCH


class StepEvent(SearchEvent):
    """What an optimizer tells of one step of its search, such as an agent's part in a round."""

    __slots__ = ()
    step: str

    @property
    def span(self) -> Span:
        """What it belongs to: its step."""
        return Span(self.step, SEARCH.id)


@dataclass(frozen=True, slots=True)
class UnknownEvent(Event):
    """An event of a kind that is not registered here, as it is recorded; whoever looks at a run passes over it."""

    kind: str = field()  # without a default, which it would else take from the property of the same name
    body: str = field()


class InSpan(Protocol):
    """Whatever belongs to a span."""

    @property
    def span(self) -> Span:
        """What it belongs to."""
        ...


T_co = TypeVar("T_co", bound=InSpan, covariant=True)


@dataclass(frozen=True, slots=True)
class Recorded(Generic[T_co]):
    """An entry of a run's record: what was recorded, where it stands, and when it was."""

    seq: int
    """From 1, without gaps, in the order of the record."""
    at: float
    """Seconds since 1970, by the clock of the machine that recorded it."""
    item: T_co

    @property
    def span(self) -> Span:
        """What it belongs to."""
        return self.item.span


# ── the registry ─────────────────────────────────────────────────────────────────────────────────────────────────────

_kinds: dict[str, type[Event]] = {}
_readers: dict[type, TypeAdapter[Any]] = {}
EventT = TypeVar("EventT", bound=Event)


@dataclass_transform(frozen_default=True)
def event(cls: type[EventT]) -> type[EventT]:
    """Make a class of events a frozen dataclass and register it under the default of its field ``kind``.

    Raises:
        TypeError: it is no class of events, names no kind, or another class has the name.

    """
    made: Any = dataclass(frozen=True, slots=True)(cls)
    kind = next((one.default for one in fields(made) if one.name == "kind"), None)
    if not (issubclass(made, Event) and isinstance(kind, str)):
        raise TypeError(
            f"{cls.__qualname__} is no event; derive it from Event, SearchEvent or StepEvent, and give it a field "
            'such as kind: Literal["acme.merged"] = "acme.merged"'
        )
    known = _kinds.get(kind)
    if known is not None and (known.__module__, known.__qualname__) != (made.__module__, made.__qualname__):
        raise TypeError(
            f"{made.__module__}.{made.__qualname__}: the kind {kind!r} is that of {known.__module__}."
            f"{known.__qualname__} already; begin it with the name of your package"
        )
    _kinds[kind] = made
    found: type[EventT] = made
    return found


def registered() -> tuple[type[Event], ...]:
    """Return all classes of events that are known here."""
    return tuple(_kinds.values())


def encode(happened: Event) -> str:
    """Return the body under which an event is recorded, as JSON text; its kind stands beside it.

    Raises:
        TypeError: its class is not registered, so that its record could not be read back.

    """
    if isinstance(happened, UnknownEvent):
        return happened.body
    if _kinds.get(happened.kind) is not type(happened):
        what = f"{type(happened).__module__}.{type(happened).__qualname__}"
        raise TypeError(f"{what}: not registered as {happened.kind!r}; put @event (of maspo.events) above the class")
    return json.dumps(plain(happened))


def decode(kind: str, body: str) -> Event:
    """Return a recorded event; one of a kind that is not registered here as an ``UnknownEvent``.

    Fields that a later version added are passed over.

    Raises:
        ValueError, TypeError: the body is not that of such an event.

    """
    known = _kinds.get(kind)
    if known is None:
        return UnknownEvent(kind, body)
    found: Event = reader(known).validate_python(json.loads(body))
    return found


def reader(kind: type) -> TypeAdapter[Any]:
    """Return what reads values of a type from plain data; made once, because making one is slow."""
    if kind not in _readers:
        _readers[kind] = TypeAdapter(kind)
    return _readers[kind]
