"""Where a draft says words that are known, in whatever disguise: other forms, languages, abbreviations, ciphers. Pure.

A word is said where it stands, or where a reader who knows what is meant takes it for granted: `marbles` says `marble`,
`vierunddreißig`, `XXXIV` and `0x22` say `34`, `Nrb` says `Nairobi`, `WitcoF` says `What is the capital of France`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from maspo.core.counted_abroad import CHINESE, counted_in, from_chinese, from_roman, in_decimal
from maspo.core.numerals import short_numbers, words
from maspo.core.sought import DIGITS, sought
from maspo.core.spelling import SAY_LITTLE
from maspo.proposers.ciphers import UNDOINGS
from maspo.proposers.readings import readings, unaccented
from maspo.proposers.reckoned import reckoned

Places: TypeAlias = Mapping[str, Sequence[int]]
"""Where each known word is said, by the number of the word in the draft."""
_STEM: Final = 4
"""Letters that forms of one word have in common, at least; and the share of the longer one that they make."""
_SHARE: Final = 0.6
_SKELETON: Final = 3
"""Consonants of a word that stand for it: `Prs`."""
_INITIALS: Final = 5
"""First letters in a row that stand for a question."""
_MOST_INITIALS: Final = 60
"""Words of a question whose first letters are compared."""
_COUNTED = sought(r"^[^\S\n]*+\d{1,3}[.)]\s", *DIGITS, flags=re.MULTILINE)
"""The numbers of a list; they are no numbers of a question."""
_CAPS = re.compile("[\ufe0f\u20e3]")
"""What makes a key of a digit."""
_DOTTED = re.compile(r"(?<!\w)(?:\w\.){4,}\w?(?!\w)")
_SUM = sought(r"(?<![\w.])(\d{1,5})\s?([-+*/×−·⋅÷:])\s?(\d{1,4})(?![\w.]|\s?[-+*/×−=·⋅÷])", *DIGITS)
_CIPHERED: Final = 2
"""Words of a draft that a cipher makes known ones of, so that it is looked at by it."""
_REMEMBERED: Final = 20_000
"""Words of which it is remembered what they say: those of some hundred drafts."""
_FEWEST_BITS: Final = 4
"""Digits of a number that may be meant in base two."""
_VOWELS = re.compile("[aeiou]")
_DIGITS_APART = sought(r"(?<!\d)(?<!\d[.,])\d(?:(?:[ .,_|-]|\]\[|\)\()\d){1,5}(?!\d|[.,]\d)", *DIGITS)
_COMMAS = sought(r"(?<=\d),(?=\d)", *DIGITS)
_DIGITS = re.compile(r"\d{2,}")
_COUNTED_LETTERS = sought(r"(?<![\d.,-])\d{1,2}(?:[-. /]\d{1,2}){2,}(?![\d-])", *DIGITS)
_TURNED = re.compile(r"backward|revers|mirror|turned|from the end|right to left", re.IGNORECASE)
"""What says that digits are to be read from the other end."""
_YEAR = sought(r"(?<!\w)['’](\d\d)\b", *DIGITS)
_MIXED = sought(r"\b(?=\w*[^\W\d_])(?=\w*\d)\w{4,}\b", *DIGITS)
_DRAWN: Final = str.maketrans("0123456789i", "olzeasgtbgl")
_TYPO: Final = 5
"""Letters of a word in which a typo can be told from another word."""
_GREEK = re.compile("(?<!\\w)[α-ζ](?!\\w)")
"""Letters that stand for options."""
_PICTURE = re.compile("[\u2190-\u245f\u2500-\u2bff\U0001f000-\U0001faff]")
"""Whose name is a word: a bone."""


def form(word: str) -> str:
    """Return under what another form of a word is said, such as a plural: it tells less than the word."""
    return f"~{word}"


def initials(number: int | str) -> str:
    """Return under what a question is said by its first letters."""
    return f"?{number}"


class Vocabulary:
    """Words to be looked for in drafts, and questions by their first letters."""

    def __init__(self, known: Iterable[str], questions: Iterable[str] = ()) -> None:
        self._known = frozenset(known)
        self._longer = frozenset(word for word in self._known if len(word) >= _STEM and word.isalpha())
        self._stems: dict[str, list[str]] = defaultdict(list)
        self._skeletons: dict[str, list[str]] = defaultdict(list)
        for word in sorted(self._longer):
            self._stems[word[:_STEM]].append(word)
            self._skeletons[_VOWELS.sub("", word)].append(word)
        self._mixed = {"".join(sorted(word)): word for word in sorted(self._longer) if len(word) >= _TYPO}
        self._alike = {_as_drawn(word): word for word in sorted(self._longer)}
        self._lacking: dict[str, list[str]] = defaultdict(list)
        for word in sorted(word for word in self._longer if len(word) > _TYPO):
            for at in range(1, len(word)):
                self._lacking[word[:at] + word[at + 1 :]].append(word)
        self._told: dict[str, tuple[str, ...]] = {}
        self._undone: dict[str, tuple[int, ...]] = {}
        self._initials: dict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(questions):
            first = "".join(word[0] for word in words(text)[:_MOST_INITIALS] if word[0].isalpha())
            for begin in range(len(first) - _INITIALS + 1):
                self._initials[first[begin : begin + _INITIALS]].append(number)

    def said_in(self, draft: str) -> Iterator[Places]:
        """Yield where known words are said: as the draft stands and is read, with its sums done, and by each cipher."""
        plain = _CAPS.sub("", _COUNTED.sub(" ", draft))
        seen = readings(plain)
        others = (
            seen.plain,
            _SUM.sub(_result, reckoned(plain)),
            self._in_letters(plain),
            _YEAR.sub(r"19\1", plain),
            unaccented(plain),
            _put_together(plain),
            _COUNTED_LETTERS.sub(_lettered, plain),
            short_numbers(plain),
            _COMMAS.sub(" , ", plain),
            *([_DIGITS.sub(lambda run: run[0][::-1], plain)] if _TURNED.search(plain) else []),
        )
        texts = dict.fromkeys((plain, *seen.mended, "\n".join(seen.decoded), *others))
        yield from map(self._places, dict.fromkeys(_words_of(text) for text in texts if text))
        yield from self._deciphered(plain)

    def _places(self, said: Sequence[str]) -> Places:
        places: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(said):
            places[word].append(place)
            for other in self._told_by(word):
                places[other].append(place)
        for place, (number, _) in counted_in(said).items():
            places[number].append(place)
        return places

    def _told_by(self, word: str) -> tuple[str, ...]:
        """Return all that a word says beside itself; drafts of a run have most words in common."""
        found = self._told.get(word)
        if found is None:
            if len(self._told) >= _REMEMBERED:
                self._told.clear()
            found = self._told[word] = (*self._meant_by(word), *map(form, self._forms_of(word)))
        return found

    def _meant_by(self, word: str) -> Iterator[str]:
        """Yield known words of which a word is the number or the consonants; questions by their first letters."""
        if word[0].isdigit():
            if len(word) >= _FEWEST_BITS and set(word) <= {"0", "1"}:
                yield str(int(word, 2))
            return
        if roman := from_roman(word):
            yield roman
        if len(word) >= _SKELETON and not _VOWELS.search(word):
            yield from (other for other in self._skeletons.get(word, ()) if other != word)
        if len(word) >= _INITIALS:
            yield from (initials(number) for number in self._initials.get(word[:_INITIALS], ()))

    def _forms_of(self, word: str) -> Iterator[str]:
        """Yield known words of which a word is another form."""
        if len(word) >= _STEM and word not in SAY_LITTLE:
            for other in self._stems.get(word[:_STEM], ()):
                if other != word and _share(word, other) >= _SHARE:
                    yield other
        if len(word) >= _TYPO and word not in self._known and word.isalpha():
            yield from (one for one in (_once(word),) if one != word and one in self._known)
            if mixed := self._mixed.get("".join(sorted(word))):
                yield mixed
            yield from dict.fromkeys(self._mistyped(word))

    def _mistyped(self, word: str) -> Iterator[str]:
        """Yield known words that a word is with a letter too few or too many, or with two letters exchanged."""
        yield from self._lacking.get(word, ())
        for at in range(1, len(word)):
            others = word[:at] + word[at + 1 :], word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
            yield from (one for one in others if one in self._longer and len(one) >= _TYPO)

    def _in_letters(self, text: str) -> str:
        """Return a text with words in which digits stand for letters as those known words that they look like."""
        return _MIXED.sub(lambda word: self._alike.get(_as_drawn(word[0].lower()), word[0]), text)

    def _deciphered(self, text: str) -> Iterator[Places]:
        said = words(text)
        once = {word for word in said if len(word) >= _STEM and word.isalpha()} - self._known
        often = Counter(cipher for word in once for cipher in self._ciphers_of(word))
        for cipher in sorted(cipher for cipher, count in often.items() if count >= _CIPHERED):
            places: dict[str, list[int]] = defaultdict(list)
            for place, word in enumerate(said):
                places[UNDOINGS[cipher](word)].append(place)
            yield places

    def _ciphers_of(self, word: str) -> tuple[int, ...]:
        """Return the ciphers by which a word is a known one, as their places among the undoings."""
        found = self._undone.get(word)
        if found is None:
            if len(self._undone) >= _REMEMBERED:
                self._undone.clear()
            plain = (undo(word) for undo in UNDOINGS)
            found = self._undone[word] = tuple(cipher for cipher, one in enumerate(plain) if one in self._longer)
        return found


def _words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, of its pictures, and of first letters between dots; numbers in our digits."""
    text = in_decimal(text)
    if not text.isascii():
        text = _GREEK.sub(lambda sign: f" {unicodedata.name(sign[0]).rpartition(' ')[2].lower()} ", text)
        text = _PICTURE.sub(lambda sign: f" {unicodedata.name(sign[0], '').lower()} ", text)
        text = CHINESE.sub(lambda run: f" {from_chinese(run[0])} ", text)
    return words(_DOTTED.sub(_together, text))


