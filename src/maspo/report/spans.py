"""The calls of a run as OpenTelemetry spans, in OTLP JSON, by the GenAI conventions. Pure.

A run is one trace: a span for the run, below it one for each recorded call. Names follow the semantic conventions for
generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/, 1.43); the encoding is that of OTLP over HTTP
(``otlp.py``): ids in hexadecimal, times as text.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from maspo.report.otlp import SCOPE, Json, attributes_of, nanoseconds, resource_of
from maspo.store.run_store import CallTold

A_REQUEST: Final = 500
"""Spans in one request: some hundred kilobytes with their texts, far below the 4 MB that collectors take."""
_CLIENT, _INTERNAL = 3, 1


def requests_of(run: str, name: str, calls: Iterable[CallTold], content: bool = False) -> Iterator[Json]:
    """Yield the spans of a run as requests of OTLP; with ``content`` they hold the texts of the calls.

    The same run gives the same ids whenever it is told, so that a collector may be told again.
    """
    trace = _id(run, 16)
    root, spans = _id(f"{run} run", 8), iter(calls)
    since, until = float("inf"), 0.0
    while batch := list(islice(spans, A_REQUEST)):
        since = min(since, *(call.at - call.seconds for call in batch))
        until = max(until, *(call.at for call in batch))
        yield _request(run, [_span(trace, root, call, content) for call in batch])
    if until:
        found = {"maspo.run": run}
        yield _request(run, [_make_span(trace, root, "", f"maspo {name}", _INTERNAL, since, until, found)])


def _span(trace: str, root: str, call: CallTold, content: bool) -> Json:
    attributes: dict[str, object] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",  # the dialect; who stands behind an address does not say so
        "gen_ai.request.model": call.model,
        "maspo.purpose": call.purpose,
    }
    asked = json.loads(call.request)
    for name, value in (("temperature", asked.get("temperature")), ("max_tokens", asked.get("max_tokens"))):
        if value is not None:
            attributes[f"gen_ai.request.{name}"] = value
    for name, count in (("input", call.tokens_in), ("output", call.tokens_out)):
        if count is not None:
            attributes[f"gen_ai.usage.{name}_tokens"] = count
    if call.agent:
        attributes["gen_ai.agent.name"] = call.agent
    if call.usd is not None:
        attributes["maspo.usd"] = call.usd
    attributes["gen_ai.response.finish_reasons"] = ["length" if call.truncated else "stop"]
    if content:
        messages = [(str(one[0]), str(one[1])) for one in asked.get("messages", ())]
        attributes["gen_ai.input.messages"] = _messages(messages)
        attributes["gen_ai.output.messages"] = _messages([("assistant", call.reply)])
    return _make_span(
        trace, _id(call.key, 8), root, f"chat {call.model}", _CLIENT, call.at - call.seconds, call.at, attributes
    )


def _messages(said: Sequence[tuple[str, str]]) -> str:
    return json.dumps(
        [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in said], ensure_ascii=False
    )


def _make_span(
    trace: str, span: str, parent: str, name: str, kind: int, since: float, until: float, attributes: Json
) -> Json:
    return {
        "traceId": trace,
        "spanId": span,
        **({"parentSpanId": parent} if parent else {}),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": nanoseconds(since),
        "endTimeUnixNano": nanoseconds(until),
        "attributes": attributes_of(attributes),
        "status": {},
    }


def _request(run: str, spans: list[Json]) -> Json:
    return {"resourceSpans": [{"resource": resource_of(run), "scopeSpans": [{"scope": dict(SCOPE), "spans": spans}]}]}


def _id(text: str, size: int) -> str:
    """Return an id of some bytes that a text always gets; ids of zeros alone are not allowed."""
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
