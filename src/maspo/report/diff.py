"""What changed between two texts, word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["same", "removed", "added"]

_WORDS = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
_MOST_PAIRS = 1_000_000
"""Where matching would compare more pairs than this, the block is shown as replaced: matching is quadratic."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text that stayed, was removed or was added."""

    kind: Kind
    text: str


class _Change(NamedTuple):
    """A block of both texts; equal sides are unchanged text."""

    before: str
    after: str

    @property
    def same(self) -> bool:
        return self.before == self.after

    @property
    def size(self) -> int:
        return max(len(self.before), len(self.after))


def diff(before: str, after: str) -> tuple[Segment, ...]:
    """Return the word-level difference of two texts.

    The same and removed segments, joined, are ``before``; the same and added ones are ``after``. Lines are matched
    first and words only inside changed lines, so that long texts with few changes take linear time.
    """
    changes: list[_Change] = []
    for block in _match(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        words = _WORDS.findall(block.before), _WORDS.findall(block.after)
        changes += [block] if block.same else _match(*words)
    segments: list[Segment] = []
    for change in _join_phrases(changes):
        if change.same:
            segments.append(Segment("same", change.before))
            continue
        if change.before:
            segments.append(Segment("removed", change.before))
        if change.after:
            segments.append(Segment("added", change.after))
    return tuple(segments)


def _match(before: Sequence[str], after: Sequence[str]) -> list[_Change]:
    """Return the blocks of two token lists in order, equal and changed ones."""
    start = _count_equal(before, after)
    end = _count_equal(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    head, tail = "".join(before[:start]), "".join(before[len(before) - end :])
    codes = [("replace", 0, len(old), 0, len(new))]
    if len(old) * len(new) <= _MOST_PAIRS:
        codes = list(SequenceMatcher(None, old, new).get_opcodes())
    middle = [_Change("".join(old[a:b]), "".join(new[c:d])) for _, a, b, c, d in codes]
    return [block for block in (_Change(head, head), *middle, _Change(tail, tail)) if block.before or block.after]


def _count_equal(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many leading tokens are equal."""
    length = min(len(before), len(after))
    return next((index for index in range(length) if before[index] != after[index]), length)


def _join_phrases(changes: Sequence[_Change]) -> list[_Change]:
    """Join changes of a line across what they share by chance: one reads a phrase, and no confetti of words.

    What stays between two is shorter than either, and together they replace something.
    """
    joined: list[_Change] = []
    for change in changes:
        beside = bool(joined) and not (joined[-1].same or change.same)
        before = joined.pop() if beside else _Change("", "")
        joined.append(_Change(before.before + change.before, before.after + change.after))
        while len(joined) > 2 and _one_phrase(*joined[-3:]):
            joined[-3:] = [
                _Change("".join(one.before for one in joined[-3:]), "".join(one.after for one in joined[-3:]))
            ]
    return joined


def _one_phrase(first: _Change, between: _Change, last: _Change) -> bool:
    if first.same or not between.same or last.same or "\n" in between.before:
        return False
    replaced = (first.before or last.before) and (first.after or last.after)
    return bool(replaced) and len(between.before.strip()) < min(first.size, last.size)
