"""What a reader of a text cannot see: where it may stand, and how it is spelled out. Pure.

Some invisible characters belong to the writing of a script or of an emoji, and only there. Everywhere else they hide
words, split them, or carry data past whoever reads the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Final

from maspo.core.characters import EMOJI, HIDING, IGNORABLE
from maspo.core.late import late

_JOINERS: Final = "\u200c\u200d"
_EMOJI_STYLES: Final = "\ufe0e\ufe0f"
_MONGOLIAN_STYLES: Final = "\u180b\u180c\u180d\u180e\u180f"
_BREAK: Final = "\u200b"
_FLAG: Final = "\U0001f3f4"
_FLAGS: Final = frozenset(
    "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f" for region in ("gbeng", "gbsct", "gbwls")
)
"""Tags of the only flags that are written with them (RGI_Emoji_Tag_Sequence): England, Scotland, Wales."""
_VIRAMA: Final = 9
"""Canonical combining class of the sign after which a joiner picks the form of an Indic cluster (RFC 5892, A.1)."""
_SHOWN: Final = 80
"""Invisible characters of one run that are spelled out; of a longer one it is said how many follow."""


def _class(spans: str) -> str:
    """Return the inside of a character class of a regular expression for ranges of code points."""
    pairs = (span.partition("-") for span in spans.split())
    return "".join(rf"\U{int(first, 16):08x}-\U{int(last or first, 16):08x}" for first, _, last in pairs)


IGNORED: Final = _class(IGNORABLE)
"""Default_Ignorable_Code_Point, as the inside of a character class."""
_HIDDEN = late(f"[{_class(HIDING)}]+")
_EMOJI = late(f"[{_class(EMOJI)}]")
_JOINING = late(
    r"[\u0600-\u08ff\u0900-\u0dff\u0f00-\u0fff\u1000-\u109f\u1780-\u18af\ua840-\ua87f\ufb50-\ufdff\ufe70-\ufefc"
    r"\U00010ec0-\U000112ff]"
)
"""Scripts with letters that join: Arabic to Sinhala, Tibetan, Myanmar, Khmer, Mongolian, Phags-pa, and their kin."""
_UNSPACED = late(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\uaa60-\uaa7f]")
"""Thai, Lao, Myanmar, Khmer: words are not set apart, so an invisible break may stand between two of them."""


def visible(text: str) -> str:
    """Return the text with every character spelled out that a reader cannot see or that acts, such as ``[U+202E]``.

    Controls and terminal escapes, directions, joiners, fillers, variation selectors, tags, private use, lone
    surrogates: all but those that the script or the emoji at this place needs. The result can be encoded as UTF-8 and
    printed to a terminal. Tabs and line ends stay.
    """
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_spelled, text)


def without_invisible(text: str) -> str:
    """Return the text without what a reader cannot see; a line end that hides as another sign is one."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(lambda run: " " if set(run[0]) & set("\r\x0b\x0c\x85\u2028\u2029") else "", text)


def hidden_beyond(text: str, known: str) -> str:
    """Return the first invisible character of a text that neither its place nor ``known`` accounts for, or "".

    ``known`` (a seed prompt) accounts for a run of such characters after the same letter, as often as it has it.
    """
    left = Counter(_placed(known))
    for place in _placed(text):
        if not left[place]:
            return place[1][0]
        left[place] -= 1
    return ""


def _placed(text: str) -> list[tuple[str, str]]:
    """Return the runs of invisible characters that do not belong where they stand, each with what is before it."""
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return []
    found = []
    for run in _HIDDEN.finditer(text):
        if not _belongs(run):
            found.append((text[run.start() - 1 : run.start()] if run.start() else "", run[0]))
    return found


def _spelled(run: re.Match[str]) -> str:
    if _belongs(run):
        return run[0]
    shown = "".join(f"[U+{ord(one):04X}]" for one in run[0][:_SHOWN])
    left_out = len(run[0]) - _SHOWN
    return shown if left_out <= 0 else f"{shown}[and {left_out:,} more invisible characters]"


def _belongs(run: re.Match[str]) -> bool:
    """Return whether a script or an emoji needs these invisible characters at this place."""
    text, signs = run.string, run[0]
    before = text[run.start() - 1 : run.start()] if run.start() else ""
    after = text[run.end() : run.end() + 1]
    if signs in _FLAGS:
        return before == _FLAG
    if len(signs) == 1 and signs in _JOINERS:
        if _JOINING.match(before) and _is_written(before):
            return bool(_JOINING.match(after) and _is_written(after)) or unicodedata.combining(before) == _VIRAMA
        return signs == "\u200d" and _is_picture(before) and _is_picture(after)
    if len(signs) == 1 and signs in _EMOJI_STYLES:
        keycap = before in "#*0123456789"
        return bool(before and _EMOJI.match(before)) and (not keycap or after == "\u20e3")
    if signs == "\ufe0f\u200d":
        return _is_picture(before) and _is_picture(after)
    if len(signs) == 1 and signs in _MONGOLIAN_STYLES:
        return bool(before) and "\u1820" <= before <= "\u18aa"
    return signs == _BREAK and bool(_UNSPACED.match(before) and _UNSPACED.match(after))


def _is_written(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


def _is_picture(character: str) -> bool:
    """Return whether a character is an emoji that others can be joined to: no digit, number sign or asterisk."""
    return bool(character) and not character.isascii() and bool(_EMOJI.match(character))
