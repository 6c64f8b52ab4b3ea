"""A key, cut out of whatever an endpoint sends back: plain, escaped, encoded, taken apart. Pure."""

from __future__ import annotations

import base64
import codecs
import math
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from maspo.models.in_numbers import InNumbers
from maspo.models.in_pieces import InPieces
from maspo.models.sieve import Signs, Strings
from maspo.models.taken_apart import TakenApart, bare_of, has_tag

CUT: Final = "[key]"
_CUT_IN_PARTS: Final = re.compile(rf"{re.escape(CUT)}(?:(?:\w{{0,3}}(?:[*.•]{{2,200}}|…)\w{{0,3}})?{re.escape(CUT)})+")
"""Endpoints write stars or dots for the middle of a key that they name; a few letters beside them are of it, too."""
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
_PART: Final = 12
"""Characters of a key in a row that are cut out wherever they stand: more than the words that keys begin with."""
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
_BETWEEN_BITS: Final = r"[^1]{0,16}?"
"""The same of numbers of bits, between which other digits may stand, such as the base."""
_NEXT_PART: Final = r'"(?!\s?:)[^\n]{0,4000}\n(?:[^\n{]{0,200}\n){0,4}(?:data:)?[^\n]{0,4000}?":\s?"'
"""From the end of a text in one part of a stream to the beginning of one in the next: server-sent events, or a line of
JSON each."""
_ESCAPES: Final = tuple(
    (sign, re.compile(pattern))
    for sign, pattern in (
        ("\\", r"\\(?:[uUxX]\{?0*(?:2[1-9a-fA-F]|[3-7][0-9a-fA-F])|0*[1-7][0-7])"),
        ("%", r"%[0-9a-fA-F]{2}"),
        ("&", r"&(?:(?i:amp);)*#"),
        ("=", r"=[2-7][0-9a-fA-F]"),
        ("0", r"0[xX]"),
    )
)
"""What a sign of ASCII is written with where it is not written as it is: a text without any holds a key in letters.
Each pattern begins with its sign in one case, so that its places are looked for in one loop of C."""
_ESCAPED_END: Final = re.compile(r"\\[nrt]")
_MAY_END_AN_ESCAPE: Final = frozenset("nrt")
"""Signs that are taken for the end of an escape where a backslash, as of a path, stands before a key that begins so."""
_ALIKE: Final = 3
"""Lines of a stream that are looked through whole, a line of status among them; in the others, what is new."""
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


def _as_one(text: str) -> str:
    """Return a text in which parts of one key, with what hides the rest of it between them, are cut out as one."""
    return _CUT_IN_PARTS.sub(CUT, text) if text.count(CUT) > 1 else text


