"""Runs of LangSmith: as its SDK sends and lists them, one a row, or in the lists of a batch.

Source: ``langsmith.schemas.Run`` of the package ``langsmith`` 0.15.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from maspo.data.traces.base import Json, Step, decoded, word


class LangSmith:
    """LangSmith's runs."""

    name = "langsmith"

    def knows(self, record: Json) -> bool:
        """Say whether a record is a run, or a batch of them."""
        return "run_type" in record or any(isinstance(record.get(name), list) for name in ("post", "runs"))

    def steps(self, record: Json) -> Iterator[Step]:
        """Yield the runs. What a batch adds to runs later (``patch``) has no input, and is passed over."""
        lists = [[record]] if "run_type" in record else [record.get("post"), record.get("runs")]
        for run in (run for runs in lists if isinstance(runs, list) for run in runs):
            if isinstance(run, Mapping):
                yield Step(
                    trace=word(run.get("trace_id") or run.get("id")),
                    id=word(run.get("id")),
                    parent=word(run.get("parent_run_id")),
                    order=word(run.get("dotted_order") or run.get("start_time")),
                    is_call=run.get("run_type") == "llm",
                    shown=decoded(run.get("inputs")),
                )
