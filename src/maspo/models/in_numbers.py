"""Where a key stands in a text as numbers: of its bytes or of words of some bytes, in any base but two. Pure.

Calls, escapes, lists, dumps, objects with a number for each place: whatever stands between two numbers, the key's are
met in order, with a few others between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final, TypeAlias

_BETWEEN: Final = 12
"""Other bytes that may stand between two of the key: places, addresses of a dump, what stands beside it in letters."""
_WORD_DIGITS: Final = 5
"""Decimal digits of a number that is of more than one byte: those of two letters have as many, or more."""
_LEFT: Final = 3
"""Last bytes of a key that make a word of their own, too short to be told from other numbers."""
_LEAST: Final = 8
"""Bytes that are looked for: fewer are met by chance."""
_NUMBER = re.compile(r"[0-9]+")
_LONG_NUMBER = re.compile(rf"[0-9]{{{_WORD_DIGITS},}}")
_MOST_DIGITS: Final = 4_000
"""Digits of a number that is read: more than those of the longest piece of a key that is looked for."""
_MOST_DIGITS_OF_BYTE: Final = 8
"""Zeros before it included."""
_HEX = re.compile(r"[0-9a-fA-F]{2,}")
_SHAPE: Final = bytes(ord("0") if one in b"0123456789" else ord(" ") for one in range(256))
"""Makes one sign of all digits: by it a text without long numbers is told in a tenth of the time of a pattern."""

_Stream: TypeAlias = tuple[bytes, list[tuple[int, int]]]
"""Bytes that a text spells in one way, each with the place of its number in the text."""


class InNumbers:
    """Keys, pieces of long ones or codes of them, that are found in a text as numbers."""

    def __init__(self, sought: Iterable[str]) -> None:
        self._sought = [_Sought(one.encode()) for one in sought]
        self._fewest = min(len(one.raw) for one in self._sought)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where in a text one of them stands, from its first number to its last."""
        shape = text.encode("ascii", "ignore").translate(_SHAPE)
        digits = shape.count(b"0")
        # Also in hexadecimal: what ASCII can show begins with a digit there.
        if digits < self._fewest:
            return
        small = text.lower()
        has_long = digits >= 2 * self._fewest and b"0" * _WORD_DIGITS in shape
        for sought in self._sought:
            for numbers, base in ((sought.decimal, 10), (sought.octal, 8), (sought.binary, 2)):
                if all(map(text.__contains__, numbers)):
                    yield from sought.places(_bytes(text, base))
            if digits >= 2 * len(sought.raw):
                yield from sought.places_moved(_bytes(text, 10))
            if all(map(small.__contains__, sought.hexadecimal)):
                words = [(bytes.fromhex(one[0][: len(one[0]) // 2 * 2]), one.span()) for one in _HEX.finditer(text)]
                yield from sought.places_in_words(words)
            if has_long:
                long = [found for found in _LONG_NUMBER.finditer(text) if len(found[0]) <= _MOST_DIGITS]
                if sum(len(found[0]) for found in long) >= 2 * len(sought.raw):
                    yield from sought.places_in_words([(_big(int(found[0])), found.span()) for found in long], _LEFT)


class _Sought:
    """Bytes that are looked for among those that a text spells."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._ways = (raw, raw[::-1])

    def places_in_words(
        self, words: Sequence[tuple[bytes, tuple[int, int]]], left: int = 0
    ) -> Iterator[tuple[int, int]]:
        """Yield where they are in words of some bytes, the first of which comes first, or last."""
        places = [span for word, span in words for _ in word]
        yield from self.places((b"".join(word for word, _ in words), places), left)
        yield from self.places((b"".join(word[::-1] for word, _ in words), places), left)

    def places(self, stream: _Stream, left: int = 0) -> Iterator[tuple[int, int]]:
        """Yield where they are, forwards or backwards, but for so many of the last ones."""
        said, places = stream
        for raw in self._ways:
            whole = raw[: max(_LEAST, len(raw) - left)]
            at = said.find(whole[:1])
            while at >= 0:
                last = _end(whole, said, at)
                if last is not None:
                    yield places[at][0], places[last][1]
                at = said.find(whole[:1], (last or at) + 1)

    def places_moved(self, stream: _Stream) -> Iterator[tuple[int, int]]:
        """Yield where they are with the same number added to each: by their steps, one right after the other."""
        said, places = stream
        steps = _steps(said)
        for raw in self._ways:
            at = steps.find(_steps(raw))
            if at >= 0:
                yield places[at][0], places[at + len(raw) - 1][1]

    @cached_property
    def decimal(self) -> list[str]:
        """Its bytes in base ten."""
        return self._in("d")

    @cached_property
    def octal(self) -> list[str]:
        """Its bytes in base eight."""
        return self._in("o")

    @cached_property
    def binary(self) -> list[str]:
        """Its bytes in base two."""
        return self._in("b")

    @cached_property
    def hexadecimal(self) -> list[str]:
        """Its bytes in base sixteen."""
        return self._in("02x")

    def _in(self, form: str) -> list[str]:
        return sorted({format(one, form) for one in self.raw})


def _bytes(text: str, base: int) -> _Stream:
    """Return the numbers of a text that are of one byte."""
    told = [(_value(found[0], base), found.span()) for found in _NUMBER.finditer(text)]
    told = [(value, span) for value, span in told if value < 256]
    return bytes(value for value, _ in told), [span for _, span in told]


def _steps(row: bytes) -> bytes:
    return bytes((other - one) % 256 for one, other in pairwise(row))


def _value(digits: str, base: int) -> int:
    """Return a number; one that is none in this base, or is of many digits, is more than a byte."""
    return 256 if len(digits) > _MOST_DIGITS_OF_BYTE or max(digits) > str(base - 1) else int(digits, base)


def _end(whole: bytes, said: bytes, at: int) -> int | None:
    """Return where the last of some bytes is, when they follow the first of them; each is the next there is."""
    for one in whole[1:]:
        at = said.find(one, at + 1, at + 2 + _BETWEEN)
        if at < 0:
            return None
    return at


def _big(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
