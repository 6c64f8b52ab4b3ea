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

Servers take calls in turn, so when each was sent and answered tells more than how long it took (``InTurn``): on the
way up that decides, within a reply or two; where it cannot, what calls took at the two levels does. Who is answered
before a call that was sent clearly earlier did not wait behind it, so a call that overtakes all others in flight says
at once that all of them are worked on.

A hiccup is no queue: of the endpoint, the network, or this machine, which pauses for a second or collects garbage. So
what few calls met is left out, and where calls were seen to wait, that is seen a second time before it counts.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from maspo.models.base import Reply, Request
from maspo.models.layers.in_turn import MOST, Ended, InTurn

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
_HICCUPS = ((4.0, 1.2, 0.2), (3.0, 3.0, 0.5))
"""What tells a hiccup: standard deviations beyond what is usual, times as long at least, and the share of a level's
calls that it strikes at most. In a queue at least a fourth of the calls wait at the next level, and none thrice as
long, since levels that are compared differ twofold at most."""
_OF_MEDIAN = 1.4826
"""A standard deviation, as a multiple of the median absolute deviation of a normal law."""
_MUCH_LESS = 0.5
"""Of the variance by the token, from which on calls are compared as they are: in a queue, and where the time for a
reply hangs little on its length."""
_FEWEST, _FEWEST_UP, _AT_FIRST = 8, 4, 1
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
_UNSURE = 0.06
"""Standard error of the rise beyond which so small a gain must be sure: more than that of calls of one length, and less
than that of replies that differ by half."""
_HOLD, _LONGEST_HOLD = 4, 32
"""Rounds of answers until more, or less, is tried again; after each try in vain twice as many."""
_RARELY = 4
"""Times as many rounds where some wait on purpose: to look whether they still do, fewer are sent."""
_EVERY = 4
"""One try in so many is of less: what is in vain there leaves slots idle, and slots seldom go."""
_FIXED_TOKENS = 32
"""Tokens that a model of usual speed would write in the time that a call takes beside its text."""
_LIKELY, _WAITS = 4.0, 5.0
"""How much more likely it must be, by the turns of calls, that all are worked on than that some wait, as a logarithm,
and the other way round: fifty times, and a hundred and fifty, since an idle slot costs more than a call that waits."""
_SPARE = 2
"""Slots from which on one call more waits, so that none is idle while a reply is on its way: as where they are told."""
_CHARACTERS_PER_TOKEN = 4
_READ_FASTER = 16
"""How many times faster prompts are read than replies are written, about, where nothing is cached."""


@dataclass(frozen=True, slots=True)
class _Call:
    """The seconds that a call took, and the tokens that there were to do."""

    seconds: float
    tokens: float


def _slower(here: Sequence[_Call], there: Sequence[_Call]) -> tuple[float, float]:
    """Return by how much calls took longer here than there, as a logarithm, and the variance of that.

    By the token, or by the call where that varies much less: in a queue, or where the time hangs little on the length.
    """
    rise, variance = _compared(here, there)
    alike = [[_Call(one.seconds, 1.0) for one in calls] for calls in (here, there)]
    rise_of_calls, variance_of_calls = _compared(*alike)
    return (rise_of_calls, variance_of_calls) if variance_of_calls < _MUCH_LESS * variance else (rise, variance)


def _compared(here: Sequence[_Call], there: Sequence[_Call]) -> tuple[float, float]:
    """Return the difference of two paces and its variance; a few may agree by chance, so the larger spread counts."""
    here, there = _usual(here, there)
    (pace, spread), (other, other_spread) = _pace(here), _pace(there)
    return pace - other, max(spread, other_spread) * (1 / len(here) + 1 / len(there))


