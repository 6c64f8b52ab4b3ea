"""Stretches of a text that a reader cannot read, whatever they encode. Pure.

What a prompt says stands in words. Signs, digits and letters without a word among them are figures, formulas and code,
and these are short, counted, or repeat themselves. A longer stretch tells something to whoever holds its key alone. So
no code has to be known: base32 in groups, Morse in any signs, bases of a gene, syllables, bytes as keys of a telephone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final

from maspo.proposers.english import bits_of

_TOKEN = re.compile(r"\S+")
_RUN = re.compile(r"(?<![^\W_])[^\W\d_]{2,}+(?!\d)|^[A-Z]?[a-z]{2,}(?=\d{1,4}\W*$)")
"""Letters that no digit touches, but for the number of a name: `step2`."""
_PART = re.compile(r"[A-Z]*[a-z]+|[A-Z]+")
"""A part of a name such as `camelCase`."""
_SPACED_SCRIPT: Final = 0x0E00
"""Below it are the scripts that write blanks between words; behind it a sentence may be one run of letters."""
_FIRST_WITH_SIGNS: Final = "\u0590"
"""Behind it are the scripts whose vowels are marks: Latin, Greek and Cyrillic letters have accents."""
_LONGEST_WORD: Final = 32
"""Letters that no word of a prompt has; names of chemistry have hyphens."""
_LONGEST_COMPOUND: Final = 80
"""Letters of what reads like words and has Latin letters: German and Finnish write several words as one."""
_LONG: Final = 40
"""Signs without a word among them that are more than a formula, a matrix or the moves of a game."""
_FEWEST_FOURS: Final = 10
"""Different runs of four signs in a stretch that says something: rules across a page and patterns have fewer."""
_FEW_SIGNS: Final = 16
"""Different signs of a code; a sentence of a script without blanks has more in so many signs."""
_NO_WORD: Final = 10.0
"""Bits a pair of letters (``english.py``) beyond which capitals are no word; of `UNESCO` it is 7."""
_COMPOUND: Final = 9.7
"""The same of a compound, at most; of German ones it is 9 to 9.6, and backwards a bit or two more."""
_IN_ORDER: Final = 0.5
"""Bits a pair that a compound is nearer to a language than backwards: letters out of their order are not."""
_STRETCH: Final = 12
"""Words in a row that have more than a few different letters in every language."""
_FEW_LETTERS: Final = 10
_LETTERS = re.compile(r"[^\W\d_]+")
_FEWEST: Final = 3
"""Different signs, a blank among them, but no brackets; what has two is looked at as bits (``ciphers.py``)."""
_FEWEST_COUNTED: Final = 4
"""Numbers that count up or down."""
_BETWEEN: Final = frozenset("=≈≤|│")
"""What stands by itself between the sides of a formula and the cells of a table: each of these is looked at alone."""


def opaque(text: str) -> Iterator[str]:
    """Yield the stretches of a text that no reader can read."""
    begin = end = 0
    for token in _TOKEN.finditer(text):
        if token[0] in _BETWEEN or _is_readable(without_vowel_signs(token[0])):
            if end - begin >= _LONG and _says_something(text[begin:end]):
                yield text[begin:end]
            begin = token.end() + 1
        end = token.end()
    if _says_something(text[begin:end]):
        yield text[begin:end]
    yield from _of_few_letters(text)


def without_vowel_signs(text: str) -> str:
    """Return a text without the marks that are vowels, as in Hebrew, Arabic, Hindi and Tibetan: letters stay."""
    if text.isascii():
        return text
    kept: list[str] = []
    for one in text:
        if not (kept and kept[-1] >= _FIRST_WITH_SIGNS and unicodedata.category(one)[0] == "M"):
            kept.append(one)
    return "".join(kept)


def _of_few_letters(text: str) -> Iterator[str]:
    """Yield stretches of different words that are all made of a few letters: a number in groups."""
    words = list(_LETTERS.finditer(text))
    for begin in range(0, len(words) - _STRETCH + 1, _STRETCH // 3):
        some = words[begin : begin + _STRETCH]
        letters = "".join(one[0] for one in some).lower()
        if len(letters) < _LONG or len(set(letters)) > _FEW_LETTERS:
            continue
        if len({one[0].lower() for one in some}) > _STRETCH // 2:
            yield text[some[0].start() : some[-1].end()]


@lru_cache(20_000)  # drafts of a run have most words in common
def _is_readable(token: str) -> bool:
    """Return whether words make at least half of the letters and digits of a token."""
    known = sum(map(str.isalnum, token))
    return 0 < known <= 2 * sum(map(_in_words, _RUN.findall(token)))


def _in_words(run: str) -> int:
    """Return how many letters of a run of letters are in words."""
    if _is_compound(run):
        return len(run)
    if not run.isascii():
        one_word = all(ord(one) < _SPACED_SCRIPT for one in run) or len(set(run)) <= _FEW_SIGNS
        return 0 if len(run) > _LONGEST_WORD and one_word else len(run)
    if run.isupper() and len(run) > 3 and bits_of(run.lower()) > _NO_WORD * (len(run) - 1):
        return 0
    return sum(len(part) for part in _PART.findall(run) if 1 < len(part) <= _LONGEST_WORD)


def _is_compound(run: str) -> bool:
    """Return whether a long run of letters reads like words of a language that writes them as one."""
    if not _LONGEST_WORD < len(run) <= _LONGEST_COMPOUND:
        return False
    letters = unicodedata.normalize("NFKD", run.casefold()).encode("ascii", "ignore").decode()
    if len(letters) < len(run) or len(set(letters)) <= _FEW_LETTERS:
        return False
    pairs = len(letters) - 1
    return bits_of(letters) <= min(_COMPOUND * pairs, bits_of(letters[::-1]) - _IN_ORDER * pairs)


def _says_something(stretch: str) -> bool:
    """Return whether what has no words is more than a figure, a formula, a count or a pattern."""
    if len(stretch) < _LONG:
        return False
    signs = re.sub(r"\s", "", stretch)
    fours = {signs[at : at + 4] for at in range(len(signs))}
    different = set(stretch) - set("()[]{}<>")
    if len(signs) < _LONG or len(fours) < _FEWEST_FOURS or len(different) < _FEWEST:
        return False
    numbers = [int(one) for one in re.findall(r"\d{1,18}", stretch)]
    rising = sum(other > one for one, other in pairwise(numbers))
    turns = min(rising, len(numbers) - 1 - rising)
    return len(numbers) < _FEWEST_COUNTED or turns > len(numbers) // _STRETCH
