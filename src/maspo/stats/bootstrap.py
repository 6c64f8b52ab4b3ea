"""The paired bootstrap of a mean difference, without drawing: what infinitely many resamples would come to. Pure."""

from __future__ import annotations

import cmath
from collections import Counter
from collections.abc import Sequence
from math import gcd, pi

from maspo.core.sums import add_up
from maspo.stats.paired import PARTS, group_differences

_TAIL = 0.025
"""Of a 95 % interval, on either side."""
_FEWEST = 2
"""Units that must be there to be drawn again: one alone always comes out as itself."""
_MOST_PLACES = 1 << 15
"""Places of the sum that are told apart; more are joined, which moves an end by less than a thousandth of an input."""


def paired_bootstrap(differences: Sequence[int], groups: Sequence[str], repeats: int = 1) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean difference a repeat, by the paired bootstrap.

    ``differences`` are sums over an input's repeats; ``groups`` names the group of each input. Groups are drawn again
    with replacement, each with all its inputs and all its repeats, because only groups are independent. Differences
    are whole numbers, so the distribution of the mean over all resamples is found exactly, by the characteristic
    function of one draw, and no seed decides it: 10,000 drawn resamples only come near it.
    Everything is possible with fewer than two groups.
    Source: Efron and Tibshirani (1993), chapters 8 and 13: the ideal bootstrap estimate, the percentile interval.
    """
    units = group_differences(differences, groups)
    if len(units) < _FEWEST:
        return (-1.0, 1.0)
    low, high = _percentiles(units)
    whole = PARTS * len(units) * repeats
    return low / whole, high / whole


def _percentiles(units: Sequence[int]) -> tuple[int, int]:
    """Return the percentiles of the sum of as many draws, with replacement, as there are units."""
    n, least, most = len(units), min(units), max(units)
    if least == most:
        return n * least, n * most
    step = gcd(*(unit - least for unit in units))
    step *= -(-n * (most - least) // (step * _MOST_PLACES)) if n * (most - least) > step * _MOST_PLACES else 1
    shares = [(round((unit - least) / step), count / n) for unit, count in sorted(Counter(units).items())]
    places = n * shares[-1][0] + 1
    turn = 2j * pi / places
    waves = [add_up(share * cmath.exp(turn * k * value) for value, share in shares) ** n for k in range(places)]

    def at_most(place: int) -> float:
        """Return how likely the sum is at this place or below: the inverse transform, added up to there."""
        # Over k > 0 the inner sum over places is a geometric one.
        total = complex(place + 1)
        for k in range(1, places):
            total += waves[k] * (1 - cmath.exp(-turn * k * (place + 1))) / (1 - cmath.exp(-turn * k))
        return total.real / places

    def first(share: float) -> int:
        below, at = -1, places - 1
        while at - below > 1:
            middle = (below + at) // 2
            below, at = (below, middle) if at_most(middle) >= share else (middle, at)
        return at

    return n * least + step * first(_TAIL), n * least + step * first(1 - _TAIL)