def _pace(calls: Sequence[_Call]) -> tuple[float, float]:
    """Return the logarithm of the seconds for a token, and its variance for a single call.

    That of a ratio of two sums (Cochran, Sampling Techniques, 1977, 6.4).
    """
    seconds, tokens = math.fsum(one.seconds for one in calls), math.fsum(one.tokens for one in calls)
    ratio = seconds / tokens
    rest = math.fsum((one.seconds - ratio * one.tokens) ** 2 for one in calls) * len(calls) / seconds**2
    return math.log(ratio), rest * len(calls) / max(1, len(calls) - 1) + _LEAST_SPREAD**2


def _usual(here: Sequence[_Call], there: Sequence[_Call]) -> tuple[Sequence[_Call], Sequence[_Call]]:
    """Return the calls of two levels without those that met a hiccup: of the endpoint, the network or this machine.

    A queue makes more calls wait, or none as long.
    """
    paces = [math.log(one.seconds / one.tokens) for one in (*here, *there)]
    middle = median(paces)
    spread = _OF_MEDIAN * median(abs(pace - middle) for pace in paces)
    for beyond, times, most in _HICCUPS:
        bound = math.exp(middle + max(math.log(times), beyond * spread))
        kept = [[one for one in calls if one.seconds <= bound * one.tokens] for calls in (here, there)]
        if all(len(calls) - len(some) < most * len(calls) for calls, some in zip((here, there), kept, strict=True)):
            return kept[0], kept[1]
    return here, there


