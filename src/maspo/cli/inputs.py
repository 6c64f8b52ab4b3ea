"""``maspo inputs``: rows for a search, from what an app was asked before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from maspo.cli.terminal import lay_out, note, print_json, say
from maspo.core.errors import InputsInvalid, UsageError
from maspo.core.plain import Dumped
from maspo.report.phrases import number, plural
from maspo.store.files import write_whole

if TYPE_CHECKING:
    from maspo.data.traces.harvest import Harvest

_ENOUGH = 40
"""Rows with which a run can prove something: half are held out, and 5 wins of 20 are the least that prove it."""
_WHAT_ELSE = (
    "Expected exports of OpenTelemetry (OTLP JSON), OpenInference, Langfuse, LangSmith or the OpenAI Agents SDK, as "
    "JSON, JSON Lines, CSV or Parquet"
)


def inputs_from_traces(files: Sequence[Path], wanted: str, out: Path, as_json: bool) -> None:
    """Write the inputs in some exports, each once, and say what was passed over and why."""
    from maspo.data.records import read_records
    from maspo.data.traces.harvest import harvest

    if out.exists():
        raise UsageError(f"--out {out}: is there already; give another name, or delete it")
    found = harvest((record for file in files for record in read_records(file)), wanted)
    if not found.traces:
        raise InputsInvalid(f"{', '.join(map(str, files))}: no trace was recognized. {_WHAT_ELSE}")
    for reason, times in found.skipped.items():
        note(f"note: {plural(times, 'trace')} skipped: {reason}")
    if found.unknown:
        note(f"note: {plural(found.unknown, 'record')} of no format that is known were passed over")
    if not found.rows:
        raise InputsInvalid(f"{', '.join(map(str, files))}: {number(found.traces)} traces, and no input in any of them")
    write_whole(out, "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in found.rows))
    left_out = (plural(found.copies, "copy", "copies"), plural(found.near_copies, "near-copy", "near-copies"))
    rows = (
        ("traces", f"{number(found.traces)} ({', '.join(found.formats)})"),
        ("left out", ", ".join(left_out)),
        ("inputs", number(len(found.rows))),
        ("file", str(out)),
    )
    say(lay_out(*rows))
    if len(found.rows) < _ENOUGH:
        note(f"note: about {_ENOUGH} inputs or more are needed to prove anything")
    if as_json:
        print_json(_figures(found, out))


@dataclass(frozen=True, slots=True)
class _Figures(Dumped):
    """What ``--json`` prints."""

    inputs: str
    rows: int
    traces: int
    copies: int
    near_copies: int
    skipped: Mapping[str, int]
    unknown: int
    formats: tuple[str, ...]


def _figures(found: Harvest, out: Path) -> _Figures:
    return _Figures(
        inputs=str(out),
        rows=len(found.rows),
        traces=found.traces,
        copies=found.copies,
        near_copies=found.near_copies,
        skipped=found.skipped,
        unknown=found.unknown,
        formats=found.formats,
    )
