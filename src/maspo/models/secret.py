"""A key, cut out of whatever an endpoint sends back: plain, escaped, encoded, taken apart. Pure."""

from __future__ import annotations

import base64
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
_GAP: Final = (
    r"(?:[\s\u00ad\u200b-\u200f\u2060\ufeff\x00]|\\{1,4}[nrt]|[\"'`]\s*[,+&]?\s*[\"'`]"
    r"|[-_.,|*]{1,2}(?!\w\w\w)|%0[AaDd]|%20){0,6}?"
)
"""What a key can be taken apart by: blanks, line ends and their escapes, ends of quoted texts."""
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
        return self._without_beginning(self._spelled.sub(CUT, text))

    def _without_beginning(self, text: str) -> str:
        """Return a text that does not break off within the key, as messages do that are cut to a length."""
        body = text.rstrip("….")
        for length in range(min(len(self._key), len(body)), _TOLD - 1, -1):
            if body.endswith(self._key[:length]):
                return f"{body[:-length]}{CUT}{text[len(body) :]}"
        return text

    @cached_property
    def _spelled(self) -> re.Pattern[str]:
        key = self._key
        ways = [_GAP.join(map(_any_spelling, key)), re.escape(key[::-1])]
        if len(key) > _BEGINNING:
            rest = "".join(f"(?:{re.escape(one)}" for one in key[_BEGINNING:]) + ")?" * (len(key) - _BEGINNING)
            ways.append(re.escape(key[:_BEGINNING]) + rest)
        ways += [_LINE_END.join(map(re.escape, digits)) for digits in self._in_base64()]
        ways.append(r"(?:0x|\\x|[\s:,-])*".join(rf"(?i:{one:02x})" for one in key.encode()))
        ways.append(r"[\s,;]+".join(str(one) for one in key.encode()))
        return re.compile("|".join(f"(?:{way})" for way in ways))

    def _in_base64(self) -> set[str]:
        """Return what stands in base64 for the key, wherever in the coded text it begins."""
        raw = self._key.encode()
        found = set()
        for before in range(3):
            coded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")
            # Digits that are made of what is around the key as well are not the key's own.
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
