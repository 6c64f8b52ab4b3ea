"""Shapley values: what each of several contributes to what they reach together, with intervals. Pure.

The value of a game is measured input by input, so each input has Shapley values of its own, and their spread over the
inputs says how sure the mean is. Exact for a few players; for more, orders are drawn for each input anew, so that the
spread holds the error of drawing as well.
Sources: Shapley (1953); Castro, Gómez and Tejada (2009) for drawn orders.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial, sqrt
from statistics import fmean, stdev

from maspo.core.seeded import shuffled
from maspo.stats.share import share_interval, student_95

Coalition = frozenset[str]
MOST_EXACT = 8
"""Players of whom every coalition is met: 256 of them."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """A player's Shapley value, the mean over inputs, and its 95 % interval."""

    player: str
    mean: float
    interval: tuple[float, float]


def orders_of(players: Sequence[str], input_key: str, orders: int, seed: int) -> tuple[tuple[str, ...], ...]:
    """Return the drawn orders of an input, in pairs of an order and its reverse, which errs the other way."""
    drawn = [shuffled(players, seed, "join", input_key, number) for number in range((orders + 1) // 2)]
    return tuple(order for one in drawn for order in (one, one[::-1]))


def coalitions_of(players: Sequence[str], orders: Sequence[Sequence[str]] = ()) -> tuple[Coalition, ...]:
    """Return the coalitions whose values are needed: all of them, or those that orders pass; never that of nobody."""
    if not orders:
        return tuple(frozenset(some) for size in range(1, len(players) + 1) for some in combinations(players, size))
    passed = (frozenset(order[: end + 1]) for order in orders for end in range(len(order)))
    return tuple(dict.fromkeys(passed))


def mean_gains(
    players: Sequence[str], values: Mapping[Coalition, float], orders: Sequence[Sequence[str]], nobody: float = 0.0
) -> dict[str, float]:
    """Return what each player adds when it joins, on average over orders; ``nobody`` is the value of no player."""
    found = dict.fromkeys(players, 0.0)
    for order in orders:
        before = nobody
        for end, player in enumerate(order):
            now = values[frozenset(order[: end + 1])]
            found[player] += (now - before) / len(orders)
            before = now
    return found


def shapley_of_an_input(
    players: Sequence[str], values: Mapping[Coalition, float], orders: Sequence[Sequence[str]] = ()
) -> dict[str, float]:
    """Return what each player adds when it joins, on average over all orders, or over those that are given.

    ``values`` holds that of each coalition; of nobody it is 0.
    """
    if orders:
        return mean_gains(players, values, orders)
    n = len(players)
    weights = [factorial(size) * factorial(n - size - 1) / factorial(n) for size in range(n)]
    exact = dict.fromkeys(players, 0.0)
    for player in players:
        others = [one for one in players if one != player]
        for size in range(n):
            for some in combinations(others, size):
                without = frozenset(some)
                gain = values[without | {player}] - (values[without] if without else 0.0)
                exact[player] += weights[size] * gain
    return exact


def contributions(players: Sequence[str], found: Sequence[Mapping[str, float]]) -> tuple[Contribution, ...]:
    """Return the mean Shapley values over inputs with their intervals, the largest first; two inputs are the least."""
    n = len(found)
    result = []
    for player in players:
        values = [one[player] for one in found]
        mean = fmean(values)
        half = student_95(n - 1) * stdev(values) / sqrt(n)
        interval = (mean - half, mean + half) if half else _of_alike(mean, n)
        result.append(Contribution(player, mean, interval))
    return tuple(sorted(result, key=lambda one: -one.mean))


def _of_alike(value: float, n: int) -> tuple[float, float]:
    """Return the interval of a mean where all inputs came out alike, which is not certain for those that were not met.

    As many of the inputs may be otherwise as the interval of a share allows that was never seen, each by as much as a
    player can add to a value between 0 and 1, or take from it.
    """
    otherwise = share_interval(0, n)[1]
    return value - otherwise * (value + 1), value + otherwise * (1 - value)
