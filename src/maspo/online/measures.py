"""What is read off inputs and replies to see whether they still are what they were. Pure; nothing here asks a model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from math import log

from maspo.core.sums import add_up
from maspo.scoring.answers import same_answer

_WORD = re.compile(r"\d+|\w+", re.UNICODE)
_MOST_WORDS = 2000
"""Words of a text that are looked at: enough to tell what it speaks of, and bounded in time."""


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, all numbers as one word."""
    found = _WORD.findall(text.lower())[:_MOST_WORDS]
    return ["#" if word.isdigit() else word for word in found]


def text_of(row: Mapping[str, str]) -> str:
    """Return all columns of an input as one text."""
    return "\n".join(row[name] for name in sorted(row))


def length(text: str) -> float:
    """Return the logarithm of a text's length, so that half and double are equally far."""
    return log(1 + len(text))


class Vocabulary:
    """How often words were met in earlier inputs."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._counts = Counter(word for text in texts for word in words_of(text))
        self._total = self._counts.total()

    def surprise(self, text: str) -> float:
        """Return by how many nats a word of a text is unexpected on average; a new word as if met half a time."""
        words = words_of(text)
        if not words:
            return 0.0
        most = self._total + 1
        return -add_up(log((self._counts[word] + 0.5) / most) for word in words) / len(words)


def distance(final_answer: str, before: str, now: str) -> float:
    """Return how far a reply is from an earlier one to the same input: 0 the same, above 1 with another answer."""
    one, other = words_of(before), words_of(now)
    apart = 1 - SequenceMatcher(None, one, other, autojunk=False).ratio()
    return apart if same_answer(final_answer, now, before) else 1 + apart
