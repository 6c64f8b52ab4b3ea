"""Whole pieces of work in processes of their own: runs of a comparison or of the arena use every core.

What is given and returned is our own plain data; it is never text of a model.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Protocol, TypeVar, TypeVarTuple, Unpack

from maspo.core.errors import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from multiprocessing.synchronize import Event

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Workers(Protocol):
    """Where whole pieces of work are done, side by side."""

    def submit(self, work: Callable[[Unpack[Ts]], T], *given: *Ts) -> Future[T]:
        """Begin a piece of work as soon as there is room for it."""
        ...

    def stop(self) -> None:
        """Ask all work under way to end where it can go on later; see ``told_to_stop``."""
        ...


class _Processes:
    """Workers that are processes of this machine."""

    def __init__(self, count: int, scratch: str) -> None:
        # Spawned, not forked: a copy of a process with threads may hang.
        context = multiprocessing.get_context("spawn")
        self._told = context.Event()
        self.pool = ProcessPoolExecutor(count, context, _begin, (scratch, self._told))

    def submit(self, work: Callable[[Unpack[Ts]], T], *given: *Ts) -> Future[T]:
        return self.pool.submit(work, *given)

    def stop(self) -> None:
        self._told.set()


@contextmanager
def processes(count: int) -> Iterator[Workers]:
    """Open processes that work side by side, at most so many.

    When the caller stops, work that has not begun is dropped, and processes are ended. When the caller is killed, they
    end, too.
    """
    with tempfile.TemporaryDirectory(prefix="maspo-workers-") as scratch:
        workers = _Processes(count, scratch)
        try:
            yield workers
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            workers.pool.shutdown(cancel_futures=True)


_told: Event | None = None
"""In a worker: set when all are to stop."""


def _begin(scratch: str, told: Event) -> None:
    """Begin a process: Ctrl-C is the caller's affair, and what work leaves behind goes with the folder."""
    global _told  # noqa: PLW0603 (one process, one word to stop)
    _told = told
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tempfile.tempdir = scratch
    threading.Thread(target=_end_with_the_caller, daemon=True).start()


def _end_with_the_caller() -> None:
    """End this process when that of the caller has ended without a word: nobody would read what it finds."""
    caller = multiprocessing.parent_process()
    if caller is not None:
        wait([caller.sentinel])
        os._exit(EXIT_INTERRUPTED)


def told_to_stop() -> asyncio.Event:
    """Return, within a running loop, what is set once the caller wants the work to end; never outside a worker."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def listen(told: Event) -> None:
        told.wait()
        with suppress(RuntimeError):  # the work has ended before
            loop.call_soon_threadsafe(stop.set)

    if _told is not None:
        threading.Thread(target=listen, args=(_told,), daemon=True).start()
    return stop
