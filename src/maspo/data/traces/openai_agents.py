"""Spans of the OpenAI Agents SDK as it exports them to its maker: traces and spans in one list.

Spans of calls over the Responses API hold an id and no text; those over chat completions hold the messages.
Source: ``agents.tracing`` of the package ``openai-agents`` 0.24.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from maspo.data.traces.base import Json, Step, decoded, word


class OpenAIAgents:
    """The export of the OpenAI Agents SDK."""

    name = "openai-agents"

    def knows(self, record: Json) -> bool:
        """Say whether a record is a trace or a span of the SDK."""
        return record.get("object") in ("trace", "trace.span")

    def steps(self, record: Json) -> Iterator[Step]:
        """Yield the span. A trace itself was shown nothing."""
        told = record.get("span_data")
        if not isinstance(told, Mapping):
            return
        yield Step(
            trace=word(record.get("trace_id")),
            id=word(record.get("id")),
            parent=word(record.get("parent_id")),
            order=word(record.get("started_at")),
            is_call=told.get("type") in ("generation", "response"),
            shown=decoded(told.get("input")),
        )