class Secret:
    """A key and the ways in which it is spelled: escapes, entities, base64, hexadecimal, backwards, in parts.

    Building one takes longer than looking for it, so it is kept as long as its endpoint.
    """

    def __init__(self, key: str) -> None:
        self._key = key.strip()

    def cut_from(self, text: str, shortest: int = _SHORTEST) -> str:
        """Return a text without the key; one of fewer than ``shortest`` characters is left, for it may be a word.

        What only stands in for a key is no secret, and is left everywhere. Long parts of the key are cut out, too.
        """
        text = self.cut_from_unread(text, shortest)
        if len(self._key) < max(shortest, _SHORTEST) or self._stands_in:
            return _as_one(text)
        if not self._seeds.may_stand_in(text):
            return _as_one(text)
        return _as_one(self._without_parts(text, _PART, range(0, len(self._key), _PART // 2)))

    def cut_from_unread(self, text: str, shortest: int = _SHORTEST) -> str:
        """Return a message as it came without the key: a part of it may go on elsewhere, and stays until it is read."""
        if len(text) < min(_TOLD, len(self._key)) or len(self._key) < max(shortest, _FEWEST) or self._stands_in:
            return text
        if len(self._key) < _SHORTEST:
            return re.sub(rf"(?<!\w){re.escape(self._key)}(?!\w)", CUT, text)
        text = self._without_parts(text, len(self._pieces[0]), (0,))
        read, bare = text, bare_of(text)
        if self._may_be_spelled(text, bare):
            text = self._cut(self._spelled, text)
        if text.count("1") >= self._fewest_ones:
            text = self._cut(self._in_bits, text)
        if all(map(text.__contains__, self._counting)):
            text = self._cut(self._counted, text)
        if self._coded_strings.may_stand_in(text):
            for coded in self._coded:
                text = text.replace(coded, CUT)
        text = _without(text, self._in_numbers.spans(text))
        for apart in self._apart:
            text = _without(text, apart.spans(text, bare if text is read else bare_of(text)))
        for pieces in self._in_pieces:
            text = _without(text, pieces.spans(text))
        return self._without_end(self._without_parts(text, _PART, (0,)))

    def cut_from_parts(self, text: str) -> str:
        """Return a stream as it came over the wire without the key, also where it is split over parts of it."""
        if len(self._key) >= _SHORTEST and not self._stands_in and "\n" in text:
            bare = None if _has_escape(text) or not self._in_letters else bare_of(text, tags=True)
            if bare is None or any(signs.may_stand_in(bare) for signs in self._signs):
                text = self._cut(self._in_parts, text)
            once = _said_once(text)
            if self.cut_from(once) == once:
                return text
        return self.cut_from(text)

    @cached_property
    def _seeds(self) -> Strings:
        """The beginnings of the parts of a key that are cut out: where none stands in a text, no part does."""
        step = _PART // 2
        return Strings(self._key[begin : begin + step] for begin in range(0, len(self._key) - step + 1, step))

    def _may_be_spelled(self, text: str, bare: str) -> bool:
        """Say whether ``_spelled`` may find something: without escapes, what it finds stands in the bare text.

        ``bare`` is ``bare_of`` the text.
        """
        if not self._in_letters or _has_escape(text):
            return True
        if "\\" in text:
            bare = bare_of(_ESCAPED_END.sub("", text), tags=True)
        elif has_tag(text):
            bare = bare_of(text, tags=True)
        return self._bare.may_stand_in(bare) or any(one in text for one in self._pieces[_PIECES:-1])

    @cached_property
    def _in_letters(self) -> bool:
        """Whether the key is of letters, digits and signs alone, as all keys are that anybody has seen."""
        return self._key.isascii() and not {" ", "\\"} & set(self._key)

    @cached_property
    def _signs(self) -> list[Signs]:
        return [Signs(bare_of(piece, tags=True)) for piece in self._known]

    @cached_property
    def _bare(self) -> Strings:
        """The letters and digits of what ``_spelled`` finds."""
        found = set[str]()
        for piece in self._known:
            raw = piece.encode()
            found |= {piece, piece[::-1], raw.hex(), "".join(map(str, raw)), *_in_base64(raw)}
        bare = {bare_of(one, tags=True) for one in found}
        return Strings(one[1:] if one[:1] in _MAY_END_AN_ESCAPE else one for one in bare)

    @cached_property
    def _coded_strings(self) -> Strings:
        return Strings(self._coded)

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

    def _without_parts(self, text: str, least: int, places: Iterable[int]) -> str:
        """Return a text without parts of the key in plain letters, at some of its places, that are at least so long."""
        if len(self._key) <= least:
            return text
        step = least // 2
        for begin in places:
            seed, at, done = self._key[begin : begin + step], 0, 0
            kept: list[str] = []
            if len(seed) < step:
                break
            if seed not in text:
                continue
            while (at := text.find(seed, at)) >= 0:
                start, end, first, last = at, at + step, begin, begin + step
                while first and start > done and text[start - 1] == self._key[first - 1]:
                    start, first = start - 1, first - 1
                while last < len(self._key) and text[end : end + 1] == self._key[last]:
                    end, last = end + 1, last + 1
                if end - start < least:
                    at += 1
                    continue
                kept += [text[done:start], CUT]
                at = done = end
            text = "".join([*kept, text[done:]])
        return text

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

    @cached_property
    def _coded(self) -> list[str]:
        found = frozenset[str]().union(*map(_otherwise_coded, self._known))
        return sorted(found, key=lambda one: (-len(one), one))  # of one length in the same order in every process

    @cached_property
    def _apart(self) -> list[TakenApart]:
        return [
            TakenApart(piece, {*_in_base64(piece.encode()), *_in_base32(piece.encode()), piece.encode().hex()})
            for piece in self._known
        ]

    @cached_property
    def _in_numbers(self) -> InNumbers:
        coded = (base64.b64encode(piece.encode()).decode().rstrip("=") for piece in self._known)
        return InNumbers([*self._known, *coded])

    @cached_property
    def _in_pieces(self) -> list[InPieces]:
        return [InPieces(piece) for piece in self._known]

    @cached_property
    def _fewest_ones(self) -> int:
        """Ones that a text holds which ``_in_bits`` finds."""
        return min(sum(one.bit_count() for one in piece.encode()) for piece in self._known)

    @cached_property
    def _in_bits(self) -> re.Pattern[str]:
        """The code points of the key in base two, whole or in halves."""
        ways = [_in_base_two(piece.encode()) for piece in self._known]
        ways += [
            r"\W{0,3}".join(f"{one >> 4:04b}" + r"\W?" + f"{one & 15:04b}" for one in piece.encode())
            for piece in self._known
        ]
        return re.compile(f"(?P<whole>{'|'.join(ways)})")

    @cached_property
    def _counting(self) -> list[str]:
        """Numbers that a text holds which counts the key's characters."""
        return [str(at) for at in range(2, min(map(len, self._known)) - 1)]

    @cached_property
    def _counted(self) -> re.Pattern[str]:
        """The key a character an item, each with its number before or after it."""
        ways = [_counted(piece) for piece in self._known]
        return re.compile(f"(?P<whole>{'|'.join(ways)})", re.IGNORECASE)

    @cached_property
    def _in_parts(self) -> re.Pattern[str]:
        ways = [f"(?:{_NEXT_PART})?".join(map(_any_spelling, piece)) for piece in self._known]
        return _searched(ways, _cases("".join(piece[0] for piece in self._known)))


def _said_once(text: str) -> str:
    """Return a stream in which what its parts begin and end with, up to a quote, stands in the first ones alone.

    Nine tenths of a stream are what is said again with each word.
    """
    lines = [line for line in text.split("\n") if line]
    if len(lines) <= _ALIKE:
        return text
    told, parts = lines[:_ALIKE], lines[_ALIKE:]
    begins = _alike(told[-2], told[-1])
    begins = begins[: begins.rfind('"') + 1]
    ends = _alike(told[-2][: len(begins) - 1 : -1], told[-1][: len(begins) - 1 : -1])
    ends = ends[: ends.rfind('"') + 1][::-1]
    start, least = len(begins), len(begins) + len(ends)
    rest = [
        line[start : len(line) - len(ends)]
        if len(line) >= least and line.startswith(begins) and line.endswith(ends)
        else line
        for line in parts
    ]
    return "\n".join([*told, *rest])


def _alike(one: str, other: str) -> str:
    """Return what two texts both begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return one[:low]


def _has_escape(text: str) -> bool:
    """Say whether a text holds what a sign of a key may be written with."""
    for sign, pattern in _ESCAPES:  # noqa: SIM110 (a generator takes as long as all that it looks for)
        if sign in text and pattern.search(text):
            return True
    return False


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
    found = {"".join(f"{one:03d}" for one in raw), str(int.from_bytes(raw, "big")), hex(int.from_bytes(raw, "big"))[2:]}
    found |= {"".join(chr(33 + (one - 33 + by) % 94) for one in raw) for by in range(1, 94)}
    found |= {"".join(chr(one ^ by) for one in raw) for by in range(1, 128)}
    found |= {codecs.encode(raw, "uu").decode().partition("\n")[2].partition("\n")[0][1 : 1 + len(raw) // 3 * 4]}
    found |= {"".join(text[at : at + 2][::-1] for at in range(0, len(text), 2)), text[::2], text[1::2]}
    found |= {text[row::3] for row in range(3) if len(text) // 3 >= _SHORTEST}
    found |= {codecs.encode(digit, "rot13") for digit in digits}
    found.add("".join(f"{one:02x}"[::-1] for one in raw))
    for digit in digits | {raw.hex()}:
        found |= {digit.encode().hex(), *_in_base64(digit.encode())}
    for one in (raw.hex()[::-1], back.hex(), *(one.hex() for one in wide)):
        found |= {one, one.upper()}
    found |= {coded[::-1] for coded in digits}.union(*map(_in_base64, (*wide, back, *map(str.encode, digits))))
    for before in range(4):
        # Five digits stand for four bytes; those of which a part is not the key's are left out.
        own = slice(5 if before else 0, (before + len(raw)) // 4 * 5)
        shifted = bytes([1] * before) + raw
        found |= {base64.a85encode(shifted).decode()[own], base64.b85encode(shifted).decode()[own]}
    return {one for one in found if len(one) >= _SHORTEST}


def _counted(piece: str) -> str:
    """Return a pattern for characters one by one, with their numbers before or after them."""
    gaps = (rf"(?!\w).{{0,16}}?(?<!\d)0?(?:{at - 1}|{at}|{at + 1})(?!\d)" for at in range(1, len(piece)))
    signs = (rf"(?s:{gap}.{{0,16}}?)(?<![a-zA-Z0-9]){re.escape(one)}" for gap, one in zip(gaps, piece[1:], strict=True))
    return rf"{re.escape(piece[0])}{''.join(signs)}"


def _in_base_two(raw: bytes) -> str:
    """Return a pattern for bytes in base two, with zeros before each, and something between two of them."""
    first, *rest = (f"{one:b}" for one in raw)
    # Where a pattern begins with signs as they are, its places are looked for in one loop of C.
    return rf"{first}(?<![1-9]{first}){''.join(f'{_BETWEEN_BITS}{one}' for one in rest)}"


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a text without some stretches of it, those that overlap as one."""
    kept, start = [], 0
    for begin, end in sorted(spans):
        if begin >= start:
            kept.append(text[start:begin])
        start = max(start, end)
    return CUT.join([*kept, text[start:]]) if kept else text


def _in_base32(raw: bytes) -> set[str]:
    """Return what stands in base32 for a text, in both alphabets, wherever in the coded text it begins."""
    found = set()
    for before in range(5):
        for coding in (base64.b32encode, base64.b32hexencode):
            coded = coding(bytes(before) + raw).decode().rstrip("=")
            found.add(coded[-(-before * 8 // 5) : (before + len(raw)) // 5 * 8])
    return found


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
    sign = re.escape(character)
    either = f"(?i:{sign})" if character.isalpha() else sign
    cases = (character.lower(), character.upper()) if character.isalpha() else (character,)
    codes = [ord(one) for one in cases if len(one) == 1]  # the other case of ß has two letters
    wide = "".join(chr(one - 0x21 + 0xFF01) for one in codes if 0x21 <= one <= 0x7E)
    ways = [rf"\\{{0,4}}{either}" if not character.isalnum() else either]
    for one in codes:
        ways += [
            rf"%(?:25)*(?i:{one:02x})",
            rf"\\+u\{{?0{{0,4}}(?i:{one:x})\}}?",
            rf"\\+x(?i:{one:02x})",
            rf"\\0{{0,2}}{one:o}(?![0-7])|\\0?{one:03o}",
            rf"\\+U0000(?i:{one:04x})",
        ]
        ways += [rf"&(?:amp;)*#0*{one};?", rf"&(?:amp;)*#(?i:x)0*(?i:{one:x});?", rf"=(?i:{one:02x})"]
    if wide:
        ways.append(f"[{wide}]")
    return f"(?:{'|'.join(ways)})"
