"""A made-up key, the ways in which an endpoint can spell it, and whether a text shows it."""

from __future__ import annotations

import base64
import codecs
import html
import json
import re
import unicodedata
from collections.abc import Callable
from typing import Literal
from urllib.parse import quote, unquote

KEY = "sk-canary-0123456789/abcDEF+x=Zq"


DIGITS = "zero one two three four five six seven eight nine"


def each(spell: Callable[[str], str]) -> str:
    return "".join(map(spell, KEY))


SPELLED = {
    "plain": KEY,
    "JSON": json.dumps(KEY)[1:-1],
    "JSON with escaped slashes": KEY.replace("/", "\\/"),
    "JSON in JSON in JSON": json.dumps(json.dumps(json.dumps({"a": KEY}))),
    "JSON code points": each(lambda one: f"\\u{ord(one):04x}"),
    "JSON code points in JSON": each(lambda one: f"\\\\u{ord(one):04X}"),
    "one code point": KEY.replace("c", "\\u0063"),
    "URL": quote(KEY, safe=""),
    "URL, each sign": each(lambda one: f"%{ord(one):02X}"),
    "URL, twice": each(lambda one: f"%25{ord(one):02x}"),
    "HTML": each(lambda one: f"&#{ord(one)};"),
    "HTML, hexadecimal": each(lambda one: f"&#x{ord(one):x};"),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 of the header": base64.b64encode(f"Bearer {KEY}".encode()).decode(),
    "base64 of user and key": base64.b64encode(f"user:{KEY}\n".encode()).decode(),
    "base64 in lines": base64.encodebytes(b"xx" * 20 + KEY.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(b"a" + KEY.encode()).decode(),
    "base32": base64.b32encode(KEY.encode()).decode(),
    "hexadecimal": KEY.encode().hex(),
    "hexadecimal, apart": KEY.encode().hex(" ").upper(),
    "escapes of C": each(lambda one: f"\\x{ord(one):02x}"),
    "quoted printable": each(lambda one: f"={ord(one):02X}"),
    "numbers": " ".join(str(ord(one)) for one in KEY),
    "backwards": KEY[::-1],
    "upper case": KEY.upper(),
    "full width": each(lambda one: chr(ord(one) - 0x21 + 0xFF01)),
    "two lines": f"{KEY[:9]}\n{KEY[9:]}",
    "two lines in JSON": f"{KEY[:9]}\\n{KEY[9:]}",
    "two texts": f'{KEY[:9]}", "{KEY[9:]}',
    "a sum of texts": f'{KEY[:9]}" + "{KEY[9:]}',
    "apart": " ".join(KEY),
    "apart by hyphens": "-".join(KEY),
    "with what hides": f"{KEY[:5]}\u200b{KEY[5:]}",
    "cut off": f"{KEY[:20]}…",
}


LETTERS = str.maketrans(
    {chr(97 + place): chr(0x1D41A + place) for place in range(26)}
    | {chr(65 + place): chr(0x1D400 + place) for place in range(26)}
    | {str(place): chr(0x1D7CE + place) for place in range(10)}
)
RARELY_SPELLED = {
    "base85": base64.b85encode(KEY.encode()).decode(),
    "base85 behind a sign": base64.b85encode(b"x" + KEY.encode()).decode(),
    "Ascii85": base64.a85encode(KEY.encode()).decode(),
    "Ascii85 in a sentence": base64.a85encode(f"the key {KEY} is wrong".encode()).decode(),
    "rotated": codecs.encode(KEY, "rot13"),
    "octal": each(lambda one: f"\\{ord(one):03o}"),
    "octal numbers": " ".join(f"{ord(one):o}" for one in KEY),
    "octal numbers of three digits": " ".join(f"{ord(one):03o}" for one in KEY),
    "bits": " ".join(f"{ord(one):08b}" for one in KEY),
    "bits in a row": each(lambda one: f"{ord(one):08b}"),
    "code points": " ".join(f"U+{ord(one):04X}" for one in KEY),
    "code points in a row": each(lambda one: f"U+{ord(one):04x}"),
    "code points in braces": each(lambda one: f"\\u{{{ord(one):x}}}"),
    "HTML without ends": each(lambda one: f"&#{ord(one)}"),
    "HTML with zeros": each(lambda one: f"&#x{ord(one):06X};"),
    "old escapes of scripts": each(lambda one: f"%u{ord(one):04x}"),
    "escapes of styles": each(lambda one: f"\\{ord(one):x} "),
    "bytes of Python": repr(KEY.encode()),
    "numbers of C": ", ".join(f"0x{ord(one):02x}" for one in KEY),
    "numbers with commas": ",".join(str(ord(one)) for one in KEY),
    "hexadecimal with colons": ":".join(f"{ord(one):02x}" for one in KEY),
    "hexadecimal of it backwards": KEY[::-1].encode().hex(),
    "hexadecimal backwards": KEY.encode().hex()[::-1],
    "base64 twice": base64.b64encode(base64.b64encode(KEY.encode())).decode(),
    "base64 backwards": base64.b64encode(KEY.encode()).decode()[::-1],
    "base64 of it backwards": base64.b64encode(KEY[::-1].encode()).decode(),
    "base64 of UTF-16": base64.b64encode(KEY.encode("utf-16-le")).decode(),
    "base64 of UTF-16, the other way": base64.b64encode(KEY.encode("utf-16-be")).decode(),
    "hexadecimal of UTF-16": KEY.encode("utf-16-be").hex(),
    "letters of mathematics": KEY.translate(LETTERS),
    "letters in circles": each(lambda one: chr(0x24D0 + ord(one) - 97) if one.islower() else one),
    "accents": each(lambda one: f"{one}\u0301"),
    "joiners": "\u200d".join(KEY),
    "variation selectors": "\ufe0f".join(KEY),
    "fillers": "\u3164".join(KEY),
    "tags": f"{KEY[:8]}<b>{KEY[8:16]}</b>{KEY[16:]}",
    "a tag a letter": each(lambda one: f"<span class='k'>{one}</span>"),
    "marks of Markdown": f"{KEY[:8]}**{KEY[8:16]}**{KEY[16:]}",
    "slashes": "/".join(KEY),
    "dots": ".".join(KEY),
    "bars": "|".join(KEY),
    "a line a letter": "\n".join(KEY),
    "a line that goes on": f"{KEY[:10]}\\\n   {KEY[10:]}",
    "a list of letters": json.dumps(list(KEY)),
    "other case": KEY.swapcase(),
}
"""As a careless endpoint would not, but as one could that hides it from a simple search."""


def _moved(by: int) -> str:
    """The key with its letters moved along the alphabet."""
    small, large = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return KEY.translate(str.maketrans(small + large, small[by:] + small[:by] + large[by:] + large[:by]))


_RAW = KEY.encode()
TAKEN_APART = {
    "numbered lines": "\n".join(f"{at}. {one}" for at, one in enumerate(KEY, 1)),
    "places": ", ".join(f"[{at}]={one}" for at, one in enumerate(KEY)),
    "a table of places": "\n".join(f"{at},{one}" for at, one in enumerate(KEY)),
    "a dictionary of places": json.dumps({str(at): one for at, one in enumerate(KEY)}),
    "pairs of sign and place": str(list(enumerate(KEY))),
    "names of places": "\n".join(f"c{at}={one}" for at, one in enumerate(KEY)),
    "objects with places": json.dumps([{"i": at, "c": one} for at, one in enumerate(KEY)]),
    "places in words": " ".join(f"#{at} is {one}," for at, one in enumerate(KEY, 1)),
    "hexadecimal in words": " ".join(f"hex {one:02x}" for one in _RAW),
    "half bytes": " ".join(f"{one >> 4:04b} {one & 15:04b}" for one in _RAW),
    "invisible tags": "".join(chr(0xE0000 + ord(one)) for one in KEY),
    "calls in decimal": ".".join(f"chr({one})" for one in _RAW),
    "calls of Visual Basic": " & ".join(f"Chr({one})" for one in _RAW),
    "calls of JavaScript": f"String.fromCharCode({','.join(map(str, _RAW))})",
    "numbers of three digits": "".join(f"{one:03d}" for one in _RAW),
    "numbers with a point": " ".join(f"{one}.0" for one in _RAW),
    "octal escapes": "".join(f"\\{one:o}" for one in _RAW),
    "octal of Python": " ".join(map(oct, _RAW)),
    "binary of Python": " ".join(map(bin, _RAW)),
    "bits by seven": " ".join(f"{one:07b}" for one in _RAW),
    "code points in eight digits": "".join(f"\\U{one:08x}" for one in _RAW),
    "code points in braces": "".join(f"\\x{{{one:x}}}" for one in _RAW),
    "an array of C": ", ".join(f"0x{one:X}" for one in _RAW),
    "one number": str(int.from_bytes(_RAW, "big")),
    "hexadecimal of base64": base64.b64encode(_RAW).hex(),
    "base64 of hexadecimal": base64.b64encode(_RAW.hex().encode()).decode(),
    "base64 in other case": base64.b64encode(_RAW).decode().swapcase(),
    "base32 in small letters": base64.b32encode(_RAW).decode().lower(),
    "base32 in groups": " ".join(base64.b32encode(_RAW).decode()[at : at + 4] for at in range(0, 48, 4)),
    "the other base32": base64.b32hexencode(_RAW).decode(),
    "uuencoded": codecs.encode(_RAW, "uu").decode(),
    **{f"letters moved by {by}": _moved(by) for by in (1, 3, 5, 20)},
    "the alphabet turned round": KEY.translate(
        str.maketrans("abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba")
    ),
    "all signs moved by 47": "".join(chr(33 + (one - 33 + 47) % 94) for one in _RAW),
    "each sign one further": "".join(chr(one + 1) for one in _RAW),
    "a bit turned": "".join(chr(one ^ 1) for one in _RAW),
    "pairs turned": "".join(KEY[at : at + 2][::-1] for at in range(0, len(KEY), 2)),
    "every other sign": f"{KEY[::2]} {KEY[1::2]}",
    "a letter between": "".join(f"{one}z" for one in KEY),
    "elements": "".join(f"<c v='{one}'/>" for one in KEY),
    "in threes": ".".join(KEY[at : at + 3] for at in range(0, len(KEY), 3)),
    "remarks between": "/**/".join(KEY[at : at + 6] for at in range(0, len(KEY), 6)),
    "styles of a terminal": "".join(f"\x1b[1m{one}\x1b[0m" for one in KEY),
    "small capitals": KEY.translate(str.maketrans("abcdefnkrsy", "ᴀʙᴄᴅᴇꜰɴᴋʀꜱʏ")),
    "keycaps": "".join(f"{one}\ufe0f\u20e3" if one.isdigit() else one for one in KEY),
    "Cyrillic": KEY.replace("c", "с").replace("a", "а").replace("y", "у"),
    "digits for letters": KEY.replace("s", "5").replace("a", "4"),
    "spoken": " ".join(f"capital {one.lower()}" if one.isupper() else one for one in KEY),
    "digits in words": KEY.translate({48 + at: f" {word} " for at, word in enumerate(DIGITS.split())}),
    "the end": f"...{KEY[-16:]}",
    "the middle": f"...{KEY[8:24]}...",
}
"""What a search for the spellings above does not find: all signs are there, with something between or after them."""


def _words(width: int, order: Literal["big", "little"]) -> list[int]:
    return [int.from_bytes(_RAW[at : at + width], order) for at in range(0, len(_RAW), width)]


_CODED = base64.b64encode(_RAW).decode()
_HALVES = [base64.b64encode(part).decode() for part in (_RAW[:16], _RAW[16:])]
IN_NUMBERS_AND_PIECES = {
    "words of two bytes": " ".join(f"{one:04x}" for one in _words(2, "big")),
    "words of four bytes": " ".join(f"0x{one:08x}" for one in _words(4, "big")),
    "words of four bytes, the last first": " ".join(f"{one:08x}" for one in _words(4, "little")),
    "words in decimal": " ".join(map(str, _words(4, "big"))),
    "words in decimal, the last first": ", ".join(map(str, _words(4, "little"))),
    "long words in decimal": ", ".join(map(str, _words(8, "big"))),
    "one number, the last byte first": str(int.from_bytes(_RAW, "little")),
    "a dump": "\n".join(f"{at:08x}: {_RAW[at : at + 16].hex(' ', 2)}  {'.' * 16}" for at in range(0, len(_RAW), 16)),
    "numbers by name": json.dumps({f"b{at}": one for at, one in enumerate(_RAW)}),
    "numbers by place": json.dumps(dict(enumerate(_RAW))),
    "objects with numbers": json.dumps([{"i": at, "v": one} for at, one in enumerate(_RAW)]),
    "numbers of four places": "".join(f"{one:4d}" for one in _RAW),
    "halves coded apart": " ".join(_HALVES),
    "halves coded apart, by name": json.dumps(dict(zip(("first", "second"), _HALVES, strict=True))),
    "eights coded apart": json.dumps([base64.b64encode(_RAW[at : at + 8]).decode() for at in range(0, len(_RAW), 8)]),
    "parts of a code": " + ".join(f"'{_CODED[at : at + 7]}'" for at in range(0, len(_CODED), 7)),
    "parts by name": json.dumps({"one": KEY[:11], "two": KEY[11:22], "three": KEY[22:]}),
    "parts in a sentence": f"it begins with {KEY[:10]}, goes on with {KEY[10:21]} and ends with {KEY[21:]}",
    "both cases": "".join(f"[{one.lower()}{one.upper()}]" if one.isalpha() else one for one in KEY),
    "every sign twice": "".join(one * 2 for one in KEY),
    "every third sign": f"{KEY[::3]} {KEY[1::3]} {KEY[2::3]}",
    "a bit turned in the case": "".join(chr(one ^ 32) for one in _RAW),
}
"""As numbers of more than a byte or between others, and in pieces that each look like nothing."""


def _told() -> frozenset[str]:
    """Runs of eight signs of the key, or of another way to write it, wherever it begins in coded text."""
    raw = KEY.encode()
    whole = [KEY, KEY.upper(), KEY[::-1], raw.hex(), raw.hex().upper()]
    for before in range(3):
        coded = base64.b64encode(bytes(before) + raw).decode().rstrip("=")[4:-2]
        whole += [coded, coded.replace("+", "-").replace("/", "_")]
    whole += [base64.b32encode(bytes(before) + raw).decode().rstrip("=")[8:-2] for before in range(5)]
    return frozenset(one[start : start + 8] for one in whole for start in range(len(one) - 7))


TOLD = _told()


def shows_key(text: str) -> bool:
    """Whether eight signs of the key in a row stand in a text, plain or in one of its other alphabets."""
    return any(told in text for told in TOLD)


def readings(text: str) -> list[str]:
    """A text as it is, with its escapes undone, and without what stands between letters."""
    plain = re.sub(r"\\+(?:u\{?|x)([0-9a-fA-F]{2,4})\}?|=([0-9A-F]{2})(?==)", _character, text)
    plain = unicodedata.normalize("NFKC", html.unescape(unquote(unquote(plain))))
    numbers = re.sub(r"(?<!\d)(\d{2,3})(?!\d)[\s,]*", lambda found: chr(int(found[1]) % 128), text)
    return [text, plain, numbers, re.sub(r"[^A-Za-z0-9+=]+", "", plain), re.sub(r"[^A-Za-z0-9+=/]+", "", plain)]


def _character(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2], 16))


def shows_key_somehow(text: str) -> bool:
    """Whether the key can be read in a text, in any of the spellings above."""
    return any(map(shows_key, readings(text)))
