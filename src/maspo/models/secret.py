"""A key, cut out of whatever an endpoint sends back: plain, escaped, encoded, taken apart. Pure."""

from __future__ import annotations

import base64
import codecs
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from itertools import chain, starmap
from typing import Final

CUT: Final = "[key]"
_SHORTEST: Final = 8
"""Shorter keys (local servers take any word) are words that a reply may hold by right."""
_FEWEST: Final = 4
"""Characters of a key that is cut out of errors as a word of its own; shorter ones stand in any text by chance."""
_STANDS_IN: Final = frozenset(
    """
a an any anything api apikey auth bar bearer changeme cpp default demo dummy empty example fake foo here ignored
infinity insert is jan key koboldcpp litellm llama llamacpp lm lmstudio local localai localhost mlx my na needed
no nokey none not nothing null of ollama openai password placeholder proj required secret set sglang sk some
string studio tabby test testing tgi the this todo token undefined unused vllm whatever x xx your
""".split()  # noqa: SIM905 - a list of words
)
"""Words of which keys are made that are none: servers at home want a header, and take whatever stands in it."""
_ROWS: Final = ("0123456789", "1234567890", "abcdefghijklmnopqrstuvwxyz", "abc123")
"""Digits and letters in a row stand in for a key, too, where they are as few as ``_ROW`` says."""
_ROW: Final = range(3, 7)
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
_UNSEEN: Final = (
    r"\u00ad\u0300-\u036f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\x00"
)
"""Characters that nobody sees, or that are put upon the one before: a class of a pattern."""
_WIDER_GAP: Final = rf"(?:[\s{_UNSEEN}\"',]|\\\n|\*\*|__|[-_.|*/~](?!\w\w\w)|</?[a-z][^<>\n]{{0,40}}>){{0,8}}?"
"""What it can be taken apart by on purpose: what nobody sees, marks, tags, a letter a line or an item."""
_FORMS: Final = ((0x2070, 0x2150), (0x2460, 0x2500), (0xFF01, 0xFF5F), (0x1D400, 0x1D800), (0x1F110, 0x1F190))
"""Where Unicode has other forms of letters and digits."""
_ODD: Final = re.compile(
    r"[\\\d](?:(?<=\\)0{0,4}[2-7][0-9a-f]\s|(?<=[01])[01]{7}[\s,;]?[01]{8}|(?<=\d)\d[\s,;]+\d\d\d?[\s,;]+\d\d)"
)
_ODD_POINTS: Final = ("u+00", "%u00")
"""How texts look that are written in numbers."""
_BETWEEN: Final = re.compile(r"<(?:[^<>\n]{0,42}>)?|[^a-z0-9<]+")
_SIGNS: Final = bytes(one for one in range(128) if not chr(one).isalnum())
_NEXT_PART: Final = r'"(?!\s?:)[^\n]{0,4000}\n(?:[^\n{]{0,200}\n){0,4}(?:data:)?[^\n]{0,4000}?":\s?"'
"""From the end of a text in one part of a stream to the beginning of one in the next: server-sent events, or a line of
JSON each."""
_LINE_END: Final = r"(?:\s|\\{1,4}[nr]|%0[AaDd])*"


def stands_in(key: str) -> bool:
    """Say whether a key is none, but a word that stands in for one, such as ``none``, ``EMPTY`` or ``sk-no-key``."""
    parts = re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", key.strip())
    return all(_stands_in(part.lower()) for part in parts if part)


def _stands_in(part: str) -> bool:
    in_a_row = len(part) in _ROW and any(part in row for row in _ROWS)
    return part in _STANDS_IN or in_a_row or (len(part) >= _ROW.start and len(set(part)) == 1)


def too_short(key: str) -> str:
    """Return what is to be known of a key that cannot be told from a word; empty when nothing is."""
    size = len(key.strip())
    if not key.strip() or size >= _SHORTEST or stands_in(key):
        return ""
    where = "of errors only, as a word of its own" if size >= _FEWEST else "of nothing"
    return (
        f"has {size} characters, as many words have, so it is cut out {where}; a key of {_SHORTEST} or more is cut out "
        "of all that an endpoint sends"
    )


