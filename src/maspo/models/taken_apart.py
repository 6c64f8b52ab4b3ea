"""Where a key stands in a text whose letters were taken apart, moved or dressed up. Pure.

A text is reduced to its letters and digits, whatever stands between them and however they look; the key is reduced in
the same way and looked for: as it is, backwards, at every second to sixth sign, spelled to be heard, and with its
letters moved along the alphabet. Each step is a search of the whole text in one go, so a reply of ordinary length takes
a fraction of a millisecond; where in the text a sign came from is worked out only where the key is found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import groupby
from string import ascii_lowercase
from typing import Final, TypeAlias

from maspo.core.looks import as_seen
from maspo.models.sieve import Signs, Strings

_LEAST: Final = 8
"""Letters and digits that are looked for: fewer are met by chance."""
_STRIDES: Final = range(2, 7)
"""Every how many signs one is the key's: a sign or a mark between two of them."""
_RAW_STRIDES: Final = range(2, 13)
"""The same where each sign stands in an element or a cell of its own."""
_TAG: Final = r"<[^<>\n]{0,42}>|\x1b\[[0-9;]{0,12}[a-zA-Z]|/\*.{0,12}?\*/"
"""What is no part of a text: tags, styles of a terminal, remarks of a program."""
_TAGS = re.compile(_TAG)
_SIGNS = bytes(one for one in range(128) if not chr(one).isalnum())
_BLANKS = bytes(one if chr(one).isalnum() else ord(" ") for one in range(256))
_LEET: Final = bytes.maketrans(b"013457", b"oieast")
_DIGITS: Final = "zero one two three four five six seven eight nine"
_NATO: Final = (
    "alfa alpha bravo charlie delta echo foxtrot golf hotel india juliett juliet kilo lima mike november oscar papa "
    "quebec romeo sierra tango uniform victor whiskey whisky xray x-ray yankee zulu"
)
_UNHEARD: Final = (
    "capital uppercase lowercase upper lower small big cap case letter digit dash hyphen minus underscore latin sign "
    "then slash solidus stroke forward plus equals equal dot period point full stop colon low line tilde percent "
    "and comma number"
)
_HEARD: Final[dict[str, str]] = {
    **{word: str(at) for at, word in enumerate(_DIGITS.split(" "))},
    **{word: word[0] for word in _NATO.split(" ")},
    **dict.fromkeys(_UNHEARD.split(" "), ""),
}
_HEARD_WORD = re.compile(rf"\b(?:{'|'.join(sorted(_HEARD, key=len, reverse=True))})\b", re.IGNORECASE)
_REGIONAL: Final = range(0x1F1E6, 0x1F200)

_Signs: TypeAlias = list[tuple[str, int, int]]
"""Letters and digits of a text, each with the place in the text where it begins and where it ends."""


class _Folding(dict[int, str]):
    """How characters beyond ASCII look, as ``str.translate`` takes it; each is worked out once."""

    def __missing__(self, code: int) -> str:
        self[code] = _looks(chr(code))
        return self[code]


def _looks(sign: str) -> str:
    """Return the letters and digits that a character looks like, in small letters."""
    if sign.isascii():
        return sign.lower()
    if 0xE0020 < ord(sign) < 0xE007F:  # tags, which nobody sees
        return chr(ord(sign) - 0xE0000).lower()
    if ord(sign) in _REGIONAL:
        return ascii_lowercase[ord(sign) - _REGIONAL.start]
    plain = "".join(one for one in unicodedata.normalize("NFKD", as_seen(sign)).lower() if one.isascii())
    last = unicodedata.name(sign, "").rpartition(" ")[2].lower()
    return plain or (last if len(last) == 1 else "")  # LATIN LETTER SMALL CAPITAL S


_FOLDING: Final = _Folding()
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
"""What is looked up in it: of the others it would make small letters, sign by sign."""


