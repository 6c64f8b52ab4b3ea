"""What simulated agents say beside their answer, because their role asks for it: a kind, an approval, a list of parts.

Teams that branch, loop or map over a list hang on such words. Roles that ask for none of them say none of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from maspo.world.noise import unit

KINDS: Mapping[str, float] = {"billing": 0.5, "delivery": 0.3, "returns": 0.15, "privacy": 0.05}
"""The kinds of inputs, and how often each is met: the rarest on one input in twenty."""
ASKS_KIND = "Name the kind of the request"
ASKS_APPROVAL = "Say APPROVED or REVISE"
ASKS_PARTS = "as a JSON list under parts"
GOOD_ENOUGH = 1.5
"""Quality from which on a reviewer approves: half more than that of a seed prompt."""
MISTAKEN_BELOW = 0.0
"""A router of less quality, or on an input so hard that it falls short by that, takes everything for the commonest."""
OFF_KIND = 1.0
"""Quality that a specialist lacks on inputs of another kind: as much as a seed prompt has."""
_MOST_PARTS = 3


def kind_of(seed: int, key: str) -> str:
    """Return the kind of an input."""
    left = unit(seed, "kind", key)
    for kind, share in KINDS.items():
        left -= share
        if left < 0:
            return kind
    return next(iter(KINDS))


@lru_cache(maxsize=4096)
def specialties(role: str) -> frozenset[str]:
    """Return the kinds of inputs that a role speaks of; a role that speaks of none is no specialist."""
    if ASKS_KIND in role:
        return frozenset()
    return frozenset(kind for kind in KINDS if kind in role)


def signals(role: str, seed: int, key: str, quality: float, marker: str) -> tuple[str, ...]:
    """Return the lines that a role asks for; ``marker`` stands for the whole output, in each of its parts."""
    lines = []
    if ASKS_KIND in role:
        seen = kind_of(seed, key) if quality >= MISTAKEN_BELOW else next(iter(KINDS))
        lines.append(f"Kind: {seen}.")
    if ASKS_APPROVAL in role:
        lines.append("APPROVED." if quality >= GOOD_ENOUGH else "REVISE.")
    if ASKS_PARTS in role:
        count = 2 + int(unit(seed, "parts", key) * (_MOST_PARTS - 1))
        lines.append(json.dumps({"parts": [f"Part {number + 1} of {count}. {marker}" for number in range(count)]}))
    return tuple(lines)
