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
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol, TypeVar, TypeVarTuple, Unpack

from maspo.core.errors import EXIT_INTERRUPTED, MaspoError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class WorkerLost(MaspoError):
    """A process or a machine that did a piece of work is gone. What it recorded is kept, and others go on."""


class Workers(Protocol):
    """Where whole pieces of work are done, side by side."""

    def submit(self, work: Callable[[Unpack[Ts]], T], *given: *Ts) -> Future[T]:
        """Begin a piece of work as soon as there is room for it; the future raises ``WorkerLost`` where it got lost."""
        ...

    def stop(self) -> None:
        """Ask all work under way to end where it can go on later; see ``told_to_stop``."""
        ...


class Way(Protocol):
    """How a worker, which may be on another machine, reaches a port of its caller's loopback."""

    @property
    def port(self) -> int:
        """The port, on the machine of the caller."""
        ...

    async def here(self) -> int:
        """Return the port of the worker's own machine that leads there, as long as this event loop runs."""
        ...


class TwoWayWorkers(Workers, Protocol):
    """Workers whose work may come back to the machine of its caller while it is done."""

    @property
    def count(self) -> int:
        """Pieces of work that are done at a time."""
        ...

    def way_to(self, port: int) -> Way:
        """Return what a piece of work is given so that it reaches a port of this machine."""
        ...


class Lane(Protocol):
    """Where one piece of work is done at a time."""

    def begin(self, work: Callable[..., Any], given: Sequence[Any]) -> Future[Any]:
        """Begin a piece of work; the future is that of whoever does it."""
        ...

    def meant(self, error: BaseException) -> BaseException:
        """Return what an error of such a future means: what the work itself raised, or ``WorkerLost``."""
        ...


class Queue:
    """Pieces of work that wait for one of some lanes, in the order in which they came."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self.count = len(lanes)
        self._free = list(lanes)
        self._waiting: deque[tuple[Future[Any], Callable[..., Any], Sequence[Any]]] = deque()
        self._turn = threading.RLock()
        self._closed = False

    def submit(self, work: Callable[[Unpack[Ts]], T], *given: *Ts) -> Future[T]:
        """Begin a piece of work as soon as a lane is free."""
        wanted: Future[T] = Future()
        with self._turn:
            self._waiting.append((wanted, work, given))
        self._fill()
        return wanted

    def close(self) -> None:
        """Drop what has not begun."""
        with self._turn:
            self._closed = True
            for wanted, _, _ in self._waiting:
                wanted.cancel()
            self._waiting.clear()

    def _fill(self) -> None:
        with self._turn:
            while self._free and self._waiting and not self._closed:
                lane = self._free.pop()
                wanted, work, given = self._waiting.popleft()
                if not wanted.set_running_or_notify_cancel():
                    self._free.append(lane)
                    continue
                lane.begin(work, given).add_done_callback(partial(self._ended, lane, wanted))

    def _ended(self, lane: Lane, wanted: Future[Any], done: Future[Any]) -> None:
        error: BaseException | None
        if done.cancelled():
            error = WorkerLost("the work was dropped")
        elif (error := done.exception()) is not None:
            error = lane.meant(error)
        with self._turn:
            self._free.append(lane)
        if error is not None:
            wanted.set_exception(error)
        else:
            wanted.set_result(done.result())
        self._fill()


# ── processes ────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Process:
    """A process of this machine that does one piece of work after another; one that is lost is replaced."""

    def __init__(self, scratch: str, told: Told) -> None:
        self._given = scratch, told
        self._pool: ProcessPoolExecutor | None = None
        self._broken: list[ProcessPoolExecutor] = []
        """Held to the end: to let go of one while it tells of its loss would wait for itself."""

    def begin(self, work: Callable[..., Any], given: Sequence[Any]) -> Future[Any]:
        if self._pool is None:
            # Spawned, not forked: a copy of a process with threads may hang.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, context, _begin, self._given)
        try:
            return self._pool.submit(work, *given)
        except BrokenExecutor:  # it was lost while it had nothing to do
            self._leave()
            return self.begin(work, given)

    def meant(self, error: BaseException) -> BaseException:
        if not isinstance(error, BrokenExecutor):
            return error
        self._leave()
        return WorkerLost("its process has ended without a word: something has killed it, or memory was short")

    def _leave(self) -> None:
        if self._pool is not None:
            self._broken.append(self._pool)
            self._pool = None

    def close(self) -> None:
        self._leave()
        for pool in self._broken:
            pool.shutdown(cancel_futures=True)


class _Processes(Queue):
    """Workers that are processes of this machine."""

    def __init__(self, count: int, scratch: str) -> None:
        self._heard, self._word = multiprocessing.get_context("spawn").Pipe(duplex=False)
        self._lanes = [_Process(scratch, _AtTheEnd(self._heard)) for _ in range(count)]
        super().__init__(self._lanes)

    def stop(self) -> None:
        self._word.close()

    def way_to(self, port: int) -> Way:
        return _SameMachine(port)

    def end(self) -> None:
        self.close()
        for lane in self._lanes:
            lane.close()
        self._word.close()
        self._heard.close()


@dataclass(frozen=True)
class _SameMachine:
    """No way at all: what listens on loopback is reached from here."""

    port: int

    async def here(self) -> int:
        return self.port


class _AtTheEnd:
    """The word to stop: the caller has closed its end of a pipe, or is gone.

    ``multiprocessing.Event`` would wait, when it is set, for all that have waited for it, also for those in processes
    that were killed.
    """

    def __init__(self, end: Connection[Any, Any]) -> None:
        self._end = end

    def wait(self) -> None:
        wait([self._end])


@contextmanager
def processes(count: int) -> Iterator[TwoWayWorkers]:
    """Open processes that work side by side, at most so many.

    When the caller stops, work that has not begun is dropped, and processes are ended. When the caller is killed, they
    end, too.
    """
    with tempfile.TemporaryDirectory(prefix="maspo-workers-") as scratch:
        workers = _Processes(count, scratch)
        try:
            yield workers
        except BaseException:
            workers.close()
            for process in multiprocessing.active_children():
                process.terminate()
            raise
        finally:
            workers.end()


# ── in a worker ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Told(Protocol):
    """What a worker waits for: the word of its caller that all are to stop."""

    def wait(self) -> object:
        """Return when the word has come."""
        ...


_told: Told | None = None
"""In a worker: what is waited for."""


def listen_to(told: Told) -> None:
    """Say, within a worker, whose word to stop it waits for."""
    global _told  # noqa: PLW0603 (one process, one word to stop)
    _told = told


def _begin(scratch: str, told: Told) -> None:
    """Begin a process: Ctrl-C is the caller's affair, and what work leaves behind goes with the folder."""
    listen_to(told)
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

    def listen(told: Told) -> None:
        told.wait()
        with suppress(RuntimeError):  # the work has ended before
            loop.call_soon_threadsafe(stop.set)

    if _told is not None:
        threading.Thread(target=listen, args=(_told,), daemon=True).start()
    return stop
