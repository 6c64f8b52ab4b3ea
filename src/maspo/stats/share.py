"""Shares: how often something happened, and how sure that is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

NORMAL_95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: half the width of a 95 % interval, in standard errors."""


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
    spread = sum((count / repeats - share) ** 2 for count in counts) / (n - 1)
    worth = n * share * (1 - share) / spread if spread else float(n)
    return _wilson(share, min(max(worth, n), n * repeats), student_95(n - 1))


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
