"""Paired comparisons: exact tests, intervals, a test in growing stages, and how many inputs a proof needs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import ceil, comb, fsum, gcd, sqrt
from statistics import NormalDist

from maspo.core.sums import add_up
from maspo.stats.share import NORMAL_95, NORMAL_95_ONE_SIDED, by_group, student_95

SIGNIFICANT = 0.05
"""The usual threshold of a p-value (Fisher 1925)."""
_MOST_STEPS = 20_000_000
"""Additions that an exact test may take: about a second."""
PARTS = 60
"""Parts of an input in which the mean of a group is counted: 2, 3, 4, 5, 6, 10 and 12 divide it."""
_HALVINGS = 40
"""Of an interval, until it is as narrow as a float tells."""
_FEWEST_GROUPS = 4
"""Groups of several inputs that an interval needs: with fewer, Student's t spans nearly everything."""


def sign_test(wins: int, losses: int) -> float:
    """Return the one-sided exact p-value of ``wins`` or more under a fair coin; ties are left out.

    Source: the binomial sign test (exact conditional form of McNemar's test).
    """
    n = wins + losses
    return sum(comb(n, k) for k in range(wins, n + 1)) / (1 << n)


def net_loss_bound(losses: float, wins: float, n: float) -> float:
    """Return how much more may be lost than won at most, as a share of n pairs: an upper bound of 95 % on one side.

    Counts may be fractions, where pairs are worth less than one each. Without a difference on n pairs it is about
    2.7 / n, so that ties on a few pairs prove nothing.
    Source: the score interval of Tango (1998) for the difference of paired shares, its upper limit.
    """
    if n <= 0:
        return 1.0

    def score(delta: float) -> float:
        # The maximum-likelihood share of wins if losses were more by delta, and the score statistic of that.
        a, b, c = 2 * n, (2 * n - losses + wins) * delta - losses - wins, -wins * delta * (1 - delta)
        share = (sqrt(max(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
        spread = n * (2 * share + delta * (1 - delta))
        return (losses - wins - n * delta) / sqrt(spread) if spread > 0 else float("-inf")

    low, high = (losses - wins) / n, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if score(middle) > -NORMAL_95_ONE_SIDED else (low, middle)
    return high


def fewest_decided(level: float = SIGNIFICANT) -> int:
    """Return how many wins without a loss are needed before p can reach the threshold."""
    n = 1
    while sign_test(n, 0) > level:
        n += 1
    return n


def mcnemar(wins: int, losses: int) -> float:
    """Return the two-sided exact p-value of wins and losses under a fair coin; ties are left out.

    Source: the exact conditional form of McNemar's test, twice the smaller tail.
    """
    return min(1.0, 2 * sign_test(max(wins, losses), min(wins, losses)))


def sign_flip_test(differences: Sequence[int]) -> float:
    """Return the one-sided p-value of a sum of differences this large, if every sign were as likely as its opposite.

    One whole number an independent unit, such as correct repeats of an input after minus before, or what
    ``group_differences`` returns. With differences of -1, 0 and 1 this is ``sign_test``. Exact, but for sums of so many
    units that the normal approximation cannot be told from it.
    Source: Fisher's randomization test for pairs (Pitman 1937).
    """
    sizes, found = _sizes(differences)
    most = sum(sizes)
    if set(sizes) <= {1}:
        return sign_test((most + found) // 2, (most - found) // 2)
    if not _is_countable(sizes):
        return NormalDist().cdf((0.5 - found) / sqrt(sum(size * size for size in sizes)))
    return min(1.0, fsum(_chances(sizes)[(most + found + 1) // 2 :]))


def attained(differences: Sequence[int], level: float) -> float:
    """Return the chance that ``sign_flip_test`` is at most ``level``, if every sign is as likely as its opposite.

    Of few units it is less than the level, since p has few values: 13 that differ alike give 0.046 for 0.05, and 14
    give 0.029.
    """
    sizes, _ = _sizes(differences)
    if not _is_countable(sizes):
        return level
    chance = 0.0
    for one in reversed(_chances(sizes)):
        if chance + one > level:
            break
        chance += one
    return chance


def _sizes(differences: Sequence[int]) -> tuple[list[int], int]:
    """Return the sizes of differences in their greatest common unit, and their sum."""
    unit = gcd(*differences) or 1
    return [abs(difference) // unit for difference in differences if difference], sum(differences) // unit


def _is_countable(sizes: Sequence[int]) -> bool:
    return len(sizes) * sum(sizes) <= _MOST_STEPS


def _chances(sizes: Sequence[int]) -> list[float]:
    """Return how likely each sum of the positive ones is, if half of all signs are positive."""
    chances = [1.0]
    for size in sizes:
        # The sum of those that are positive so far: this one is added in half of all cases.
        gap = [0.0] * size
        chances = [0.5 * (up + down) for up, down in zip(gap + chances, chances + gap, strict=True)]
    return chances


def group_differences(differences: Sequence[int], groups: Sequence[str]) -> list[int]:
    """Return the mean difference of each group of inputs, in sixtieths, for ``sign_flip_test``.

    ``groups`` names the group of each input. Inputs of a group are not independent: if nothing differs, the signs of
    groups are as likely as their opposites, and those of single inputs are not. Each group counts once, however many
    inputs it has. The rounding keeps signs apart alike, so the test stays exact; alone in their groups, inputs
    keep their differences.
    """
    return [_parts(sum(values), len(values)) for values in by_group(differences, groups).values()]


def _parts(total: int, n: int) -> int:
    """Return a mean in sixtieths, rounded alike on both sides of zero."""
    size = (2 * PARTS * abs(total) + n) // (2 * n)
    return size if total > 0 else -size


def group_mean(differences: Sequence[int], groups: Sequence[str], repeats: int = 1) -> float:
    """Return the mean difference a repeat over groups, each of which counts once; 0 of nothing."""
    means = [sum(values) / len(values) for values in by_group(differences, groups).values()]
    return fsum(means) / (len(means) * repeats) if means else 0.0


def group_interval(differences: Sequence[int], groups: Sequence[str], repeats: int = 1) -> tuple[float, float]:
    """Return the 95 % interval of ``group_mean``. Groups are the independent units.

    With one input a group it is ``mean_difference_interval``; otherwise it has the quantile of Student's t instead of
    the normal one, because the spread of few groups is estimated, and of fewer than four groups it is everything.
    """
    found = by_group(differences, groups)
    if len(found) == len(differences):
        return mean_difference_interval(differences, repeats)
    if len(found) < _FEWEST_GROUPS:
        return (-1.0, 1.0)
    means = [sum(values) / len(values) for values in found.values()]
    squares = fsum(mean * mean for mean in means) / repeats**2
    return _adjusted(fsum(means) / repeats, squares, len(means), repeats, student_95(len(means) - 1))


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


def _adjusted(total: float, squares: float, n: int, repeats: int, quantile: float = NORMAL_95) -> tuple[float, float]:
    mean = total / (n + 1)
    variance = (squares + 1 / repeats) / (n + 1) - mean**2
    half = quantile * sqrt(variance / (n + 1))
    return (max(-1.0, mean - half), min(1.0, mean + half))


def needed_inputs(decided: int, n: int, level: float = SIGNIFICANT) -> int:
    """Return about how many independent inputs would let something be proven, if as many of them differ as did here.

    ``decided`` of ``n`` differed. With no difference at all, one is assumed, so the figure is a lower bound.
    """
    return ceil(fewest_decided(level) * n / max(decided, 1))


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
    mean = add_up(scores) / n if n else 0.0
    if mean <= 0:
        return Decision.DROP
    if not last_stage:
        return Decision.CONTINUE
    variance = add_up((score - mean) ** 2 for score in scores) / max(n - 1, 1)
    return Decision.ACCEPT if mean > margin * sqrt(variance / n) else Decision.DROP
