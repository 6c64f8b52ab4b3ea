"""``maspo spans``: the calls of a run for whatever reads OpenTelemetry."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import aiohttp
from yarl import URL

from maspo.cli.stores import reach
from maspo.cli.terminal import lay_out, print_json, say
from maspo.core.errors import ConfigInvalid, ProviderError, UsageError
from maspo.core.plain import Dumped
from maspo.models.endpoint import is_loopback
from maspo.models.refusals import excerpt
from maspo.report.folder import JOURNAL, require_run
from maspo.report.phrases import number
from maspo.report.spans import requests_of
from maspo.store.files import write_whole
from maspo.store.run_store import RunStore
from maspo.study.record import open_for_reading

_HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
"""The variable that OpenTelemetry's own exporters read: ``name=value`` pairs with commas, percent-encoded."""
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_SECONDS = 30.0
"""Of one request to a collector, at most: three times what OpenTelemetry's exporters allow."""


def tell_spans(folder: Path, out: Path | None, to: str, content: bool, store: str, as_json: bool) -> None:
    """Write the spans of a run to a file, or send them to a collector."""
    to = to or ("" if out is not None else os.environ.get(_ENDPOINT, ""))
    if (out is None) == (not to):
        raise UsageError("give one of --out FILE, for a file of OTLP JSON, and --to URL, for a collector")
    if out is not None and out.exists():
        raise UsageError(f"--out {out}: is there already; give another name, or delete it")
    address = _address(to) if to else ""
    require_run(folder)
    reach(folder, store)
    told = _Told(folder.resolve().name, content)
    with open_for_reading(folder / JOURNAL) as record:
        requests = told.requests(record)
        if out is not None:
            write_whole(out, "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in requests))
        else:
            asyncio.run(_send(address, requests))
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


def _address(to: str) -> str:
    """Return where spans are sent: the address that is given, below which collectors have their path for traces."""
    url = URL(to)
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigInvalid(f"--to {to!r}: expected the http(s) address of a collector, such as http://127.0.0.1:4318")
    if url.scheme == "http" and not is_loopback(url.host):
        raise ConfigInvalid(
            f"--to {url.origin()}: plain http to another machine shows prompts and keys to everyone between; use https"
        )
    return str(url if url.path.endswith("/v1/traces") else url / "v1/traces")


def _headers() -> dict[str, str]:
    pairs = (pair.partition("=") for pair in os.environ.get(_HEADERS, "").split(",") if "=" in pair)
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


async def _send(address: str, requests: Iterable[dict[str, Any]]) -> None:
    """Send requests one after the other.

    Raises:
        ProviderError: the collector cannot be reached, or takes none.

    """
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout, headers=_headers()) as session:
            for request in requests:
                async with session.post(address, json=request, allow_redirects=False) as response:
                    if response.status >= 300:
                        why = excerpt(await response.content.read(10_000)) or "no explanation"
                        raise ProviderError(f"{address}: HTTP {response.status}: {why}; see to --to and {_HEADERS}")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ProviderError(
            f"{address}: cannot be reached ({str(error) or type(error).__name__}); see to --to"
        ) from error
