"""What a text says when numbers in words, in other digits and with other separators are one. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from maspo.core.counted_abroad import counted_in, from_roman
from maspo.core.looks import as_seen
from maspo.core.sought import DIGITS, sought
from maspo.core.spelling import tokens

_UNITS = tokens(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = tokens("twenty thirty forty fifty sixty seventy eighty ninety")
_NUMERALS = {word: number for number, word in enumerate(_UNITS)} | {
    word: 20 + 10 * number for number, word in enumerate(_TENS)
}
_HUNDRED = 100
_SCALES = {"hundred": _HUNDRED, "thousand": 1000, "million": 1_000_000}
_LARGEST_SCALED = 10_000
"""What stands before `hundred`, `thousand` or `million` is smaller; nobody says `hundred` a thousand times in a row."""
_AND = sought(r"\b(hundred|thousand|million)\s+and\s+", *_SCALES)
_SINGLE_ROMAN = {"i": "1", "v": "5", "x": "10", "l": "50", "c": "100", "d": "500", "m": "1000"}
_MOST_SINGLE = 0.5
"""Share of single letters of a text that is spelled letter by letter: none of them is a number."""
_GROUPED = sought(r"(?<![\d.,])\d{1,3}(?:([ .,_'\u2009\u202f\u00a0])\d{3})(?:\1\d{3})*(?![\d.,]*\d)", *DIGITS)
"""A number whose thousands are set apart."""
_NO_CENTS = re.compile(r",0{1,2}$")
"""As some languages write what is whole."""
_THOUSANDS = sought(r"(?<![\w.,])(\d{1,4}(?:\.\d{1,3})?)(k\b|e\d\b)", *DIGITS)


@lru_cache(16)  # a draft is read in several ways, most of which leave it as it is
def words(text: str) -> tuple[str, ...]:
    """Return the words and numbers of a text; numbers in words, with zeros around or after a point are as in digits."""
    return tuple(word for word in _with_signs(text) if word[0].isalnum())


@lru_cache(16)
def _with_signs(text: str) -> tuple[str, ...]:
    """Return the words, numbers and signs of a text, numbers in digits."""
    found: list[str] = []
    whole, part = 0, None  # of a number that is being spelled out: its thousands, and what follows them
    for word in (*tokens(_plain_letters(text)), ""):
        value = _NUMERALS.get(word)
        if part is not None:
            scale = _SCALES.get(word)
            if (part or whole) and value is not None and _joins(part, value):
                part += value
                continue
            if scale is not None and 0 < part < _LARGEST_SCALED:
                whole, part = (whole, part * scale) if scale == _HUNDRED else (whole + part * scale, 0)
                continue
            found.append(str(whole + part))
        whole, part = 0, value
        if value is None and word:
            found.append(_plain(word) if word[0].isdigit() else word)
    return tuple(found)


def _counted_out(said: Sequence[str]) -> Iterator[str]:
    """Yield words with the numbers of other languages, and Roman ones, in digits."""
    counted = counted_in(said)
    single = {} if sum(len(word) == 1 and word.isalpha() for word in said) > _MOST_SINGLE * len(said) else _SINGLE_ROMAN
    place = 0
    while place < len(said):
        number, length = counted.get(place, ("", 0))
        yield number or from_roman(said[place]) or single.get(said[place], said[place])
        place += length or 1


def _joins(part: int, value: int) -> bool:
    """Return whether a numeral goes on with a number: ``twenty`` ``five``, ``two hundred`` ``ten``."""
    if value == 0:
        return False
    return part % 100 == 0 if value >= 10 else part % 10 == 0 and part % 100 != 10


def _plain_letters(text: str) -> str:
    """Return a text with letters that look like others as those, and with the digits of all scripts as ours."""
    if text.isascii():
        return text
    return as_seen("".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text))


def _plain(number: str) -> str:
    """Return a number without leading zeros and zeros after the point."""
    whole, _, rest = _NO_CENTS.sub("", number).partition(".")
    rest = rest.rstrip("0") if "." not in rest else rest
    return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")


def short_numbers(text: str) -> str:
    """Return a text with numbers such as `12.5k` and `1.2e4` written out."""
    return _THOUSANDS.sub(lambda found: f"{float(found[1]) * 10 ** int(found[2][1:] or 3):.15g}", text)


def spelled_out(text: str) -> tuple[str, ...]:
    """Return words, numbers and signs, the same however a number is written and whatever accents letters have."""
    plain = short_numbers(_GROUPED.sub(lambda found: re.sub(r"\D", "", found[0]), text))
    bare = plain if plain.isascii() else _without_accents(plain)
    return tuple(_counted_out(_with_signs(_AND.sub(r"\1 ", bare))))


def _without_accents(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))


def alike(said: Sequence[str]) -> str:
    """Return what is left of words that are spelled out without the blanks between them; signs stand at the end."""
    signs = "".join(word for word in said if not word[0].isalnum())
    # Numbers stay apart: 1 and 23 are not 12 and 3.
    return "".join(f"|{word}|" if word[0].isdigit() else word for word in said if word[0].isalnum()) + f" {signs}"
