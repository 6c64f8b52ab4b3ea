"""Randomness as a function of (seed, where): there is no generator to lose, so a search can be replayed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def rank(seed: int, *where: object) -> int:
    """Return a 64-bit number that depends only on the seed and on where it is drawn."""
    return int.from_bytes(hashlib.blake2b(_spelled(seed, *where), digest_size=8).digest(), "big")


def shuffled(items: Iterable[str], seed: int, *where: object) -> tuple[str, ...]:
    """Return the items in an order that depends only on the items, the seed and where it is drawn: by their rank."""
    begun = hashlib.blake2b(_spelled(seed, *where, ""), digest_size=8)  # what is the same for all items is hashed once

    def place(item: str) -> tuple[bytes, str]:
        drawn = begun.copy()
        drawn.update(item.encode("utf-8", "surrogatepass"))
        return drawn.digest(), item

    return tuple(sorted(items, key=place))


def _spelled(seed: int, *where: object) -> bytes:
    return "\0".join([str(seed), *map(str, where)]).encode("utf-8", "surrogatepass")