@dataclass
class _Level:
    """What calls took at one number of calls in flight, by kind of call."""

    limit: float
    took: defaultdict[_Kind, list[_Call]] = field(default_factory=lambda: defaultdict(list))
    count: int = 0

    def add(self, kind: _Kind, seconds: float, tokens: float) -> None:
        """Add a call."""
        self.took[kind].append(_Call(seconds, tokens))
        self.count += 1

    def join(self, other: _Level) -> None:
        """Add all calls of another level."""
        for kind, took in other.took.items():
            self.took[kind] += took
        self.count += other.count

    def slower_than(self, other: _Level) -> tuple[float, float]:
        """Return by how much calls took longer here, as a logarithm, and its standard error.

        Over kinds that both have seen, if there are.
        """
        both = [kind for kind in self.took if kind in other.took]
        pairs = [(self.took[kind], other.took[kind]) for kind in both] or [(self._all(), other._all())]
        total = sum(len(here) for here, _ in pairs)
        rises = [(len(here) / total, *_slower(here, there)) for here, there in pairs]
        rise = math.fsum(share * by for share, by, _ in rises)
        return rise, math.sqrt(math.fsum(share**2 * variance for share, _, variance in rises))

    def _all(self) -> list[_Call]:
        return [one for took in self.took.values() for one in took]


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
        self._doubted: tuple[_Level, _Level] | None = None
        """What was compared when a queue was first seen at this level."""
        self._tries = 0 if self.limit > 1 else 1
        self._free = _Level(1)
        """What was seen on the way up, at all levels at which no call waited."""
        self._in_turn = InTurn()
        self._likely = 0.0
        """How much more likely it is that all calls are worked on than that some wait, by their turns."""
        self._hold = self._rounds = _HOLD
        self._due = self._round
        """Answers at this level after which it is judged."""

    def tell(self, slots: int) -> None:
        """Take the number of slots from the endpoint: one call more than these waits, so that none is ever idle."""
        self._told = True
        self.limit = min(self._most, float(slots + (slots > 1)))

    @property
    def looks(self) -> bool:
        """Whether an answer may still change how many are sent: not where the endpoint, or whoever asks, has told."""
        return not self._told or self._is_growing

    @property
    def _is_growing(self) -> bool:
        return self._doing == "growing" and self._now is self._high

    def note(self, request: Request, reply: Reply, ended: Ended) -> None:
        """Take note of an answer to a call, and of what was in flight beside it."""
        growing = self._is_growing
        if growing and ended.overtaken + 1 >= self._high.limit:
            self._grow(self._high, ended.at)
            return
        seconds = reply.seconds or ended.at - ended.sent
        if self._told or seconds <= 0 or not reply.answers:
            return
        kind, tokens = (request.purpose, request.agent, request.model), work_of(request, reply)
        self._likely = self._told_in_turn(kind, tokens, ended)
        if self._likely >= _LIKELY:
            self._high.join(self._early)
            self._grow(self._high, ended.at)
            return
        if ended.sent < self._began or ended.in_flight < math.floor(self.limit):
            return  # It tells of another level, or of none: nothing is learned where too little is asked.
        if self._settled == math.inf:
            self._settled = ended.at
        if ended.sent < self._settled:
            # The queue of the level before still is or is not there; a far limit shows all the same.
            self._early.add(kind, seconds, tokens)
            if growing and self.limit > _FEW and self._low.count:
                enough = self._early.count >= max(_TURN, self.limit)  # the first of many are those that did not wait
                if enough and self._early.slower_than(self._low)[0] <= _PLAIN * self._ratio:
                    self._grow(self._early, ended.at)
            return
        self._now.add(kind, seconds, tokens)
        if self._now.count >= self._due:
            self._judge(ended.at)

    def _told_in_turn(self, kind: _Kind, tokens: float, ended: Ended) -> float:
        """Return how much more likely it is that all are worked on than that some wait, as a logarithm."""
        growing = self._doing == "growing"
        held = min(self.limit, self._bracket[0]) if self._doing == "holding" else 1
        self._in_turn.note(kind, tokens, ended, math.floor(self._low.limit if growing else held))
        if not growing or self._high.limit > MOST:
            self._in_turn.forget()
            return 0.0
        slots = math.floor(self._high.limit)
        fewer = max(math.floor(self._low.limit), math.floor(slots * math.exp(-self._allowed)))
        return self._in_turn.favours(slots, fewer)

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
        few = self._high.limit <= _FEW
        waits = few and self._doing == "growing" and self._likely <= -_WAITS
        if few and self._doing == "growing" and self._now is self._high and not waits and self._high.count < _MOST:
            self._due = self._now.count + 1
            return  # Slots may be idle at the lower level.
        if not self._high.count or not self._low.count:
            self._go(self._low if self._now is self._high else self._high, now)
            return
        rise, error = self._high.slower_than(self._low)
        over = rise - self._allowed
        if few and self._doing == "growing" and self._free.count and not waits:
            pooled, spread = self._high.slower_than(self._free)
            if pooled + _POOLED * spread <= self._allowed:
                self._grow(self._high, now)
                return
        if (
            few
            and self._doing != "shrinking"
            and not waits
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
        if over <= 0 and not waits:
            self._hold = _HOLD
            if self._doing == "shrinking":
                self._settle(self._high.limit, now)
            else:
                self._grow(self._high, now)
        elif self._doing == "shrinking" and rise > _SURELY * self._ratio:
            self._hold = _HOLD
            self._shrink(self._low, now)
        elif few and self._doing == "growing" and self._doubted is None:
            # A hiccup strikes all that are in flight, so that they agree: a queue is there at a second look as well.
            self._doubted = self._low, self._high
            self._low, self._high = _Level(self._low.limit), _Level(self._high.limit)
            self._in_turn.forget()
            self._go(self._low, now)
            self._due = max(self._due, _TURN - self._doubted[0].count)
        else:
            low, high = self._low.limit, self._high.limit
            if self._doing == "growing" and self._doubted is not None:
                for level, seen in zip((self._low, self._high), self._doubted, strict=True):
                    level.join(seen)
                rise, error = self._high.slower_than(self._low)
            self._bracket = low, high
            worked = high * math.exp(-rise)
            surely = high * math.exp(-rise - (_SURE * error if error > _UNSURE else 0.0))
            gains = surely > _NO_GAIN * low
            # A slot that is idle is worse than a call that waits.
            self._settle(min(high, math.ceil(worked) + 1 if gains else low + (few and low >= _SPARE)), now)

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
        self._in_turn.accept()
        _, high = self._bracket
        more = high if level.limit < high < math.inf else self._above(level.limit)
        self._doubted = None
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
