"""Telling whoever looks on that a run has changed: one look at the files for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from maspo.ui.documents import state_of
from maspo.ui.runs import WorkEntry

_LOOK_SECONDS: Final = 0.15
"""How often the files of a run are looked at; with a document that is built at once, news are there within a second."""


class FollowedRun:
    """A run that is followed: its number grows with every change that was seen."""

    def __init__(self, shown: WorkEntry) -> None:
        self.number = 1
        self._shown = shown
        self._followers = 0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Look at the run as long as anybody is inside."""
        self._followers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers and self._task is not None:
                task, self._task = self._task, None
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def news(self, since: int, seconds: float) -> int | None:
        """Return the number once it is another than ``since``; None when that takes longer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.number == since:
                    await self._changed.wait()
                return self.number
        return None

    async def _look(self) -> None:
        state = state_of(self._shown)
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = state_of(self._shown)
            if now != state:
                state = now
                self.number += 1
                changed, self._changed = self._changed, asyncio.Event()
                changed.set()
