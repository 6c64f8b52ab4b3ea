"""How fast models answer: what a chain of calls takes, and how many answers come in a second. Pure."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from statistics import fmean, pvariance
from typing import Final

_TELLING: Final = 20
"""Answers that tell a tempo: more than the first small questions, fewer than any round of a search."""
_RECENT: Final = 200
"""Answers that are remembered of each purpose: endpoints slow down and recover, and runs take hours."""


class Tempo:
    """Takes note of answers; times are seconds of the clock of whoever tells."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_RECENT))
        """By purpose, what the last calls took."""
        self._came: deque[float] = deque(maxlen=_RECENT)
        """When the last answers came, of all purposes."""

    @property
    def is_known(self) -> bool:
        """Whether enough answers have come to tell anything."""
        return len(self._came) >= _TELLING

    def note(self, purpose: str, seconds: float, now: float) -> None:
        """Take note of an answer that came now, after so many seconds."""
        self._seconds[purpose].append(seconds)
        self._came.append(now)

    def longest(self, chain: tuple[str, ...], chains: int) -> float:
        """Return the seconds that the slowest of some chains is expected to take; infinite before anything is known.

        ``chain`` are the purposes of calls one after the other. For independent sums of any law with mean m and
        standard deviation s, the greatest of n has an expectation of at most m + s (n - 1) / √(2n - 1) (Gumbel 1954;
        Hartley and David 1954). A purpose without an answer so far is taken for the mean of all.
        """
        every = [seconds for told in self._seconds.values() for seconds in told]
        if not every:
            return math.inf
        told = [self._seconds.get(purpose) or every for purpose in chain]
        mean, variance = math.fsum(map(fmean, told)), math.fsum(map(pvariance, told))
        return mean + math.sqrt(variance) * (chains - 1) / math.sqrt(2 * chains - 1)

    def shortest_for(self, calls: int) -> float:
        """Return the seconds that so many answers take at the best pace that was borne lately; 0 before it is known.

        It counts what a latency does not show: waits for a rate limit, places at a server, what an app does between
        its calls.
        """
        came = list(self._came)
        if len(came) < _TELLING:
            return 0.0
        best = min(last - first for first, last in zip(came, came[_TELLING - 1 :], strict=False))
        return calls * best / (_TELLING - 1)
