"""What a text says, however it is spelled: its words, numbers and signs without case, form, spaces and punctuation."""

from __future__ import annotations

import re
import unicodedata

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts that put no spaces between words."""
_THOUSANDS = re.compile(r"(?<=\d)[,\u202f\u2009'’](?=\d{3}(?!\d))")
_TOKEN = re.compile(
    rf"\d+(?:[.,]\d+)*"  # a number
    rf"|[{UNSPACED}]"
    rf"|[^\W\d_{UNSPACED}]+"  # a word
    r"|[-*](?=\s?\d)"  # a sign before a number; elsewhere a dash, a bullet or an emphasis
    r"|[+/^=<>%√±]"
)
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/"})


def tokens(text: str) -> tuple[str, ...]:
    """Return the words, numbers and signs of a text in order; accents stay, because they tell words apart."""
    if not text.isascii():
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        text = "".join(one for one in folded if unicodedata.category(one) != "Cf").translate(_SIGNS)
    return tuple(_TOKEN.findall(_THOUSANDS.sub("", text.casefold())))


SAY_LITTLE = frozenset(
    tokens(
        "a an and answer are as at be briefly by calculate can carefully compute could determine do does find "
        "following for from give given hello hey how i if in is it its kindly let many me much of on or "
        "please problem question s show tell thank thanks that the then there this to was were what when "
        "where which who will with would you your"
    )
)
"""Words around a question that change while the question stays. Of other languages all words weigh alike."""
