"""What a text looks like: signs and letters that look alike are one, as far as Unicode's tables go. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from maspo.core.characters import LOOK_ALIKES
from maspo.core.invisible import without_invisible

# Signs that Unicode's confusables leave out, and models write and read in place of the ASCII ones.
_MORE: Final = {
    "t": "\u03c4\u0442\u1d1b",
    "u": "\u1d1c",
    "o": "\u1d0f\u00d8\u00f8\uab43",
    "p": "\u1d18",
    "a": "\u1d00",
    "e": "\u1d07",
    "d": "\u1d05",
    "m": "\u1d0d",
    "r": "\u0280",
    "n": "\u0274",
    "c": "\u1d04\u03c2",
    "f": "\u0493",
    "q": "\u01eb",
    "<": "\u227a\u2329\u3008\u27e8\u276c\u29fc\u02c2\u1438\u2770",
    ">": "\u232a\u3009\u27e9\u276d\u29fd\u02c3\u1433\u2771",
    "/": "\u2afd\u29f5",
    ".": "\u0660\u3002\uff61\u06d4\u2024\u2e33\u2e3c",
    "@": "\ua9f4",
    ":": "\u2d57\ufe30",
    "|": "\u01c0\u2223\u23d0\u2758\u00a6\u2502",
    "_": "\u203f\u2040",
}
_LETTER_NAME: Final = re.compile(
    r"(?:LATIN LETTER SMALL CAPITAL|(?:NEGATIVE )?(?:CIRCLED|SQUARED) LATIN CAPITAL LETTER"
    r"|CROSSED NEGATIVE SQUARED LATIN CAPITAL LETTER) ([A-Z])"
)
_DRESSED: Final = (*range(0x250, 0x2B0), *range(0x1D00, 0x1D80), *range(0xA720, 0xA800), *range(0x1F130, 0x1F1AE))
"""Where Unicode has letters of another shape that no normal form makes plain."""
for _code in _DRESSED:
    if _named := _LETTER_NAME.fullmatch(unicodedata.name(chr(_code), "")):
        _MORE[_named[1].lower()] = _MORE.get(_named[1].lower(), "") + chr(_code)
_PLAIN: Final = {ord(alike): sign for table in (LOOK_ALIKES, _MORE) for sign, signs in table.items() for alike in signs}


def signs_like(sign: str) -> str:
    """Return an ASCII sign and all that look like it, compatible forms (full width, small) included."""
    compatible = (chr(code) for code in _COMPATIBLE.get(sign, ()))
    return "".join(dict.fromkeys([sign, *LOOK_ALIKES.get(sign, ""), *_MORE.get(sign, ""), *compatible]))


def as_seen(text: str) -> str:
    """Return a text as its reader sees it: compatible forms are one, look-alikes are ASCII, nothing is hidden.

    Case, marks and white space stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFKC", without_invisible(text)).translate(_PLAIN)


def folded(name: str) -> str:
    """Return what is left of a name when case, marks, looks and hidden characters are taken away; 0 is o, 1 and i l."""
    if name.isascii():
        plain = name.lower()
    else:
        seen = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", without_invisible(name)).translate(_PLAIN))
        letters = "".join(one for one in seen if not unicodedata.combining(one))
        plain = unicodedata.normalize("NFKC", letters.casefold().translate(_PLAIN)).casefold()
    return plain.translate(_ALIKE).replace("rn", "m").replace("vv", "w")


_ALIKE: Final = str.maketrans("01i|!", "ollll")
_COMPATIBLE: Final = {
    "<": (0xFE64, 0xFF1C),
    ">": (0xFE65, 0xFF1E),
    "/": (0xFF0F,),
    "|": (0xFF5C, 0x2502),
    "[": (0xFF3B,),
    "]": (0xFF3D,),
}
"""Full-width and small forms, which normalization makes one with the sign."""
