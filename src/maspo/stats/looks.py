"""How often one may look: the level of a test, spent over all looks at the same hold-out. Pure."""

from __future__ import annotations

from maspo.stats.paired import SIGNIFICANT

FIRST_LOOK = 0.8
"""Part of the level that the first look may spend: most hold-outs are looked at once, and should lose little by the
rest (measured in docs/evidence.md)."""


def level_of(look: int, level: float = SIGNIFICANT) -> float:
    """Return the threshold of p for the so-manyth look, counted from 1: all looks together spend at most ``level``.

    The first may spend 0.8 of it, the k-th of the others 0.2 / (k (k − 1)): these parts sum to 0.2, and fall so slowly
    that a large difference is still proven at the tenth look. Whatever is compared, the chance that any look claims
    something false is at most the sum (Bonferroni's inequality).
    Source: alpha spending (Lan and DeMets 1983), without its savings for nested looks, because each look here is at
    other prompts.
    """
    return level * (FIRST_LOOK if look <= 1 else (1 - FIRST_LOOK) / (look * (look - 1)))


def looks_decide(look: int, level: float, p: float) -> bool:
    """Return whether only earlier looks stand against a claim: p is enough for a first look, and not for this one."""
    return look > 1 and level < p <= level * level_of(1) / level_of(look)
