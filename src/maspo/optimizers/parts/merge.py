"""Merging two rewrites of one prompt, sentence by sentence, as a version control system merges two branches. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache

from maspo.core.worked_examples import BLOCK

_KNOWN = 4096
"""Texts whose sentences and changes are kept: each candidate of a round is in half of its mixtures."""
_SENTENCE = re.compile(rf"{BLOCK}\s*|" r"[^\n]*?(?:[.!?:;](?=\s)|\n|$)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Edit:
    """Sentences ``start`` to ``end`` of the base become ``text``."""

    start: int
    end: int
    text: tuple[str, ...]


def merge(base: str, one: str, other: str) -> str | None:
    """Return the prompt with the changes of both rewrites of ``base``, or None when they change the same sentences.

    What both add is added once. Additions at the same place follow one another, those of ``one`` first.
    """
    sentences = sentences_of(base)
    first, second = _edits(base, one), _edits(base, other)
    added = {sentence.strip() for edit in first for sentence in edit.text}
    kept = [
        replace(edit, text=tuple(sentence for sentence in edit.text if sentence.strip() not in added))
        for edit in second
        if edit not in first
    ]
    if any(edit.start < against.end and against.start < edit.end for edit in kept for against in first):
        return None
    result: list[str] = []
    position = 0
    for edit in sorted([*first, *kept], key=lambda item: (item.start, item.end)):
        result += [*sentences[position : edit.start], *edit.text]
        position = max(position, edit.end)
    result += sentences[position:]
    # Put a line break where a sentence that ended its text is followed by another now.
    apart = [sentence if sentence[-1:].isspace() else f"{sentence}\n" for sentence in result[:-1]]
    return "".join([*apart, *result[-1:]]).strip()


def without_added(base: str, text: str) -> tuple[str, ...]:
    """Return the text without one of the sentences that it adds to ``base``: one version for each of them."""
    sentences = sentences_of(text)
    held = {sentence.strip() for sentence in sentences_of(base)}
    added = [place for place, sentence in enumerate(sentences) if sentence.strip() and sentence.strip() not in held]
    return tuple("".join([*sentences[:place], *sentences[place + 1 :]]).strip() for place in added)


def brings_in(before: str, after: str, candidate: str) -> bool:
    """Say whether a change of a prompt brought in all that a candidate would have changed: merged with it, or by it."""
    old, new, wanted = ({one.strip() for one in sentences_of(text)} for text in (before, after, candidate))
    return wanted != old and wanted - old <= new and not (old - wanted) & new


@lru_cache(_KNOWN)
def sentences_of(text: str) -> tuple[str, ...]:
    """Return the sentences of a prompt, each with the white space behind it; together they are the prompt."""
    return tuple(sentence for sentence in _SENTENCE.findall(text) if sentence)


@lru_cache(_KNOWN)
def _edits(base: str, text: str) -> tuple[_Edit, ...]:
    old, new = sentences_of(base), sentences_of(text)
    # White space behind a sentence depends on what follows; it is not a change.
    matcher = SequenceMatcher(None, [item.strip() for item in old], [item.strip() for item in new], autojunk=False)
    return tuple(
        _Edit(start, end, new[begin:stop]) for tag, start, end, begin, stop in matcher.get_opcodes() if tag != "equal"
    )
