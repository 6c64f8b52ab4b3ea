"""Running coroutines on a clock that stands still while the process does.

A process that is stopped (Ctrl-Z, a debugger, a container that is frozen) finds every time limit passed when it goes
on, and the replies that came meanwhile unread: it would give up calls that are answered and paid for. So time counts
only while the process runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from typing import Any, TypeVar

from maspo.core.shortage import check_files

T = TypeVar("T")
_BEAT = 0.2
"""Seconds after which the loop looks at its clock, whatever it waits for."""
_STOPPED = 0.5
"""Seconds without a look that are no time of work: two beats are left out, by a stop or by a loop that was held up."""


class RunningLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is that in which it ran."""

    _last = 0.0
    _lost = 0.0

    def time(self) -> float:
        """Return the seconds of a clock that stands still while the process is stopped."""
        now = super().time()
        if self._last and now - self._last > _STOPPED:
            self._lost += now - self._last - _BEAT
        self._last = now
        return now - self._lost

    def run_forever(self) -> None:
        """Run until it is stopped."""
        self._last = 0.0  # what was between two runs is no stop
        beating: list[asyncio.TimerHandle] = []

        def beat() -> None:
            beating[:] = [self.call_later(_BEAT, beat)]

        beat()
        try:
            super().run_forever()
        finally:
            beating[0].cancel()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own, whose clock counts only while the process runs.

    Inside a running loop, as in a notebook, that is in a thread of its own; whoever called waits for it.

    Raises:
        OSError: too few files may be open.

    """
    with closing(coroutine):  # else Python warns of it where no loop can be made
        check_files()
        if _loop_runs():
            return _run_beside(coroutine)
        with asyncio.Runner(loop_factory=RunningLoop) as runner:
            return runner.run(coroutine)


def _loop_runs() -> bool:
    """Say whether the caller is in a running loop. Asked apart, so that no error of ours is said to follow from it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _run_beside(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread, to its end or until the one who waits is interrupted; then it is cancelled first."""
    begun: list[asyncio.AbstractEventLoop] = []

    def work() -> T:
        with asyncio.Runner(loop_factory=RunningLoop) as runner:
            begun.append(runner.get_loop())
            return runner.run(coroutine)

    def cancel() -> None:
        for task in asyncio.all_tasks(begun[0]):
            task.cancel()

    with ThreadPoolExecutor(1, "maspo") as threads:
        future = threads.submit(copy_context().run, work)
        try:
            return future.result()
        except KeyboardInterrupt:
            if begun:
                begun[0].call_soon_threadsafe(cancel)
            raise


def work_clock() -> Callable[[], float]:
    """Return the clock of work: that of the loop which runs, so that time counts only where it counts there."""
    return asyncio.get_running_loop().time
