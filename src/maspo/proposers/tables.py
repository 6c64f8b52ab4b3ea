"""Tables of questions and answers that a prompt must not hold, however short, ordered or spelled. Pure.

A prompt holds a row when the words that tell this input from others stand close together in it, with the label if
there is one. It holds a look-up when single words of inputs stand beside their labels, or when those inputs of which it
has a word are those of which it has the label more often than chance brings together, wherever the two stand. Ordinary
instructions share words with inputs, and not these.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import ceil, comb, factorial
from string import ascii_lowercase
from typing import TypeAlias

from maspo.core.numerals import spelled_out, words
from maspo.core.spelling import SAY_LITTLE
from maspo.core.sums import add_up
from maspo.proposers.chosen import Chosen, Values
from maspo.proposers.retold import Places, Vocabulary, form, initials
from maspo.proposers.rows import Rows

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
_FEWEST_WHOLE = 4
"""Words that are all of those of an input, which say it whole beside a label that is its own."""
_NEAR = 6
"""Words between a label and a word of its input that make the two an entry of a look-up."""
_FEWEST_ENTRIES, _SHARE_OF_ROWS = 3, 0.05
"""Entries that make a look-up: of many inputs some are met by chance, and to list a few of them does not pay."""
_FEWEST_SURE = 2
"""Entries that are enough where one word of one input stands beside a label that no other input has."""
_TELLING_LETTERS, _SHORTER = 4, 3
"""Letters of a word that stands for its input alone; of one in which the input's only label stands beside it."""
_ORDINARY_NUMBERS = frozenset(map(str, (*range(13), 15, 16, 20, 24, 25, 30, 50, 60, 90, 100)))
"""Numbers of steps, units and shares, which prompts hold without any table."""
_BY_CHANCE = 0.01
"""Chance at which as many inputs would have both their word and their label in a prompt, were labels dealt anew."""
_ANSWERS, _SHARE_OF_ANSWERS = 4, 0.1
"""Labels that are names of one input each: so many of them in a prompt are a list of answers."""


_OPTION = re.compile(r"(?<![\w'’])\(?([A-F])\s?[).:\]]\s*")
"""What stands before an option in a question, such as `(A)` or `B)`."""
_MOST_NUMBERS = 4
"""Numbers of an input that stand for it together, beside its label."""

_FEWEST_QUOTED = 6
"""Words of a question that is quoted whole: nobody writes one by chance."""
_OPTION_LETTERS = "abcdef"

