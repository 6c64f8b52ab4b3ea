"""How text of models is shown to people: nothing invisible, nothing that acts, nothing endless."""

from __future__ import annotations

import unicodedata

_PLAIN = frozenset("\n\t\u200c\u200d")
"""Shown as they are; the joiners are needed to write Persian, Indic scripts and emoji."""
_HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Unicode categories that a reader cannot see: controls, formats, surrogates, private use, separators."""


class _Spelling(dict[int, str]):
    """How each character is shown, worked out once per character."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        hidden = character not in _PLAIN and unicodedata.category(character) in _HIDING
        self[code] = f"[U+{code:04X}]" if hidden else character
        return self[code]


_SPELLING = _Spelling()


def visible(text: str) -> str:
    """Return the text with every invisible or acting character spelled out, such as ``[U+202E]``.

    Covers control characters and terminal escapes, bidirectional overrides, zero-width and tag characters, and lone
    surrogates; so the result can be encoded as UTF-8 and printed to a terminal. Tabs and line ends stay.
    """
    return text.replace("\r\n", "\n").translate(_SPELLING)


def clipped(text: str, limit: int) -> str:
    """Return at most about ``limit`` characters: a longer text is cut in the middle and says by how much."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3  # twice as much of the beginning, which says what a text is
    tail = limit - head
    return f"{text[:head]}\n[… {len(text) - limit:,} characters left out …]\n{text[-tail:]}"
