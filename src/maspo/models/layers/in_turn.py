"""Which calls an endpoint works on at once, told from when each was sent and answered: servers take calls in turn.

If an endpoint works on so many calls at once and takes them in turn, a call begins to be worked on when it is sent or,
if as many that were sent before are still under way then, when enough of them were answered. So each number of slots
makes a time of its own of what one call took to be worked on. The right one makes it the same whatever else was in
flight; too small a number makes it too short, as when two calls of one moment are answered together, and too large a
number makes it too long. What a few answers tell of that is added up (Wald, Sequential Tests of Statistical Hypotheses,
1945), so that the first answers after a change tell as much as those when the queue has settled.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median

_CLEARLY = 0.2
"""Share of the time of a call by which another one must have been sent earlier to have been overtaken: those of one
moment may change places on the way."""
_ONE_MOMENT = 0.05
"""The same, within which two calls may be taken in either order."""
_FEW = 12
"""Calls that may have been overtaken, up to which they are counted."""
MOST = 24
"""Calls in flight up to which it is looked at who came before whom: a limit that is farther shows by the latency."""
_USUAL = 0.2
"""What the time for a call of one kind is taken to vary by, as a standard deviation of the logarithm, before any is
seen."""
_BELIEVED = 2.0
"""Calls that this is worth."""
_LEAST = 0.05
"""Share of a call for which it was worked on at least: where turns leave less, it was answered out of turn."""
_HICCUP = math.log(3.0)
"""A call that took longer than three that are usual met something else."""
_KEPT = 32
"""Calls of one kind that tell what is usual: the last, since servers and prompts change."""
_TELLING = 96
"""Calls that tell of one number of calls in flight: it is decided by fewer, but where most tell nothing."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that ended: what else was in flight while it was."""

    sent: float
    at: float
    in_flight: int
    """How many were, at most, itself included."""
    overtaken: int = 0
    """Those that were sent clearly before it and still are in flight, up to ``_FEW``."""
    ahead: tuple[float, ...] | None = ()
    """When those that were before it in turn were through, the latest first; infinite for those that are not. None
    where too many were in flight to look."""

    def worked_on(self, slots: int) -> float:
        """Return the seconds for which it was worked on, if so many calls are at once, in turn."""
        began = self.ahead[slots - 1] if self.ahead and len(self.ahead) >= slots else self.sent
        return self.at - max(self.sent, began)


class Beside:
    """Who is in flight beside whom."""

    def __init__(self) -> None:
        self._begun = 0
        self._in_flight = 0
        self._peaks: list[tuple[int, int]] = []
        """The numbers of calls at whose begin more were in flight than at that of any later one, and how many."""
        self._sent: dict[int, float] = {}
        """When the calls in flight were sent, by number, in this order."""
        self._ended: deque[tuple[float, float]] = deque(maxlen=2 * MOST)
        """When the last calls that ended did, and when they were sent."""

    def begin(self, now: float) -> int:
        """Take note that a call begins; return its number."""
        self._begun += 1
        self._in_flight += 1
        while self._peaks and self._peaks[-1][1] <= self._in_flight:
            self._peaks.pop()
        self._peaks.append((self._begun, self._in_flight))
        self._sent[self._begun] = now
        return self._begun

    def end(self, number: int, now: float) -> Ended:
        """Take note that a call ends; return what was in flight beside it."""
        self._in_flight -= 1
        sent = self._sent.pop(number)
        clearly = sent - _CLEARLY * (now - sent)
        # Those in flight stand in the order in which they were sent, so that mostly the first one tells.
        overtaken = _count_before(clearly, islice(self._sent.values(), _FEW))
        most = self._peaks[bisect_left(self._peaks, (number,))][1]
        ahead = self._ahead(sent, now) if most <= MOST else None
        self._ended.append((now, sent))
        return Ended(sent, now, most, overtaken, ahead)

    def _ahead(self, sent: float, now: float) -> tuple[float, ...]:
        """Return when those before a call were through: of those of its moment, those that were answered before."""
        moment = _ONE_MOMENT * (now - sent)
        found = [math.inf] * _count_before(sent - moment, self._sent.values())
        for at, other in reversed(self._ended):
            if at <= sent:
                break
            if other <= sent + moment:
                found.append(at)
        return tuple(found)


