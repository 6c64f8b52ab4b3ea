"""Whether a draft tells answers by letters, of options or that answers begin with, or has the right options. Pure.

A letter stands in every prompt, and beside some word of an input by chance. So each input of which the draft has a word
is taken to be given the letter next to it, and more right ones than luck brings are a table (binomial test).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from maspo.core.spelling import SAY_LITTLE
from maspo.core.sums import add_up
from maspo.proposers.retold import Places

_NEAR: Final = 8
"""Words between a word of an input and the letter that it is given."""
_BY_CHANCE: Final = 0.0075
"""Chance at which so many letters are right; four of four options are, three are not."""
_OF_VALUES: Final = 0.02
"""The same for texts of options: three right ones of four each, and no wrong one; few prompts hold any."""
_LAST: Final = ["first", "second", "third", "last"]
_ORDINALS: Final = ["first", "second", "third", "fourth", "fifth", "sixth"]
_RADIO: Final = ["alfa", "bravo", "charlie", "delta", "echo", "foxtrot"]
_GREEK: Final = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]
_NAMES: Final = ([str(one) for one in range(1, len(_ORDINALS) + 1)], _ORDINALS, _LAST, _RADIO, _GREEK)
"""What the letters of options are called; those that answers begin with are letters."""
_ANYWHERE: Final = frozenset({"has", "have", "had", "all", "any", "not", "but", "may", "must", "one", "two", "last"})
"""Words that stand for no input even where a single one has them."""
_FEWEST: Final = 3
"""Inputs that a table of letters has; fewer are met by chance."""


class Chosen:
    """The letters of the options that are right, by the words that stand for one input alone."""

    def __init__(self, letters: Mapping[int, str], telling: Mapping[str, int], alphabet: str) -> None:
        """Take the letter of each input, and the input of each word that stands for it alone."""
        self._letters = {number: letter for number, letter in letters.items() if letter in alphabet}
        self._names = [list(alphabet), *(_NAMES if len(alphabet) == len(_ORDINALS) else ())]
        self._telling = {
            word: number for word, number in telling.items() if number in self._letters and word not in _ANYWHERE
        }
        often = Counter(self._letters.values())
        self._share = {letter: times / len(self._letters) for letter, times in often.items()}

    def told_by(self, places: Places, allowed: set[int]) -> bool:
        """Return whether a draft says of more inputs which option is right than chance would."""
        said = [word for word in places if word in self._telling and self._telling[word] not in allowed]
        if len(said) < _FEWEST:
            return False
        return any(
            self._is_right(given)
            for names in self._names
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
        marks = sorted((place, self._names[0][at]) for at, name in enumerate(names) for place in places.get(name, ()))
        yield marks
        if names is self._names[0]:
            known = {
                place for word, there in places.items() if word not in SAY_LITTLE and len(word) > 1 for place in there
            }
            yield [(place, letter) for place, letter in marks if letter != "a" or place + 1 not in known]

    def _is_right(self, given: Mapping[int, set[str]]) -> bool:
        right = sum(letters == {self._letters[number]} for number, letters in given.items())
        luck = [max(self._share.get(letter, 0.0) for letter in letters) for letters in given.values()]
        return len(self._share) > 1 and right >= _FEWEST and at_least(luck, right) <= _BY_CHANCE


class Values:
    """The texts of options, right and wrong: a draft that has the right ones alone tells which they are."""

    def __init__(self, options: Iterable[tuple[Sequence[str], Sequence[Sequence[str]]]]) -> None:
        """Take of each input the words of the right option, and those of all its options."""
        right: dict[tuple[str, ...], float] = {}
        wrong: set[tuple[str, ...]] = set()
        for chosen, listed in options:
            right[tuple(chosen)] = max(right.get(tuple(chosen), 0.0), 1 / len(listed))
            wrong |= {tuple(one) for one in listed} - {tuple(chosen)}
        share = max(right.values(), default=0.0)
        self._known: dict[str, list[tuple[tuple[str, ...], bool, float]]] = {}
        for text in sorted(right.keys() ^ wrong):
            self._known.setdefault(text[0], []).append((text, text in right, right.get(text, share)))

    def told_by(self, said: Sequence[str]) -> bool:
        """Return whether more right options stand in a draft, among all that do, than luck brings."""
        found: dict[tuple[str, ...], tuple[bool, float]] = {}
        for place, word in enumerate(said):
            for text, is_right, share in self._known.get(word, ()):
                if tuple(said[place : place + len(text)]) == text:
                    found[text] = is_right, share
        right = sum(is_right for is_right, _ in found.values())
        return right >= _FEWEST and at_least([share for _, share in found.values()], right) <= _OF_VALUES


def at_least(luck: Sequence[float], least: int) -> float:
    """Return how likely so many of some guesses are right, or more, each by its own luck (Poisson binomial)."""
    right = [1.0]
    for one in luck:
        right = [
            (right[many] * (1 - one) if many < len(right) else 0.0) + (right[many - 1] * one if many else 0.0)
            for many in range(len(right) + 1)
        ]
    return add_up(right[least:])
