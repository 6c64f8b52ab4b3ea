"""A virtual clock: an event loop whose time jumps to the next timer as soon as nothing else can happen.

A run that waits twenty seconds for simulated replies then takes as long as its own work. Time stands still while
another thread works for the loop (``elsewhere``), so what is measured is waiting for models and nothing else.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def run_virtually(main: Coroutine[Any, Any, T], elsewhere: Callable[[], int] = lambda: 0) -> T:
    """Run a coroutine to its end on a virtual clock that begins at 0 seconds.

    ``elsewhere`` counts the pieces of work that other threads do for the loop and will report to it; those of
    ``run_in_executor`` are counted anyway.
    """
    with asyncio.Runner(loop_factory=lambda: JumpingLoop(elsewhere)) as runner:
        return runner.run(main)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on a virtual clock."""

    def __init__(self, elsewhere: Callable[[], int]) -> None:
        self.seconds = 0.0
        self.in_executors = 0
        self.elsewhere = elsewhere
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self.seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function in a thread; the clock stands still until it is done."""

        def count_down(_: object) -> None:
            self.in_executors -= 1

        future = super().run_in_executor(executor, func, *args)
        self.in_executors += 1
        future.add_done_callback(count_down)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002
        """Wait for the threads, however long that takes: the limit that a runner sets would be jumped over."""
        await super().shutdown_default_executor()


class _JumpingSelector(selectors.DefaultSelector):
    """Turns the wait for the next timer into a jump, unless something may still come from another thread."""

    def __init__(self, loop: JumpingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what can be read or written; where nothing can, wait for threads or let the time pass at once."""
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if self._loop.in_executors + self._loop.elsewhere():
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self._loop.seconds += timeout
        return ready
