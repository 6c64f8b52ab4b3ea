"""What a text must hold for a key to stand in it: looked at first, since it takes a tenth of the time. Pure.

Each sieve lets a text through that may hold what is sought, and never stops one that does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

_GRAM: Final = 6
"""Characters by which long codes are told from a text: in prose, six of a code stand by chance in one of millions."""
_RAREST_FIRST: Final = {sign: at for at, sign in enumerate("QZXJVKWYqzxj89765432KUBGPv01kFwHMbypLgfmucdlrhsniote")}
"""By how rare they are in English and in JSON; what is not named is looked at first."""


class Signs:
    """The signs of a text, wherever between others they stand: too few of one, and the text is not there."""

    def __init__(self, sought: str) -> None:
        counted = Counter(sought)
        self._signs = sorted(counted.items(), key=lambda pair: (_RAREST_FIRST.get(pair[0], -1), pair[0]))

    def may_stand_in(self, text: str) -> bool:
        """Say whether a text has them all, as often."""
        return all(text.count(sign) >= times for sign, times in self._signs)


class Strings:
    """Strings of which one may stand in a text.

    A string that stands in a text covers one of the places that lie so far apart that the shortest of them cannot fall
    between two; so the characters at these places alone are compared.
    """

    def __init__(self, sought: Iterable[str], least: int) -> None:
        """Take strings; those shorter than ``least`` characters are looked for one by one."""
        least = max(least, _GRAM)
        strings = list(sought)
        self._short = [one for one in strings if len(one) < least]
        self._step = least - _GRAM + 1
        self._grams = {
            one[at : at + _GRAM] for one in strings if len(one) >= least for at in range(len(one) - _GRAM + 1)
        }

    def may_stand_in(self, text: str) -> bool:
        """Say whether one of them may stand in a text."""
        grams = [text[at : at + _GRAM] for at in range(0, len(text), self._step)]
        return not self._grams.isdisjoint(grams) or any(one in text for one in self._short)
