"""Where a key stands in a text in pieces, each of some signs in a row, plain or coded by itself. Pure.

`{"first": "sk-9fKx2", "second": "Qm4ZtW81"}`: what stands between two pieces is anything. A few signs are met by
chance, so only pieces that make half of the key together are cut out.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from maspo.models.sieve import Strings

_GRAM: Final = 4
"""Signs in a row by which pieces are known."""
_CODED: Final = 3
"""Signs that as many of base64 stand for."""
_SHARE: Final = 0.5
"""Share of a key that its pieces in a text make more than."""
_RUN = re.compile(r"[A-Za-z0-9+/_-]{4,}={0,2}")
_WORDLIKE = re.compile(r"[A-Za-z]?[a-z]+|[A-Z]+|[^A-Za-z0-9]+")
"""Signs as words have them: they are met in any text."""


class InPieces:
    """A key, or a piece of a long one, that is found in a text in smaller pieces."""

    def __init__(self, piece: str) -> None:
        raw = piece.encode()
        self._needed = _SHARE * len(piece)
        self._plain = _telling((at, piece[at : at + _GRAM]) for at in range(len(piece) - _GRAM + 1))
        self._coded = _telling((at, base64.b64encode(raw[at : at + _CODED]).decode()) for at in range(len(raw) - 2))
        # Pieces that make more than half of the key have one of these from its first half, if they are twice as long.
        self._first_plain = Strings(gram for at, gram in self._plain.items() if at < self._needed and at % _GRAM == 0)
        self._first_coded = Strings(
            gram for at, gram in self._coded.items() if at < self._needed and at % (2 * _CODED) < _CODED
        )

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where pieces of the key stand in a text, when they make enough of it."""
        if self._first_plain.may_stand_in(text):
            for gram in self._enough(self._plain, _GRAM, text):
                at = text.find(gram)
                while at >= 0:
                    yield at, at + len(gram)
                    at = text.find(gram, at + 1)
        coded = text.replace("-", "+").replace("_", "/")  # of the other alphabet
        if self._first_coded.may_stand_in(coded):
            found = self._enough(self._coded, _CODED, coded)
            for run in _RUN.finditer(coded) if found else ():
                if any(map(run[0].__contains__, found)):
                    yield run.span()

    def _enough(self, grams: Mapping[int, str], size: int, text: str) -> list[str]:
        """Return which of some signs in a row a text holds; none when they do not make enough of the key."""
        made, end, found = 0, 0, []
        for at, gram in grams.items():
            if gram in text:
                found.append(gram)
                made += at + size - max(end, at)
                end = at + size
        return found if made > self._needed else []


def _telling(grams: Iterable[tuple[int, str]]) -> dict[int, str]:
    return {at: gram for at, gram in grams if not _WORDLIKE.fullmatch(gram)}
