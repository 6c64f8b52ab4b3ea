"""Paired comparisons: exact tests, intervals, a test in growing stages, and how many inputs a proof needs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import ceil, comb, fsum, sqrt
from statistics import NormalDist

from maspo.stats.share import NORMAL_95

SIGNIFICANT = 0.05
"""The usual threshold of a p-value (Fisher 1925)."""
_MOST_STEPS = 20_000_000
"""Additions that an exact test may take: about a second."""


def sign_test(wins: int, losses: int) -> float:
    """Return the one-sided exact p-value of ``wins`` or more under a fair coin; ties are left out.

    Source: the binomial sign test (exact conditional form of McNemar's test).
    """
    n = wins + losses
    return sum(comb(n, k) for k in range(wins, n + 1)) / (1 << n)


def fewest_decided() -> int:
    """Return how many wins without a loss are needed before p can reach the threshold."""
    n = 1
    while sign_test(n, 0) > SIGNIFICANT:
        n += 1
    return n


def mcnemar(wins: int, losses: int) -> float:
    """Return the two-sided exact p-value of wins and losses under a fair coin; ties are left out.

    Source: the exact conditional form of McNemar's test, twice the smaller tail.
    """
    return min(1.0, 2 * sign_test(max(wins, losses), min(wins, losses)))


def sign_flip_test(differences: Sequence[int]) -> float:
    """Return the one-sided p-value of a sum of differences this large, if every sign were as likely as its opposite.

    One whole number an input, such as correct repeats after minus before. With differences of -1, 0 and 1 this is
    ``sign_test``. Exact, but for sums of so many inputs that the normal approximation cannot be told from it.
    Source: Fisher's randomization test for pairs (Pitman 1937).
    """
    sizes = [abs(difference) for difference in differences if difference]
    found, most = sum(differences), sum(sizes)
    if set(sizes) <= {1}:
        return sign_test((most + found) // 2, (most - found) // 2)
    if len(sizes) * most > _MOST_STEPS:
        return NormalDist().cdf((0.5 - found) / sqrt(sum(size * size for size in sizes)))
    chances = [1.0]
    for size in sizes:
        # The sum of those that are positive so far: this one is added in half of all cases.
        gap = [0.0] * size
        chances = [0.5 * (up + down) for up, down in zip(gap + chances, chances + gap, strict=True)]
    return min(1.0, fsum(chances[(most + found + 1) // 2 :]))


def net_win_interval(wins: int, losses: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of the net win rate (wins − losses) / n of paired inputs.

    It is the adjusted Wald interval of Bonett and Price (2012) with half a win and half a loss added instead of one
    each, which covers closer to 95 % when few inputs differ; it keeps its width when nothing differs.
    """
    return _adjusted(wins - losses, wins + losses, n, 1)


def mean_difference_interval(differences: Sequence[int], repeats: int) -> tuple[float, float]:
    """Return the 95 % interval of the mean difference a repeat; ``differences`` are sums over an input's repeats.

    Inputs are the independent units, so repeats of one input never count as more inputs. With one repeat this is
    ``net_win_interval``. The two half inputs that are added there are scaled here by the square root of the repeats,
    as the noise of a mean is; coverage is measured in tests/stats.
    """
    return _adjusted(
        sum(differences) / repeats,
        sum(difference * difference for difference in differences) / repeats**2,
        len(differences),
        repeats,
    )


def _adjusted(total: float, squares: float, n: int, repeats: int) -> tuple[float, float]:
    mean = total / (n + 1)
    variance = (squares + 1 / repeats) / (n + 1) - mean**2
    half = NORMAL_95 * sqrt(variance / (n + 1))
    return (max(-1.0, mean - half), min(1.0, mean + half))


def needed_inputs(wins: int, losses: int, n: int) -> int:
    """Return about how many hold-out inputs would let something be proven, at the rate of differences seen here.

    With no difference at all, one is assumed, so the figure is a lower bound.
    """
    return ceil(fewest_decided() * n / max(wins + losses, 1))


class Decision(Enum):
    """What a stage says."""

    DROP = "drop"
    CONTINUE = "continue"
    ACCEPT = "accept"


def decide(scores: Sequence[float], last_stage: bool, margin: float = 0.5) -> Decision:
    """Decide on one stage from one score per input (positive: the candidate is better).

    A mean of at most zero drops the candidate at once. After the last stage it is accepted when the mean exceeds
    ``margin`` standard errors; before, it goes on.
    """
    n = len(scores)
    mean = sum(scores) / n if n else 0.0
    if mean <= 0:
        return Decision.DROP
    if not last_stage:
        return Decision.CONTINUE
    variance = sum((score - mean) ** 2 for score in scores) / max(n - 1, 1)
    return Decision.ACCEPT if mean > margin * sqrt(variance / n) else Decision.DROP
