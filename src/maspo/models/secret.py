"""A key, cut out of whatever an endpoint sends back: plain, escaped, encoded, taken apart. Pure."""

from __future__ import annotations

import base64
import math
import re
from functools import cached_property
from typing import Final

CUT: Final = "[key]"
_SHORTEST: Final = 8
"""Shorter keys (local servers take any word) are words that a reply may hold by right."""
_TOLD: Final = 6
"""Characters of a key that a cut-off message may not end with; fewer say nothing, as in ``sk-…``."""
_BEGINNING: Final = 12
"""Characters of a key's beginning that are cut out wherever they stand: more than the words that keys begin with."""
_PIECE: Final = 128
"""Characters of a key that one pattern holds. Tokens of clouds have thousands: they are cut out in pieces."""
_PIECES: Final = 4
"""Pieces of a long key that are known in every spelling, and the last one; what is between them in plain letters only:
patterns of thousands of characters take seconds to build, and half a token opens nothing."""
_GAP: Final = (
    r"(?:[\s\u00ad\u200b-\u200f\u2060\ufeff\x00]|\\{1,4}[nrt]|[\"'`]\s*[,+&]?\s*[\"'`]"
    r"|[-_.,|*]{1,2}(?!\w\w\w)|%0[AaDd]|%20){0,6}?"
)
"""What a key can be taken apart by: blanks, line ends and their escapes, ends of quoted texts."""
_NEXT_PART: Final = r'"(?!\s?:)[^\n]{0,4000}\n(?:[^\n{]{0,200}\n){0,4}(?:data:)?[^\n]{0,4000}?":\s?"'
"""From the end of a text in one part of a stream to the beginning of one in the next: server-sent events, or a line of
JSON each."""
_LINE_END: Final = r"(?:\s|\\{1,4}[nr]|%0[AaDd])*"


class Secret:
    """A key and the ways in which it is spelled: escapes, entities, base64, hexadecimal, backwards, in parts.

    Building one takes longer than looking for it, so it is kept as long as its endpoint.
    """

    def __init__(self, key: str) -> None:
        self._key = key.strip()

    def cut_from(self, text: str, shortest: int = _SHORTEST) -> str:
        """Return a text without the key; one of fewer than ``shortest`` characters is left, for it may be a word."""
        if not self._key or len(self._key) < shortest:
            return text
        if len(self._key) < _SHORTEST:
            return text.replace(self._key, CUT)
        text = self._cut(self._spelled, self._without_beginnings(text, len(self._pieces[0])))
        return self._without_end(self._without_beginnings(text, _BEGINNING))

    def cut_from_parts(self, text: str) -> str:
        """Return a stream as it came over the wire without the key, also where it is split over parts of it."""
        text = self.cut_from(text)
        if len(self._key) < _SHORTEST or "\n" not in text:
            return text
        return self._cut(self._in_parts, text)

    def _cut(self, pattern: re.Pattern[str], text: str) -> str:
        """Return a text without what a pattern finds; pieces of one key that touch are cut out as one."""
        cut = pattern.sub(CUT, text)
        return cut if len(self._key) <= _PIECE else re.sub(rf"(?:{re.escape(CUT)}){{2,}}", CUT, cut)

    def _without_beginnings(self, text: str, least: int) -> str:
        """Return a text without beginnings of the key in plain letters that are at least so long."""
        if len(self._key) <= least:
            return text
        kept, start = [], 0
        while (found := text.find(self._key[:least], start)) >= 0:
            kept.append(text[start:found])
            start = found + least
            while start - found < len(self._key) and text[start : start + 1] == self._key[start - found]:
                start += 1
        return CUT.join([*kept, text[start:]])

    def _without_end(self, text: str) -> str:
        """Return a text that does not break off within the key, as messages do that are cut to a length."""
        body = text.rstrip("….")
        for length in range(min(len(self._key), len(body)), _TOLD - 1, -1):
            if body.endswith(self._key[:length]):
                return f"{body[:-length]}{CUT}{text[len(body) :]}"
        return text

    @cached_property
    def _pieces(self) -> list[str]:
        """The key, or pieces of a long one; none is so short that it is a word."""
        size = math.ceil(len(self._key) / math.ceil(len(self._key) / _PIECE))
        return [self._key[start : start + size] for start in range(0, len(self._key), size)]

    @cached_property
    def _known(self) -> list[str]:
        """The pieces that are known in every spelling."""
        return [*self._pieces[:-1][:_PIECES], self._pieces[-1]]

    @cached_property
    def _spelled(self) -> re.Pattern[str]:
        ways: list[str] = []
        for piece in self._known:
            ways += [_GAP.join(map(_any_spelling, piece)), re.escape(piece[::-1])]
            ways += [_LINE_END.join(map(re.escape, digits)) for digits in _in_base64(piece)]
            ways.append(r"(?:0x|\\x|[\s:,-])*".join(rf"(?i:{one:02x})" for one in piece.encode()))
            ways.append(r"[\s,;]+".join(str(one) for one in piece.encode()))
        ways += [re.escape(piece) for piece in self._pieces[_PIECES:-1]]
        return re.compile("|".join(f"(?:{way})" for way in ways))

    @cached_property
    def _in_parts(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{_NEXT_PART})?".join(map(_any_spelling, piece)) for piece in self._known))


def _in_base64(text: str) -> set[str]:
    """Return what stands in base64 for a text, wherever in the coded text it begins."""
    raw = text.encode()
    found = set()
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
        # Digits that are made of what is around the text as well are not its own.
        own = coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        found |= {own, own.replace("+", "-").replace("/", "_")}
    found.add(base64.b32encode(raw).decode().rstrip("=")[: len(raw) * 8 // 5])
    return found


def _any_spelling(character: str) -> str:
    """Return a pattern for a character in JSON, URLs (escaped once or twice), HTML and programs, in either case."""
    code = ord(character)
    sign = re.escape(character)
    either = f"(?i:{sign})" if character.isalpha() else sign
    codes = [code] if not character.isalpha() else [ord(character.lower()), ord(character.upper())]
    wide = "".join(chr(one - 0x21 + 0xFF01) for one in codes if 0x21 <= one <= 0x7E)
    ways = [rf"\\{{0,4}}{either}" if not character.isalnum() else either]
    for one in codes:
        ways += [
            rf"%(?:25)*(?i:{one:02x})",
            rf"\\+u\{{?0{{0,4}}(?i:{one:x})\}}?",
            rf"\\+x(?i:{one:02x})",
            rf"\\0?{one:03o}",
        ]
        ways += [rf"&(?:amp;)*#0*{one};?", rf"&(?:amp;)*#(?i:x)0*(?i:{one:x});?", rf"=(?i:{one:02x})"]
    if wide:
        ways.append(f"[{wide}]")
    return f"(?:{'|'.join(ways)})"
