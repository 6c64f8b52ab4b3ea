"""How fast an endpoint takes calls, learned from what it answers. No clock of its own: times are given, in seconds."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from maspo.models.faults import Stage, Transient

_RECENT = 20
_ANSWERS = 50
_MORE_A_ROUND = 4
_MOST_AN_ANSWER = 1.5
_LITTLE_LESS, _LESS = 0.97, 0.88
_IN_VAIN = 12
"""A limit that was overshot by the most that the rate may grow in a second is found again in fewer steps."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """How an endpoint is approached; times are seconds.

    ``first`` calls are in flight at the start. ``row`` failures in a row, without an answer in between, are an outage:
    then single small calls ask whether it is over, ``probe`` to ``probe_cap`` seconds apart, for ``patience`` at most.
    After a refusal at the known limit the rate is held for ``hold``, or 30 times the wait that was asked for;
    ``moment`` is that wait where a refusal for coming too fast does not say.
    ``slowest`` is the lowest rate, in calls a second.
    """

    first: int = 16
    row: int = 5
    probe: float = 1.0
    probe_cap: float = 15.0
    patience: float = 900.0
    hold: float = 5.0
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
        self._rate = _Rate(pacing)
        self._answered_once = False
        self._row = 0
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._threshold = float(most)
        self._backed_off = -math.inf

    def sent(self, now: float) -> None:
        """Take note of a call that is sent; the next one is due one interval later."""
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
        self._recent.append(False)
        self._row += 1
        self._wait(now, fault.retry_after or 0.0)
        if self.down or sent < self._backed_off:
            return  # Told already, by the outage or by the last back-off while this call was under way.
        unreached = fault.stage is Stage.UNREACHED
        self.down = self._answered_once and (unreached or self._row >= self._pacing.row)
        severe = self._most_fail(in_flight)
        since = now - self._backed_off
        if severe:
            self._threshold = self.window = max(1.0, self.window / 2)
            self._backed_off = now
        if fault.stage is Stage.LIMITED and (severe or self._rate.known):
            pause = self._pacing.moment if fault.retry_after is None else min(fault.retry_after, self._pacing.patience)
            self._wait(now, pause)
            self._backed_off = now + pause
            if severe:
                self._rate.exceeded(now + pause)
            else:
                self._rate.touched(now, pause, since)

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

    Unlimited until the endpoint refuses most calls for coming too fast (429). Then what it took is the rate; it doubles
    every second until the next refusal, from which it stays a little below what was refused, and after a hold grows
    again, at first slowly. Refusals that go on however slow the calls come have another cause: a quota shared with
    others, a busy gateway. Then the rate is unlimited again, and each refusal costs its own retry.
    """

    def __init__(self, pacing: Pacing) -> None:
        self._pacing = pacing
        self.calls = math.inf
        """Calls a second."""
        self._answers: deque[float] = deque(maxlen=_ANSWERS)
        self._climbing = False
        self._far = False
        """The last refusals came while the limit was not known yet."""
        self._taken = 0
        """Answers since the last refusal."""
        self._in_vain = 0
        """Times in a row that lowering the rate did not end the refusals."""
        self._grows_from = self._grown = -math.inf

    @property
    def known(self) -> bool:
        """Whether a limit was met."""
        return self.calls < math.inf

    def answered(self, now: float) -> None:
        """Let the rate grow for the time since it last did, so that it grows only as far as calls are answered."""
        self._answers.append(now)
        self._taken += 1
        before, since = self._grown - self._grows_from, now - self._grows_from
        if since <= before or since <= 0:
            return
        before = max(0.0, before)
        growth = math.exp2(min(since - before, 1.0)) if self._climbing else _growth(since) / _growth(before)
        self.calls *= min(growth, _MOST_AN_ANSWER)
        self._grown = now

    def exceeded(self, until: float) -> None:
        """Take what was answered lately for the rate, because most calls are refused; ``until`` all wait."""
        span = max(1.0, until - self._answers[0]) if self._answers else 1.0
        taken = max(1, len(self._answers)) / span
        self._lower(_LITTLE_LESS * min(self.calls, taken), until)
        self._climbing = True

    def touched(self, now: float, pause: float, since: float) -> None:
        """Stay below a rate at which single calls were refused, and hold it.

        ``since`` the last back-off so many seconds have gone by.
        """
        again = since < self._pacing.hold
        self._in_vain = self._in_vain + 1 if again or self._taken < _ANSWERS else 0
        self._taken = 0
        if self._in_vain >= _IN_VAIN:
            self._in_vain, self._climbing, self.calls = 0, False, math.inf
            return
        self._far = self._climbing or (self._far and again)
        less = _LESS if self._far else _LITTLE_LESS
        self._lower(less * self.calls, now + pause + max(self._pacing.hold, 30 * pause))
        self._climbing = False

    def _lower(self, calls: float, grows_from: float) -> None:
        self.calls = max(self._pacing.slowest, calls)
        self._grows_from = self._grown = grows_from


def _growth(seconds: float) -> float:
    """Return how much of the known limit is tried again after so many seconds without a refusal."""
    return 1 + seconds / 200 + seconds**3 / 2000
