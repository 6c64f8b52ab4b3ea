"""Observations of Langfuse: rows of its interface's export, pages of its API, and traces with their observations.

Source: the public API as the package ``langfuse`` 5 declares it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from maspo.data.traces.base import Json, Step, decoded, word

_KINDS: Final = frozenset(
    {"generation", "span", "event", "agent", "tool", "chain", "retriever", "evaluator", "embedding", "guardrail"}
)


class Langfuse:
    """Langfuse's observations and traces."""

    name = "langfuse"

    def knows(self, record: Json) -> bool:
        """Say whether a record is an observation, or a trace."""
        kind = word(record.get("type")).lower()
        return ("traceId" in record and kind in _KINDS) or isinstance(record.get("observations"), list)

    def steps(self, record: Json) -> Iterator[Step]:
        """Yield the observations, and the trace itself as the step around them."""
        if "traceId" in record:
            yield _observation(record)
            return
        trace = word(record.get("id"))
        yield Step(trace, f"trace {trace}", "", "", is_call=False, shown=decoded(record.get("input")))
        for one in record["observations"]:
            if isinstance(one, Mapping):
                found = _observation({"traceId": trace, **one})
                yield found if found.parent else _below(found, f"trace {trace}")


def _observation(record: Json) -> Step:
    return Step(
        trace=word(record["traceId"]),
        id=word(record.get("id")),
        parent=word(record.get("parentObservationId")),
        order=word(record.get("startTime")),
        is_call=word(record.get("type")).lower() == "generation",
        shown=decoded(record.get("input")),
    )


def _below(step: Step, parent: str) -> Step:
    return Step(step.trace, step.id, parent, step.order, step.is_call, step.shown)
