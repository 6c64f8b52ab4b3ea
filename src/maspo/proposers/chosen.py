"""Whether a draft tells which option is right: letters, or their numbers, beside words of inputs. Pure.

A letter stands in every prompt, and beside some word of an input by chance. So each input of which the draft has a word
is taken to be given the letter next to it, and more right ones than luck brings are a table (binomial test).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from maspo.core.spelling import SAY_LITTLE
from maspo.proposers.retold import Places

_NEAR: Final = 8
"""Words between a word of an input and the letter that it is given."""
_BY_CHANCE: Final = 0.005
"""Chance at which so many letters are right; four of four options are, three are not."""
_ORDINALS: Final = ["first", "second", "third", "fourth", "fifth", "sixth"]
_RADIO: Final = ["alfa", "bravo", "charlie", "delta", "echo", "foxtrot"]
_GREEK: Final = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]
_LETTERS: Final = list("abcdef")
_FEWEST: Final = 3
"""Inputs that a table of letters has; fewer are met by chance."""


class Chosen:
    """The letters of the options that are right, by the words that stand for one input alone."""

    def __init__(self, letters: Mapping[int, str], telling: Mapping[str, int]) -> None:
        """Take the letter of each input, and the input of each word that stands for it alone."""
        self._letters = {number: letter for number, letter in letters.items() if letter in _LETTERS}
        self._telling = {word: number for word, number in telling.items() if number in self._letters}
        often = Counter(self._letters.values())
        self._share = {letter: times / len(self._letters) for letter, times in often.items()}

    def told_by(self, places: Places, allowed: set[int]) -> bool:
        """Return whether a draft says of more inputs which option is right than chance would."""
        said = [word for word in places if word in self._telling and self._telling[word] not in allowed]
        if len(said) < _FEWEST:
            return False
        return any(
            self._is_right(given)
            for names in (_LETTERS, [str(one) for one in range(1, len(_LETTERS) + 1)], _ORDINALS, _RADIO, _GREEK)
            for marks in self._marks(places, names)
            for given in self._given(said, places, marks)
        )

    def _given(
        self, said: Sequence[str], places: Places, marks: Sequence[tuple[int, str]]
    ) -> Iterator[Mapping[int, set[str]]]:
        """Yield the letters given to inputs: those that follow their words, and those before them."""
        for after in (True, False):
            found: dict[int, set[str]] = {}
            for word in said:
                for place in places[word]:
                    at = bisect_left(marks, (place, "")) - (not after)
                    if 0 <= at < len(marks) and 0 < abs(marks[at][0] - place) <= _NEAR:
                        found.setdefault(self._telling[word], set()).add(marks[at][1])
            yield found
        if said and marks and marks[-1][0] - marks[0][0] < len(marks):
            # Letters in a row answer as many inputs in the order in which these are named.
            first: dict[int, int] = {}
            for place, number in sorted((places[word][0], self._telling[word]) for word in said):
                first.setdefault(number, place)
            if len(first) == len(marks):
                yield {number: {letter} for number, (_, letter) in zip(first, marks, strict=True)}

    def _marks(self, places: Places, names: Sequence[str]) -> Iterator[list[tuple[int, str]]]:
        """Yield where letters stand, or what stands for them, each with its letter; then without articles."""
        marks = sorted((place, _LETTERS[at]) for at, name in enumerate(names) for place in places.get(name, ()))
        yield marks
        if names is _LETTERS:
            known = {
                place for word, there in places.items() if word not in SAY_LITTLE and len(word) > 1 for place in there
            }
            yield [(place, letter) for place, letter in marks if letter != "a" or place + 1 not in known]

    def _is_right(self, given: Mapping[int, set[str]]) -> bool:
        right = sum(letters == {self._letters[number]} for number, letters in given.items())
        luck = [max(self._share.get(letter, 0.0) for letter in letters) for letters in given.values()]
        return len(self._share) > 1 and right >= _FEWEST and _chance(luck, right) <= _BY_CHANCE


def _chance(luck: Sequence[float], least: int) -> float:
    """Return how likely so many of some guesses are right, or more, each by its own luck (Poisson binomial)."""
    right = [1.0]
    for one in luck:
        right = [
            (right[many] * (1 - one) if many < len(right) else 0.0) + (right[many - 1] * one if many else 0.0)
            for many in range(len(right) + 1)
        ]
    return sum(right[least:])
