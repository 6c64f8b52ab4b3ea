"""Seeded draws of the world: every number is a hash of (seed, where), so nothing depends on the order of calls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

from maspo.core.seeded import rank
from maspo.core.sums import add_up

T = TypeVar("T")

_SIXTEEN = 0xFFFF  # sixteen bits
_NORMAL_SCALE = math.sqrt(3.0) / 65536.0
"""Four uniform parts of 16 bits have the variance 4 · 65536² / 12."""


def unit(seed: int, *where: object) -> float:
    """Return a uniform draw strictly between 0 and 1."""
    return (rank(seed, *where) + 0.5) / 2.0**64


def between(low: float, high: float, seed: int, *where: object) -> float:
    """Return a uniform draw between two numbers."""
    return low + (high - low) * unit(seed, *where)


def normal(seed: int, *where: object) -> float:
    """Return a nearly normal draw of mean 0 and variance 1, never beyond ±3.5: four uniform parts of one hash."""
    bits = rank(seed, *where)
    parts = (bits & _SIXTEEN) + (bits >> 16 & _SIXTEEN) + (bits >> 32 & _SIXTEEN) + (bits >> 48)
    return (parts - 2 * _SIXTEEN) * _NORMAL_SCALE


def logistic(seed: int, *where: object) -> float:
    """Return a logistic draw of scale 1: a score in logits plus this is positive with probability sigmoid(score)."""
    share = min(max(unit(seed, *where), 1e-12), 1 - 1e-12)
    return math.log(share / (1 - share))


def pick(items: Sequence[T], seed: int, *where: object) -> T:
    """Return one item, each equally likely."""
    return items[rank(seed, *where) % len(items)]


def weighted(items: Sequence[tuple[T, float]], seed: int, *where: object) -> T:
    """Return one of (item, weight), in proportion to the weights."""
    left = unit(seed, *where) * add_up(weight for _, weight in items)
    for item, weight in items:
        left -= weight
        if left < 0:
            return item
    return items[-1][0]
