"""Shares, and the agreement of two raters beyond chance: how sure a share or Cohen's κ is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import comb, sqrt

from maspo.core.sums import add_up

NORMAL_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: half the width of a 95 % interval, in standard errors."""
NORMAL_95_ONE_SIDED = 1.6448536269514722
"""The 95 % quantile of the normal distribution: of a bound on one side."""
_ADDED = 2.0
"""Pairs that are added to the table, spread evenly over its cells, before the interval is taken
(see ``kappa_interval``)."""
Table = Sequence[Sequence[float]]
"""Counts: ``table[i][j]`` pairs were put into category i by one rater and into j by the other; as wide as high."""


def share_interval(count: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, ``count`` out of ``n``; everything is possible when n is 0.

    Source: Wilson (1927), the score interval; it stays inside 0 to 1 and keeps its width at 0 and at n.
    """
    return _wilson(count / n, n, NORMAL_95) if n else (0.0, 1.0)


def clustered_share_interval(counts: Sequence[int], repeats: int) -> tuple[float, float]:
    """Return the 95 % interval of a share over inputs that were each tried ``repeats`` times.

    ``counts`` holds one count an input, from 0 to ``repeats``. It is Wilson's interval for as many independent trials
    as the spread between inputs is worth: at least the number of inputs, at most the number of trials; beyond one
    repeat with the quantile of Student's t, because that spread is estimated. With one repeat: ``share_interval``.
    Source: the effective sample size of Kish (1965), as Korn and Graubard (1998) use it.
    """
    n = len(counts)
    if repeats == 1 or n < 2:
        return share_interval(sum(counts), n * repeats)
    share = sum(counts) / (n * repeats)
    spread = add_up((count / repeats - share) ** 2 for count in counts) / (n - 1)
    worth = n * share * (1 - share) / spread if spread else float(n)
    return _wilson(share, min(max(worth, n), n * repeats), student_95(n - 1))


def by_group(values: Sequence[int], groups: Sequence[str]) -> dict[str, list[int]]:
    """Return the values of each group; ``groups`` names the group of each value."""
    found: dict[str, list[int]] = {}
    for value, group in zip(values, groups, strict=True):
        found.setdefault(group, []).append(value)
    return found


def grouped_share_interval(counts: Sequence[int], groups: Sequence[str], repeats: int) -> tuple[float, float]:
    """Return the 95 % interval of a share over inputs of which those of a group are not independent.

    ``groups`` names the group of each input. With one input a group it is ``clustered_share_interval``; otherwise the
    share of a ratio: groups are drawn, and bring inputs of their own. Source: as there; Cochran (1977), section 9A.
    """
    sums = by_group(counts, groups)
    n = len(sums)
    if n == len(counts):
        return clustered_share_interval(counts, repeats)
    if n < 2:
        return (0.0, 1.0)
    trials = len(counts) * repeats
    share = sum(counts) / trials
    apart = add_up((sum(found) - share * len(found) * repeats) ** 2 for found in sums.values())
    variance = apart * n / (n - 1) / trials**2
    worth = share * (1 - share) / variance if variance else float(n)
    return _wilson(share, min(max(worth, 1.0), trials), student_95(n - 1))


def student_95(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t; from 3 degrees of freedom on within half a percent.

    Source: Abramowitz and Stegun, 26.7.5 (the expansion around the normal quantile).
    """
    z = NORMAL_95
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def _wilson(share: float, n: float, quantile: float) -> tuple[float, float]:
    square = quantile**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = quantile * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return (min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))


@lru_cache(64)  # a run asks after each request, and few of them change the counts
def at_most(count: int, n: int, share: float) -> float:
    """Return how likely at most ``count`` of ``n`` independent trials succeed, each with probability ``share``."""
    return add_up(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(count + 1))


def kappa(table: Table) -> float | None:
    """Return Cohen's κ: 1 is full agreement, 0 what chance gives. None when both raters know one category only."""
    total = add_up(map(add_up, table))
    if not total:
        return None
    agreed, chance, _, _ = _shares(table)
    return (agreed - chance) / (1 - chance) if chance < 1 else None


def kappa_interval(table: Table) -> tuple[float, float]:
    """Return the 95 % interval of κ.

    Source: the large-sample variance of Fleiss, Cohen and Everitt (1969), taken with two pairs added that are spread
    over all cells, in the way of Agresti and Coull; without them the interval is too short on few pairs.
    """
    cells = len(table) ** 2
    smooth = [[count + _ADDED / cells for count in row] for row in table]
    total = add_up(map(add_up, smooth))
    agreed, chance, rows, columns = _shares(smooth)
    found = (agreed - chance) / (1 - chance)
    variance = -((found - chance * (1 - found)) ** 2)
    for i, row in enumerate(smooth):
        for j, count in enumerate(row):
            weight = 1 - (rows[i] + columns[i]) * (1 - found) if i == j else (1 - found) * (columns[i] + rows[j])
            variance += count / total * weight**2
    half = NORMAL_95 * sqrt(max(variance, 0.0) / total) / (1 - chance)
    return (max(-1.0, found - half), min(1.0, found + half))


def _shares(table: Table) -> tuple[float, float, list[float], list[float]]:
    """Return observed agreement, agreement by chance, and the shares of the categories of either rater."""
    total = add_up(map(add_up, table))
    rows = [add_up(row) / total for row in table]
    columns = [add_up(column) / total for column in zip(*table, strict=True)]
    agreed = add_up(table[i][i] for i in range(len(table))) / total
    return agreed, add_up(row * column for row, column in zip(rows, columns, strict=True)), rows, columns
