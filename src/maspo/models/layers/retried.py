"""The retry layer: the only owner of retries."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import SystemRandom

from maspo.core.errors import CallFailed, ProviderError
from maspo.models.base import ModelClient, Reply, Request
from maspo.models.layers.faults import Adapted, Stage, Transient, Unusable

_EVENLY = SystemRandom().random
"""Jitter need not be repeatable: it moves calls in time and changes no result."""


_EARNED = 0.1
"""Retries that a call earns for all."""
_MOST_UNUSABLE = 2
"""Replies without an answer that are paid for one call."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently a call is tried; times are seconds.

    No attempt and no wait begins after ``deadline`` seconds of attempts and waits; time in the queue of the
    concurrency limit does not count. Waits are drawn evenly from 0 to ``base · 2ⁿ``, at most ``cap`` (full jitter);
    when the endpoint says how long to wait, it is that long and a draw from 0 to ``base`` more. An address that was
    never reached is tried ``unreached`` times.

    Retries have a budget, so that they cannot multiply the load of an endpoint in trouble: each call earns a tenth of
    one, ``spare`` are there at the start. A retry beyond it is not lost but late: it waits for ``cap``, or half of it.

    One call that is given up is a lost call. ``lost_in_a_row`` of one purpose and model, without a reply in between,
    are an endpoint that is down: going on would lose every call after it, too.
    """

    attempts: int = 6
    deadline: float = 600.0
    base: float = 0.5
    cap: float = 30.0
    unreached: int = 3
    spare: float = 50.0
    lost_in_a_row: int = 10


@dataclass(slots=True)
class _Tally:
    """What a call's failed attempts came to."""

    sent: int = 0
    failed: int = 0
    unusable: int = 0
    seconds: float = 0.0
    usd: float | None = 0.0
    reached: bool = False

    def add(self, fault: Transient) -> None:
        self.failed += not isinstance(fault, Adapted)
        self.unusable += isinstance(fault, Unusable)
        self.seconds += fault.seconds
        self.usd = _sum(self.usd, fault.usd)
        self.reached = self.reached or fault.stage is not Stage.UNREACHED


class Retried:
    """Sends a call again when its failure may pass.

    ``remaining`` tells the seconds that the run has left, so that no wait outlasts its time cap. ``sleep`` and
    ``draw`` (evenly from [0, 1)) can be replaced in tests.

    Raises (from ``complete``):
        CallFailed: the attempts or the deadline are used up; ``attempts`` says how many were sent.
        ProviderError: no attempt ever reached the endpoint, or too many calls in a row were given up.

    """

    def __init__(
        self,
        inner: ModelClient,
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
        self._lost: Counter[tuple[str, str]] = Counter()
        self._spare = self._policy.spare

    async def complete(self, request: Request) -> Reply:
        """Answer, after as many attempts as it takes and the policy allows."""
        tally = _Tally()
        self._spare = min(self._policy.spare, self._spare + _EARNED)
        while True:
            tally.sent += 1
            try:
                reply = await self._inner.complete(request)
                self._lost.pop((request.purpose, request.model), None)
                return replace(reply, attempts=tally.sent, usd=_sum(reply.usd, tally.usd))
            except Transient as fault:
                tally.add(fault)
                await self._wait(request, tally, fault)
            except CallFailed as error:
                error.attempts = tally.sent
                raise

    async def _wait(self, request: Request, tally: _Tally, fault: Transient) -> None:
        """Wait before the next attempt; raise when there is none."""
        if isinstance(fault, Adapted):
            return
        if self._used_up(tally):
            raise self._given_up(request, tally, f"{fault} ({tally.sent} attempts failed)") from fault
        seconds = self._pause(tally.failed, fault.retry_after)
        if tally.seconds + seconds >= self._policy.deadline:
            reason = f"{tally.sent} attempts failed, and another would pass the deadline of {self._policy.deadline:g} s"
            raise self._given_up(request, tally, f"{fault} ({reason})") from fault
        tally.seconds += seconds
        await self._sleep(min(seconds, self._remaining()))

    def _used_up(self, tally: _Tally) -> bool:
        unreached = not tally.reached and tally.failed >= self._policy.unreached
        return unreached or tally.failed >= self._policy.attempts or tally.unusable >= _MOST_UNUSABLE

    def _pause(self, failed: int, retry_after: float | None) -> float:
        policy = self._policy
        if self._spare < 1:
            return max(retry_after or 0.0, policy.cap * (1 + self._draw()) / 2)
        self._spare -= 1
        if retry_after is not None:
            return retry_after + self._draw() * policy.base
        return self._draw() * min(policy.cap, math.ldexp(policy.base, min(failed - 1, 60)))

    def _given_up(self, request: Request, tally: _Tally, message: str) -> ProviderError | CallFailed:
        if not tally.reached:
            return ProviderError(f"unreachable: {message}")
        self._lost[request.purpose, request.model] += 1
        lost = self._lost[request.purpose, request.model]
        if lost >= self._policy.lost_in_a_row:
            return ProviderError(f"{lost} {request.purpose} calls in a row failed for good, the last: {message}")
        error = CallFailed(message)
        error.attempts = tally.sent
        return error


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
