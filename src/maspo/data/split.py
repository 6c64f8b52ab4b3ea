"""The split into search and hold-out inputs, by content alone."""

from __future__ import annotations

from maspo.core.errors import InputsInvalid
from maspo.core.seeded import shuffled
from maspo.data.inputs import Inputs

_SPLIT = 2605_06623
"""Fixed: the same inputs are split alike in every run, whatever its seed and whatever their order in the file."""


def split(inputs: Inputs, share: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys of the search inputs and of the hold-out inputs; each side has at least one.

    Raises:
        InputsInvalid: fewer than two distinct inputs.

    """
    keys = shuffled((row.key for row in inputs.rows), _SPLIT, "holdout")
    if len(keys) < 2:
        raise InputsInvalid(
            f"{len(keys)} distinct input: one is searched on and another held out; give at least 2, better 40"
        )
    held_out = min(max(round(len(keys) * share), 1), len(keys) - 1)
    return keys[held_out:], keys[:held_out]