_Row: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""The words that tell an input from others, and those of its label."""


class Tables:
    """The inputs of a run, to be looked for in drafts. What the ``own`` texts (the seed prompts) hold may be kept."""

    def __init__(self, rows: Iterable[tuple[str, str | None]], own: Iterable[str] = ()) -> None:
        """Take inputs with their labels."""
        found = _told_apart(rows)
        self._rows = sorted(found)
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, (those, _) in enumerate(self._rows):
            for word in those:
                self._holders[word].append(number)
        labels = Counter(label for _, label in self._rows)
        listed = [_options(found[row], row[1]) for row in self._rows]
        options = [of.get(row[1][0], ()) if row[1] else () for of, row in zip(listed, self._rows, strict=True)]
        often_option = Counter(options)
        self._labels = [
            (label, *([option] if option else [])) for (_, label), option in zip(self._rows, options, strict=True)
        ]
        """Of each row its label, and the option that it names."""
        self._sure = [
            any(_is_sure(one) and (labels if one == label else often_option)[one] == 1 for one in own)
            for (_, label), own in zip(self._rows, self._labels, strict=True)
        ]
        """Of each row, whether its label is its own and no word or number of any prompt."""
        self._vocabulary = Vocabulary(
            {*self._holders, *(word for own in self._labels for label in own for word in label)},
            map(found.__getitem__, self._rows),
        )
        chosen = Chosen(
            {
                number: label[0]
                for number, (_, label) in enumerate(self._rows)
                if len(label) == 1 and len(label[0]) == 1
            },
            self._own_words(),
            _OPTION_LETTERS,
        )
        self._values = Values(
            (right, [one for one in of.values() if one])
            for right, of in zip(options, listed, strict=True)
            if right and (_is_sure(right) or (len(right) > 1 and any(word[0].isdigit() for word in right)))
        )
        self._cells = Rows(
            {number: label for number, (_, label) in enumerate(self._rows) if self._sure[number]},
            {word: numbers[0] for word, numbers in self._holders.items() if len(numbers) == 1 and _is_own_word(word)},
            len(self._rows),
        )
        answers = Chosen(
            {number: label[0][0] for number, (_, label) in enumerate(self._rows) if self._sure[number]},
            self._own_words(),
            ascii_lowercase,
        )
        self._whole: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
        """Questions word by word, by their first words."""
        quoted = [words(text) for text in own if text]
        for text in found.values():
            asked = words(text)
            if len(asked) >= _FEWEST_QUOTED and not any(_stands_in(asked, one) for one in quoted):
                self._whole[asked[:_FEWEST_QUOTED]].append(asked)
        self._allowed: set[int] = set()
        """Rows of which an own text holds an entry, or the label."""
        self._letters = [chosen, answers]
        """Letters of options, and those that answers begin with, unless an own text tells them."""
        for text in own:
            for places in self._vocabulary.said_in(text):
                self._letters = [one for one in self._letters if not one.told_by(places, set())]
                self._allowed |= {*self._held(places), *self._entries(places), *self._answered(places)}

    def _own_words(self) -> dict[str, int]:
        """Return the words that stand for one input alone, each with its number."""
        return {
            word: numbers[0]
            for word, numbers in self._holders.items()
            if len(numbers) == 1 and _is_own_word(word) and len(word) >= (2 if word[0].isdigit() else _SHORTER)
        }

    def held_by(self, draft: str) -> bool:
        """Return whether a draft holds a table of inputs, or one whole input with its label."""
        said = [word for word in spelled_out(draft) if word[0].isalnum()]
        if self._quotes(words(draft)):
            return True
        if self._cells.held_by(draft, said, self._allowed) or self._values.told_by(said):
            return True
        return any(map(self._is_table, self._vocabulary.said_in(draft)))

    def _quotes(self, said: Sequence[str]) -> bool:
        """Return whether a text has a whole question, word by word."""
        return any(
            tuple(said[at : at + len(asked)]) == asked
            for at in range(len(said) - _FEWEST_QUOTED + 1)
            for asked in self._whole.get(tuple(said[at : at + _FEWEST_QUOTED]), ())
        )

    def _is_table(self, places: Places) -> bool:
        entries = self._entries(places) - self._allowed
        share = _SHARE_OF_ROWS * len(self._rows)
        sure = {number for number in entries if self._sure[number]}
        if len(entries) >= max(_FEWEST_ENTRIES, share) or len(sure) >= max(_FEWEST_SURE, share):
            return True
        if self._answers_apart(places) or any(one.told_by(places, self._allowed) for one in self._letters):
            return True
        held = self._held(places)
        table = add_up(self._worth(number) for number in held if number not in self._allowed)
        return table >= _TABLE or any(
            count >= (min(_WHOLE, max(_FEWEST_WHOLE, len(self._rows[number][0]))) if self._sure[number] else _WHOLE)
            for number, count in held.items()
            if self._rows[number][1] and number not in self._allowed
        )

    def _worth(self, number: int) -> float:
        """Return what a row that a draft holds counts."""
        keys, label = self._rows[number]
        if not label:
            return 2 / 3 if len(keys) >= _ENOUGH else 0.0
        weak = len(keys) == 1 and keys[0].isdigit(), all(len(word) == 1 or word in SAY_LITTLE for word in label)
        return _WEAK ** sum(weak) if len(keys) < _ENOUGH else 1.0

    def _entries(self, places: Places) -> set[int]:
        """Return the numbers of the rows of which a text says one word close to their label: ``if "Anna": 31``."""
        found = set()
        for said in places:
            word = said.removeprefix(form(""))
            holders = self._holders.get(word, ())
            if len(holders) <= _MOST_SHARED:
                found |= {one for one in holders if self._tells(word, one) and self._is_beside(one, said, places)}
            if said.startswith(initials_ := initials("")):
                number = int(said.removeprefix(initials_))
                found |= {number} if self._is_beside(number, said, places) else set()
        return found

    def _tells(self, word: str, number: int) -> bool:
        """Return whether one word can stand for an input."""
        if len(self._holders[word]) == 1 and self._sure[number]:
            return word not in _ORDINARY_NUMBERS if word.isdigit() else len(word) >= _SHORTER
        return len(word) >= _TELLING_LETTERS and not word.isdigit()

    def _is_beside(self, number: int, word: str, places: Places) -> bool:
        return any(
            all(
                any(
                    0 < abs(there - here) <= _NEAR
                    for there in (*places.get(one, ()), *(places.get(form(one), ()) if self._sure[number] else ()))
                    for here in places[word]
                )
                for one in label
            )
            for label in self._labels[number]
            if label
            and word.removeprefix(form("")) not in label
            and not all(len(one) == 1 or one in SAY_LITTLE for one in label)
        )

    def _answered(self, places: Places) -> set[int]:
        """Return the numbers of the rows whose own label a text holds."""
        return {
            number
            for number, own in enumerate(self._labels)
            if self._sure[number] and any(all(word in places for word in label) for label in own if _is_sure(label))
        }

    def _answers_apart(self, places: Places) -> bool:
        """Return whether a text holds answers, alone or far from words of their inputs, as no chance brings them."""
        answered = self._answered(places) - self._allowed
        names = {number for number in answered if not any(word.isdigit() for word in self._rows[number][1])}
        if len(names) >= max(_ANSWERS, _SHARE_OF_ANSWERS * len(self._rows)):
            return True
        if len(answered) < _FEWEST_ENTRIES:
            return False
        asked = {
            self._holders[word][0]
            for word in places
            if len(self._holders.get(word, ())) == 1
            and self._tells(word, self._holders[word][0])
            and word not in self._rows[self._holders[word][0]][1]
        }
        both = asked & answered
        if len(both) < _FEWEST_ENTRIES:
            return False
        own = {number for number, sure in enumerate(self._sure) if sure}
        chance = _chance(len(own), len(asked & own), len(answered), len(both))
        # That they stand in the same order is as likely as any other order.
        return chance / (factorial(len(both)) if self._in_order(both, places) else 1) <= _BY_CHANCE

    def _in_order(self, both: set[int], places: Places) -> bool:
        """Return whether the answers to some inputs first stand in the order of words that are theirs alone."""
        asked = {
            number: min(
                places[word][0]
                for word in self._rows[number][0]
                if word in places and self._tells(word, number) and len(self._holders[word]) == 1
            )
            for number in both
        }
        answers = {
            number: min(
                places[label[0]][0] for label in self._labels[number] if label and all(word in places for word in label)
            )
            for number in both
        }
        return sorted(both, key=asked.__getitem__) == sorted(both, key=answers.__getitem__)

    def _held(self, places: Places) -> dict[int, int]:
        """Return the numbers of the rows that a text holds, by its words; and how many of theirs stand together."""
        met: Counter[int] = Counter()
        for word in places:
            holders = self._holders.get(word, ())
            if len(holders) <= _MOST_SHARED:
                met.update(holders)
        found = {number: self._together(number, places) for number in met}
        return {number: count for number, count in found.items() if count}

    def _together(self, number: int, places: Places) -> int:
        """Return how many words of an input stand together, with its label; 0 when they are too few, or ordinary."""
        return max(self._beside(number, label, places) for label in self._labels[number])

    def _beside(self, number: int, label: Sequence[str], places: Places) -> int:
        keys = self._rows[number][0]
        needed = min(_ENOUGH, ceil(_SHARE * len(keys)))
        if any(word not in places for word in label):
            return 0
        numbers = {word for word in keys if word[0].isdigit()}
        reach, most = len(keys) + len(label) + _AROUND, 0
        for begin in sorted({place for word in keys for place in places.get(word, ())}):
            found = [word for word in keys if any(begin <= place < begin + reach for place in places.get(word, ()))]
            told = all(any(begin - _AROUND <= place < begin + reach for place in places[word]) for word in label)
            # All numbers of a question, beside a number that is its answer, say it without a word.
            whole = label and label[0][0].isdigit() and 1 < len(numbers) <= _MOST_NUMBERS and numbers <= set(found)
            own = sum(map(_is_own_word, found)) + _FEWEST_SURE * self._sure[number]
            if told and (own >= min(_FEWEST_SURE, len(keys)) or (whole and own)):
                most = max(most, len(found), needed if whole else 0)
        return most if most >= needed else 0


def _told_apart(rows: Iterable[tuple[str, str | None]]) -> dict[_Row, str]:
    """Return the words by which each row is told from the others, with its label's; and the question that it asks."""
    said: dict[_Row, str] = {}
    for text, label in rows:
        said.setdefault((words(text), words(label or "")[:_LABEL_WORDS]), text)
    often = Counter(word for text, _ in said for word in set(text))
    frame = _FRAME * len(said) if len(said) >= _FEWEST_FRAMED else len(said) + 1
    rare = max(2, _RARE * len(said))
    found: dict[_Row, str] = {}
    for (asked, answer), question in said.items():
        keys = {word for word in asked if word not in SAY_LITTLE and often[word] < frame}
        telling = {word for word in keys if often[word] <= rare}
        # Without a label nothing but its rare words tells a row.
        found.setdefault((tuple(sorted(telling or (keys if answer else ()))), answer), question)
    return found


