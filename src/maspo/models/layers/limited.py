"""The layer between the run and one endpoint: concurrency, rate, pauses and outages, for all calls together."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from maspo.core.errors import CallFailed, ProviderError
from maspo.models.base import ModelClient, Reply, Request, ready_question
from maspo.models.layers.faults import Adapted, Transient, Unusable
from maspo.models.layers.pace import Pace, Pacing

_WORTH_TELLING = 3.0
_LONGEST_NAP = 60.0
"""Seconds after which a wait looks again at what the run has left."""


@dataclass
class Health:
    """How the endpoint is, for whoever looks on: empty while calls flow, else why they wait."""

    waiting: str = ""


class Limited:
    """Sends calls in order, as many and as fast as the endpoint bears (``Pace``), at most ``concurrency`` at once.

    During an outage nothing is sent but small calls, one at a time, that ask whether it is over; then all go on.
    A refusal that every call would meet (key, credit, model) is met once: later calls are not sent.
    ``remaining`` tells the seconds that the run has left. The clock is the event loop's.

    Raises (from ``complete``):
        ProviderError: as the inner model, or an outage that outlasts the patience.

    """

    def __init__(
        self,
        inner: ModelClient,
        concurrency: int,
        pacing: Pacing | None = None,
        health: Health | None = None,
        remaining: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self._inner = inner
        self._pacing = pacing or Pacing()
        self._pace = Pace(concurrency, self._pacing)
        self._health = health or Health()
        self._remaining = remaining
        self._in_flight = 0
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._hopeless: ProviderError | None = None
        self._last: Transient | None = None

    async def complete(self, request: Request) -> Reply:
        """Answer when the endpoint bears another call."""
        async with self._turn:
            await self._until_due(request.model)
            self._in_flight += 1
            self._pace.sent(_now())
        try:
            return await self._send(request)
        finally:
            self._in_flight -= 1

    async def _send(self, request: Request) -> Reply:
        """Send a call and learn from how it ends."""
        sent = _now()
        try:
            reply = await self._inner.complete(request)
        except (Adapted, Unusable):
            self._pace.answered(_now())
            raise
        except Transient as fault:
            self._last = fault
            self._pace.failed(fault, sent, _now(), self._in_flight)
            raise
        except CallFailed:
            self._pace.answered(_now())
            raise
        except ProviderError as error:
            self._hopeless = error
            raise
        finally:
            self._changed.set()
        self._pace.answered(_now())
        return reply

    async def _until_due(self, model: str) -> None:
        """Wait for a free place, the pause and the pace; those who wait behind wait for this one."""
        while True:
            if self._hopeless is not None:
                raise ProviderError(str(self._hopeless))
            if self._remaining() <= 0:
                return  # The ledger says it better.
            if self._pace.down:
                await self._outlast(model)
                continue
            seconds = self._pace.due - _now()
            if self._in_flight >= max(1, math.floor(self._pace.window)):
                await self._nap(math.inf)
            elif seconds > 0:
                await self._pause(seconds)
            else:
                return

    async def _pause(self, seconds: float) -> None:
        if seconds >= _WORTH_TELLING:
            self._health.waiting = f"the endpoint asks to wait {seconds:.0f} s ({self._last})"
        try:
            await self._nap(seconds)
        finally:
            self._health.waiting = ""

    async def _outlast(self, model: str) -> None:
        """Ask from time to time whether the endpoint is back; return when anything was answered."""
        began = _now()
        between = self._pacing.probe
        try:
            while self._waits():
                seconds = max(self._pace.due - _now(), between, self._asked_to_wait())
                if _now() + seconds > began + self._pacing.patience:
                    raise self._given_up(_now() - began)
                self._health.waiting = f"the endpoint does not answer; asking again in {seconds:.0f} s ({self._last})"
                until = _now() + seconds
                while self._waits() and _now() < until:
                    await self._nap(until - _now())
                if self._waits():
                    await self._ask(model)
                between = min(2 * between, self._pacing.probe_cap)
        finally:
            self._health.waiting = ""

    def _waits(self) -> bool:
        return self._pace.down and self._remaining() > 0

    async def _ask(self, model: str) -> None:
        try:
            await self._send(ready_question(model))
        except CallFailed:
            return  # How it went is known to the pace.

    def _asked_to_wait(self) -> float:
        """Return the wait that the last failure asked for when it is longer than the patience, else 0."""
        asked = self._last.retry_after if self._last is not None else None
        return asked if asked is not None and asked > self._pacing.patience else 0.0

    def _given_up(self, seconds: float) -> ProviderError:
        self._hopeless = ProviderError(
            f"no call was answered for {seconds:.0f} s, the last: {self._last}; go on when the endpoint is back"
        )
        return self._hopeless

    async def _nap(self, seconds: float) -> None:
        """Wait, at most as long as the run has left, or until a call ends."""
        self._changed.clear()
        try:
            async with asyncio.timeout(min(seconds, self._remaining(), _LONGEST_NAP)):
                await self._changed.wait()
        except TimeoutError:
            return


def _now() -> float:
    return asyncio.get_running_loop().time()
