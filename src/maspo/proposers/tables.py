"""Tables of questions and answers that a prompt must not hold, however short, ordered or spelled. Pure.

A prompt holds a row when the words that tell this input from others stand close together in it, with the label if
there is one. Ordinary instructions share words with inputs, and not these.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import TypeAlias

from maspo.core.numerals import words
from maspo.core.spelling import SAY_LITTLE

_FRAME = 0.6
"""Words that this share of the inputs has tell none of them apart."""
_FEWEST_FRAMED = 8
"""Inputs that it takes to see a frame."""
_MOST_SHARED = 200
"""Inputs with the same word that are looked up by it; a commoner word says little."""
_LABEL_WORDS = 6
"""Words of a label that are compared."""
_AROUND = 8
"""Words beside those of an input among which its own stand: those between them, or "the answer is"."""
_RARE = 0.02
"""Words that this share of the inputs has, or two of them, tell an input from the others."""
_SHARE, _ENOUGH = 0.5, 3
"""Share of an input's rare words that are enough, and how many are of a long one: nobody meets three by chance."""
_TABLE = 2.0
"""Rows that make a table: one may be met by chance."""
_WEAK = 0.4
"""What a row counts that is known by a number alone, or whose label is a letter or such a word."""
_WHOLE = 5
"""Words of one input that, with its label, are met by no chance."""
_NEAR = 6
"""Words between a label and a word of its input that make the two an entry of a look-up."""
_FEWEST_ENTRIES, _SHARE_OF_ROWS = 3, 0.05
"""Entries that make a look-up: of many inputs some are met by chance, and to list a few of them does not pay."""
_TELLING_LETTERS = 4
"""Letters of a word that stands for its input alone."""
_COUNTED = re.compile(r"^\s*\d{1,3}[.)]\s", re.MULTILINE)
"""The numbers of a list; they are no numbers of a question."""


_Row: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""The words that tell an input from others, and those of its label."""


class Tables:
    """The inputs of a run, to be looked for in drafts. What the ``own`` texts (the seed prompts) hold may be kept."""

    def __init__(self, rows: Iterable[tuple[str, str | None]], own: Iterable[str] = ()) -> None:
        """Take inputs with their labels."""
        said = {(words(text), words(label or "")[:_LABEL_WORDS]) for text, label in rows}
        often = Counter(word for text, _ in said for word in set(text))
        frame = _FRAME * len(said) if len(said) >= _FEWEST_FRAMED else len(said) + 1
        rare = max(2, _RARE * len(said))
        found: set[_Row] = set()
        for text, answer in said:
            keys = {word for word in text if word not in SAY_LITTLE and often[word] < frame}
            telling = {word for word in keys if often[word] <= rare}
            found.add((tuple(sorted(telling or keys)), answer))
        self._rows = sorted(found)
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, (those, _) in enumerate(self._rows):
            for word in those:
                self._holders[word].append(number)
        self._allowed = {number for text in own for number in self._held(_places(text))}

    def held_by(self, draft: str) -> bool:
        """Return whether a draft holds a table of inputs, or one whole input with its label."""
        places = _places(draft)
        if len(self._entries(places) - self._allowed) >= max(_FEWEST_ENTRIES, _SHARE_OF_ROWS * len(self._rows)):
            return True
        held = self._held(places)
        table = sum(self._worth(number) for number in held if number not in self._allowed)
        whole = (count for number, count in held.items() if self._rows[number][1] and number not in self._allowed)
        return table >= _TABLE or any(count >= _WHOLE for count in whole)

    def _worth(self, number: int) -> float:
        """Return what a row that a draft holds counts."""
        keys, label = self._rows[number]
        if not label:
            return 2 / 3 if len(keys) >= _ENOUGH else 0.0
        weak = len(keys) == 1 and keys[0].isdigit(), all(len(word) == 1 or word in SAY_LITTLE for word in label)
        return _WEAK ** sum(weak) if len(keys) < _ENOUGH else 1.0

    def _entries(self, places: Mapping[str, Sequence[int]]) -> set[int]:
        """Return the numbers of the rows of which a text says one word close to their label: ``if "Anna": 31``."""
        found = set()
        for word in places:
            if (
                len(word) >= _TELLING_LETTERS
                and not word.isdigit()
                and len(self._holders.get(word, ())) <= _MOST_SHARED
            ):
                found |= {number for number in self._holders.get(word, ()) if self._is_entry(number, word, places)}
        return found

    def _is_entry(self, number: int, word: str, places: Mapping[str, Sequence[int]]) -> bool:
        label = self._rows[number][1]
        if not label or word in label or all(len(one) == 1 or one in SAY_LITTLE for one in label):
            return False
        return all(
            any(abs(there - here) <= _NEAR for there in places.get(one, ()) for here in places[word]) for one in label
        )

    def _held(self, places: Mapping[str, Sequence[int]]) -> dict[int, int]:
        """Return the numbers of the rows that a text holds, by its words; and how many of theirs stand together."""
        met: Counter[int] = Counter()
        for word in places:
            holders = self._holders.get(word, ())
            if len(holders) <= _MOST_SHARED:
                met.update(holders)
        found = {number: _together(self._rows[number], places) for number in met}
        return {number: count for number, count in found.items() if count}


def _places(draft: str) -> dict[str, list[int]]:
    """Return where each word of a draft stands."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(words(_COUNTED.sub(" ", draft))):
        places[word].append(place)
    return places


def _together(row: _Row, places: Mapping[str, Sequence[int]]) -> int:
    """Return how many words of an input stand together, with its label; 0 when they are too few."""
    keys, label = row
    needed = min(_ENOUGH, ceil(_SHARE * len(keys)))
    if any(word not in places for word in label):
        return 0
    reach, most = len(keys) + len(label) + _AROUND, 0
    for begin in sorted({place for word in keys for place in places.get(word, ())}):
        found = sum(any(begin <= place < begin + reach for place in places.get(word, ())) for word in keys)
        told = all(any(begin - _AROUND <= place < begin + reach for place in places[word]) for word in label)
        most = max(most, found * told)
    return most if most >= needed else 0