def _together(run: re.Match[str]) -> str:
    """Return first letters between dots as one word, without those of numbers."""
    return f" {re.sub(r'[^a-zA-Z]', '', run[0])} "


def _share(one: str, other: str) -> float:
    """Return which part of the longer of two words they have in common at their beginning."""
    common = 0
    while common < min(len(one), len(other)) and one[common] == other[common]:
        common += 1
    return common / max(len(one), len(other))


def _once(word: str) -> str:
    """Return a word of which each letter stands twice with each once."""
    return word[::2] if word[::2] == word[1::2] else word


def _lettered(row: re.Match[str]) -> str:
    """Return numbers that letters have in the alphabet as these letters."""
    numbers = [int(one) for one in re.findall(r"\d+", row[0])]
    return "".join(chr(ord("a") + one - 1) for one in numbers) if max(numbers) <= 26 and min(numbers) else row[0]


def _as_drawn(word: str) -> str:
    """Return a word in letters of which no digit looks like another: `p4r15` and `paris` are one."""
    return word.translate(_DRAWN)


def _put_together(text: str) -> str:
    """Return a text with parts of words, and digits one by one, put together, and words written as one apart."""
    text = _DIGITS_APART.sub(lambda run: re.sub(r"\D", "", run[0]), text)
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", "", text))


def _result(sum_: re.Match[str]) -> str:
    left, sign, right = int(sum_[1]), sum_[2], int(sum_[3])
    if sign in "/÷:":
        return str(left // right) if right and left % right == 0 else sum_[0]
    return str(left + right if sign == "+" else left - right if sign in "-−" else left * right)
