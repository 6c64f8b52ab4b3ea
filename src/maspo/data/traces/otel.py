"""OpenTelemetry spans: the GenAI conventions, OpenInference, and what the SDK of Langfuse adds to its spans.

Files are OTLP JSON, a request a line, as the collector's file exporter writes them; or spans as the Python SDK prints
them (``ConsoleSpanExporter``). Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/ (1.43) and
https://github.com/Arize-ai/openinference/tree/main/spec.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from maspo.data.traces.base import Json, Step, decoded, word

_CALLS: Final = frozenset({"chat", "generate_content", "text_completion"})
"""Operations of the GenAI conventions that ask a model."""
_MESSAGE = re.compile(r"llm\.input_messages\.(\d{1,9})\.message\.(role|content|contents\.\d+\.message_content\.text)")
_OLD_MESSAGE = re.compile(r"gen_ai\.prompt\.(\d{1,9})\.(role|content)")
"""OpenInference's; and how instrumentations wrote messages before the conventions had them.

Numbers of more than nine digits are none of a message.
"""
_DEEPEST: Final = 32
"""Levels of arrays and lists within a value of OTLP that are read: messages in use have four."""
_WIDTH: Final = 20
"""Digits of nanoseconds since 1970, so that they sort as text."""


class OpenTelemetry:
    """OTLP JSON of any instrumentation that follows either convention."""

    name = "otel"

    def knows(self, record: Json) -> bool:
        """Say whether a record is a request of OTLP, or a span as Python prints it."""
        return "resourceSpans" in record or ("attributes" in record and isinstance(record.get("context"), Mapping))

    def steps(self, record: Json) -> Iterator[Step]:
        """Yield the spans."""
        if "resourceSpans" not in record:
            yield _printed(record)
            return
        for resource in _list(record["resourceSpans"]):
            for scope in _list(resource.get("scopeSpans", resource.get("instrumentationLibrarySpans"))):
                for span in _list(scope.get("spans")):
                    found = {word(one.get("key")): _value(one.get("value")) for one in _list(span.get("attributes"))}
                    start = word(span.get("startTimeUnixNano")).rjust(_WIDTH, "0")
                    yield _step(_id(span, "traceId"), _id(span, "spanId"), _id(span, "parentSpanId"), start, found)


def _printed(span: Json) -> Step:
    context, attributes = span["context"], span["attributes"]
    known = attributes if isinstance(attributes, Mapping) else {}
    trace, number = word(context.get("trace_id")), word(context.get("span_id"))
    return _step(trace, number, word(span.get("parent_id")), word(span.get("start_time")), known)


def _step(trace: str, number: str, parent: str, start: str, found: Mapping[str, Any]) -> Step:
    kind = word(found.get("openinference.span.kind", found.get("langfuse.observation.type"))).lower()
    is_call = kind in ("llm", "generation") or word(found.get("gen_ai.operation.name")) in _CALLS
    return Step(trace, number, parent, start, is_call, _find_input(found))


def _find_input(found: Mapping[str, Any]) -> object:
    """Return what a span was shown, by the first of the conventions that it follows."""
    for name in ("gen_ai.input.messages", "langfuse.observation.input", "langfuse.trace.input"):
        if found.get(name):
            return decoded(found[name])
    for pattern in (_MESSAGE, _OLD_MESSAGE):
        numbered = _numbered(found, pattern)
        if numbered:
            return numbered
    return decoded(found.get("input.value", found.get("traceloop.entity.input")))


def _numbered(found: Mapping[str, Any], pattern: re.Pattern[str]) -> list[dict[str, Any]]:
    """Return messages that are spread over numbered attributes."""
    told: dict[int, dict[str, Any]] = {}
    for name, value in found.items():
        match = pattern.fullmatch(name)
        if match:
            message = told.setdefault(int(match[1]), {"content": ""})
            if match[2] == "role":
                message["role"] = value
            else:
                message["content"] = "\n".join(filter(None, (message["content"], word(value))))
    return [told[number] for number in sorted(told)]


def _value(value: object, depth: int = 0) -> object:
    """Return an OTLP value as plain JSON; None for what is none, or lies too deep."""
    if not isinstance(value, Mapping):
        return value
    if "arrayValue" in value or "kvlistValue" in value:
        if depth > _DEEPEST:
            return None
        if "arrayValue" in value:
            return [_value(one, depth + 1) for one in _values(value["arrayValue"])]
        return {word(one.get("key")): _value(one.get("value"), depth + 1) for one in _values(value["kvlistValue"])}
    return next(iter(value.values()), None)


def _values(holder: object) -> list[Any]:
    return _list(holder.get("values")) if isinstance(holder, Mapping) else []


def _list(value: object) -> list[Any]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _id(span: Json, name: str) -> str:
    return word(span.get(name))
