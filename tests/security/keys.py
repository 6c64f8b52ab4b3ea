"""A made-up key, the ways in which an endpoint can spell it, and whether a text shows it."""

from __future__ import annotations

import base64
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
