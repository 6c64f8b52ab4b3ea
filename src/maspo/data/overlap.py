"""Whether two rows are the same question, and an order of rows by content. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

_SPACING = re.compile(r"\\(?:left|right|quad|qquad|displaystyle|[,;:! ])|[~$]")
_PUNCTUATION = re.compile(r"(?<!\d)[.,]|[.,](?!\d)|[;:!?'\"`’‘“”]")
_DRAW = b"pool"


def plain(text: str) -> str:
    """Return a text without case, white space, punctuation and LaTeX spacing; signs, digits and brackets stay."""
    text = _SPACING.sub(" ", text.replace(r"\dfrac", r"\frac").replace(r"\tfrac", r"\frac"))
    return "".join(_PUNCTUATION.sub(" ", text).split()).casefold()


def repeated(some: Sequence[str], others: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of texts that stand in both, exactly or but for case, spaces and punctuation."""
    places: dict[str, int] = {}
    for number, text in enumerate(others):
        places.setdefault(plain(text), number)
    return [(number, places[key]) for number, text in enumerate(some) if (key := plain(text)) in places]


def place(text: str) -> float:
    """Return where a row stands in an order drawn by content, from 0 up to 1: alike in every file."""
    digest = hashlib.sha256(_DRAW + plain(text).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6]) / 2**48


def drawn(text: str, share: float) -> bool:
    """Return whether a row is among a share that is drawn by content."""
    return place(text) < share
