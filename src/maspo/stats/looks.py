"""How often one may look: the level of a test, spent over all looks at the same hold-out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maspo.stats.paired import SIGNIFICANT

FIRST_LOOK = 0.98
"""Part of the level that the first look may spend: most hold-outs are looked at once. On up to 29 inputs that differ it
proves what the whole level proves (docs/design/0076-what-a-look-spends.md)."""
FIRST_LOOK_BY_NUMBER = 0.8
"""The same of versions that knew how many looks there were, and not what each spent."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A look that is counted: the how manyth at its hold-out, from 1, and the threshold of its p."""

    number: int
    level: float


@dataclass(frozen=True, slots=True)
class Earlier:
    """A look before this one at the same hold-out."""

    spent: float | None = None
    """The chance at which it could have claimed something false; None where it has not ended: all that it might."""
    first: float = FIRST_LOOK
    """The part of the level that it might spend if it was the first."""


def level_after(earlier: Sequence[Earlier], first: float = FIRST_LOOK, level: float = SIGNIFICANT) -> float:
    """Return the threshold of p for the look after some others: all looks together spend at most ``level``.

    The first may spend nearly all of it, the k-th one k-th of what is left. An exact test spends less than it may,
    since its p has few values (``paired.attained``), and the rest is left for those that follow. If each spends what
    it may, the k-th of the others gets 1 / (k (k − 1)) of what the first leaves, which falls so slowly that a large
    difference is still proven at the tenth look. A look that could have claimed nothing, as no input differed or a cap
    left it out, takes no part. Whatever is compared, the chance that any look claims something false is at most the sum
    (Bonferroni's inequality), given how many inputs differ at each.
    Source: alpha spending (Lan and DeMets 1983), without its savings for nested looks, because each look here is at
    other prompts.
    """
    left = level
    able = [look for look in earlier if look.spent != 0.0]
    for number, look in enumerate(able, 1):
        might = _share(number, look.first) * left
        left -= might if look.spent is None else min(look.spent, might)
    return _share(len(able) + 1, first) * left


def _share(number: int, first: float) -> float:
    return first if number == 1 else 1 / number


FIRST = Taken(1, level_after([]))


def by_number(number: int) -> Taken:
    """Return a look of versions that knew no more of those before it than how many they were."""
    unknown = [Earlier(None, FIRST_LOOK_BY_NUMBER)] * (number - 1)
    return Taken(number, level_after(unknown, FIRST_LOOK_BY_NUMBER))


def looks_decide(look: int, level: float, p: float, first: float = FIRST.level) -> bool:
    """Return whether only earlier looks stand against a claim: p is enough for a first look, and not for this one."""
    return look > 1 and level < p <= first
