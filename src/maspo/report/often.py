"""How often something happened, in words."""

from __future__ import annotations


def often(count: int) -> str:
    """Return how often something happened: ``once``, ``3 times``."""
    return "once" if count == 1 else f"{count:,} times"
