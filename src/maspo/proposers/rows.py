"""Whether a draft is made of rows of questions and answers, by its structure: cells that are alike. Pure.

Rows set their answers apart: at the end or the beginning of each line, item or clause. Where several cells begin or
end with answers that are names of one input each, the draft lists answers, whatever stands for the questions. Where
pieces of words stand beside pieces of their answers, such as `rad: Cur`, the pairs tell what each piece alone does not.
And of the numbers of a draft no more are answers than chance makes so (Poisson binomial test).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from maspo.proposers.chosen import at_least
from maspo.proposers.readings import unaccented

_CELL = re.compile(r"[;\n|,/()\[\]{}]|(?<=[.!?])\s|\band\b")
_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS: Final = 9
"""Words of a cell; what is longer is a sentence."""
_FEWEST: Final = 3
"""Rows that make a table."""
_SHARE: Final = 0.05
"""Share of the inputs that it holds, too: of many inputs some are met by chance."""
_BEGINNING, _END = 3, 4
"""Letters of a piece of a word, from its beginning and from its end."""
_LONGER: Final = 5
"""Letters of a word that has pieces."""
_NEAR: Final = 4
"""Words between two pieces of one row."""
_NUMBER = re.compile(r"(?<![\w.,])\d{2,9}(?:\.\d{1,4})?(?![\w]|[.,]\d)")
_ONCE: Final = 3
"""How much likelier a number that prompts hold is an answer than any other of so many digits: both are often round."""
_BY_CHANCE: Final = 1e-5
"""Chance at which so many numbers of a draft are answers; below it the draft lists them."""
_FEWEST_NUMBERS: Final = 4
_ALIKE: Final = 0.6
"""Share of the longer one of two names that their common beginning makes: `Saturne` and `Saturn`."""


class Rows:
    """The names that answer one input each, and the words that only one input has."""

    def __init__(self, answers: Mapping[int, Sequence[str]], telling: Mapping[str, int], inputs: int) -> None:
        """Take answers that are one input's own, by input, and the input of each word that stands for it alone."""
        self._least = max(_FEWEST, _SHARE * inputs)
        self._names: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._answers: dict[str, set[int]] = defaultdict(set)
        for number, answer in answers.items():
            for word in answer:
                for piece in _pieces(word):
                    self._answers[piece].add(number)
            if len(answer) == 1 and answer[0].isalpha() and len(answer[0]) >= _LONGER - 1:
                self._names[answer[0][:_BEGINNING]].append((answer[0], number))
        self._numbers = {answer[0]: number for number, answer in answers.items() if _NUMBER.fullmatch(" ".join(answer))}
        self._of_size = Counter(len(answer.partition(".")[0]) for answer in self._numbers)
        self._words: dict[str, set[int]] = defaultdict(set)
        for word, number in telling.items():
            for piece in _pieces(word):
                self._words[piece].add(number)

    def held_by(self, draft: str, said: Sequence[str], allowed: set[int]) -> bool:
        """Return whether a draft has rows of inputs that are not allowed; ``said`` are its words, numbers in digits."""
        found: set[int] = set()
        for cell in _CELL.split(unaccented(draft.lower())) if self._names else ():
            words = _WORD.findall(cell)
            if 0 < len(words) <= _MOST_WORDS:
                found |= self._named(words[-1]) | self._named(words[0])
        return (
            len(found - allowed) >= self._least
            or len(self._pieced(said) - allowed) >= self._least
            or self._counted(said, allowed)
        )

    def _counted(self, said: Sequence[str], allowed: set[int]) -> bool:
        """Return whether more numbers of a draft are answers than chance makes so."""
        numbers = {word for word in said if word[0].isdigit() and len(word) > 1}
        right = sum(word in self._numbers and self._numbers[word] not in allowed for word in numbers)
        if right < _FEWEST_NUMBERS:
            return False
        sizes = (len(word.partition(".")[0]) for word in numbers)
        luck = [min(1.0, _ONCE * self._of_size[size] / (9 * 10 ** (size - 1))) for size in sizes]
        return at_least(luck, right) <= _BY_CHANCE

    def _named(self, word: str) -> set[int]:
        """Return the inputs whose answer a word is, or a form of it as other languages have it."""
        return {number for name, number in self._names.get(word[:_BEGINNING], ()) if _is_alike(name, word)}

    def _pieced(self, said: Sequence[str]) -> set[int]:
        """Return the inputs of which a piece of a word stands close to a piece of the answer."""
        found: set[int] = set()
        for place, word in enumerate(said):
            if numbers := self._answers.get(word):
                for near in said[max(0, place - _NEAR) : place + _NEAR + 1]:
                    found |= numbers & self._words.get(near, set()) if near != word else set()
        return found


def _pieces(word: str) -> set[str]:
    """Return what can stand for a word: itself, its beginnings and its ends."""
    if not word.isalpha() or len(word) < _LONGER:
        return {word}
    beginnings = {word[:size] for size in range(_BEGINNING, len(word))}
    return {word} | beginnings | {word[-size:] for size in range(_END, len(word))}


def _is_alike(one: str, other: str) -> bool:
    common = next((at for at, (mine, yours) in enumerate(zip(one, other, strict=False)) if mine != yours), None)
    shared = min(len(one), len(other)) if common is None else common
    return shared >= _ALIKE * max(len(one), len(other))
