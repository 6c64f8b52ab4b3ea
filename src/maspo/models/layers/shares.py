"""How much of the work each of several servers gets: as much as keeps its replies as soon as those of the others.

Servers differ: in their cards, in who else uses them. One that is four times slower and gets as many calls as the
others makes every wave of calls wait for it. What a server bears is not told, so what comes back is compared, as
drivers do who take another road until all take the same time (Wardrop, Proc. Inst. Civ. Eng. 1(3), 1952). Pure: times
are given, in seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_UNEVEN = 1.25
"""Calls of a server over its part of all, at most: consistent hashing with bounded loads (Mirrokni, Thorup and
Zadimoghaddam, SODA 2018) keeps most of its places from a quarter more on."""
_SLOWER = 2.0
"""Times as slow as the fastest from which on a server gets less: replies of some kinds, and busier moments, differ by
less than that where servers are alike."""
_LESS, _MORE = 0.8, 2.0
"""Times the part after a reply that came too late, and after one that did not."""
_LEAST = 1 / 32
"""Part that is left at least, so that few replies in time bring it back."""
_FADES = 0.9
"""Weight of what was known at each further reply: some ten of them tell how fast a server is."""
_AT_ONCE = 0.1
"""Seconds; replies that come sooner are all soon enough."""
_TELLING = 4
"""Replies that tell how fast a server is, at least."""
_SELDOM = 30.0
"""Times the length of its call after which a server that is given nothing is given one: few have to wait for those."""


@dataclass
class Share:
    """What one server gets, and what is known of its replies."""

    part: float = 1.0
    """Of what the fastest one gets."""
    _paces: float = 0.0
    """Logarithms of the seconds for a token, so that one reply that came late says no more than another."""
    _seconds: float = 0.0
    _weight: float = 0.0
    _replies: int = 0
    _last: float = -math.inf

    @property
    def pace(self) -> float:
        """Seconds for a token of work, of late; infinite before that is known."""
        return math.exp(self._paces / self._weight) if self._replies >= _TELLING else math.inf

    def note(self, seconds: float, work: float, now: float) -> None:
        """Take note of a reply: how long it took, and the tokens that there were to do."""
        kept = 0.0 if self.is_due(now) else _FADES
        seconds = max(seconds, _AT_ONCE)
        self._paces, self._seconds = kept * self._paces + math.log(seconds / work), kept * self._seconds + seconds
        self._weight = kept * self._weight + 1
        self._replies += 1
        self._last = now

    def is_due(self, now: float) -> bool:
        """Say whether the last reply is so long ago that it tells little."""
        return bool(self._replies) and now - self._last >= _SELDOM * self._seconds / self._weight

    def keeps_up(self, best: float) -> bool:
        """Say whether it is about as fast as the fastest."""
        return self.pace <= _SLOWER * best or math.inf in (best, self.pace)

    def adapt(self, best: float) -> None:
        """Change its part after a reply, by the pace of the fastest."""
        self.part = min(1.0, _MORE * self.part) if self.keeps_up(best) else max(_LEAST, _LESS * self.part)


def most_calls(shares: Sequence[Share], calls: int, now: float) -> list[int]:
    """Return how many of some calls each server may have: a quarter more than its part, and none if that is below one.

    One that was slow is given a call where it would keep up by now, the others being busier, and now and then to see.
    """
    best, parts = min(one.pace for one in shares), math.fsum(one.part for one in shares)
    found = []
    for one in shares:
        most = _UNEVEN * calls * one.part / parts
        if one.part == 1.0:
            found.append(math.ceil(most))
        else:
            found.append(max(math.floor(most), int(one.keeps_up(best) or one.is_due(now))))
    return found
