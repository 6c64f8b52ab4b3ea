"""Comparisons and the traces behind them: what can be looked at later, call by call.

A trace is kept under the ids of its prompts and of its own content, so none replaces another; the run of a candidate is
kept as what differs from the run of its reference (``maspo.store.traces``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeAlias

from maspo.core.trace import Trace
from maspo.core.verdict import Comparison
from maspo.store.codec import TOLD, Entry, RecordedResult, RunOfTeam, decode, work_beginning, work_prefix
from maspo.store.traces import Written, decode_trace, encode_trace

_RESULTS = "SELECT kind, body, seq, at FROM journal WHERE kind = ? AND substr(body, 1, ?) = ? ORDER BY seq"
_WRITTEN = "SELECT reply, tokens_in, tokens_out, seconds FROM calls WHERE key = ?"
_TRACE = "SELECT body FROM traces WHERE prompts_id = ? AND input_key = ?"
_NEWEST_TRACE = """
SELECT body FROM traces WHERE (prompts_id = ? OR prompts_id BETWEEN ? AND ?) AND input_key = ?
ORDER BY rowid DESC LIMIT 1
"""
_ADDRESSES = "SELECT prompts_id, input_key FROM traces"
_POINT, _AFTER_POINT = ".", "/"
"""Between these endings of the id of its prompts lie the addresses of runs of the whole team, without an edge none."""

Select: TypeAlias = Callable[..., list[tuple[Any, ...]]]
"""Returns the rows of a query with its values."""
Place: TypeAlias = tuple[str, str]
"""The address of a trace, and its input."""
TraceState: TypeAlias = Literal["whole", "differing", "refused"]
"""How a trace is kept: with all its calls, as what differs from another, or not at all because it is too large."""


@dataclass(frozen=True, slots=True)
class ComparisonLine:
    """A comparison as a list of them tells it: what was asked for, the verdicts, and whether its runs can be seen."""

    seq: int
    """Its place in the record."""
    at: float
    """When its result was recorded, in seconds since 1970."""
    id: str
    """The id of the request."""
    purpose: str
    within: str
    """The step of the search, or the stage of the run, that it belongs to."""
    result: Comparison
    traces_kept: bool

    @property
    def input_key(self) -> str:
        """The input that it was made on."""
        return self.result.input_key


@dataclass(frozen=True, slots=True)
class ComparedRuns:
    """The two runs that a comparison is about, call by call with all texts, and what was said of them."""

    id: str
    purpose: str
    result: Comparison
    reference: Trace
    candidate: Trace
    runs: tuple[RunOfTeam, RunOfTeam]
    """The ids of the joint prompts of either run, the reference first."""


def address(run: RunOfTeam) -> str:
    """Return what a trace is kept under, beside its input."""
    cut = f"-{run.without[0]}-{run.without[1]}" if any(run.without) else ""
    return f"{run.prompts}{cut}{_POINT}{run.trace}"


def listed(select: Select) -> list[ComparisonLine]:
    """Return every comparison that is recorded, in order."""
    kept = set(select(_ADDRESSES))
    lines = []
    for entry in _results(select, ""):
        item = decode(entry)
        if isinstance(item, RecordedResult) and isinstance(item.result, Comparison):
            there = [(address(run), item.result.input_key) in kept for run in item.runs]
            lines.append(
                ComparisonLine(
                    seq=entry.seq,
                    at=entry.at,
                    id=item.request,
                    purpose=item.purpose,
                    within=item.within,
                    result=item.result,
                    traces_kept=len(there) == 2 and all(there),
                )
            )
    return lines


def found(select: Select, request: str) -> ComparedRuns | None:
    """Return the runs behind a comparison; None when it is not there, or its traces are not kept."""
    for entry in reversed(_results(select, work_prefix(request))):
        item = decode(entry)
        if isinstance(item, RecordedResult) and (runs := _runs_behind(select, item)):
            return runs
    return None


def found_below(select: Select, beginning: str) -> dict[str, tuple[Comparison, ComparedRuns | None]]:
    """Return by their ids the comparisons whose ids begin in a way, each with its runs if their traces are kept."""
    compared = {}
    for entry in _results(select, work_beginning(beginning)):
        item = decode(entry)
        if isinstance(item, RecordedResult) and isinstance(item.result, Comparison):
            compared[item.request] = (item.result, _runs_behind(select, item))
    return compared


def _runs_behind(select: Select, item: RecordedResult) -> ComparedRuns | None:
    if not isinstance(item.result, Comparison) or len(item.runs) != 2:
        return None
    first, second = item.runs
    reference, candidate = (_select_trace(select, address(run), item.result.input_key) for run in (first, second))
    if reference is None or candidate is None:
        return None
    return ComparedRuns(item.request, item.purpose, item.result, reference, candidate, (first, second))


def trace_of(select: Select, prompts_id: str, input_key: str) -> Trace | None:
    """Return the newest run of a prompt set on an input; None when none is kept."""
    ends = (f"{prompts_id}{_POINT}", f"{prompts_id}{_AFTER_POINT}")
    rows = select(_NEWEST_TRACE, prompts_id, *ends, input_key)
    return _decoded(select, rows[0][0], input_key) if rows else None


def _results(select: Select, beginning: str) -> list[Entry]:
    """Return the entries of results whose bodies begin in a way."""
    return [Entry(*row) for row in select(_RESULTS, TOLD, len(beginning), beginning)]


def _select_trace(select: Select, place: str, input_key: str) -> Trace | None:
    rows = select(_TRACE, place, input_key)
    return _decoded(select, rows[0][0], input_key) if rows else None


def _written(select: Select, key: str) -> Written | None:
    rows = select(_WRITTEN, key)
    return Written(*rows[0]) if rows else None


def _decoded(select: Select, body: str, input_key: str) -> Trace:
    return decode_trace(body, partial(_written, select), lambda base: _select_trace(select, base, input_key))


@dataclass(slots=True)
class TraceRows:
    """The traces of one result on their way into the record: the first whole, the others as what differs from it.

    What differs from a trace is recorded only where that trace is there whole; so none is based on itself, however
    often both change places.
    """

    runs: Sequence[RunOfTeam]
    traces: Sequence[Trace]
    before: dict[Place, TraceState]
    """What has become of traces before."""
    now: dict[Place, TraceState] = field(default_factory=dict)
    """What has become of these; filled by ``rows``."""

    def rows(self, select: Select) -> list[tuple[str, str, str]]:
        """Return the rows that are missing; none when one trace cannot be kept."""
        find = partial(_written, select)
        first: tuple[str, Trace] | None = None
        found = []
        for run, trace in zip(self.runs, self.traces, strict=True):
            place = (address(run), trace.input_key)
            known = self.before.get(place)
            if known == "refused":
                return self._none(place)
            if known == "whole" or (known and first) or place in self.now:
                first = first or (place[0], trace)
                continue
            body = encode_trace(trace, find, first)
            if body is None:
                return self._none(place)
            self.now[place] = "differing" if first else "whole"
            found.append((*place, body))
            first = first or (place[0], trace)
        return found

    def _none(self, refused: Place) -> list[tuple[str, str, str]]:
        self.now = {refused: "refused"}
        return []
