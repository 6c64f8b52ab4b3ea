"""How many calls an endpoint works on at once: more in flight only wait in its queue, and are taken back.

As TCP Vegas (Brakmo and Peterson, IEEE JSAC 13(8), 1995) and the gradient limit of Netflix's ``concurrency-limits`` do,
it follows latency instead of loss: where more calls in flight lengthen every call in the same proportion, nothing is
gained by them (Little's law: throughput is calls in flight over latency). Replies differ in length, so latency is taken
by the token and compared within calls of one kind; and since a smallest latency says little of replies that differ,
what is compared is the mean at two levels of calls in flight, one after the other.

More are sent only where enough answers tell that those before did not wait, as HyStart++ leaves slow start on a rise of
several round trips and takes it up again when the rise was noise (RFC 9406, 4.2); how many are enough is decided answer
by answer (Wald, Sequential Tests of Statistical Hypotheses, 1945). A level at which calls were seen to wait is the most
that is tried, until the one below is compared with it again.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from maspo.models.base import Reply, Request

_Kind = tuple[str, str, str]
_FREE = 0.3
"""Share of the added calls in a queue, in the logarithm, from which on no more are sent. Of two more on four slots 0.45
are seen to wait when a fifth of each call passes on the way, all where nothing does."""
_FEW = 12
"""Calls in flight up to which that holds. Beyond, half of the added calls may wait: servers that write many replies at
once do so a little slower each, and are faster all the same."""
_HALF = 0.5
_SURELY = 0.75
"""Share that must have waited for fewer to be tried: what is taken back in error leaves slots idle."""
_SURE = 2.0
"""Standard errors by which the share must differ from what decides: one step too far in forty or so."""
_POOLED = 1.0
"""The same against all calls that did not wait so far: those are many, and most endpoints have room."""
_LEAST_SPREAD = 0.07
"""Of the time for a token, relative to it: a few answers that happen to agree are not taken for more."""
_FEWEST, _FEWEST_UP, _AT_FIRST = 8, 4, 2
"""Answers that tell the latency of a level, at least: where calls are held, on the way up, and one after the other."""
_TURN = 16
"""Answers at one of two levels after which more of the other may tell more."""
_MOST = 64
"""Answers at each of two levels after which the mean decides."""
_MUCH = 4
"""Times the answers of the lower level from which on more is learned there, though slots may be idle."""
_PLAIN = 0.2
"""Share of the added calls in a queue that needs no second look, over ``_TURN`` answers: a limit is far."""
_NO_GAIN = 1.035
"""Times as many calls worked on that are worth having one more wait."""
_HOLD, _LONGEST_HOLD = 4, 32
"""Rounds of answers until more, or less, is tried again; after each try in vain twice as many."""
_RARELY = 4
"""Times as many rounds where some wait on purpose: to look whether they still do, fewer are sent."""
_EVERY = 4
"""One try in so many is of less: what is in vain there leaves slots idle, and slots seldom go."""
_FIXED_TOKENS = 32
"""Tokens that a model of usual speed would write in the time that a call takes beside its text."""
_CHARACTERS_PER_TOKEN = 4
_READ_FASTER = 16
"""How many times faster prompts are read than replies are written, about, where nothing is cached."""


@dataclass
class _Took:
    """Seconds that calls took, and the tokens that there were to do: their sums, and those of their products."""

    seconds: float = 0.0
    tokens: float = 0.0
    count: int = 0
    squares: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def add(self, seconds: float, tokens: float) -> None:
        """Add a call."""
        self.seconds, self.tokens, self.count = self.seconds + seconds, self.tokens + tokens, self.count + 1
        both, mixed, work = self.squares
        self.squares = both + seconds * seconds, mixed + seconds * tokens, work + tokens * tokens

    def join(self, other: _Took) -> None:
        """Add the calls of another."""
        self.seconds, self.tokens = self.seconds + other.seconds, self.tokens + other.tokens
        self.count += other.count
        (a, b, c), (d, e, f) = self.squares, other.squares
        self.squares = a + d, b + e, c + f

    @property
    def pace(self) -> float:
        """The logarithm of the seconds for a token."""
        return math.log(self.seconds / self.tokens)

    @property
    def variance(self) -> float:
        """Of the pace, as that of a ratio of two sums (Cochran, Sampling Techniques, 1977, 6.4)."""
        ratio = self.seconds / self.tokens
        both, mixed, work = self.squares
        rest = max(0.0, both - 2 * ratio * mixed + ratio * ratio * work) / self.seconds**2
        return rest * self.count / max(1, self.count - 1) + _LEAST_SPREAD**2 / self.count


@dataclass
class _Level:
    """What calls took at one number of calls in flight, by kind of call."""

    limit: float
    took: defaultdict[_Kind, _Took] = field(default_factory=lambda: defaultdict(_Took))
    count: int = 0

    def add(self, kind: _Kind, seconds: float, tokens: float) -> None:
        """Add a call."""
        self.took[kind].add(seconds, tokens)
        self.count += 1

    def join(self, other: _Level) -> None:
        """Add all calls of another level."""
        for kind, took in other.took.items():
            self.took[kind].join(took)
        self.count += other.count

    def slower_than(self, other: _Level) -> tuple[float, float]:
        """Return by how much calls took longer here, as a logarithm, and its standard error.

        Over kinds that both have seen, if there are.
        """
        both = [kind for kind in self.took if kind in other.took]
        pairs = [(self.took[kind], other.took[kind]) for kind in both] or [(self._all(), other._all())]
        total = sum(here.count for here, _ in pairs)
        rise = sum(here.count * (here.pace - there.pace) for here, there in pairs) / total
        variance = sum(here.count**2 * _variance(here, there) for here, there in pairs) / total**2
        return rise, math.sqrt(variance)

    def _all(self) -> _Took:
        every = _Took()
        for one in self.took.values():
            every.join(one)
        return every


def _variance(here: _Took, there: _Took) -> float:
    """Return the variance of the difference of two paces; a few may agree by chance, so the larger spread counts."""
    spread = max(here.variance * here.count, there.variance * there.count)
    return spread * (1 / here.count + 1 / there.count)


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

    ``first`` are in flight at the start, ``most`` at most, ``growth`` times as many are tried next (see
    ``_above``). ``tell`` fixes the number where the endpoint has told it. It has no clock: times are given to it, in
    seconds.
    """

    def __init__(self, first: int, most: int, growth: float) -> None:
        self.limit = float(min(first, most))
        self._most = float(most)
        self._growth = growth
        self._told = False
        self._now = self._low = self._high = _Level(self.limit)
        """What is seen now: one of the two levels that are compared, or what is held."""
        self._bracket = self.limit, math.inf
        """The most calls of which all were worked on, and the fewest of which some waited, as far as was seen."""
        self._began, self._settled = -math.inf, -math.inf
        """Since when this level holds, and since when what is sent meets no queue of another."""
        self._early = _Level(self.limit)
        self._doing: Literal["beginning", "growing", "checking", "shrinking", "holding"] = "beginning"
        self._tries = 0 if self.limit > 1 else 1
        self._free = _Level(1)
        """What was seen on the way up, at all levels at which no call waited."""
        self._hold = self._rounds = _HOLD
        self._due = self._round
        """Answers at this level after which it is judged."""

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
        kind, tokens = (request.purpose, request.agent, request.model), work_of(request, reply)
        if self._settled == math.inf:
            self._settled = now
        if sent < self._settled:
            # The queue of the level before still is or is not there; a far limit shows all the same.
            self._early.add(kind, seconds, tokens)
            if self._doing == "growing" and self._now is self._high and self.limit > _FEW:
                enough = self._early.count >= max(_TURN, self.limit / 2)
                if enough and self._early.slower_than(self._low)[0] <= _PLAIN * self._ratio:
                    self._grow(self._early, now)
            return
        self._now.add(kind, seconds, tokens)
        if self._now.count >= self._due:
            self._judge(now)

    @property
    def _ratio(self) -> float:
        return math.log(self._high.limit / self._low.limit)

    @property
    def _allowed(self) -> float:
        """The rise from the lower level to the higher up to which more are sent."""
        narrow = self._low.limit > 1 and self._high.limit <= _FEW
        return (_FREE if narrow else _HALF) * self._ratio

    def _judge(self, now: float) -> None:
        """Decide at how many calls to go on, after a round of answers."""
        if self._doing == "beginning":
            self._grow(self._now, now)
        elif self._doing == "holding":
            self._rounds -= 1
            if self._rounds > 0:
                if self._rounds >= _HOLD:
                    self._now = _Level(self.limit)
                self._due = self._now.count + self._round
            else:
                self._try(now)
        else:
            self._compare(now)

    def _compare(self, now: float) -> None:
        """Decide whether calls wait at the higher level that do not at the lower; see more of either where unclear."""
        if not self._high.count or not self._low.count:
            self._go(self._low if self._now is self._high else self._high, now)
            return
        rise, error = self._high.slower_than(self._low)
        few = self._high.limit <= _FEW
        over = rise - self._allowed
        if few and self._doing == "growing" and self._free.count:
            pooled, spread = self._high.slower_than(self._free)
            if pooled + _POOLED * spread <= self._allowed:
                self._grow(self._high, now)
                return
        if (
            few
            and self._doing != "shrinking"
            and abs(over) < _SURE * error
            and min(self._low.count, self._high.count) < _MOST
        ):
            if self._doing == "checking" and self._now.count >= (_FEWEST if self._low.limit > 1 else _TURN):
                self._settle(self._high.limit, now)
                return
            up = self._now is self._high
            # Slots may be idle at the lower level, so it is seen again only where the higher one tells no more.
            done = self._high.count >= _MUCH * self._low.count if up else self._low.count >= self._high.count
            if self._now.count >= (_MOST if not done else _TURN if up else 0):
                self._go(self._low if up else self._high, now)
            else:
                self._due = self._now.count + self._round
            return
        if over <= 0:
            self._hold = _HOLD
            if self._doing == "shrinking":
                self._settle(self._high.limit, now)
            else:
                self._grow(self._high, now)
        elif self._doing == "shrinking" and rise > _SURELY * self._ratio:
            self._hold = _HOLD
            self._shrink(self._low, now)
        else:
            low, high = self._low.limit, self._high.limit
            self._bracket = low, high
            worked = high * math.exp(-rise)
            # A slot that is idle is worse than a call that waits.
            self._settle(low if worked <= _NO_GAIN * low else min(high, math.ceil(worked) + 1), now)

    def _try(self, now: float) -> None:
        """Look again, after a hold, whether the endpoint works on more, or on fewer."""
        low, _ = self._bracket
        self._tries += 1
        if self.limit > low:
            if self._low.limit != low:
                self._low = _Level(low)
            self._doing, self._high = "checking", self._now
            self._go(self._low, now)
        elif self._tries % _EVERY == 1 and self.limit > 1:
            self._shrink(self._now, now)
        else:
            self._grow(self._now, now)

    def _grow(self, level: _Level, now: float) -> None:
        if level.limit >= self._most:
            self._settle(self._most, now)
            return
        if self._doing not in ("beginning", "growing"):
            self._free = _Level(level.limit)
        self._free.join(level)
        _, high = self._bracket
        more = high if level.limit < high < math.inf else self._above(level.limit)
        self._doing, self._low, self._high = "growing", level, _Level(min(self._most, more))
        self._go(self._high, now)

    def _shrink(self, level: _Level, now: float) -> None:
        if level.limit <= 1:
            self._settle(1, now)
            return
        self._doing, self._high = "shrinking", level
        self._low = _Level(max(1, min(level.limit - 1, round(level.limit / self._growth))))
        self._go(self._low, now)

    def _above(self, limit: float) -> float:
        """Return how many are tried after so many: a power of two, or ``growth`` times one.

        Servers are mostly set to a power of two, so that the first level with a queue has enough of one to be seen.
        """
        power = 2.0 ** math.floor(math.log2(limit))
        between = float(math.floor(self._growth * power))
        return between if limit < between else 2 * power

    def _settle(self, limit: float, now: float) -> None:
        self._doing, self._rounds = "holding", self._hold * (_RARELY if limit > self._bracket[0] > 1 else 1)
        self._hold = min(_LONGEST_HOLD, 2 * self._hold)
        self._go(_Level(float(limit)), now)

    def _go(self, level: _Level, now: float) -> None:
        """See more of a level."""
        self.limit, self._now, self._early = level.limit, level, _Level(level.limit)
        self._due = level.count + self._round
        self._began, self._settled = now, math.inf

    @property
    def _round(self) -> int:
        least = {"beginning": _AT_FIRST if self.limit == 1 else _FEWEST_UP, "growing": _FEWEST_UP}
        return max(least.get(self._doing, _FEWEST), math.floor(self.limit))


def work_of(request: Request, reply: Reply) -> float:
    """Return what there was to do, in tokens: those written, and a part of those read."""
    written = len(reply.text) + len(reply.thoughts)
    read = sum(len(message.sent) for message in request.messages)
    tokens_out = max(reply.tokens_out or 0, written / _CHARACTERS_PER_TOKEN)
    return _FIXED_TOKENS + tokens_out + read / _CHARACTERS_PER_TOKEN / _READ_FASTER
