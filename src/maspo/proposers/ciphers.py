"""Stretches of a text that are no language as they stand, and English by a cipher that anybody undoes. Pure.

Letters moved along the alphabet, the alphabet or the words turned round, Pig Latin, numbers for letters, two signs for
bits. Looked for by what comes out, so that no language, code or list of names is taken for one: a few of the commonest
words close together, where the text itself has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product
from string import ascii_lowercase
from typing import Final

from maspo.core.sought import DIGITS, sought
from maspo.proposers.english import APART, ENGLISH, bits


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON: Final = _words(
    "the of and to a in is you that it he was for on are as with his they at be this have from or one had by word "
    "but not what all were we when your can said there use an each which she do how their if will up other about "
    "out many then them these so some her would make like him into time has look two more write go see number no "
    "way could people my than first been call who its now find long down day did get come made may part over new "
    "take only little work know place year live me back give most very after thing our just name good sentence "
    "man think say great where help through much before line right too mean old any same tell follow want show "
    "also form three small set put end does another well large must big even such because turn here why ask went "
    "read reads need different again off house point page letter letters answer answers please question questions "
    "final send copy text secret key password every note write whoever ever never ignore instead instruction "
    "instructions input output reply prompt rule rules given word words hide hidden user users repeat always tell"
)
"""The commonest English words, and those of a message in a prompt."""
_AROUND, _ENOUGH = 6, 3
"""Words among which so many different common ones come out."""
_TELLING = 4
"""Letters of a word that does not come out by chance."""
_MOST_AS_IT_STANDS = 1
"""Common words that such a stretch has as it stands: `of` is `lu` by one cipher, and some of these are words, too."""
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{9,}", re.IGNORECASE)
"""Eight stand together in the longest German words; rows of one letter and of the alphabet are none, see below."""
_SAYING: Final = 5
"""Different letters of a run that says something."""
_NUMBERS = sought(r"(?<![\d.,])(?:2[0-7]|1\d|0?\d)(?:[ ,;/|.-]{1,3}(?:2[0-7]|1\d|0?\d)){7,}(?![\d])", *DIGITS)
_SQUARE = sought(r"(?<![\d.,])(?:[1-5][1-5][ ,;/|-]{1,3}){7,}[1-5][1-5](?!\d)", *DIGITS)
_SQUARES: Final = ("abcdefghiklmnopqrstuvwxyz", "abcdefghijlmnopqrstuvwxyz")
"""Five rows of five letters, by which row and column stand for a letter (Polybius); one letter is another one's."""
_PADDED = re.compile(r"(?<!\w)[^\W\d_](?P<pad>\w)(?:\w(?P=pad)){5,}\w?(?!\w)")
"""A word with the same letter after each of its own."""
_TAPPED = sought(r"(?:\b(?:dots?|dash(?:es)?|dits?|dahs?)\b[\s,./-]*){9,}", "dot", "dash", "dit", "dah")
"""Morse in words."""
_FEWEST_BITS: Final = 64
_DEAD_LETTER: Final = "[\u1680-\u169c\u16a0-\u16ea\U00010000-\U000104af\U00010500-\U00010cff\U00012000-\U0001467f]"
_DEAD = re.compile(f"{_DEAD_LETTER}(?:.?{_DEAD_LETTER}){{3,}}")
"""Letters that nobody writes in today: runes, ogham, Gothic, Deseret, cuneiform, hieroglyphs."""
_DOUBLED = re.compile(r"(?:\b(?:([a-z])\1){2,}\b[^\w\n]{0,2}){4,}")
"""Words of which each letter stands twice."""
_ONE_LETTER, _TWO_LETTERS = 0.35, 0.28
"""Share of the letters of six words that one letter, or two together, have in no language, and in nearly each word."""
_FEWEST_FILLED, _LEAST_FILLED = 5, 24
"""Of six words so many hold these, and differ; and the letters of them all."""
_SENTENCE = re.compile(r"[.!?;:\n]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_STRETCH, _STEP = 8, 5
"""Words that are measured together, and from where to where the next ones begin."""
_PICTURES = re.compile("(?:[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff][\ufe0f\u200d]?[ \n]{0,2}){12,}")
_DIFFERENT_PICTURES: Final = 5
"""Of a row of so many pictures at least so many differ, where it is no scale of stars or squares."""


_SIGNS_OF_WORDS: Final = 0x4E00
"""The first of some signs that stand for words, none of which is a blank or a comma."""
_MOST_WORDS: Final = 20_000


def ciphers(text: str) -> Iterator[str]:
    """Yield the stretches of a text that are written in a cipher."""
    small = text.lower()
    found_words = list(_WORD.finditer(small))
    words = [one[0] for one in found_words]
    comes_out: dict[int, dict[int, str]] = {}
    for place, word in enumerate(words):
        for cipher, plain in _coded().get(word, ()):
            comes_out.setdefault(cipher, {})[place] = plain
    for _, said in sorted(comes_out.items()):
        for begin, last in _undone(words, said):
            yield small[found_words[begin].start() : found_words[last].end()]
    yield from _far_from_english(small)
    yield from _filled(small)
    yield from (found[0].strip() for found in _DOUBLED.finditer(small))
    for run in _CONSONANTS.findall(text):
        if len(set(run.lower())) >= _SAYING and sorted(run.lower()) != list(run.lower()):
            yield run
    for found in _NUMBERS.finditer(text):
        numbers = [int(one) for one in re.findall(r"\d+", found[0])]
        letters = "".join(f" {ascii_lowercase} "[number] for number in numbers)
        measured = bits(letters)
        english = measured is not None and measured <= ENGLISH and len(set(letters)) > _SAYING + 1
        if _telling_in(letters.replace(" ", "")) >= 2 or _reads(letters) or english:
            yield found[0]
    for found in _SQUARE.finditer(text):
        places = [(int(one[0]) - 1, int(one[1]) - 1) for one in re.findall(r"\d\d", found[0])]
        read = (
            "".join(square[5 * one + other] for one, other in way)
            for square in _SQUARES
            for way in (places, [place[::-1] for place in places])
        )
        if any(_telling_in(letters) >= 2 or _tells_much(letters) for letters in read):
            yield found[0]
    yield from (found[0] for found in _PADDED.finditer(text) if len(set(found[0][::2])) >= _SAYING)
    yield from (found[0].strip() for found in _TAPPED.finditer(text))
    yield from _two_signs(text)
    yield from _two_words(text)
    for pattern in (_DEAD, _PICTURES):
        for found in pattern.finditer(text):
            if pattern is _DEAD or len(set(found[0]) - set(" \n\ufe0f\u200d")) >= _DIFFERENT_PICTURES:
                yield found[0]


def _far_from_english(small: str) -> Iterator[str]:
    """Yield a word of each stretch that is no language as it stands, and English undone: words around it may be."""
    for sentence in _SENTENCE.split(small):
        words = list(_LETTERS.finditer(sentence))
        for begin in range(0, max(1, len(words) - _STRETCH + _STEP), _STEP):
            some = words[begin : begin + _STRETCH]
            if sum(one[0] in _COMMON or not one[0].isascii() for one in some) > _MOST_AS_IT_STANDS:
                continue
            stretch = " ".join(one[0] for one in some)
            standing = bits(stretch)
            if standing is None or standing < ENGLISH:
                continue
            undone = (found for undo in _WHOLE for found in [bits(undo(stretch))] if found is not None)
            if min(undone, default=standing) <= min(ENGLISH, standing - APART):
                yield max((one[0] for one in some if one[0] not in _COMMON), key=len)
                break


def _filled(small: str) -> Iterator[str]:
    """Yield stretches in nearly every word of which the same letter, or two together, stand again and again."""
    words = _LETTERS.findall(small)
    common = [word in _COMMON for word in words]
    for begin in range(len(words) - _FEWEST_FILLED):
        end = begin + _FEWEST_FILLED + 1
        if sum(common[begin:end]) > _MOST_AS_IT_STANDS:  # "the eyes of the needle before"
            continue
        some = words[begin:end]
        row = "".join(some)
        if len(row) < _LEAST_FILLED or len(set(some)) < _FEWEST_FILLED:
            continue
        letters = [one for one in sorted(set(row)) if row.count(one) >= _TWO_LETTERS / 2 * len(row)]
        pieces = [one for one in letters if row.count(one) >= _ONE_LETTER * len(row)]
        pairs = map("".join, product(letters, repeat=2))
        pieces += [pair for pair in pairs if row.count(pair) >= _TWO_LETTERS / 2 * len(row)]
        if any(sum(piece in word for word in some) >= _FEWEST_FILLED for piece in pieces):
            yield max(some, key=len)


def _undone(words: Sequence[str], said: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last place of a stretch in which common words come out and stand nowhere.

    ``said`` are the common words that come out of others by one cipher, by their places, the first one first.
    """
    places = list(said)
    for at, begin in enumerate(places):
        near = [place for place in places[at : at + _AROUND] if place < begin + _AROUND]
        found = {said[place] for place in near}
        if len(found) < _ENOUGH or not _says_more_than_chance(found):
            continue
        stretch = words[begin : near[-1] + 1]
        if sum(word in _COMMON for word in stretch) <= _MOST_AS_IT_STANDS:
            yield begin, near[-1]
            return


def _says_more_than_chance(found: set[str]) -> bool:
    """Return whether common words tell more than short ones would, which others become by chance."""
    return any(len(word) >= _TELLING for word in found) or sum(len(word) >= _TELLING - 1 for word in found) >= _ENOUGH


def _telling_in(run: str) -> int:
    """Return how many longer common words stand in a run of letters."""
    return sum(word in run for word in _LONGER)


def _tells_much(run: str) -> bool:
    return any(word in run for word in _LONGER if len(word) > _TELLING)


_LONGER: Final = tuple(sorted(word for word in _COMMON if len(word) >= _TELLING))


def _reads(text: str) -> bool:
    found = set(text.split()) & _COMMON
    return len(found) >= _ENOUGH and _says_more_than_chance(found)


def _two_signs(text: str) -> Iterator[str]:
    """Yield runs of two signs in turn that spell text as bits."""
    plain = "".join(text.split()).replace(",", "").replace("\ufe0f", "")
    half = _FEWEST_BITS // 2  # a run is at least two halves long, so it holds one that begins at a multiple of it
    if all(len(set(plain[begin : begin + half])) > 2 for begin in range(0, len(plain), half)):
        return
    bare = [(place, sign) for place, sign in enumerate(text) if not sign.isspace() and sign not in "\ufe0f,"]
    begin = 0
    signs: list[str] = []
    for end, (_, sign) in enumerate([*bare, (len(text), "")]):
        if sign in signs:
            continue
        if len(signs) < 2 and sign:
            signs.append(sign)
            continue
        run = bare[begin:end]
        if len(run) >= _FEWEST_BITS and _spells([one for _, one in run], signs):
            # Signs before and after it can be the same.
            yield text[run[8][0] : run[-8][0]]
        if not sign:
            return
        # The next run begins with the last sign of this one, as far as it goes back.
        last = bare[end - 1][1]
        begin = end - 1
        while begin and bare[begin - 1][1] == last:
            begin -= 1
        signs = [last, sign]


def _two_words(text: str) -> Iterator[str]:
    """Yield runs of two words in turn that spell text as bits, such as `yes` and `no`."""
    words = re.findall(r"\w+", text)
    if len(words) < _FEWEST_BITS:
        return
    sign_of = {word: chr(_SIGNS_OF_WORDS + at % _MOST_WORDS) for at, word in enumerate(dict.fromkeys(words))}
    signs = "".join(map(sign_of.__getitem__, words))
    for run in _two_signs(signs):
        at = signs.find(run)
        yield " ".join(words[at : at + len(run)])


def _spells(run: Sequence[str], signs: Sequence[str]) -> bool:
    for one in signs:
        bits = "".join("1" if sign == one else "0" for sign in run)
        for width in (8, 7):
            # Letters beside such a run can be the same sign.
            for first in range(width):
                codes = [int(bits[at : at + width], 2) for at in range(first, len(bits) - width + 1, width)]
                if _is_text(codes):
                    return True
    return False


def _is_text(given: Iterator[int] | Sequence[int]) -> bool:
    """Return whether codes are mostly letters and blanks, and nothing that is no sign."""
    codes = list(given)
    letters = sum(chr(code).isalpha() or code == ord(" ") for code in codes if code < 0x7F)
    different = len({code for code in codes if chr(code).isalpha()})
    return all(0x20 <= code < 0x7F for code in codes) and letters * 5 >= len(codes) * 4 and different >= _SAYING - 1


def _moved(by: int) -> Callable[[str], str]:
    table = str.maketrans(ascii_lowercase, ascii_lowercase[by:] + ascii_lowercase[:by])
    return lambda word: word.translate(table)


def _turned(word: str) -> str:
    return word[::-1]


def _from_pig_latin(word: str) -> str:
    return word[-3] + word[:-3] if word.endswith("ay") and len(word) > len("way") else word


_MIRRORED: Final = str.maketrans(ascii_lowercase, ascii_lowercase[::-1])
UNDOINGS: Final[tuple[Callable[[str], str], ...]] = (
    *(_moved(by) for by in range(1, 26)),
    lambda word: word.translate(_MIRRORED),
    _turned,
    _from_pig_latin,
)
_SWAPPED = re.compile("(.)(.)")
_WHOLE: Final[tuple[Callable[[str], str], ...]] = (
    *UNDOINGS[:-2],
    lambda text: " ".join(word[::-1] for word in text.split()),
    lambda text: _SWAPPED.sub(r"\2\1", text),
    lambda text: text[:1] + _SWAPPED.sub(r"\2\1", text[1:]),
)
"""The same for a sentence, but for Pig Latin."""
_CODINGS: Final[tuple[Callable[[str], str], ...]] = (
    *(_moved(26 - by) for by in range(1, 26)),
    lambda word: word.translate(_MIRRORED),
    _turned,
    lambda word: f"{word[1:]}{word[0]}ay",
)
"""What each of these undoes."""


@cache
def _coded() -> Mapping[str, Sequence[tuple[int, str]]]:
    """Return the common words in every cipher, each with the cipher's place among the undoings and what comes out."""
    found: dict[str, list[tuple[int, str]]] = {}
    for cipher, (code, undo) in enumerate(zip(_CODINGS, UNDOINGS, strict=True)):
        for word in _COMMON:
            coded = code(word)
            if coded != word and undo(coded) == word:
                found.setdefault(coded, []).append((cipher, word))
    for word in _COMMON:
        for coded in _pig_latin(word):
            found.setdefault(coded, []).append((len(UNDOINGS) - 1, word))
    return found


def _pig_latin(word: str) -> Iterator[str]:
    """Yield a word in Pig Latin: all consonants that it begins with go to the end, and vowels get a syllable."""
    first = re.match(r"[^aeiou]*", word)
    moved = first.end() if first else 0
    if moved == 0:
        yield from (f"{word}{end}" for end in ("way", "yay", "hay"))
    elif 1 < moved < len(word):
        yield f"{word[moved:]}{word[:moved]}ay"