class Secret:
    """A key and the ways in which it is spelled: escapes, entities, base64, hexadecimal, backwards, in parts.

    Building one takes longer than looking for it, so it is kept as long as its endpoint.
    """

    def __init__(self, key: str) -> None:
        self._key = key.strip()

    def cut_from(self, text: str, shortest: int = _SHORTEST) -> str:
        """Return a text without the key; one of fewer than ``shortest`` characters is left, for it may be a word.

        What only stands in for a key is no secret, and is left everywhere.
        """
        if len(text) < min(_TOLD, len(self._key)) or len(self._key) < max(shortest, _FEWEST) or self._stands_in:
            return text
        if len(self._key) < _SHORTEST:
            return re.sub(rf"(?<!\w){re.escape(self._key)}(?!\w)", CUT, text)
        text = self._cut(self._spelled, self._without_beginnings(text, len(self._pieces[0])))
        if self._may_be_in(text):
            text = self._cut(self._rarely_spelled, text)
        return self._without_end(self._without_beginnings(text, _BEGINNING))

    def cut_from_parts(self, text: str) -> str:
        """Return a stream as it came over the wire without the key, also where it is split over parts of it."""
        text = self.cut_from(text)
        if len(self._key) < _SHORTEST or self._stands_in or "\n" not in text:
            return text
        return self._cut(self._in_parts, text)

    @cached_property
    def _stands_in(self) -> bool:
        return stands_in(self._key)

    def _cut(self, pattern: re.Pattern[str], text: str) -> str:
        """Return a text without what a pattern finds; pieces of one key that touch are cut out as one."""
        kept, start = [], 0
        while found := pattern.search(text, start):
            kept.append(text[start : found.start("whole")])
            start = found.end("whole")
        if not start:
            return text
        cut = CUT.join([*kept, text[start:]])
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
        told, start = self._key[:_TOLD], max(0, len(body) - len(self._key))
        while (start := body.find(told, start)) >= 0:
            if self._key.startswith(body[start:]):
                return f"{body[:start]}{CUT}{text[len(body) :]}"
            start += 1
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
        first = "".join(piece[0] for piece in self._pieces)
        for piece in self._known:
            raw = piece.encode()
            based = _in_base64(raw)
            ways += [_GAP.join(map(_any_spelling, piece)), re.escape(piece[::-1])]
            ways += [_LINE_END.join(map(re.escape, digits)) for digits in based]
            ways.append(r"(?:0x|\\x|[\s:,-])*".join(rf"(?i:{one:02x})" for one in raw))
            ways.append(r"[\s,;]+".join(str(one) for one in raw))
            first += "".join(
                (_cases(piece[0] + f"{raw[0]:02x}"[0]), str(raw[0])[0], piece[-1], *(one[0] for one in based))
            )
        ways += [re.escape(piece) for piece in self._pieces[_PIECES:-1]]
        return _searched(ways, first)

    def _may_be_in(self, text: str) -> bool:
        """Say whether the key may be in a text in a rare spelling: to look for all of them takes longer than a call."""
        if not text.isascii() or _ODD.search(text) or any(map(text.__contains__, self._coded)):
            return True
        lower = text.lower()
        if any(map(lower.__contains__, _ODD_POINTS)):
            return True
        # Where nothing looks like a mark, what is between letters is left out many times faster.
        bare = _BETWEEN.sub("", lower) if "<" in lower else lower.encode().translate(None, _SIGNS).decode()
        return any(piece in bare for piece in self._bare)

    @cached_property
    def _bare(self) -> list[str]:
        return [_BETWEEN.sub("", piece.lower()) for piece in self._known]

    @cached_property
    def _coded(self) -> frozenset[str]:
        return frozenset[str]().union(*map(_otherwise_coded, self._known))

    @cached_property
    def _rarely_spelled(self) -> re.Pattern[str]:
        ways: list[str] = []
        first = "01234567uU" + "".join(one[0] for one in self._coded) + _cases("".join(one[0] for one in self._known))
        for piece in self._known:
            ways.append(_WIDER_GAP.join(map(_rare_spelling, piece)))
            ways += [r"[\s,;]+".join(format(one, form) for one in piece.encode()) for form in ("03o", "o")]
            ways.append(r"[\s,;]*".join(format(one, "08b") for one in piece.encode()))
        ways += map(re.escape, self._coded)
        return _searched(ways, first)

    @cached_property
    def _in_parts(self) -> re.Pattern[str]:
        ways = [f"(?:{_NEXT_PART})?".join(map(_any_spelling, piece)) for piece in self._known]
        return _searched(ways, _cases("".join(piece[0] for piece in self._known)))


