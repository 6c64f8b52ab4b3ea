"""Runs of LangSmith: as its SDK sends and lists them, one a row, or in the lists of a batch.

Source: ``langsmith.schemas.Run`` of the package ``langsmith`` 0.15.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from maspo.data.traces.base import Json, Step, decoded


class LangSmith:
    """LangSmith's runs."""

    name = "langsmith"

    def knows(self, record: Json) -> bool:
        """Say whether a record is a run, or a batch of them."""
        return "run_type" in record or any(isinstance(record.get(name), list) for name in ("post", "runs"))

    def steps(self, record: Json) -> Iterator[Step]:
        """Yield the runs. What a batch adds to runs later (``patch``) has no input, and is passed over."""
        runs = [record] if "run_type" in record else [*(record.get("post") or []), *(record.get("runs") or [])]
        for run in runs:
            if isinstance(run, Mapping):
                yield Step(
                    trace=str(run.get("trace_id") or run.get("id", "")),
                    id=str(run.get("id", "")),
                    parent=str(run.get("parent_run_id") or ""),
                    order=str(run.get("dotted_order") or run.get("start_time", "")),
                    is_call=run.get("run_type") == "llm",
                    shown=decoded(run.get("inputs")),
                )
