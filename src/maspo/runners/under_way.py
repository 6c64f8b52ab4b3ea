"""A run that is being made: what it has asked so far, for a run beside it that shares what no change reaches.

So neither waits for the end of the other: candidate and reference take as long as one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

from maspo.core.trace import Call
from maspo.runners.flow import Turn


class RunUnderWay:
    """The turns of a run as they are asked, each with the call that comes of it."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], tuple[Turn, asyncio.Future[Call]]] = {}
        self._news = asyncio.Event()
        self._ended = False
        self._failure: BaseException | None = None

    async def make(self, turn: Turn, call: Awaitable[Call]) -> Call:
        """Make a call of this run, and let runs beside it have it; their wait does not hang on ours being awaited."""
        made: asyncio.Future[Call] = asyncio.get_running_loop().create_future()
        self._asked[turn.agent, turn.nth] = turn, made
        self._tell()
        try:
            found = await call
        except asyncio.CancelledError:
            made.cancel()
            raise
        except BaseException as error:
            made.set_exception(error)
            made.exception()  # Seen here, so that a failure nobody shares is not reported as forgotten.
            raise
        made.set_result(found)
        return found

    def end(self, failure: BaseException | None) -> None:
        """Say that nothing more is asked, and what the run failed by, if it did."""
        self._ended, self._failure = True, failure
        self._tell()

    def check(self) -> None:
        """Raise what the run failed by: what would be compared with it need not be paid."""
        if self._failure is not None:
            raise self._failure

    async def call_of(self, turn: Turn) -> Call | None:
        """Return the call of a turn that shows the same as a turn of this run; None when it has no such turn.

        Raises:
            CallFailed, ProviderError, BudgetReached: what this run, or that call of it, failed by.

        """
        while (known := self._asked.get((turn.agent, turn.nth))) is None:
            self.check()
            if self._ended:
                return None
            await self._news.wait()
        asked, made = known
        if turn.withheld or asked.item != turn.item or _read_by(asked) != _read_by(turn):
            return None
        call = await asyncio.shield(made)
        places = turn.read_places
        return call if places == call.reads else replace(call, reads=places)

    def _tell(self) -> None:
        self._news.set()  # whoever waits is woken, and looks; who comes later waits for what comes later
        self._news.clear()


def _read_by(turn: Turn) -> list[tuple[str, str]]:
    return [(call.agent, call.output) for calls in turn.reads.values() for call in calls]
