"""What a text must hold for a key to stand in it: looked at first, since it takes a tenth of the time. Pure.

Each sieve lets a text through that may hold what is sought, and never stops one that does.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Final

_WORD: Final = 8
"""Bytes by which long codes are told from a text, read as one number: in prose, eight of a code hardly ever stand."""
_COMPARED: Final = 60
"""Characters over which a string is looked for in the time that it takes to compare the word at one place."""
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

    A string that stands in a text covers one of the words that lie so far apart that the shortest of them cannot fall
    between two; so these words alone are compared. Strings that are too short for that to be less work are looked for
    one by one, first by their rarest sign: a sign is found in a fifth of the time.
    """

    def __init__(self, sought: Iterable[str]) -> None:
        strings = sorted({*sought}, key=lambda one: len(_bytes_of(one)))
        # Of the ways to part them, the one that takes the least time a character of a text.
        first = min(range(len(strings) + 1), key=lambda at: _cost(at, strings[at] if at < len(strings) else ""))
        self._least = min(map(len, strings), default=math.inf)
        self._short = [(min(one, key=_rarity), one) for one in strings[:first]]
        long = [_bytes_of(one) for one in strings[first:]]
        self._step = _step(len(long[0])) if long else 0
        places = ((one, at) for one in long for at in range(len(one) - _WORD + 1))
        self._words = {int.from_bytes(one[at : at + _WORD], sys.byteorder) for one, at in places}

    def may_stand_in(self, text: str) -> bool:
        """Say whether one of them may stand in a text."""
        if len(text) < self._least:
            return False
        if self._words and not self._words.isdisjoint(_words_of(text)[:: self._step]):
            return True
        for sign, one in self._short:  # noqa: SIM110 (a generator takes as long as all that it looks for)
            if sign in text and one in text:
                return True
        return False


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _words_of(text: str) -> memoryview:
    """Return a text's bytes as numbers of a word each; what is left at its end is no word."""
    raw = _bytes_of(text)
    return memoryview(raw)[: len(raw) // _WORD * _WORD].cast("Q")


def _step(least: int) -> int:
    """Return every how many words of a text one lies within any string of at least so many bytes in it; 0 if none."""
    return max(0, (least - _WORD + 1) // _WORD)


def _cost(alone: int, shortest: str) -> float:
    """Return the time a character that it takes to look for some strings alone, and for others from a shortest one."""
    if not shortest:
        return alone
    step = _step(len(_bytes_of(shortest)))
    return alone + _COMPARED / (_WORD * step) if step else math.inf
