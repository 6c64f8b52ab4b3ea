"""What is spelled out to be heard: numbers in words, and letters by the words of the radio alphabet. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from maspo.core.late import late
from maspo.core.sought import sought

_ONES: Final = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_UNITS: Final = {
    **{word: str(number) for number, word in enumerate(f"{_ONES} seventeen eighteen nineteen".split(" "))},
    **dict.fromkeys(("oh", "null", "nil"), "0"),
}
_TENS: Final = {
    word: 20 + 10 * at for at, word in enumerate(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty"))
} | {"ninety": 90}
_WORD: Final = "|".join(sorted((*_UNITS, *_TENS, "hundred"), key=len, reverse=True))
_NUMBER: Final = late(rf"\b(?:{_WORD})(?:(?:[ -]| and )(?:{_WORD}))*\b", re.IGNORECASE)
"""A number in words, or digits one by one."""
_SIGN: Final = sought(r"(?<=\d)\s+(?:dot|point|period|punkt)\s+(?=\d)", "dot", "point", "period", "punkt")
_NATO: Final = (
    "alfa alpha bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november oscar papa"
    " quebec romeo sierra tango uniform victor whiskey whisky x-ray xray yankee zulu"
)
_LETTERS: Final = {word: word[0] for word in _NATO.split(" ")} | {"dot": "."}
_LETTER: Final = "|".join(_LETTERS)
_RADIO: Final = sought(rf"\b(?:{_LETTER})(?:[ ,]+(?:{_LETTER})){{5,}}\b", *_LETTERS)
"""Six letters and more: fewer are words of a sentence."""


@lru_cache(4)  # each way of reading a text asks
def in_digits(text: str) -> str:
    """Return a text with its numbers in digits, and dots between them as dots."""
    return _SIGN.sub(".", _NUMBER.sub(_digits, text))


def by_radio(text: str) -> list[str]:
    """Return what words of the radio alphabet in a text spell."""
    return ["".join(_LETTERS[word] for word in re.findall(_LETTER, run.lower())) for run in _RADIO.findall(text)]


def _digits(run: re.Match[str]) -> str:
    """Return a number in words as digits: "one nine two" and "one hundred ninety-two" alike."""
    digits, value = "", 0
    for word in re.split(r"[ -]", run[0].lower()):
        if word == "hundred":
            digits, value = "", int(digits or "1") * 100
        elif word in _TENS:
            value += _TENS[word]
        elif word in _UNITS and value:
            digits, value = f"{digits}{value + int(_UNITS[word])}", 0
        else:
            digits += _UNITS.get(word, "")
    return digits + (str(value) if value else "")
