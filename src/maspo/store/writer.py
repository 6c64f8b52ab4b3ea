"""The writer: one thread that commits what many tasks ask for in groups."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from maspo.core.errors import StoreError
from maspo.store.database import Change

_LARGEST_GROUP = 512
_waiting = 0


def changes_waiting() -> int:
    """Return how many tasks of this process wait for a commit: a simulated clock must stand still for them."""
    return _waiting


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    change: Change
    done: asyncio.Future[None]


class Writer:
    """Applies changes in the order given; those that wait together share one commit, and one flush to disk."""

    def __init__(self, commit: Callable[[Sequence[Change]], None], path: Path) -> None:
        self._apply = commit
        self._path = path
        self._asked: list[_Job] = []
        """What tasks have asked for in this turn of the event loop; handed over together at its end."""
        self._jobs: SimpleQueue[list[_Job] | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"writer of {path.name}", daemon=True)
        self._thread.start()

    async def write(self, change: Change) -> None:
        """Apply a change; on return it is durable.

        A caller who is cancelled does not take the change back.

        Raises:
            StoreError: it could not be written; nothing of it was.

        """
        if self._closed:
            raise StoreError(f"{self._path}: the run is closed; open it again to write")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._hand_over)
        self._asked.append(_Job(change, done))
        global _waiting  # noqa: PLW0603 - counted on the event loop's thread alone
        _waiting += 1
        try:
            await done
        finally:
            _waiting -= 1

    async def close(self) -> None:
        """Write what is waiting, then stop."""
        if not self._closed:
            self._closed = True
            self._hand_over()
            self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _hand_over(self) -> None:
        """Give the thread what was asked for since the last time: it is woken once, and one commit holds all of it."""
        if self._asked:
            asked, self._asked = self._asked, []
            self._jobs.put(asked)

    def _work(self) -> None:
        running = True
        while running:
            jobs: list[_Job] = []
            while running and (not jobs or (len(jobs) < _LARGEST_GROUP and not self._jobs.empty())):
                asked = self._jobs.get()
                running = asked is not None
                jobs += asked or []
            if jobs:
                _report(jobs, self._commit(jobs))

    def _commit(self, jobs: list[_Job]) -> StoreError | None:
        try:
            self._apply([job.change for job in jobs])
        except StoreError as error:
            return error
        return None


def _report(jobs: list[_Job], failure: StoreError | None) -> None:
    """Tell those who wait, on their event loop."""

    def tell() -> None:
        for job in jobs:
            if job.done.done():
                continue
            if failure is None:
                job.done.set_result(None)
            else:
                job.done.set_exception(failure)

    loop = jobs[0].done.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(tell)
