"""Which output the judge sees first: on half of the inputs the candidate's, drawn by seed. Places sway judges. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from maspo.core.seeded import rank, shuffled
from maspo.optimizers.parts.reward import JudgeOrder


def shown_first(
    keys: Iterable[str], order: JudgeOrder, seed: int, drawn: Sequence[object], odd: Sequence[object]
) -> frozenset[str]:
    """Return the comparisons in which the judge sees the candidate first; ``drawn`` and ``odd`` name the draws.

    Of an odd number one is left over; which side gets it is drawn as well.
    """
    if order == "fixed":
        return frozenset(keys)
    return frozenset(shuffled(keys, seed, *drawn)[rank(seed, "odd", *odd) % 2 :: 2])