def _options(question: str, label: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the words of the options that a question lists, by their letters, where a letter is its label."""
    if len(label) != 1 or len(label[0]) != 1 or not label[0].isalpha():
        return {}
    marks = list(_OPTION.finditer(question))
    ends = [*(mark.start() for mark in marks), len(question)]
    listed = zip(marks, ends[1:], strict=True)
    return {mark[1].lower(): words(question[mark.end() : end])[:_LABEL_WORDS] for mark, end in listed}


def _stands_in(some: Sequence[str], others: Sequence[str]) -> bool:
    return any(tuple(others[at : at + len(some)]) == tuple(some) for at in range(len(others) - len(some) + 1))


def _is_own_word(word: str) -> bool:
    """Return whether a word or number is none of those that any prompt may hold."""
    return word not in _ORDINARY_NUMBERS if word[0].isdigit() else len(word) > 1


def _is_sure(label: Sequence[str]) -> bool:
    """Return whether a label is said by no prompt without meaning it: a name, or a number that is in no common use."""
    return any(
        word not in _ORDINARY_NUMBERS if word[0].isdigit() else len(word) >= _TELLING_LETTERS and word not in SAY_LITTLE
        for word in label
    )


def _chance(whole: int, asked: int, answered: int, both: int) -> float:
    """Return how likely so many of some inputs are among others, or more, by chance (Fisher 1935)."""
    ways = sum(
        comb(asked, many) * comb(whole - asked, answered - many)
        for many in range(both, min(asked, answered) + 1)
        if answered - many <= whole - asked
    )
    return ways / comb(whole, answered)
