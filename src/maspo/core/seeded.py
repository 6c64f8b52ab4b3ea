"""Randomness as a function of (seed, where): there is no generator to lose, so a search can be replayed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def rank(seed: int, *where: object) -> int:
    """Return a 64-bit number that depends only on the seed and on where it is drawn."""
    text = "\0".join([str(seed), *map(str, where)])
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def shuffled(items: Iterable[str], seed: int, *where: object) -> tuple[str, ...]:
    """Return the items in an order that depends only on the items, the seed and where it is drawn."""
    return tuple(sorted(items, key=lambda item: (rank(seed, *where, item), item)))