def _searched(ways: Iterable[str], first: str) -> re.Pattern[str]:
    """Return a pattern that finds, as its group ``whole``, the first of some ways in which a text may go on.

    ``first`` holds the characters that they begin with; those that begin escapes, and all beyond ASCII, are added.
    Where a pattern begins with a class, its places are looked for in one loop of C; an alternation alone is tried at
    every character, which takes ten times as long.
    """
    signs = "".join(map(re.escape, sorted({*first, *"\\%&="})))
    whole = "|".join(f"(?:{way})" for way in ways)
    return re.compile(rf"[{signs}\x80-\U0010ffff](?<=(?=(?P<whole>{whole}))[\s\S])")


def _cases(text: str) -> str:
    """Return letters in either case."""
    return text.lower() + text.upper()


def _otherwise_coded(text: str) -> set[str]:
    """Return what stands for a text in codes that are rarer, or laid over one another, wherever in them it begins."""
    raw, back = text.encode(), text[::-1].encode()
    wide = [text.encode(form) for form in ("utf-16-le", "utf-16-be")]
    digits = _in_base64(raw)
    found = {codecs.encode(text, "rot13")}
    for one in (raw.hex()[::-1], back.hex(), *(one.hex() for one in wide)):
        found |= {one, one.upper()}
    found |= {coded[::-1] for coded in digits}.union(*map(_in_base64, (*wide, back, *map(str.encode, digits))))
    for before in range(4):
        # Five digits stand for four bytes; those of which a part is not the key's are left out.
        own = slice(5 if before else 0, (before + len(raw)) // 4 * 5)
        shifted = bytes([1] * before) + raw
        found |= {base64.a85encode(shifted).decode()[own], base64.b85encode(shifted).decode()[own]}
    return {one for one in found if len(one) >= _SHORTEST}


@cache
def _forms() -> Mapping[str, str]:
    """Return the other forms of signs: full width, raised, circled, and those of mathematics."""
    found: dict[str, str] = {}
    for one in map(chr, chain.from_iterable(starmap(range, _FORMS))):
        plain = unicodedata.normalize("NFKC", one)
        if len(plain) == 1 and plain != one and plain.isascii():
            found[plain] = found.get(plain, "") + one
    return found


def _rare_spelling(character: str) -> str:
    """Return a pattern for a character as scripts, styles and lists of code points write it, or in another form."""
    either = dict.fromkeys((character, character.lower(), character.upper()))
    ways = [re.escape(one) for one in either]
    for one in either:
        code = f"(?i:{ord(one):02x})"
        ways += [rf"(?i:u\+)00{code}", rf"(?i:%u)00{code}", rf"\\0{{0,4}}{code}\s?"]
    forms = "".join(_forms().get(one, "") for one in either)
    return f"(?:{'|'.join([*ways, f'[{forms}]'] if forms else ways)})"


def _in_base64(raw: bytes) -> set[str]:
    """Return what stands in base64 for a text, wherever in the coded text it begins."""
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
