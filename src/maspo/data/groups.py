"""Groups of inputs that ask the same: only groups are independent, so they are split and tested whole. Pure.

Two inputs ask the same when they are equal but for spelling, or near-copies: the same numbers, and of the rest of the
shorter one at least 85 % also stands in the longer one, which is at most twice as long. Words weigh by their letters.
Near-copies of near-copies are in one group.
Source: near-duplicate detection by shared shingles (Broder 1997), here words, because inputs are short; candidates by
their rarest words, the prefix filter of set-similarity joins (Chaudhuri et al. 2006).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise

from maspo.core.errors import InputsInvalid
from maspo.core.numerals import alike, spelled_out
from maspo.core.spelling import SAY_LITTLE, tokens
from maspo.core.sums import add_up
from maspo.data.inputs import Input, Inputs
from maspo.data.row_text import (
    LEAST_LETTERS,
    LEAST_WORDS,
    LEET,
    READ_AS,
    as_read,
    deciphered,
    in_letters,
    without_count,
    without_marks,
)

NEAR = ""
"""Of ``group_by``: near-copies are one group."""
ALONE = "none"
"""Of ``group_by``: every row is a group of its own."""
_MOST_REPLACED = 0.15
"""Share of the shorter text, by weight, that near-copies may have instead of other words. Real benchmark questions that
ask for something else replace more (docs/evidence.md)."""
_MOST_ADDED = 1.0
"""What the longer text may add, as a share of the shorter one: a sentence around a question."""
_LEAST_WEIGHT = 12.0
"""A text that weighs less, such as two words, is compared exactly: one other letter makes it another question."""
_NUMBER, _SIGN, _LONGEST, _COMMON = 6.0, 3.0, 10, 0.25
"""What a number and a sign weigh, what a word weighs at most, and the part that words weigh which say little."""
_FRAME = 0.95
"""A word that this share of the rows has is their frame, and tells no two of them apart."""
_FEWEST_FRAMED = 8
"""Rows that it takes to see a frame."""
_ALL_PAIRS = 24
"""Rows with the same numbers that are compared pair by pair; of more, those that share two of their rarest words."""
_RAREST = 6
"""Words by which near-copies are looked for: two that replace or add a few words still share two of them."""
_RECENT = 4
"""Rows with the same two rare words that a row is compared with."""
_TYPO_LETTERS = 4
"""Letters of a word in which a typo can be told from another word."""
_SWAP_LETTERS = 6
"""Letters of a word in which a swap can be told from another word: `angel` and `angle` have five."""
_KINDLY = frozenset({"please", "kindly", "could", "can", "would", "you", "tell", "me", "let", "thanks", "thank"})
_NOTHING = "-"
"""Stands for the words of a row whose cells that prompts read are empty."""
_READABLE = 2
"""Words that say little of a text that is a language as it stands."""
_DIGITS_APART = re.compile(r"\b\d \d\b")


@dataclass(frozen=True)
class Groups:
    """The group of each input, by its key; a group is named by the least key in it."""

    of: Mapping[str, str]

    def count(self, keys: Iterable[str]) -> int:
        """Return in how many groups some inputs are."""
        return len({self.of.get(key, key) for key in keys})

    @property
    def shared(self) -> Groups:
        """The same without inputs that name their group: these are in it anyway, and most stand alone."""
        return Groups({key: group for key, group in self.of.items() if key != group})

    def members(self, keys: Iterable[str]) -> dict[str, list[str]]:
        """Return inputs by group, both in the order given."""
        found: dict[str, list[str]] = {}
        for key in keys:
            found.setdefault(self.of.get(key, key), []).append(key)
        return found


def groups_of(inputs: Inputs, read: Sequence[str], by: str = NEAR) -> Groups:
    """Return the groups of inputs by the columns that are ``read``, or by the column that a user names.

    Inputs that are equal in what is read, but for spelling, are in one group in any case, unless every row shall be
    ``ALONE``.

    Raises:
        InputsInvalid: no row has the column.

    """
    rows = inputs.rows
    if by == ALONE:
        return Groups({row.key: row.key for row in rows})
    if by not in (NEAR, "id") and not any(by in row.columns for row in rows):
        known = ", ".join(sorted({name for row in rows for name in row.columns}))
        raise InputsInvalid(f"--group-by {by}: no row has this column; expected one of {known}, `id` or `{ALONE}`")
    texts = tuple("\n".join(row.columns.get(name, "") for name in read) for row in rows)
    named = None if by == NEAR else tuple(_name_of_group(row, by) for row in rows)
    return _grouped(tuple(row.key for row in rows), texts, named)


@lru_cache(maxsize=2)  # a run asks several times, and a comparison once for each of its runs and plans
def _grouped(keys: tuple[str, ...], texts: tuple[str, ...], named: tuple[tuple[str, ...], ...] | None) -> Groups:
    """Return the groups of rows by what is read of them and by what their user's column says, or by near-copies."""
    joined = _Union(len(keys))
    texts = tuple(map(as_read, texts))
    bare = [without_count(text) for text in texts]
    spelled = [tokens(one) or (text.strip() or _NOTHING,) for one, text in zip(bare, texts, strict=True)]
    said = _join_same(joined, texts, bare, spelled)
    if named is None:
        _join_contained(joined, said)
        _join_near(joined, spelled)
    else:
        _join_equal(joined, named)
    least: dict[int, str] = {}
    for place, key in enumerate(keys):
        root = joined.root(place)
        least[root] = min(least.get(root, key), key)
    return Groups({key: least[joined.root(place)] for place, key in enumerate(keys)})


