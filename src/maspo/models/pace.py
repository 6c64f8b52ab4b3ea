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
    changes nothing: it costs its own retry.

    Calls a second: unlimited until the endpoint refuses most calls for coming too fast (429). Then what it took is the
    rate; it doubles every second until the next refusal, from which it stays a little below what was refused,
    and after a hold grows again, at first slowly.

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
        self._answered_once = False
        self._row = 0
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._answers: deque[float] = deque(maxlen=_ANSWERS)
        self._threshold = float(most)
        self._rate = math.inf
        self._climbing = False
        self._far = False
        """The last refusals came while the limit was not known yet."""
        self._grows_from = self._grown = -math.inf
        self._backed_off = -math.inf

    def sent(self, now: float) -> None:
        """Take note of a call that is sent; the next one is due one interval later."""
        self.due = max(self.due, now + 1 / self._rate)

    def answered(self, now: float) -> None:
        """Take note of an answer, whatever it says."""
        self._recent.append(True)
        self._answers.append(now)
        self._row = 0
        self._answered_once = True
        self._speed_up(now)
        if self.down:
            self.window = float(min(self._pacing.first, self._most))
            self.down = False
        more = 1 if self.window < self._threshold else _MORE_A_ROUND / self.window
        self.window = min(self._most, self.window + more)

    def failed(self, fault: Transient, sent: float, now: float, in_flight: int) -> None:
        """Take note of a failure of a call that was sent at a time; ``in_flight`` calls are under way."""
        self._recent.append(False)
        self._row += 1
        pause = self._pause(fault)
        if pause <= self._pacing.patience:
            self.due = max(self.due, now + pause)
        if self.down or sent < self._backed_off:
            return  # Told already, by the outage or by the last back-off while this call was under way.
        unreached = fault.stage is Stage.UNREACHED
        self.down = self._answered_once and (unreached or self._row >= self._pacing.row)
        lost = self._recent.count(False)
        # Refusals come before the answers to calls of the same moment, so those under way speak for the endpoint.
        least = max(3.0, min(_RECENT / 2, in_flight / 4))
        severe = lost >= least and 2 * lost >= len(self._recent)
        if severe:
            self._threshold = self.window = max(1.0, self.window / 2)
            self._backed_off = now
        if fault.stage is Stage.LIMITED and (severe or self._rate < math.inf):
            self._slow_down(now, min(pause, self._pacing.patience), severe)

    def _pause(self, fault: Transient) -> float:
        """Return how long the endpoint asks all to wait; one that only says "too fast" is given a moment."""
        if fault.retry_after is not None:
            return fault.retry_after
        return self._pacing.moment if fault.stage is Stage.LIMITED else 0.0

    def _speed_up(self, now: float) -> None:
        """Let the rate grow for the time since it last did, so that it grows only as far as calls are answered."""
        before, since = self._grown - self._grows_from, now - self._grows_from
        if since <= before or since <= 0:
            return
        before = max(0.0, before)
        growth = math.exp2(min(since - before, 1.0)) if self._climbing else _growth(since) / _growth(before)
        self._rate *= min(growth, _MOST_AN_ANSWER)
        self._grown = now

    def _slow_down(self, now: float, pause: float, severe: bool) -> None:
        if severe:
            span = max(1.0, now + pause - self._answers[0]) if self._answers else 1.0
            rate = _LITTLE_LESS * min(self._rate, max(1, len(self._answers)) / span)
        else:
            lately = now - self._backed_off < self._pacing.hold
            self._far = self._climbing or (self._far and lately)
            rate = (_LESS if self._far else _LITTLE_LESS) * self._rate
        self._rate = max(self._pacing.slowest, rate)
        self._climbing = severe
        self._grows_from = now + pause + (0.0 if severe else max(self._pacing.hold, 30 * pause))
        self._grown = self._grows_from
        self._backed_off = now + pause


def _growth(seconds: float) -> float:
    """Return how much of the known limit is tried again after so many seconds without a refusal."""
    return 1 + seconds / 200 + seconds**3 / 2000
