"""A count of tokens as endpoints write it: a number, or a text such as ``1,070`` or ``1.070 tokens``. Pure.

Of a text that can be read in two ways, the larger count is taken.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

MOST_TOKENS: Final = 2**40
"""A count of tokens beyond this is a mistake of the endpoint: a million times the longest context there is."""
_LONGEST: Final = 40
"""Characters of a count that came as text: 2⁴⁰ has 13 digits; some write marks, decimals and a unit."""
_MARKS: Final = str.maketrans({"’": "'", "ʼ": "'", "′": "'", "`": "'", "٬": ",", "٫": ".", "˙": "'", "·": "'"})
"""Marks of other languages for thousands and for decimals, as one of those below."""
_AROUND: Final = re.compile(r"[\"'~≈≤<\s]*(?P<number>.*?)\s*(?:tokens?|toks?\.?)?[\"'\s]*", re.IGNORECASE)
_GROUPED: Final = re.compile(
    r"(?P<whole>\+?[1-9]\d{0,2}(?P<mark>[ ,.'_])(?:\d{2,3}(?P=mark))*\d{3})(?:(?!(?P=mark))[.,](?P<rest>\d{1,15}))?"
)
"""Thousands with one kind of mark between them, India's too; decimals have another mark."""
_TOKENS: Final = r"(?=[\s-](?:\w+[\s-]){0,2}tok)"
_THOUSANDS: Final = re.compile(
    r"(?<![\w.,])[1-9]\d{0,2}(?:(?P<mark>[.'’\u00a0\u202f\u2009])\d{3}(?:(?P=mark)\d{3})*(?![\w.,'’]*\w)"
    r"(?!\s?(?:ms|s|secs?|seconds?|m|mins?|minutes?)\b)"
    rf"|(?: \d{{3}})+(?![\w.,]*\w){_TOKENS})"
)
"""Thousands in prose: blanks that are plain ones only before a word of tokens. No time, no version."""
_LARGE_UNIT: Final = re.compile(rf"(?<![\w.,-])(\d{{1,4}}(?:\.\d{{1,3}})?)\s?(k(?!\w)|m{_TOKENS})", re.IGNORECASE)
_UNITS: Final = {"k": 1000, "m": 1_000_000}
"""A ``k`` may be 1,024: the smaller reading, as what follows is kept below it."""
_NO_DIGIT: Final = re.compile("[^0-9]")
_DECIMAL_COMMA: Final = re.compile(r"\+?\d{1,15},\d{1,15}")


def count_of(value: object) -> int | None:
    """Return the count that a value tells, a broken one rounded up; None where it tells none."""
    if type(value) is int:
        return value if 0 <= value <= MOST_TOKENS else None
    if isinstance(value, float):
        return math.ceil(value) if 0 <= value <= MOST_TOKENS else None
    return largest(_readings(value)) if isinstance(value, str) and len(value) <= _LONGEST else None


def largest(values: Iterable[object]) -> int | None:
    """Return the largest count among values; None where none of them is one."""
    found: int | None = None
    for value in values:
        count = None if value is None else count_of(value)
        if count is not None and (found is None or count > found):
            found = count
    return found


def with_plain_numbers(words: str) -> str:
    """Return a text whose numbers are digits alone: ``8.192`` and ``8 192 tokens`` as 8192, ``128k`` as 128000."""
    words = _THOUSANDS.sub(lambda found: _NO_DIGIT.sub("", found[0]), words)
    return _LARGE_UNIT.sub(lambda found: str(int(float(found[1]) * _UNITS[found[2].lower()])), words)


def _readings(text: str) -> Iterator[float]:
    """Yield each number that a text can mean."""
    plain = "".join(map(_western, unicodedata.normalize("NFKC", text).translate(_MARKS)))
    around = _AROUND.fullmatch(plain)
    number = around["number"] if around else plain
    with suppress(ValueError):
        yield float(number)
    if (grouped := _GROUPED.fullmatch(number)) is not None:
        yield float(f"{_NO_DIGIT.sub('', grouped['whole'])}.{grouped['rest'] or 0}")
    if _DECIMAL_COMMA.fullmatch(number):
        yield float(number.replace(",", "."))


def _western(sign: str) -> str:
    """Return a digit of any script as that of ASCII, and other signs as they are."""
    return str(unicodedata.digit(sign)) if sign.isdecimal() else sign
