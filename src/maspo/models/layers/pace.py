"""How fast an endpoint takes calls, learned from what it answers. No clock of its own: times are given, in seconds."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from maspo.models.layers.faults import Stage, Transient

_RECENT = 20
_MORE_A_ROUND = 4
_MOST_AN_ANSWER = 1.5
_LESS, _HALF = 0.97, 0.5
_FEW = 10
"""Calls that tell a rate."""
_ENOUGH = 30
"""A rate is held for as many calls, or pauses; a refusal after as many answers came at a rate that was borne."""
_IN_VAIN = 8
"""A limit that was overestimated twentyfold is found in fewer refusals in a row."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How an endpoint is approached; times are seconds.

    ``first`` calls are in flight at the start. ``row`` failures in a row, without an answer in between, are an outage:
    then single small calls ask whether it is over, ``probe`` to ``probe_cap`` seconds apart, for ``patience`` at most.
    ``moment`` is the wait after a refusal for coming too fast that does not say.
    ``slowest`` is the lowest rate, in calls a second.
    """

    first: int = 16
    row: int = 5
    probe: float = 1.0
    probe_cap: float = 15.0
    patience: float = 900.0
    moment: float = 1.0
    slowest: float = 0.1


class Pace:
    """The calls in flight, the calls a second and the pause that an endpoint bears.

    Calls in flight: slow start, one more per answer; halved when at least half of the last outcomes are failures,
    and from there on a few more per round. After an outage it is slow start again, up to that half. An isolated failure
    changes nothing: it costs its own retry. Calls a second: see ``_Rate``.

    A wait that the endpoint asks for holds for every call.
    """

    def __init__(self, most: int, pacing: Pacing) -> None:
        self._most = most
        self._pacing = pacing
        self.window = float(min(pacing.first, most))
        """How many calls may be in flight."""
        self.due = -math.inf
        """Nothing is sent before this time."""
        self.down = False
        """The endpoint answers nobody."""
        self._rate = _Rate(pacing.slowest)
        self._answered_once = False
        self._row = 0
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._threshold = float(most)
        self._backed_off = -math.inf

    def sent(self, now: float) -> None:
        """Take note of a call that is sent; the next one is due one interval later."""
        self._rate.sent(now)
        self.due = max(self.due, now + 1 / self._rate.calls)

    def answered(self, now: float) -> None:
        """Take note of an answer, whatever it says."""
        self._recent.append(True)
        self._row = 0
        self._answered_once = True
        self._rate.answered(now)
        if self.down:
            self.window = float(min(self._pacing.first, self._most))
            self.down = False
        more = 1 if self.window < self._threshold else _MORE_A_ROUND / self.window
        self.window = min(self._most, self.window + more)

    def failed(self, fault: Transient, sent: float, now: float, in_flight: int) -> None:
        """Take note of a failure of a call that was sent at a time; ``in_flight`` calls are under way."""
        self._row += 1
        self._wait(now, fault.retry_after or 0.0)
        if self.down or sent < self._backed_off:
            return  # Told already, by the outage or by the last back-off while this call was under way.
        self._recent.append(False)
        unreached = fault.stage is Stage.UNREACHED
        self.down = self._answered_once and (unreached or self._row >= self._pacing.row)
        severe = self._most_fail(in_flight)
        if severe:
            self._threshold = self.window = max(1.0, self.window / 2)
            self._backed_off = now
            self._recent.clear()
        if fault.stage is Stage.LIMITED:
            pause = self._pacing.moment if fault.retry_after is None else min(fault.retry_after, self._pacing.patience)
            if self._rate.refused(sent, now, pause, severe):
                self._wait(now, pause)
                self._backed_off = now + pause

    def _most_fail(self, in_flight: int) -> bool:
        """Return whether half of the last outcomes are failures, and enough of them to mean something."""
        lost = self._recent.count(False)
        # Refusals come before the answers to calls of the same moment, so those under way speak for the endpoint.
        least = max(3.0, min(_RECENT / 2, in_flight / 4))
        return lost >= least and 2 * lost >= len(self._recent)

    def _wait(self, now: float, seconds: float) -> None:
        """Send nothing for a while; who asks for more than there is patience asks in vain."""
        if seconds <= self._pacing.patience:
            self.due = max(self.due, now + seconds)


class _Rate:
    """The calls a second that an endpoint bears.

    Unlimited until the endpoint refuses most calls for coming too fast (429). Then what it took is the rate, which
    doubles every second until the next refusal. From there it stays a little below what was taken, and after a hold
    grows again, at first slowly.

    A real limit ends its refusals when calls come slower. So each refusal that comes too soon lowers the rate twice as
    much as the one before, and those that still go on have another cause: a quota shared with others, a busy gateway.
    Then the rate is unlimited again, each refusal costs its own retry, and it takes as many times that most calls are
    refused until a limit is looked for again.
    """

    def __init__(self, slowest: float) -> None:
        self._slowest = slowest
        self.calls = math.inf
        """Calls a second."""
        self._sent: deque[float] = deque()
        """When calls were sent that were not refused: of the last second, or the last few, at the present rate."""
        self._climbing = False
        """The limit is not known yet."""
        self._taken = 0
        """Answers since the last refusal."""
        self._in_vain = 0
        """Refusals in a row that came too soon after the rate was lowered."""
        self._lowered = self._grows_from = self._grown = -math.inf

    def sent(self, now: float) -> None:
        """Remember a call for as long as it tells the rate."""
        self._sent.append(now)
        while len(self._sent) > _FEW and self._sent[1] <= now - 1:
            self._sent.popleft()

    def answered(self, now: float) -> None:
        """Let the rate grow for the time since it last did, so that it grows only as far as calls are answered."""
        self._taken += 1
        before, since = self._grown - self._grows_from, now - self._grows_from
        if since <= before or since <= 0:
            return
        before = max(0.0, before)
        growth = math.exp2(min(since - before, 1.0)) if self._climbing else _growth(since) / _growth(before)
        self.calls *= min(growth, _MOST_AN_ANSWER)
        self._grown = now

    def refused(self, sent: float, now: float, pause: float, most: bool) -> bool:
        """Lower the rate from the end of a pause on, if that may help, and return whether it may.

        ``most`` calls were refused of late, not this one alone, which was ``sent`` at a time.
        """
        if sent in self._sent:
            self._sent.remove(sent)
        soon = self._taken < _ENOUGH and (self._climbing or self._grown <= self._grows_from)
        self._taken = 0
        if not soon:
            self._in_vain = 0
        if self.calls == math.inf and (self._in_vain or not most):
            self._in_vain -= most
            return False
        self._in_vain += 1
        if self._in_vain == _IN_VAIN:
            self.calls = math.inf
            return False
        hold = 0.0 if self._climbing or most else _ENOUGH * max(pause, 1 / self.calls)
        less = _HALF if most else max(_HALF, _LESS**2 ** (self._in_vain - 1))
        self.calls = max(self._slowest, min(less * self.calls, _LESS * self._lately(now)))
        self._climbing = most
        self._sent.clear()
        self._lowered = now
        self._grows_from = self._grown = now + pause + hold
        return True

    def _lately(self, now: float) -> float:
        """Return the calls a second that were sent and not refused; infinite when they are too few to tell."""
        if len(self._sent) < _FEW and self.calls < math.inf:
            return math.inf
        # A pause counts, up to a second: the endpoint had that time, too.
        span = self._sent[-1] - self._sent[0] if self._sent else 0.0
        return max(1, len(self._sent)) / max(span, min(1.0, now - self._lowered))


def _growth(seconds: float) -> float:
    """Return how much of the known limit is tried again after so many seconds without a refusal."""
    return 1 + seconds / 200 + seconds**3 / 2000
