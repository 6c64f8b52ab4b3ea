"""Workers side by side: one for each core, each with a thread of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from maspo.sandbox.launch import Level
from maspo.sandbox.limits import Limits
from maspo.sandbox.worker import Job, Result, SandboxFailed, Worker


class Pool:
    """Runs jobs at a level, several at a time; used with ``async with``."""

    def __init__(self, level: Level, limits: Limits, workers: int | None = None) -> None:
        self._limits = limits
        self._seats = [_Seat(level) for _ in range(workers or os.cpu_count() or 1)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(seat.close() for seat in self._seats))

    async def run(self, jobs: Sequence[Job]) -> list[Result]:
        """Return one result for each job, in their order; a job whose sandbox breaks down twice has ``failed``."""
        results: dict[int, Result] = {}
        waiting = iter(enumerate(jobs))

        async def sit(seat: _Seat) -> None:
            for number, job in waiting:
                results[number] = await seat.run(job, self._limits)

        async with asyncio.TaskGroup() as group:
            for seat in self._seats:
                group.create_task(sit(seat))
        return [results[number] for number in range(len(jobs))]


class _Seat:
    """A worker, started when it is first needed, and the thread that it must not outlive."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self._worker: Worker | None = None
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox")

    async def run(self, job: Job, limits: Limits) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, job, limits)

    async def close(self) -> None:
        """End the worker, and a job that it still runs because its caller was cancelled."""
        self._closing = True
        if self._worker is not None:
            self._worker.kill()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._stop)
        self._thread.shutdown()

    def _run(self, job: Job, limits: Limits) -> Result:
        why = ""
        for _ in range(2):
            if self._closing:
                break
            try:
                self._worker = self._worker or Worker(self._level)
                return self._worker.run(job, limits)
            except SandboxFailed as error:
                why = str(error)
                self._stop()
        return Result("failed", why)

    def _stop(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None
