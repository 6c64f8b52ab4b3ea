"""The bench of an evaluation: runs prompt sets on rows, side by side, under the caps and into the record."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, replace
from typing import TypeVar

from maspo.engine.job import Job, Progress, Watcher
from maspo.engine.lost import Witnessed
from maspo.engine.session import ledger_of
from maspo.errors import BudgetReached, CallFailed
from maspo.events import Event
from maspo.judges.judge import Judge, JudgeCalls
from maspo.models.base import PROBE, Message, Model, Reply, Request
from maspo.models.compose import compose
from maspo.models.retried import RetryPolicy
from maspo.prompts import Prompts
from maspo.runtime.concurrency import together
from maspo.runtime.run import AgentCalls, Runtime
from maspo.search.draw import shuffled
from maspo.store.codec import encode
from maspo.store.run_store import RunStore
from maspo.trace import Trace

T = TypeVar("T")
_ROWS_UNDER_A_CAP = 16
"""Rows that are begun together under a cap, so that a cap leaves few rows half done."""
_PROGRESS_SECONDS = 0.2
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
        self.ledger = ledger_of(job, store)
        self.cut = 0
        """Rows that a cap left out."""
        self._store = store
        self._watcher = watcher
        models = job.config.models
        policy = RetryPolicy(attempts=models.attempts, deadline=models.deadline)
        self.model: Model = Witnessed(compose(bare, store, self.ledger, policy, models.concurrency), self._publish)
        self._probe = compose(bare, store, self.ledger, RetryPolicy(attempts=2, deadline=models.deadline), 1)
        self.judge_calls = JudgeCalls(models.for_judge(), models.judge_temperature, models.max_tokens, job.config.seed)
        self.judge = Judge(self.model, self.judge_calls)
        self._runtimes: dict[int, Runtime] = {}
        self._done = self._rows = self._planned = 0

    async def probe(self, models: Sequence[str]) -> bool:
        """Ask each model one small question, so that a wrong key or name costs nothing; return whether it is a world.

        Raises:
            ProviderError: the endpoint cannot be reached or refuses.

        """
        if self.job.world is not None:
            return True
        question = Message("user", "Reply with the word: ready")
        asked = [Request(model, (question,), PROBE, max_tokens=16) for model in dict.fromkeys(models)]
        replies = [await self._probe.complete(request) for request in asked]
        known = json.loads(self._store.meta().get("simulated", "false"))
        simulated = known or any(reply.simulated for reply in replies)
        await self._store.append([], {"simulated": json.dumps(simulated)})
        return simulated

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

    async def save(self) -> None:
        """Record what was spent so far."""
        usage = {purpose: asdict(usage) for purpose, usage in self.ledger.usage().items()}
        await self._store.append([], {"usage": json.dumps(usage), "seconds": repr(self.ledger.seconds)})

    async def report_progress(self) -> None:
        """Tell whoever looks on where the evaluation stands, until cancelled."""
        while True:
            ledger = self.ledger
            self._watcher.on_progress(
                Progress(
                    phase="evaluation",
                    done=self._done,
                    wave=self._rows,
                    calls=ledger.calls,
                    calls_planned=self._planned,
                    usd=ledger.usd,
                    seconds=ledger.seconds,
                    in_flight=ledger.in_flight,
                )
            )
            await asyncio.sleep(_PROGRESS_SECONDS)

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
    reporting = asyncio.create_task(bench.report_progress())
    try:
        yield bench
    finally:
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting
        await bench.close()