def _name_of_group(row: Input, by: str) -> tuple[str, ...]:
    """Return what a user's column says of a row; one without a value is in no group with others."""
    if by == "id":
        return (row.label,)
    text = row.columns.get(by, "")
    return tokens(text) or (text, row.key)


def _join_same(
    joined: _Union, texts: Sequence[str], bare: Sequence[str], spelled: Sequence[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Join rows that are one question in another spelling, within marks, in a cipher or backwards.

    ``bare`` are the texts without counts, ``spelled`` their words. Return what they say, numbers as words.
    """
    lettered, other_letters = ([in_letters(one, table) for one in bare] for table in LEET)
    said = {one: spelled_out(one) for one in dict.fromkeys((*bare, *lettered, *other_letters))}
    plainly = {one: alike(words).strip() for one, words in said.items()}
    cores = [tokens(without_marks(text)) for text in texts]
    _join_equal(joined, spelled)
    for written in (bare, lettered, other_letters):
        _join_equal(joined, [(plainly[one] or text.strip(),) for one, text in zip(written, texts, strict=True)])
    _join_read(joined, bare, [plainly[one] for one in bare], spelled)
    _join_equal(joined, [core if len(core) >= LEAST_WORDS else row for core, row in zip(cores, spelled, strict=True)])
    _join_equal(joined, [(deciphered(text) or text.strip() or _NOTHING,) for text in bare])
    _join_equal(joined, [tuple(min(one, one[::-1]) if one.isalpha() else one for one in row) for row in spelled])
    return [said[one] for one in bare]


class _Union:
    """Disjoint sets of places (Tarjan 1975)."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def root(self, place: int) -> int:
        while self._above[place] != place:
            self._above[place] = self._above[self._above[place]]
            place = self._above[place]
        return place

    def join(self, one: int, other: int) -> None:
        self._above[self.root(one)] = self.root(other)


def _join_equal(joined: _Union, values: Sequence[tuple[str, ...]]) -> None:
    first: dict[tuple[str, ...], int] = {}
    for place, value in enumerate(values):
        joined.join(place, first.setdefault(value, place))


def _join_read(
    joined: _Union, texts: Sequence[str], plainly: Sequence[str], spelled: Sequence[tuple[str, ...]]
) -> None:
    """Join rows that are no language as they stand to those that they are by one of the ways to read them."""
    places = {one: place for place, one in enumerate(plainly)}
    for place, text in enumerate(texts):
        if sum(map(SAY_LITTLE.__contains__, spelled[place])) < _READABLE or _DIGITS_APART.search(text):
            for turned in {way(text) for way in READ_AS} - {text}:  # as it stands it is joined already
                read = alike(spelled_out(turned)).strip()
                if len(read) >= LEAST_LETTERS and read in places:
                    joined.join(place, places[read])


def _join_contained(joined: _Union, rows: Sequence[tuple[str, ...]]) -> None:
    """Join a row that stands whole in another one, whatever is around it.

    What asks for all that another row asks for, and for more, is not independent of it.
    """
    whole = {row: place for place, row in enumerate(rows) if len(row) >= LEAST_WORDS and _says_enough(row)}
    lengths: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for row in whole:
        lengths[row[:LEAST_WORDS]].add(len(row))
    for place, row in enumerate(rows):
        for begin in range(len(row) - LEAST_WORDS + 1):
            for length in lengths.get(row[begin : begin + LEAST_WORDS], ()):
                run = row[begin : begin + length]
                if run in whole:
                    joined.join(place, whole[run])


def _says_enough(row: Sequence[str]) -> bool:
    return add_up(map(_weight, set(row))) >= _LEAST_WEIGHT


def _join_near(joined: _Union, spelled: Sequence[tuple[str, ...]]) -> None:
    """Join near-copies; of rows that are spelled alike one is compared."""
    places = {value: place for place, value in enumerate(spelled)}
    rows = sorted(places)
    weigh = _Weights(rows)
    by_numbers: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        by_numbers[tuple(sorted(word for word in row if word[0].isdigit()))].append(number)
    for same in by_numbers.values():
        for one, other in combinations(same, 2) if len(same) <= _ALL_PAIRS else _candidates(same, rows, weigh):
            left, right = places[rows[one]], places[rows[other]]
            if joined.root(left) != joined.root(right) and weigh.are_near(rows[one], rows[other]):
                joined.join(left, right)


def _candidates(alike: Sequence[int], rows: Sequence[tuple[str, ...]], weigh: _Weights) -> Iterator[tuple[int, int]]:
    """Yield pairs of rows, out of some in order of spelling, that follow each other or share two of their rarest words.

    Of many with the same two words each is paired with the few before it.
    """
    yield from pairwise(alike)
    before: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for number in alike:
        for two in combinations(weigh.rarest(rows[number]), 2):
            recent = before[two]
            yield from ((one, number) for one in recent)
            recent.append(number)
            del recent[:-_RECENT]


class _Weights:
    """What words say of a row, out of some rows that are all spelled differently."""

    def __init__(self, rows: Sequence[tuple[str, ...]]) -> None:
        self._often = Counter(word for row in rows for word in set(row))
        frame = _FRAME * len(rows) if len(rows) >= _FEWEST_FRAMED else len(rows) + 1
        self._weights = {word: 0.0 if often >= frame else _weight(word) for word, often in self._often.items()}

    def rarest(self, row: tuple[str, ...]) -> list[str]:
        """Return the words of a row that fewest rows have, two at least."""
        words = [word for word in set(row) if self._often[word] > 1 and word not in SAY_LITTLE]
        return sorted(words, key=lambda word: (self._often[word], word))[:_RAREST]

    def are_near(self, one: tuple[str, ...], other: tuple[str, ...]) -> bool:
        """Return whether two rows with the same numbers are near-copies."""
        if _asking(one) == _asking(other):
            return True
        mine, yours = set(one), set(other)
        common = self._sum(mine & yours)
        apart = sorted((self._sum(mine) - common, self._sum(yours) - common))
        shorter = common + apart[0]
        if shorter < _LEAST_WEIGHT or apart[1] - apart[0] > _MOST_ADDED * shorter:
            return False
        over = apart[0] - _MOST_REPLACED * shorter
        if 0 < over < common:
            over -= add_up(self._typos(mine - yours, yours - mine))
        return over <= 0

    def _sum(self, words: Iterable[str]) -> float:
        return add_up(self._weights[word] for word in words)

    def _typos(self, mine: Iterable[str], yours: Iterable[str]) -> Iterator[float]:
        """Yield the weights of words that are a word of the other row with a typo.

        One of them stands in no third row; or two letters changed places, which seldom makes another word.
        """
        left = sorted(word for word in yours if len(word) >= _TYPO_LETTERS)
        for word in sorted(word for word in mine if len(word) >= _TYPO_LETTERS):
            for other in left:
                shared = (self._often[word] > 1) != (self._often[other] > 1)
                if (shared and _is_typo(word, other)) or _are_swapped(word, other) or _lacks_a_letter(word, other):
                    left.remove(other)
                    yield min(self._weights[word], self._weights[other])
                    break


def _weight(word: str) -> float:
    if word[0].isdigit():
        return _NUMBER
    if not word[0].isalpha():
        return _SIGN
    return min(len(word), _LONGEST) * (_COMMON if word in SAY_LITTLE else 1.0)


def _asking(row: tuple[str, ...]) -> list[str]:
    """Return the words of a row without those by which people ask kindly."""
    return [word for word in row if word not in _KINDLY]


def _are_swapped(one: str, other: str) -> bool:
    """Return whether two words of some length differ by two neighbouring letters that changed places."""
    if len(one) != len(other) or len(one) < _SWAP_LETTERS or one == other:
        return False
    place = next(place for place, letter in enumerate(one) if letter != other[place])
    swapped = one[:place] + one[place : place + 2][::-1] + one[place + 2 :]
    return swapped == other


def _lacks_a_letter(one: str, other: str) -> bool:
    """Return whether a word of some length is another one without a letter within it, or with one twice."""
    short, long = sorted((one, other), key=len)
    if len(long) != len(short) + 1 or len(short) < _SWAP_LETTERS - 1 or long[:2] != short[:2] or long[-1] != short[-1]:
        return False
    return any(long[:place] + long[place + 1 :] == short for place in range(2, len(long) - 1))


def _is_typo(one: str, other: str) -> bool:
    """Return whether words differ by one letter added, dropped or replaced, or by two that changed places."""
    begin = 0
    while begin < min(len(one), len(other)) and one[begin] == other[begin]:
        begin += 1
    end = 0
    while end < min(len(one), len(other)) - begin and one[-1 - end] == other[-1 - end]:
        end += 1
    mine, yours = one[begin : len(one) - end], other[begin : len(other) - end]
    return max(len(mine), len(yours)) <= 1 or (len(mine) == 2 and mine == yours[::-1])