class TakenApart:
    """A key, or a piece of a long one, that is found in a text however its letters were taken apart or moved."""

    def __init__(self, piece: str, coded: Iterable[str] = ()) -> None:
        """Take a key, and what stands for it in codes whose signs are letters and digits."""
        self._raw = piece
        self._coded = [one for one in (_leet(bare_of(text)) for text in coded) if len(one) >= _LEAST]
        self._plain = bare_of(piece)
        self._leet = _leet(self._plain)
        self._letters = "".join(one for one in self._plain if one.isalpha())

    def spans(self, text: str, bare: str) -> Iterator[tuple[int, int]]:
        """Yield where in a text the key stands, from its first sign to its last; ``bare`` is ``bare_of`` the text."""
        if len(self._plain) < _LEAST:
            return
        if self._is_in(bare):
            yield from self._found(list(_signs(text, tags=False)))
        # What is taken for a tag above may hold the key in its attributes.
        if "<" in text and self._is_in(bare_of(text, tags=True)):
            yield from self._found(list(_signs(text, tags=True)))
        if self._may_be_heard(bare) and self._plain in _heard(text):
            yield from self._found(list(_signs(text, tags=False, heard=True)))
        if not self._raw_signs.may_stand_in(text):
            return
        for stride in _RAW_STRIDES:
            for begin in range(stride):
                if (at := text[begin::stride].find(self._raw)) >= 0:
                    yield begin + stride * at, begin + stride * (at + len(self._raw) - 1) + 1

    def _is_in(self, bare: str) -> bool:
        leet = _leet(bare)
        if (self._turned_strings.may_stand_in(leet) and any(one in leet for one in self._turned)) or (
            self._leet_signs.may_stand_in(leet)
            and (
                any(self._leet in leet[begin::stride] for stride in _STRIDES for begin in range(stride))
                or self._once in _once(leet)
            )
        ):
            return True
        letters = _letters(bare)
        return self._moved_strings.may_stand_in(letters) and any(one in letters for one in self._moved)

    def _may_be_heard(self, bare: str) -> bool:
        """Say whether the key's signs are there, spelled or not: words that spell letters begin with them."""
        return self._heard_signs.may_stand_in(bare) and all(
            (digits := bare.count(digit)) >= times or digits + bare.count(word) >= times
            for digit, word, times in self._heard_digits
        )

    def _found(self, signs: _Signs) -> Iterator[tuple[int, int]]:
        bare = "".join(one for one, _, _ in signs)
        leet = _leet(bare)
        for sought in self._turned:
            yield from _places(leet, sought, signs)
        for stride in _STRIDES:
            for begin in range(stride):
                yield from _places(leet[begin::stride], self._leet, signs[begin::stride])
        firsts = [at for at, one in enumerate(leet) if at == 0 or leet[at - 1] != one]
        yield from _places("".join(leet[at] for at in firsts), self._once, [signs[at] for at in firsts])
        lettered = [sign for sign in signs if sign[0].isalpha()]
        letters = "".join(one for one, _, _ in lettered)
        for sought in self._moved:
            yield from _places(letters, sought, lettered)

    @cached_property
    def _raw_signs(self) -> Signs:
        return Signs(self._raw)

    @cached_property
    def _leet_signs(self) -> Signs:
        return Signs(self._leet)

    @cached_property
    def _moved_strings(self) -> Strings:
        return Strings(self._moved)

    @cached_property
    def _turned_strings(self) -> Strings:
        return Strings(self._turned)

    @cached_property
    def _once(self) -> str:
        return _once(self._leet)

    @cached_property
    def _heard_signs(self) -> Signs:
        return Signs(self._letters)

    @cached_property
    def _heard_digits(self) -> Sequence[tuple[str, str, int]]:
        """The key's digits, each with its word and how often it stands in the key; 0 and 1 stand in most texts."""
        words = [(str(at), word) for at, word in enumerate(_DIGITS.split(" "))]
        return [(digit, word, self._plain.count(digit)) for digit, word in reversed(words) if digit in self._plain]

    @cached_property
    def _turned(self) -> Sequence[str]:
        """The key as it is, backwards, in halves that are, every so many signs of it a row, and in code."""
        half = len(self._leet) // 2
        halves = self._leet[:half][::-1] + self._leet[half:][::-1]
        rows = (_leet(bare_of("".join(self._raw[begin::stride] for begin in range(stride)))) for stride in _STRIDES)
        return list(dict.fromkeys((self._leet, self._leet[::-1], halves, *rows, *self._coded)))

    @cached_property
    def _moved(self) -> Sequence[str]:
        """The key's letters, forwards and backwards, moved along the alphabet, and along the alphabet turned round."""
        if len(self._letters) < _LEAST:
            return []
        turned = ascii_lowercase[::-1]
        tables = [row[by:] + row[:by] for row in (ascii_lowercase, turned) for by in range(26)]
        moved = [self._letters.translate(str.maketrans(ascii_lowercase, table)) for table in tables[1:]]
        return [*moved, *(one[::-1] for one in moved)]


def _leet(bare: str) -> str:
    """Return letters and digits with letters in the places of digits that look like them."""
    return bare.encode().translate(_LEET).decode()


def bare_of(text: str, tags: bool = False) -> str:
    """Return the letters and digits of a text in small letters; those within ``tags`` too, if asked."""
    return _folded(text if tags else _untagged(text)).translate(None, _SIGNS).decode()


def _once(text: str) -> str:
    """Return a text with each run of one sign as a single one, for signs that are written in both cases, or twice."""
    return "".join(one for one, _ in groupby(text))


def _heard(text: str) -> str:
    """Return what ``bare_of`` leaves of a text in which words that spell signs are replaced by these.

    Word by word from a table: a pattern of all these words takes fifteen times as long.
    """
    words = _folded(_untagged(text)).replace(b"x-ray", b"xray").translate(_BLANKS).decode().split()
    return "".join(map(_HEARD.get, words, words))


def _folded(text: str) -> bytes:
    if not text.isascii():
        text = _BEYOND_ASCII.sub(lambda found: found[0].translate(_FOLDING), text)
    return text.lower().encode("ascii", "ignore")


def has_tag(text: str) -> bool:
    """Say whether a text may hold what ``bare_of`` takes for a tag."""
    return "<" in text or "\x1b" in text or ("*" in text and "/*" in text)


def _untagged(text: str) -> str:
    return _TAGS.sub("", text) if has_tag(text) else text


def _letters(bare: str) -> str:
    return bare.encode().translate(None, b"0123456789").decode()


def _signs(text: str, tags: bool, heard: bool = False) -> Iterator[tuple[str, int, int]]:
    """Yield what ``bare_of`` leaves of a text, each sign with its place; words that spell signs, too, if asked."""
    start = 0
    ways = [*([] if tags else [_TAG]), *([_HEARD_WORD.pattern] if heard else [])]
    for found in re.finditer("|".join(ways), text, re.IGNORECASE) if ways else ():
        yield from _each(text, start, found.start())
        start = found.end()
        if heard and found[0].lower() in _HEARD:
            yield from ((one, found.start(), start) for one in _HEARD[found[0].lower()])
    yield from _each(text, start, len(text))


def _each(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    for place in range(start, end):
        yield from ((one, place, place + 1) for one in _FOLDING[ord(text[place])] if one.isalnum())


def _places(text: str, sought: str, signs: _Signs) -> Iterator[tuple[int, int]]:
    at = text.find(sought)
    while at >= 0:
        yield signs[at][1], signs[at + len(sought) - 1][2]
        at = text.find(sought, at + len(sought))
