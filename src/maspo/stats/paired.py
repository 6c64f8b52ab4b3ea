"""Paired comparisons: an exact sign test, an interval, and how many inputs a proof would need. Pure."""

from __future__ import annotations

from math import ceil, comb, sqrt

SIGNIFICANT = 0.05
_NORMAL_95 = 1.959963984540054


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


def net_win_interval(wins: int, losses: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of the net win rate (wins − losses) / n of paired inputs.

    Source: Bonett and Price (2012), the adjusted Wald interval for a difference of paired proportions; it keeps its
    width when nothing differs.
    """
    total = n + 2
    up, down = (wins + 1) / total, (losses + 1) / total
    half = _NORMAL_95 * sqrt((up + down - (up - down) ** 2) / total)
    return (max(-1.0, up - down - half), min(1.0, up - down + half))


def needed_inputs(wins: int, losses: int, n: int) -> int:
    """Return about how many hold-out inputs would let something be proven, at the rate of differences seen here.

    With no difference at all, one is assumed, so the figure is a lower bound.
    """
    return ceil(fewest_decided() * n / max(wins + losses, 1))
