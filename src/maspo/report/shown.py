"""How text of models is shown to people: nothing invisible, nothing that acts, nothing endless."""

from __future__ import annotations

import unicodedata

_PLAIN = frozenset("\n\t")
_JOINERS = frozenset("\u200c\u200d")
"""Needed to write Persian, Indic scripts and emoji; they hide nothing by themselves."""
_HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that a reader cannot see: controls, formats, surrogates, private, unassigned, separators."""


def visible(text: str) -> str:
    """Return the text with every invisible or acting character spelled out, such as ``[U+202E]``.

    Covers control characters and terminal escapes, bidirectional overrides, zero-width and tag characters, and lone
    surrogates; so the result can be encoded as UTF-8 and printed to a terminal. Newline and tab stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(character) for character in text)


def clipped(text: str, limit: int) -> str:
    """Return at most about ``limit`` characters: a longer text is cut in the middle and says by how much."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    tail = limit - head
    return f"{text[:head]}\n[… {len(text) - limit:,} characters left out …]\n{text[-tail:]}"


def _spelled(character: str) -> str:
    if character in _PLAIN or character in _JOINERS:
        return character
    if unicodedata.category(character) in _HIDING:
        return f"[U+{ord(character):04X}]"
    return character
