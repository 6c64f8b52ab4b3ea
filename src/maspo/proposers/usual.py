"""Words that ordinary prompts hold, whatever they are about, by their stems. Pure.

Most stand in texts of the repository: its documentation and sources, the world's catalogue, the prompts of its tests,
the words of work of ``instructions``. A test looks for them there; some names of the documentation are among them.
Common ones of school, shop and office that it lacks were written down by hand. Nearly all are English.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from maspo.proposers.instructions import says_work

_ENDINGS: Final = ("ing", "ies", "ed", "es", "s", "ly")


def stem(word: str) -> str:
    """Return a word, in small letters, without the endings of English forms, as far as three letters are left."""
    for ending in _ENDINGS:
        if len(word) >= len(ending) + 3 and word.endswith(ending):
            return word[: -len(ending)]
    return word


def is_usual(word: str) -> bool:
    """Return whether a word, in small letters, is one that prompts hold whatever they are about."""
    return len(word) == 1 or stem(word) in _stems() or says_work(word)


@cache
def _stems() -> frozenset[str]:
    text = resources.files(__package__).joinpath("usual_words.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
