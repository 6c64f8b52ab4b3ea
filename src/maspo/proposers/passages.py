"""Passages of inputs that a prompt must not copy: twelve words in a row, however they are spelled. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from maspo.proposers.tables import Tables

PASSAGE_WORDS = 12
"""A short sentence. Promised in docs/security.md; phrases that prompts share by chance are shorter."""
_LEAST_LETTERS = 12
"""A passage of fewer letters and digits says too little to be recognized."""
_LONGEST_WORD = 24
"""Letters of a word: about the longest that prose uses."""
_PIECE = 8
"""A longer run of letters, such as code or a key, counts one word for each so many."""
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Scripts that put no spaces between words; two characters of them count as a word."""
_RUN = re.compile(rf"[{_UNSPACED}]{{1,2}}|[^\W_{_UNSPACED}]+")


class Passages:
    """All passages of some texts, to be looked up in drafts.

    Case, accents, punctuation, white space and full-width forms make no difference. A passage that stands in one of
    the ``own`` texts (the seed prompts) may be used. Building and looking up are linear in the length of the texts.
    ``rows`` are inputs with their labels, of which no draft may hold a table.
    """

    def __init__(
        self, texts: Iterable[str], own: Iterable[str] = (), rows: Iterable[tuple[str, str | None]] = ()
    ) -> None:
        own = tuple(own)
        self._tables = Tables(rows, own)
        self._own = tuple(map(_letters, own))
        self._passages: set[str] = set()
        for text in texts:
            self._passages |= _passages(text)
        self._beginnings = {passage[:_LEAST_LETTERS] for passage in self._passages}
        self._lengths = sorted({len(passage) for passage in self._passages})

    def tabulated_by(self, draft: str) -> bool:
        """Return whether a draft holds a table of inputs, or one whole input with its label."""
        return self._tables.held_by(draft)

    def copied_by(self, draft: str) -> bool:
        """Return whether a draft holds a passage that no own text has."""
        letters = _letters(draft)
        for start in range(len(letters) - _LEAST_LETTERS + 1):
            if letters[start : start + _LEAST_LETTERS] in self._beginnings:
                for length in self._lengths:
                    span = letters[start : start + length]
                    if span in self._passages and not any(span in text for text in self._own):
                        return True
        return False


def _passages(text: str) -> set[str]:
    """Return every passage of a text, as letters and digits without spaces."""
    words = _words(text)
    spans = ("".join(words[start : start + PASSAGE_WORDS]) for start in range(len(words) - PASSAGE_WORDS + 1))
    return {span for span in spans if len(span) >= _LEAST_LETTERS}


def _words(text: str) -> list[str]:
    """Return the words of a text, plain; a sign that stands alone is a word without letters."""
    words: list[str] = []
    for token in _plain(text).split():
        runs = _RUN.findall(token)
        for run in runs:
            step = len(run) if len(run) <= _LONGEST_WORD else _PIECE
            words += [run[start : start + step] for start in range(0, len(run), step)]
        if not runs:
            words.append("")
    return words


def _letters(text: str) -> str:
    """Return the letters and digits of a text, plain."""
    return "".join(_RUN.findall(_plain(text)))


def _plain(text: str) -> str:
    """Return a text without case, accents, other marks, and looks such as full width."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(one for one in folded if unicodedata.category(one) not in ("Mn", "Mc", "Me", "Cf"))
