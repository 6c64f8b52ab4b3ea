"""The retry layer: the only owner of retries."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import SystemRandom

from maspo.core.errors import CallFailed, ProviderError
from maspo.models.base import Adapted, ModelClient, Reply, Request, Silent, Stage, Transient, Unusable
from maspo.models.layers.outage import asks, does, helps

_EVENLY = SystemRandom().random
"""Jitter need not be repeatable: it moves calls in time and changes no result."""
_EARNED = 0.1
"""Retries that a call earns for all: in the long run at most a tenth more calls than asked for."""
_MOST_ADAPTED = 24
"""Refusals that one call may learn from: more than a dialect has parts. Beyond, dialects only take turns."""
_MOST_UNUSABLE = 2
"""Replies without an answer that are paid for one call."""
_MOST_DOUBLINGS = 60
"""Of a wait; beyond the cap of any policy, and within the range of a float."""


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
    are an endpoint that is down: going on would lose every call after it, too. An empty reply is a reply.
    """

    attempts: int = 6
    deadline: float = 600.0
    base: float = 0.5
    cap: float = 30.0
    unreached: int = 3
    spare: float = 50.0
    lost_in_a_row: int = 10


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
        policy = self._policy
        self._spare = min(policy.spare, self._spare + _EARNED)
        sent = failed = unusable = adapted = 0
        spent, reached = 0.0, False
        usd: float | None = 0.0
        while True:
            sent += 1
            try:
                reply = await self._inner.complete(request)
                self._lost.pop((request.purpose, request.model), None)
                # Most calls are answered at once, for what the reply cost.
                return reply if sent == reply.attempts == 1 else replace(reply, attempts=sent, usd=_add(reply.usd, usd))
            except Transient as error:
                fault = error
            except CallFailed as error:
                error.attempts = sent
                raise
            spent += fault.seconds
            usd = _add(usd, fault.usd)
            reached = reached or fault.stage is not Stage.UNREACHED
            adapted += isinstance(fault, Adapted)
            if isinstance(fault, Adapted | Silent) and adapted <= _MOST_ADAPTED:
                continue  # The endpoint answers, so there is nothing to wait for.
            failed += 1
            unusable += isinstance(fault, Unusable)
            used_up = failed >= policy.attempts or unusable >= _MOST_UNUSABLE
            if used_up or (not reached and failed >= policy.unreached):
                raise self._give_up(request, sent, reached, fault, f"{sent} attempts failed") from fault
            pause = self._draw_pause(failed, fault.retry_after)
            if spent + pause >= policy.deadline:
                reason = f"{sent} attempts failed, and another would pass the deadline of {policy.deadline:g} s"
                raise self._give_up(request, sent, reached, fault, reason) from fault
            spent += pause
            await self._sleep(min(pause, self._remaining()))

    def _draw_pause(self, failed: int, retry_after: float | None) -> float:
        """Return the seconds before the next attempt; takes a retry from the budget when there is one."""
        policy = self._policy
        if self._spare < 1:
            return max(retry_after or 0.0, policy.cap * (1 + self._draw()) / 2)
        self._spare -= 1
        if retry_after is not None:
            return retry_after + self._draw() * policy.base
        return self._draw() * min(policy.cap, math.ldexp(policy.base, min(failed - 1, _MOST_DOUBLINGS)))

    def _give_up(
        self, request: Request, sent: int, reached: bool, fault: Transient, why: str
    ) -> ProviderError | CallFailed:
        """Return the error of a call that is lost: that call's, or the endpoint's when too many were lost in a row."""
        message = f"{fault} ({why}{asks(fault)})"
        if not reached:
            return ProviderError(f"unreachable: {message}")
        advice = f"; {helps(fault)}" if helps(fault) else ""
        self._lost[request.purpose, request.model] += 1
        lost = self._lost[request.purpose, request.model]
        if lost >= self._policy.lost_in_a_row:
            return ProviderError(
                f"{does(fault)}: {lost} {request.purpose} calls in a row failed for good, the last: {message}{advice}"
            )
        error = CallFailed(f"{message}{advice}" if fault.stage is Stage.LIMITED else message)
        error.attempts, error.outcome = sent, fault.outcome
        return error


def _add(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second
