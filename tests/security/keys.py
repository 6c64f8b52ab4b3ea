"""A made-up key, the ways in which an endpoint can spell it, and whether a text shows it."""

from __future__ import annotations

import base64
import codecs
import html
import json
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, unquote

KEY = "sk-canary-0123456789/abcDEF+x=Zq"


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
