"""Whether a search has found most of what it will find: it has won much, and wins little more. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.core.sums import add_up

_MUCH = 0.2
"""What unions have won by then, in mean scores: two inputs in five on balance, as a sure win scores ½. Who has won less
has a poor proposer, a dull judge or little to gain, and then the last rounds bring as much as the first ones."""
_LITTLE = 1 / 3
"""Of all that was won, what the last two rounds brought less of. Both were chosen on the arena
(docs/design/0073-readers-by-default.md)."""


def has_levelled_off(won: Sequence[float]) -> bool:
    """Say whether the last two rounds brought little of what a search has won; ``won`` is what each round did."""
    return add_up(won) > _MUCH and add_up(won[-2:]) < _LITTLE * add_up(won)
