"""The bench of an evaluation: runs prompt sets on rows, side by side, under the caps and into the record."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

from maspo.engine.calls import Calls, reported
from maspo.engine.job import Job, Progress, Watcher
from maspo.engine.lost import Witnessed, unlisted
from maspo.errors import BudgetReached, CallFailed
from maspo.events import CallUnsettled, Event
from maspo.judges.judge import Judge, JudgeCalls
from maspo.models.base import Model, Reply, Request
from maspo.prompts import Prompts
from maspo.runtime.concurrency import together
from maspo.runtime.run import AgentCalls, Runtime
from maspo.search.draw import shuffled
from maspo.store.codec import Told, decode, encode
from maspo.store.run_store import RunStore
from maspo.trace import Trace

T = TypeVar("T")
_ROWS_UNDER_A_CAP = 16
"""Rows that are begun together under a cap, so that a cap leaves few rows half done."""
_ORDER = "evaluate"


class _Cut:
    """Stands for a row that a cap left out."""


class Redrawn:
    """Makes every call of a repeat a draw of its own: equal questions of two repeats share no reply."""

    def __init__(self, inner: Model, repeat: int) -> None:
        self._inner = inner
        self._identity = f"repeat {repeat}"

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does."""
        return await self._inner.complete(replace(request, identity=self._identity))


class Bench:
    """One process's work on an evaluation. Calls that the record holds are never made again."""

    def __init__(self, job: Job, store: RunStore, bare: Model, watcher: Watcher) -> None:
        self.job = job
        self.run = store.meta()["run"]
        self.cut = 0
        """Rows that a cap left out."""
        self.simulated = job.world is not None
        """Whether a simulated world answers; known for sure after ``probe``."""
        self.unsettled: tuple[CallUnsettled, ...] = ()
        """Calls in flight when earlier processes died; complete after ``list_unsettled``."""
        self._store = store
        self._watcher = watcher
        self._calls = Calls(job, store, bare)
        self.ledger = self._calls.ledger
        self.model: Model = Witnessed(self._calls.model, self._publish)
        models = job.config.models
        self.judge_calls = JudgeCalls(models.for_judge(), models.judge_temperature, models.max_tokens, job.config.seed)
        self.judge = Judge(self.model, self.judge_calls)
        self._runtimes: dict[int, Runtime] = {}
        self._done = self._rows = self._planned = 0

    async def list_unsettled(self) -> None:
        """Publish the calls that were in flight when an earlier process died: they may be billed twice."""
        recorded = [decode(entry) for entry in self._store.journal()]
        events = [item for item in recorded if not isinstance(item, Told)]
        new = unlisted(self._store, events)
        for event in new:
            await self._publish(event)
        self.unsettled = (*(event for event in events if isinstance(event, CallUnsettled)), *new)

    async def probe(self, models: Sequence[str]) -> None:
        """Ask each model one small question, so that a wrong key or name costs nothing.

        Raises:
            ProviderError: the endpoint cannot be reached or refuses.

        """
        if self.simulated:
            return
        noted = json.loads(self._store.meta().get("simulated", "null"))
        self.simulated = await self._calls.probe(list(dict.fromkeys(models)), noted)
        await self._store.append([], {"simulated": json.dumps(self.simulated)})

    async def trace(self, prompts: Prompts, input_key: str, repeat: int) -> Trace | None:
        """Return a run on one input, or None when a call of it failed for good; raises what else the model raises."""
        try:
            return await self._runtime(repeat).run(prompts, input_key)
        except CallFailed:
            return None

    async def over_rows(
        self,
        planned: int,
        one: Callable[[str], Awaitable[T]],
        enough: Callable[[Mapping[str, T]], bool] | None = None,
    ) -> dict[str, T]:
        """Return what ``one`` finds for each input, by its key, in the order of the inputs; stop when it is enough.

        Inputs are taken in an order drawn from their content, so that a cap leaves out no particular part of a file.
        """
        keys = [row.key for row in self.job.inputs.rows]
        self._rows, self._done, self._planned = len(keys), 0, planned
        caps = self.job.config.caps
        size = _ROWS_UNDER_A_CAP if enough or any((caps.calls, caps.usd, caps.minutes)) else len(keys)
        order = shuffled(keys, self.job.config.seed, _ORDER)
        found: dict[str, T] = {}
        for begin in range(0, len(order), size):
            group = order[begin : begin + size]
            for key, result in zip(group, await together(self._row(one(key)) for key in group), strict=True):
                if not isinstance(result, _Cut):
                    found[key] = result
            await self.save()
            if enough and enough(found):
                break
        self.cut = len(keys) - len(found)
        return {key: found[key] for key in keys if key in found}

    async def save(self, values: Mapping[str, str] | None = None) -> None:
        """Record what was spent so far, and other values beside it."""
        await self._store.append([], {**self._calls.spent(), **(values or {})})

    def progress(self) -> Progress:
        """Return where the evaluation stands."""
        return self._calls.progress("evaluation", self._done, self._rows, self._planned)

    async def close(self) -> None:
        """End what is still under way."""
        for runtime in self._runtimes.values():
            await runtime.close()

    async def _row(self, one: Awaitable[T]) -> T | _Cut:
        try:
            return await one
        except BudgetReached:
            return _Cut()
        finally:
            self._done += 1

    async def _publish(self, event: Event) -> None:
        await self._store.append([encode(event)])
        self._watcher.on_event(event)

    def _runtime(self, repeat: int) -> Runtime:
        if repeat not in self._runtimes:
            models = self.job.config.models
            model = Redrawn(self.model, repeat) if repeat else self.model
            rows = {row.key: row for row in self.job.inputs.rows}
            calls = AgentCalls(models.agent, models.agent_temperature, models.max_tokens)
            self._runtimes[repeat] = Runtime(self.job.system, rows, model, calls)
        return self._runtimes[repeat]


@asynccontextmanager
async def opened_bench(job: Job, store: RunStore, bare: Model, watcher: Watcher) -> AsyncIterator[Bench]:
    """Open a bench whose progress is reported, and close it."""
    bench = Bench(job, store, bare, watcher)
    try:
        async with reported(watcher, bench.progress):
            yield bench
    finally:
        await bench.close()