def _count_before(moment: float, times: Iterable[float]) -> int:
    """Return how many times in a row, the earliest first, are before a moment."""
    count = 0
    for one in times:
        if one >= moment:
            break
        count += 1
    return count


class _Took:
    """Logarithms of the seconds that calls of one kind took of which none waited, and of their tokens."""

    def __init__(self) -> None:
        self._calls: deque[tuple[float, float]] = deque(maxlen=_KEPT)

    def add(self, tokens: float, ended: Ended) -> None:
        """Add a call."""
        self._calls.append((math.log(ended.at - ended.sent), math.log(tokens)))

    def usual(self) -> list[tuple[float, float]]:
        """Return the calls without those that met a hiccup, such as that a model was loaded for the first one."""
        found = list(self._calls)
        alone = median([seconds for seconds, _ in found]) + _HICCUP
        by_token = median([seconds - tokens for seconds, tokens in found]) + _HICCUP
        return [one for one in found if one[0] <= alone or one[0] - one[1] <= by_token]


class InTurn:
    """What calls take, and whether more of them are worked on side by side since more are in flight."""

    def __init__(self) -> None:
        self._took: defaultdict[Hashable, _Took] = defaultdict(_Took)
        self._telling: deque[tuple[Hashable, float, Ended]] = deque(maxlen=_TELLING)
        """Calls that may have waited: kind, tokens, and what was in flight beside them."""

    def note(self, kind: Hashable, tokens: float, ended: Ended, proven: int) -> None:
        """Take note of an answer, where so many calls are known to be worked on at once."""
        if ended.ahead is None or ended.at <= ended.sent:
            return
        if len(ended.ahead) < proven:
            self._took[kind].add(tokens, ended)
        else:
            self._telling.append((kind, tokens, ended))

    def forget(self) -> None:
        """Forget the calls that may have waited."""
        self._telling.clear()

    def accept(self) -> None:
        """Take the calls that may have waited for ones that did not."""
        for kind, tokens, ended in self._telling:
            self._took[kind].add(tokens, ended)
        self._telling.clear()

    def favours(self, slots: int, fewer: int) -> float:
        """Return how much more likely so many slots make what was seen than fewer do, as a logarithm."""
        if not self._telling or fewer >= slots:
            return 0.0
        return self._likely(slots) - self._likely(fewer)

    def _likely(self, slots: int) -> float:
        """Return how likely so many slots make the times of all calls, as a logarithm.

        They hang on the tokens, or do not: both are as likely before any is seen.
        """
        times = {kind: took.usual() for kind, took in self._took.items()}
        all_seconds = 0.0
        for kind, tokens, ended in self._telling:
            seconds = math.log(max(_LEAST * (ended.at - ended.sent), ended.worked_on(slots)))
            all_seconds += seconds
            times.setdefault(kind, []).append((seconds, math.log(tokens)))
        alone = _of_one_size([[seconds for seconds, _ in alike] for alike in times.values()])
        by_token = _of_one_size([[seconds - tokens for seconds, tokens in alike] for alike in times.values()])
        return max(alone, by_token) + math.log1p(math.exp(-abs(alone - by_token))) - all_seconds


def _of_one_size(kinds: Iterable[Sequence[float]]) -> float:
    """Return how likely numbers are that vary alike about a mean of their kind, but for a constant, as a logarithm.

    Normal ones, whose means and variance are not known: over all of these that is Student's t.
    """
    squares, freedom = _BELIEVED * _USUAL**2, _BELIEVED
    for alike in kinds:
        mean = math.fsum(alike) / len(alike)
        squares += math.fsum((one - mean) ** 2 for one in alike)
        freedom += len(alike) - 1
    return -freedom / 2 * math.log(squares)
