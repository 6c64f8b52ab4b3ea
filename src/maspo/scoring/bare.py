"""Replies that hold a choice and words about choosing alone, known at sight: "B", "The answer is (C).". Pure.

A shortcut: what is read here, the long way of ``choices`` reads as well.
"""

from __future__ import annotations

_LONGEST = 60
_LETTERS = frozenset("ABCDEFGHJ")
"""Not I, which may be a pronoun."""
_WORDS = frozenset(
    """
the is it be so hence thus therefore my we option choice answer letter pick select correct right final best that this
likely probably most clearly definitely certainly key ans conclusion which fits matches
""".split()  # noqa: SIM905 - a list of words
)
KNOWN = frozenset(said for word in _WORDS for said in (word, word.capitalize(), word.upper()))
"""Words about choosing, in each case."""
_SIGNS = str.maketrans("():,!", "     ")


def bare_choice(reply: str) -> str | None:
    """Return the letter that ends a reply in which only words about choosing stand before it; None for every other."""
    if len(reply) > _LONGEST:
        return None
    letter = None
    for written in reply.translate(_SIGNS).split(" "):
        word = written.rstrip(".*").lstrip("*")
        if word in _LETTERS:
            if letter is not None:
                return None
            letter = word
        elif word and (word not in KNOWN or letter is not None):
            # A word behind the letter goes on about it ("B is", "B that"), and before a word A may be an article.
            return None
    return letter
