"""``maspo spans``: the calls of a run for whatever reads OpenTelemetry."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maspo.cli.collector import ENDPOINT, address_of, send
from maspo.cli.stores import reach
from maspo.cli.terminal import lay_out, print_json, say
from maspo.core.errors import UsageError
from maspo.core.plain import Dumped
from maspo.core.running import run
from maspo.report.folder import JOURNAL, require_run
from maspo.report.phrases import number
from maspo.report.spans import requests_of
from maspo.store.files import write_whole
from maspo.store.run_store import RunStore
from maspo.study.record import open_for_reading

_SECONDS = 30.0
"""Of one request to a collector, at most: three times what OpenTelemetry's exporters allow."""


def tell_spans(folder: Path, out: Path | None, to: str, content: bool, store: str, as_json: bool) -> None:
    """Write the spans of a run to a file, or send them to a collector."""
    to = to or ("" if out is not None else os.environ.get(ENDPOINT, ""))
    if (out is None) == (not to):
        raise UsageError("give one of --out FILE, for a file of OTLP JSON, and --to URL, for a collector")
    if out is not None and out.exists():
        raise UsageError(f"--out {out}: is there already; give another name, or delete it")
    address = address_of(to, "--to", "traces") if to else ""
    require_run(folder)
    reach(folder, store)
    told = _Told(folder.resolve().name, content)
    with open_for_reading(folder / JOURNAL) as record:
        requests = told.requests(record)
        if out is not None:
            write_whole(out, "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in requests))
        else:
            run(send(address, requests, "--to", _SECONDS))
    where = str(out) if out is not None else address
    say(lay_out(("spans", number(told.spans)), ("texts", "with them" if content else "without"), ("to", where)))
    if as_json:
        print_json(SpansTold(told.spans, where, content))


@dataclass(frozen=True, slots=True)
class SpansTold(Dumped):
    """What ``--json`` prints of spans."""

    spans: int
    to: str
    content: bool


@dataclass
class _Told:
    """Counts the spans on their way."""

    name: str
    content: bool
    spans: int = 0

    def requests(self, record: RunStore) -> Iterator[dict[str, Any]]:
        run = record.meta().get("run", self.name)
        for request in requests_of(run, self.name, record.calls_told(), self.content):
            self.spans += len(request["resourceSpans"][0]["scopeSpans"][0]["spans"])
            yield request
