"""Near-copies: drafts that say what a known prompt says, recognized by their words before they cost anything. Pure.

Two prompts are near-copies when they have the same words equally often, in the same order within each sentence. Case,
white space, the punctuation of prose, list marks, articles and the order of sentences do not matter, and neither do the
endings of plural and tense. Numbers, negations, placeholders, tags and the symbols of a format are words like any
other, so changing one of them makes a different prompt, and so does every word that is added. The rule errs on the side
of letting a draft through: a copy that is missed costs a few runs, a new idea that is refused is lost without a trace.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from maspo.core.prompts import prompt_id

_LIST_MARK = re.compile(r"^[ \t]*(?:[-*+•◦–—>#]+|\(?\d{1,3}[.)])[ \t]+", re.MULTILINE)
_SPELLINGS = (("’", "'"), ("an't", "annot"), ("n't", " not"), ("annot ", "an not "), ("'", ""))
_TOKEN = re.compile(
    r"[^\W\d_]+"  # a word
    r"|[.!?;:…。！？；：\n]"  # the end of a sentence
    r"|(?:(?<!\w)[-−+])?\d+(?:[.,:]\d+)*"  # a number with its sign
    r"|\{[^{}\n]+\}"  # a placeholder
    r"|[^\s_,，、\"‘“”„«»`´()*#•◦·–—−-]"  # any other sign that is no punctuation of prose
)
END = "\n"
"""Stands for the end of a sentence among words."""
_ENDS = frozenset(".!?;:…。！？；：\n")
_FILLERS = frozenset({"a", "an", "the", "please", "and", "also", "then", "your"})
"""Words whose coming and going changes nothing."""
_ENDINGS = ("ing", "ed", "es", "s", "e")
_SHORTEST_STEM = 4
"""Letters that stay when an ending is taken off: ``string`` does not become ``str``."""
_SAME = "this prompt was tried already"
_NEARLY = "nearly the same as a prompt that was tried already"


@dataclass(frozen=True, slots=True)
class Normalized:
    """A text as far as near-copies are concerned."""

    order: tuple[str, ...]
    """Its words, with the ends of its sentences."""
    counts: Mapping[str, int]
    """How often each word is there; the ends of sentences do not count."""


@lru_cache(maxsize=4096)  # prompts: more than a run of a small team has
def normalize(text: str) -> Normalized:
    """Return the words of a text."""
    plain = _LIST_MARK.sub("", text)
    for spelled, meant in _SPELLINGS:
        plain = plain.replace(spelled, meant)
    order = tuple([word for token in _TOKEN.findall(plain) if (word := _word(token))])
    counts = dict(Counter(order))
    counts.pop(END, None)
    return Normalized(order, counts)


def similar(one: Normalized, other: Normalized) -> bool:
    """Return whether two texts are near-copies of one another."""
    if one.counts != other.counts:
        return False
    here, there = _neighbours(one), _neighbours(other)
    return _keeps_order(here, there) and _keeps_order(there, here)


def near_copy(text: Normalized, known: Mapping[str, Normalized]) -> str | None:
    """Return the id of a known text that this one is nearly the same as, or None."""
    return next((name for name, other in known.items() if similar(text, other)), None)


class KnownPrompts:
    """Prompts that need no further trial: the very same texts, and with ``near`` also near-copies of them."""

    def __init__(self, texts: Iterable[str], near: bool = True) -> None:
        self._near = near
        self._known = {prompt_id(text): normalize(text) for text in texts}

    def refusal(self, text: str) -> str:
        """Return why a text needs no trial; empty when it is new."""
        if prompt_id(text) in self._known:
            return _SAME
        return _NEARLY if self._near and near_copy(normalize(text), self._known) is not None else ""

    def add(self, text: str) -> None:
        """Know a text from now on."""
        self._known[prompt_id(text)] = normalize(text)


def _neighbours(text: Normalized) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise((END, *text.order, END)))


def _keeps_order(here: frozenset[tuple[str, str]], there: frozenset[tuple[str, str]]) -> bool:
    """Return whether words that follow one another here do so there, or have the end of a sentence between them."""
    return all(
        END in pair or ((pair[0], END) in there and (END, pair[1]) in there) for pair in here if pair not in there
    )


@lru_cache(maxsize=65536)  # words: more than prompts of one language use
def _word(token: str) -> str:
    """Return a token without case and ending; a placeholder stays as it is, a filler is nothing."""
    if token in _ENDS:
        return END
    if token.startswith("{"):
        return token
    word = token.casefold()
    if word in _FILLERS:
        return ""
    if word.endswith("ss"):
        return word
    return next(
        (word[: -len(end)] for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= _SHORTEST_STEM), word
    )
