"""By content alone: the split into search and hold-out inputs, repeated questions, an order of rows. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from maspo.core.errors import InputsInvalid
from maspo.core.seeded import shuffled
from maspo.data.inputs import Inputs

_SPACING = re.compile(r"\\(?:left|right|quad|qquad|displaystyle|[,;:! ])|[~$]")
_PUNCTUATION = re.compile(r"(?<!\d)[.,]|[.,](?!\d)|[;:!?'\"`’‘“”]")
_SPLIT = 2605_06623
"""The paper's number. Fixed: equal inputs are split alike in every run, whatever its seed and their order."""


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


def normalize(text: str) -> str:
    """Return a text without case, white space, punctuation and LaTeX spacing; signs, digits and brackets stay."""
    text = _SPACING.sub(" ", text.replace(r"\dfrac", r"\frac").replace(r"\tfrac", r"\frac"))
    return "".join(_PUNCTUATION.sub(" ", text).split()).casefold()


def find_repeated(some: Sequence[str], others: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of texts that stand in both, exactly or but for case, spaces and punctuation."""
    places: dict[str, int] = {}
    for number, text in enumerate(others):
        places.setdefault(normalize(text), number)
    return [(number, places[key]) for number, text in enumerate(some) if (key := normalize(text)) in places]


def draw_place(text: str) -> float:
    """Return where a row stands in an order drawn by content, from 0 up to 1: alike in every file."""
    digest = hashlib.sha256(b"pool" + normalize(text).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6]) / 2**48


def is_drawn(text: str, share: float) -> bool:
    """Return whether a row is among a share that is drawn by content."""
    return draw_place(text) < share
