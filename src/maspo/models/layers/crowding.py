"""How many calls an endpoint works on at once: more in flight only wait in its queue, and are taken back.

As TCP Vegas (Brakmo and Peterson, IEEE JSAC 13(8), 1995) and the gradient limit of Netflix's ``concurrency-limits`` do,
it follows latency instead of loss: where more calls in flight lengthen every call in the same proportion, nothing is
gained by them (Little's law: throughput is calls in flight over latency). Replies differ in length, so latency is taken
by the token and compared within calls of one kind; and since a smallest latency says little of replies that differ,
what is compared is the mean at two levels of calls in flight, one after the other.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from maspo.models.base import Reply, Request

_Kind = tuple[str, str, str]
_HALF = 0.5
"""Share of the added calls that must have been worked on, in the logarithm; less is a queue."""
_SURELY = 0.75
"""Share that must have waited for fewer to be tried: what is taken back in error leaves slots idle."""
_FEWEST = 8
"""Answers that tell the latency of a level, at least; twice the calls in flight where that is more, up to ``_MANY``,
since replies of one length come in bunches; as many as calls in flight beyond."""
_FEWEST_UP = 4
"""The same on the way up, until a queue was met: a step too far is seen at the next, and slots are idle meanwhile."""
_AT_FIRST = 2
"""The same while one call after the other is sent."""
_PLAIN = 0.2
"""Share of the added calls in a queue that needs no second look, over ``_MANY`` answers: a limit is far."""
_MANY = 16
_HOLD, _LONGEST_HOLD = 4, 32
"""Rounds of answers until more, or less, is tried again; after each try in vain twice as many."""
_EVERY = 4
"""One try in so many is of less: what is in vain there leaves slots idle, and slots seldom go."""
_FIXED_TOKENS = 32
"""Tokens that a model of usual speed would write in the time that a call takes beside its text."""
_CHARACTERS_PER_TOKEN = 4
_READ_FASTER = 16
"""How many times faster prompts are read than replies are written, about, where nothing is cached."""


@dataclass
class _Took:
    """Seconds that calls took, and the tokens that there were to do."""

    seconds: float = 0.0
    tokens: float = 0.0
    count: int = 0

    @property
    def pace(self) -> float:
        """The logarithm of the seconds for a token."""
        return math.log(self.seconds / self.tokens)


@dataclass
class _Level:
    """What calls took at one number of calls in flight, by kind of call."""

    limit: float
    took: defaultdict[_Kind, _Took] = field(default_factory=lambda: defaultdict(_Took))
    count: int = 0

    def add(self, kind: _Kind, seconds: float, tokens: float) -> None:
        """Add a call."""
        took = self.took[kind]
        took.seconds, took.tokens, took.count = took.seconds + seconds, took.tokens + tokens, took.count + 1
        self.count += 1

    def slower_than(self, other: _Level) -> float:
        """Return by how much calls took longer here, as a logarithm; over kinds that both have seen, if there are."""
        both = [kind for kind in self.took if kind in other.took]
        if not both:
            return self._all().pace - other._all().pace
        rises = {kind: self.took[kind].pace - other.took[kind].pace for kind in both}
        return sum(self.took[kind].count * rises[kind] for kind in both) / sum(self.took[kind].count for kind in both)

    def _all(self) -> _Took:
        every = self.took.values()
        return _Took(sum(one.seconds for one in every), sum(one.tokens for one in every))


class Beside:
    """How many calls were in flight at most while one was, itself included."""

    def __init__(self) -> None:
        self._begun = 0
        self._in_flight = 0
        self._peaks: list[tuple[int, int]] = []
        """The numbers of calls at whose begin more were in flight than at that of any later one, and how many."""

    def begin(self) -> int:
        """Take note that a call begins; return its number."""
        self._begun += 1
        self._in_flight += 1
        while self._peaks and self._peaks[-1][1] <= self._in_flight:
            self._peaks.pop()
        self._peaks.append((self._begun, self._in_flight))
        return self._begun

    def end(self, number: int) -> int:
        """Take note that a call ends; return how many were in flight at most since it began."""
        self._in_flight -= 1
        return self._peaks[bisect_left(self._peaks, (number,))][1]


class Crowding:
    """The calls in flight that an endpoint works on side by side, learned from what they take.

    ``first`` are in flight at the start, ``most`` at most, ``growth`` times as many are tried next. ``slots`` fixes
    the number where the endpoint has told it. It has no clock: times are given to it, in seconds.
    """

    def __init__(self, first: int, most: int, growth: float) -> None:
        self.limit = float(min(first, most))
        self._most = float(most)
        self._growth = growth
        self._told = False
        self._step = growth
        """How many times as many are tried next: fewer from the first queue on, when about as many are known."""
        self._worked = self.limit
        """How many of them were worked on, as far as the levels before tell; fewer are where there is a queue."""
        self._now = _Level(self.limit)
        self._began, self._settled = -math.inf, -math.inf
        """Since when this level holds, and since when what is sent meets no queue of another."""
        self._early = _Level(self.limit)
        self._other: _Level | None = None
        """The level that the present one is compared with; None at the start."""
        self._doing: Literal["growing", "shrinking", "holding"] = "growing"
        self._next: Literal["growing", "shrinking"] = "growing"
        """What is tried when this level has been held long enough."""
        self._tries = 0
        self._hold = self._rounds = _HOLD

    def tell(self, slots: int) -> None:
        """Take the number of slots from the endpoint: one call more than these waits, so that none is ever idle."""
        self._told = True
        self.limit = min(self._most, float(slots + (slots > 1)))

    def note(self, request: Request, reply: Reply, sent: float, now: float, in_flight: int) -> None:
        """Take note of an answer to a call that was sent at a time, with at most ``in_flight`` in all meanwhile."""
        if self._told or sent < self._began or in_flight < math.floor(self.limit):
            return  # It tells of another level, or of none: nothing is learned where too little is asked.
        seconds = reply.seconds or now - sent
        if seconds <= 0 or not reply.answers:
            return
        kind, tokens = (request.purpose, request.agent, request.model), _work(request, reply)
        if self._settled == math.inf:
            self._settled = now
        if sent < self._settled:
            # The queue of the level before still is or is not there; a far limit shows all the same.
            self._early.add(kind, seconds, tokens)
            if self._doing == "growing" and self._other and self._early.count >= max(_MANY, self.limit / 2):
                share = self._early.slower_than(self._other) / math.log(self.limit / self._other.limit)
                if share <= _PLAIN:
                    self._worked = self.limit
                    self._grow(self._early, now)
            return
        self._now.add(kind, seconds, tokens)
        if self._now.count >= max(self._fewest(), math.floor(self.limit)):
            self._judge(now)

    def _fewest(self) -> int:
        if self.limit == 1 and self._other is None:
            return _AT_FIRST
        if self._step < self._growth:
            return min(_MANY, max(_FEWEST, 2 * math.floor(self.limit)))
        return _FEWEST_UP if self._doing == "growing" else _FEWEST

    def _judge(self, now: float) -> None:
        """Decide at how many calls to go on, after a round of answers."""
        level, other = self._now, self._other
        if other is None:
            self._grow(level, now)
            return
        if self._doing == "holding":
            self._rounds -= 1
            if self._rounds > 0:
                self._now = _Level(level.limit)
            elif self._next == "growing":
                self._grow(level, now)
            else:
                self._shrink(level, now)
            return
        growing = self._doing == "growing"
        rise = level.slower_than(other) if growing else other.slower_than(level)
        low, high = sorted((level.limit, other.limit))
        if growing:
            some_wait = rise > _PLAIN * math.log(high / low)
            self._worked = min(high, high * math.exp(-rise) * self._worked / low) if some_wait else high
        queued = rise > (_HALF if growing else _SURELY) * math.log(high / low)
        if growing and not queued:
            self._hold = _HOLD
            self._grow(level, now)
        elif not growing and queued:
            self._hold = _HOLD
            self._shrink(level, now)
        else:
            self._tries += 1
            self._next = "shrinking" if self._tries % _EVERY == 1 else "growing"
            self._settle(_between(low, high * math.exp(-rise), high), now)

    def _grow(self, level: _Level, now: float) -> None:
        if level.limit >= self._most:
            self._next = "growing"
            self._settle(self._most, now)
            return
        self._other, self._doing = level, "growing"
        # Where some of them wait already, what is tried next is no more than so many times those that are worked on.
        self._go(min(self._most, max(level.limit + 1, round(self._worked * self._step))), now)

    def _shrink(self, level: _Level, now: float) -> None:
        if level.limit <= 1:
            self._next = "growing"
            self._settle(1, now)
            return
        self._other, self._doing = level, "shrinking"
        self._go(max(1, min(level.limit - 1, round(level.limit / self._growth))), now)

    def _settle(self, limit: float, now: float) -> None:
        self._doing, self._rounds = "holding", self._hold
        self._step = math.sqrt(self._growth)
        self._hold = min(_LONGEST_HOLD, 2 * self._hold)
        self._go(limit, now)

    def _go(self, limit: float, now: float) -> None:
        self.limit = float(limit)
        self._worked = min(self._worked, self.limit)
        self._now, self._early = _Level(self.limit), _Level(self.limit)
        self._began, self._settled = now, math.inf


def _between(low: float, estimate: float, high: float) -> float:
    """Return the calls that are worked on, as a whole number: a slot that is idle is worse than a call that waits."""
    return min(high, max(low, math.ceil(estimate - _HALF / 2)))


def _work(request: Request, reply: Reply) -> float:
    """Return what there was to do, in tokens: those written, and a part of those read."""
    written = len(reply.text) + len(reply.thoughts)
    read = sum(len(message.sent) for message in request.messages)
    tokens_out = max(reply.tokens_out or 0, written / _CHARACTERS_PER_TOKEN)
    return _FIXED_TOKENS + tokens_out + read / _CHARACTERS_PER_TOKEN / _READ_FASTER
