"""What a text must hold for a key to stand in it: looked at first, since it takes a tenth of the time. Pure.

Each sieve lets a text through that may hold what is sought, and never stops one that does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Final

_GRAM: Final = 6
"""Characters by which long codes are told from a text: in prose, six of a code stand by chance in one of millions."""
_COMPARED: Final = 200
"""Characters over which a string is looked for in the time that it takes to compare those at one place."""
_RARE_FIRST: Final = "QZXJVKWYqzxj89765432KUBGPDORNECv01kFSATIwHMbypLgfmucdlrhsnioaet"
"""Signs by how rare they are in English and in JSON; what is not named is looked at first."""


def _rarity(sign: str) -> int:
    return _RARE_FIRST.find(sign)


class Signs:
    """The signs of a text, wherever between others they stand: too few of one, and the text is not there."""

    def __init__(self, sought: str) -> None:
        counted = Counter(sought)
        self._signs = sorted(counted.items(), key=lambda pair: (_rarity(pair[0]), pair[0]))

    def may_stand_in(self, text: str) -> bool:
        """Say whether a text has them all, as often."""
        for sign, times in self._signs:  # noqa: SIM110 (most texts fail at the first: a generator takes longer)
            if text.count(sign) < times:
                return False
        return True


class Strings:
    """Strings of which one may stand in a text.

    A string that stands in a text covers one of the places that lie so far apart that the shortest of them cannot fall
    between two; so the characters at these places alone are compared. Strings that are too short for that to be less
    work are looked for one by one, first by their rarest sign: a sign is found in a fifth of the time.
    """

    def __init__(self, sought: Iterable[str]) -> None:
        strings = sorted({*sought}, key=len)
        # Of the ways to part them, the one that takes the least time a character of a text.
        first = min(range(len(strings) + 1), key=lambda at: _cost(at, len(strings[at]) if at < len(strings) else 0))
        self._least = len(strings[0]) if strings else math.inf
        self._short = [(min(one, key=_rarity), one) for one in strings[:first]]
        long = strings[first:]
        self._step = len(long[0]) - _GRAM + 1 if long else 0
        self._grams = {one[at : at + _GRAM] for one in long for at in range(len(one) - _GRAM + 1)}

    def may_stand_in(self, text: str) -> bool:
        """Say whether one of them may stand in a text."""
        if len(text) < self._least:
            return False
        if self._grams and not self._grams.isdisjoint(
            [text[at : at + _GRAM] for at in range(0, len(text), self._step)]
        ):
            return True
        for sign, one in self._short:  # noqa: SIM110 (a generator takes as long as all that it looks for)
            if sign in text and one in text:
                return True
        return False


def _cost(alone: int, least: int) -> float:
    """Return the time a character that it takes to look for some strings alone, and for others of a least length."""
    if least == 0:
        return alone
    return alone + _COMPARED / (least - _GRAM + 1) if least >= _GRAM else math.inf
