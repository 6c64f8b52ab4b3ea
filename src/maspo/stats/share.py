"""Shares: how often something happened, and how sure that is. Pure."""

from __future__ import annotations

from math import sqrt

_NORMAL_95 = 1.959963984540054


def share_interval(count: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, ``count`` out of ``n``; everything is possible when n is 0.

    Source: Wilson (1927), the score interval; it stays inside 0 to 1 and keeps its width at 0 and at n.
    """
    if not n:
        return (0.0, 1.0)
    share, square = count / n, _NORMAL_95**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _NORMAL_95 * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return (min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))
