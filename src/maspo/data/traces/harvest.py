"""Inputs from recorded traces: what an app was asked, once each, and what was passed over, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from maspo.core.errors import InputsInvalid
from maspo.data.groups import groups_of
from maspo.data.inputs import ID_COLUMN, LABEL_COLUMN, make_inputs
from maspo.data.traces.base import Json, Said, Step, TraceFormat, decoded, messages
from maspo.data.traces.langfuse import Langfuse
from maspo.data.traces.langsmith import LangSmith
from maspo.data.traces.openai_agents import OpenAIAgents
from maspo.data.traces.otel import OpenTelemetry

FORMATS: Final[tuple[TraceFormat, ...]] = (OpenTelemetry(), LangSmith(), OpenAIAgents(), Langfuse())
ALIASES: Final[Mapping[str, str]] = {"openinference": "otel"}
"""Conventions for the same files."""
AUTO: Final = "auto"

NO_TEXT: Final = "no text was recorded: the instrumentation leaves contents out, or they are kept elsewhere"
LATER_TURN: Final = "a later turn of a conversation: it does not stand alone"
NO_QUESTION: Final = "nobody asked anything: no message of a user, and nothing was passed to the first step"
UNNAMED: Final = "its function was called with several arguments without names"


@dataclass(frozen=True)
class Harvest:
    """The rows that were found, and what became of the other traces."""

    rows: tuple[Mapping[str, object], ...]
    formats: tuple[str, ...]
    traces: int
    copies: int
    """Traces that asked the same in the same words."""
    near_copies: int
    """Traces that asked the same in other spelling, or all but the same."""
    skipped: Mapping[str, int]
    """Traces without an input, by reason."""
    unknown: int
    """Records that are of no format that is known."""


class _Skip(Exception):
    """Why a trace gives no input."""


def harvest(records: Iterable[Json], wanted: str = AUTO) -> Harvest:
    """Return the inputs in the records of exports, one for each group of traces that ask the same.

    Raises:
        InputsInvalid: the format is not known.

    """
    known = [one for one in FORMATS if wanted in (AUTO, one.name) or ALIASES.get(wanted) == one.name]
    if not known:
        names = ", ".join((AUTO, *(one.name for one in FORMATS), *ALIASES))
        raise InputsInvalid(f"--format {wanted}: expected one of {names}")
    traces: dict[str, list[Step]] = {}
    seen: dict[str, None] = {}
    unknown = 0
    for record in _unfolded(records):
        reader = next((one for one in known if one.knows(record)), None)
        if reader is None:
            unknown += 1
            continue
        seen[reader.name] = None
        for step in reader.steps(record):
            traces.setdefault(step.trace, []).append(step)
    skipped: Counter[str] = Counter()
    rows: list[Mapping[str, object]] = []
    for name, steps in traces.items():
        try:
            rows.append({ID_COLUMN: name, **_row(steps)})
        except _Skip as reason:
            skipped[str(reason)] += 1
    kept, copies, near = _once_each(rows)
    return Harvest(tuple(kept), tuple(seen), len(traces), copies, near, dict(skipped.most_common()), unknown)


def begun_in(record: Json) -> tuple[list[Mapping[str, object]], int]:
    """Return the input of each trace whose first span is in a record, copies included, and how many had none.

    For records that are read as they arrive: the span that began a trace ends last, and is sent with or after the
    others. Of a trace whose beginning is in another record nothing is told.
    """
    traces: dict[str, list[Step]] = {}
    for one in FORMATS:
        if one.knows(record):
            for step in one.steps(record):
                traces.setdefault(step.trace, []).append(step)
            break
    rows: list[Mapping[str, object]] = []
    skipped = 0
    for steps in traces.values():
        if all(step.parent for step in steps):
            continue
        try:
            rows.append(_row(steps))
        except _Skip:
            skipped += 1
    return rows, skipped


def _unfolded(records: Iterable[Json]) -> Iterator[Json]:
    """Yield records, those of a page of an API one by one."""
    for record in records:
        page = record.get("data")
        if isinstance(page, list) and not ("resourceSpans" in record or "run_type" in record):
            yield from (one for one in page if isinstance(one, Mapping))
        else:
            yield record


def _once_each(rows: Sequence[Mapping[str, object]]) -> tuple[list[Mapping[str, object]], int, int]:
    """Return the first row of each group that asks the same, and how many copies and near-copies were left out."""
    if not rows:
        return [], 0, 0
    inputs = make_inputs(rows, "traces")
    groups = groups_of(inputs, sorted({name for row in inputs.rows for name in row.columns}))
    first = {keys[0] for keys in groups.members(row.key for row in inputs.rows).values()}
    names = {row.label for row in inputs.rows if row.key in first}
    kept = [row for row in rows if row[ID_COLUMN] in names]
    return kept, inputs.merged, len(inputs.rows) - len(kept)


def _row(steps: Sequence[Step]) -> Mapping[str, object]:
    """Return the input of a trace: what its outermost step was shown, else the question in its first call.

    Raises:
        _Skip: there is none that stands alone.

    """
    ids = {step.id for step in steps}
    ordered = sorted(steps, key=lambda step: step.order)
    outermost = [step for step in ordered if not step.is_call and step.parent not in ids and step.shown]
    calls = [step for step in ordered if step.is_call]
    for step in (*outermost[:1], *calls[:1]):
        row = _read_row(step.shown)
        if row is not None:
            return row
    raise _Skip(NO_QUESTION if any(step.shown for step in steps) else NO_TEXT)


def _read_row(shown: object) -> Mapping[str, object] | None:
    """Return what a step was shown as a row; None where it says nothing."""
    shown = decoded(shown)
    if isinstance(shown, str):
        return {"input": shown} if shown.strip() else None
    said = messages(shown)
    if said:
        return _question(said)
    if isinstance(shown, Mapping):
        return _arguments(shown)
    return None


def _arguments(shown: Json) -> Mapping[str, object] | None:
    """Return what a function was called with, as a row."""
    if set(shown) == {"args", "kwargs"} and isinstance(shown["args"], list) and isinstance(shown["kwargs"], Mapping):
        args, named = shown["args"], shown["kwargs"]
        if len(args) > 1 or (args and named):
            raise _Skip(UNNAMED)
        return _read_row(args[0]) if args else _arguments(named)
    found = {str(name): value for name, value in shown.items() if name not in (ID_COLUMN, LABEL_COLUMN)}
    told = {name: value for name, value in found.items() if value not in (None, "", [], {})}
    return told or None


def _question(said: Sequence[Said]) -> Mapping[str, object] | None:
    """Return the question in the messages of a first call."""
    asked = [one.text for one in said if one.role == "user"]
    if not asked:
        return None
    if any(one.role in ("assistant", "tool") for one in said):
        raise _Skip(LATER_TURN)
    return {"input": "\n\n".join(asked)}
