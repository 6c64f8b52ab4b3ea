"""By content alone: the split into search and hold-out inputs, repeated questions, an order of rows. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from maspo.core.errors import InputsInvalid
from maspo.core.seeded import shuffled
from maspo.data.groups import ALONE, Groups
from maspo.data.inputs import Inputs

_SPACING = re.compile(r"\\(?:left|right|quad|qquad|displaystyle|[,;:! ])|[~$]")
_PUNCTUATION = re.compile(r"(?<!\d)[.,]|[.,](?!\d)|[;:!?'\"`’‘“”]")
_SPLIT = 2605_06623
"""The paper's number. Fixed: equal inputs are split alike in every run, whatever its seed and their order."""


def split(
    inputs: Inputs, share: float, groups: Groups | None = None, most: int | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys of the search inputs and of the hold-out inputs; each side has at least one.

    A group is on one side, whole; ``share`` is that of the groups. At most ``most`` inputs are held out, if any group
    is that small.

    Raises:
        InputsInvalid: fewer than two groups of inputs.

    """
    keys = shuffled((row.key for row in inputs.rows), _SPLIT, "holdout")
    drawn = list((groups or Groups({})).members(keys).values())
    if len(drawn) < 2:
        what = f"{len(keys)} distinct input" if len(keys) < 2 else f"{len(keys)} inputs that all ask the same"
        raise InputsInvalid(
            f"{what}: one is searched on and another held out; give at least 2, better 40"
            + (f" (--group-by {ALONE} takes every row for a question of its own)" if len(keys) > 1 else "")
        )
    wanted = min(max(round(len(drawn) * share), 1), len(drawn) - 1)
    held_out: list[list[str]] = []
    size = 0
    # Groups that do not fit are searched on, and others are held out in their place.
    for group in drawn:
        if len(held_out) < wanted and (most is None or size + len(group) <= most):
            held_out.append(group)
            size += len(group)
    chosen = {key for group in held_out or [min(drawn, key=len)] for key in group}
    search = [key for group in (*drawn[wanted:], *drawn[:wanted]) for key in group if key not in chosen]
    return tuple(search), tuple(key for group in drawn for key in group if key in chosen)


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
