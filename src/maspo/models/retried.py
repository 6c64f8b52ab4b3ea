"""The retry layer: the only owner of retries."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import SystemRandom

from maspo.errors import CallFailed, ProviderError
from maspo.models.base import Model, Reply, Request
from maspo.models.faults import Adapted, Stage, Transient

_EVENLY = SystemRandom().random
"""Jitter need not be repeatable: it moves calls in time and changes no result."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a call is tried; times are seconds.

    No attempt and no wait begins after ``deadline`` seconds of attempts and waits; time in the queue of the
    concurrency limit does not count. Waits are drawn evenly from 0 to ``base · 2ⁿ``, at most ``cap`` (full jitter);
    when the endpoint says how long to wait, it is that long and a draw from 0 to ``base`` more.
    """

    attempts: int = 6
    deadline: float = 600.0
    base: float = 0.5
    cap: float = 30.0


@dataclass(slots=True)
class _Tally:
    """What a call's failed attempts came to."""

    sent: int = 0
    failed: int = 0
    seconds: float = 0.0
    usd: float | None = 0.0
    reached: bool = False

    def add(self, fault: Transient) -> None:
        self.failed += not isinstance(fault, Adapted)
        self.seconds += fault.seconds
        self.usd = _sum(self.usd, fault.usd)
        self.reached = self.reached or fault.stage is not Stage.UNREACHED


class Retried:
    """Sends a call again when its failure may pass.

    ``remaining`` tells the seconds that the run has left, so that no wait outlasts its time cap. ``sleep`` and
    ``draw`` (evenly from [0, 1)) can be replaced in tests.

    Raises (from ``complete``):
        CallFailed: the attempts or the deadline are used up; ``attempts`` says how many were sent.
        ProviderError: no attempt ever reached the endpoint.

    """

    def __init__(
        self,
        inner: Model,
        policy: RetryPolicy | None = None,
        remaining: Callable[[], float] = lambda: math.inf,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = _EVENLY,
    ) -> None:
        self._inner = inner
        self._policy = policy or RetryPolicy()
        self._remaining = remaining
        self._sleep = sleep
        self._draw = draw

    async def complete(self, request: Request) -> Reply:
        """Answer, after as many attempts as it takes and the policy allows."""
        tally = _Tally()
        while True:
            tally.sent += 1
            try:
                reply = await self._inner.complete(request)
                return replace(reply, attempts=tally.sent, usd=_sum(reply.usd, tally.usd))
            except Transient as fault:
                tally.add(fault)
                await self._wait(tally, fault)
            except CallFailed as error:
                error.attempts = tally.sent
                raise

    async def _wait(self, tally: _Tally, fault: Transient) -> None:
        """Wait before the next attempt; raise when there is none."""
        if isinstance(fault, Adapted):
            return
        if tally.failed >= self._policy.attempts:
            raise _given_up(tally, fault, f"{tally.sent} attempts failed") from fault
        seconds = self._pause(tally.failed, fault.retry_after)
        if tally.seconds + seconds >= self._policy.deadline:
            reason = f"{tally.sent} attempts failed, and another would pass the deadline of {self._policy.deadline:g} s"
            raise _given_up(tally, fault, reason) from fault
        tally.seconds += seconds
        await self._sleep(min(seconds, self._remaining()))

    def _pause(self, failed: int, retry_after: float | None) -> float:
        policy = self._policy
        if retry_after is not None:
            return retry_after + self._draw() * policy.base
        return self._draw() * min(policy.cap, math.ldexp(policy.base, min(failed - 1, 60)))


def _given_up(tally: _Tally, fault: Transient, reason: str) -> ProviderError:
    message = f"{fault} ({reason})"
    if not tally.reached:
        return ProviderError(f"unreachable: {message}")
    error = CallFailed(message)
    error.attempts = tally.sent
    return error


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
