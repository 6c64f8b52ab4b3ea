"""Entries of the journal: events, and results of a search, to JSON text and back, without loss."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeAlias

from maspo.core.errors import StoreError
from maspo.core.plain import plain
from maspo.core.verdict import Comparison
from maspo.events import Event, Recorded, Span, UnknownEvent
from maspo.events import base as events
from maspo.events.base import SEARCH
from maspo.optimizers.base import Answered, Calibrated, Drafts, Observed, Result, Scored

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
class RunOfTeam:
    """One run of the team behind a result, by what its trace is found under."""

    prompts: str
    """The id of the joint prompts."""
    trace: str
    """The digest of the trace."""
    without: tuple[str, str] = ("", "")
    """An edge (source, reader) that carried nothing."""


@dataclass(frozen=True, slots=True)
class RecordedResult:
    """A request of a search that has its result."""

    request: str
    """The id of the request."""
    result: Result
    purpose: str = ""
    """What the request was made for; empty in runs of versions that did not say."""
    within: str = SEARCH.id
    """The id of the span that the request belongs to: a step of the search, or a stage of the run."""
    runs: tuple[RunOfTeam, ...] = ()
    """The runs that the result was found by, the reference first, where their traces are kept."""

    @property
    def span(self) -> Span:
        """What it belongs to: its request."""
        return Span(self.request, self.within)


Item: TypeAlias = Event | RecordedResult
"""What an entry of the journal holds."""

_RESULTS: dict[str, type[Result]] = {
    "drafts": Drafts,
    "comparison": Comparison,
    "scored": Scored,
    "observed": Observed,
    "calibrated": Calibrated,
    "answered": Answered,
}
_RESULT_KINDS = {kind: name for name, kind in _RESULTS.items()}


def encode(item: Item) -> Entry:
    """Return the journal entry of an event or a result."""
    if not isinstance(item, RecordedResult):
        return Entry(item.kind, events.encode(item))
    body = {"work": item.request, "type": _RESULT_KINDS[type(item.result)], "result": plain(item.result)}
    said = {"purpose": item.purpose, "within": item.within, "runs": [_run_body(run) for run in item.runs]}
    return Entry(TOLD, json.dumps({**body, **{name: value for name, value in said.items() if value}}))


def decode(entry: Entry) -> Item:
    """Return what a journal entry records.

    Raises:
        StoreError: it cannot be read.

    """
    try:
        if entry.kind != TOLD:
            return events.decode(entry.kind, entry.body)
        found = json.loads(entry.body)
        result: Result = events.reader(_RESULTS[found["type"]]).validate_python(found["result"])
        return RecordedResult(
            request=found["work"],
            result=result,
            purpose=found.get("purpose", ""),
            within=found.get("within", SEARCH.id),
            runs=tuple(_run_in(run) for run in found.get("runs", ())),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise strange(f"journal entry {entry.seq} ({entry.kind})", error) from error


def decode_recorded(entry: Entry) -> Recorded[Item]:
    """Return what a journal entry records, with its place and its time.

    Raises:
        StoreError: it cannot be read.

    """
    return Recorded(entry.seq, entry.at, decode(entry))


def decoded_again(item: Item) -> Item:
    """Return an event whose kind was not registered when it was read as what it is, if its kind is known by now."""
    return decode(Entry(item.kind, item.body)) if isinstance(item, UnknownEvent) else item


def work_prefix(request: str) -> str:
    """Return how the body of the result of a request begins, by which it is found."""
    return json.dumps({"work": request})[:-1] + ","


def work_beginning(beginning: str) -> str:
    """Return how the bodies of the results of requests begin whose ids begin in a way."""
    return json.dumps({"work": beginning})[:-2]


def _run_body(run: RunOfTeam) -> list[str]:
    return [run.prompts, run.trace, *(run.without if any(run.without) else ())]


def _run_in(body: list[str]) -> RunOfTeam:
    prompts, trace, *without = body
    source, reader = without or ("", "")
    return RunOfTeam(prompts, trace, (source, reader))


def strange(what: str, error: Exception) -> StoreError:
    """Return the error for something recorded that this version cannot read."""
    return StoreError(
        f"{what} cannot be read ({error}); it was written by another version of maspo: use that one, or start a new run"
    )
