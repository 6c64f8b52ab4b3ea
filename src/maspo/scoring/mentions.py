"""Which option's text a reply mentions, where it is the only one that it does not deny. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from maspo.scoring.doubts import takes_back
from maspo.scoring.options import options_of

_LONGEST = 300
"""Characters of a reply that is short enough to be about its answer alone."""
_LETTER = re.compile(r"(?<![A-Za-z0-9])(?:[B-HJ]|[AI](?=[).:,\]]|\s*\Z|\s(?:is|was|or|and)\b))(?![A-Za-z0-9])")
_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?|[%$€£°]")
_PRONOUN = re.compile(r"\A(?:it|this|that|they|the|an?) (?=\w{2})")
_CLAUSE = re.compile(r"[;!]|[.,:](?=\s|\Z)|\s[–—-]\s|\n|\bbut\b|\bwhereas\b|\bwhile\b")
_DENIES = re.compile(
    r"\b(?:not|never|neither|nor|no|none|cannot|without|wrong|incorrect|false|impossible|except|instead of|rather than"
    r"|unlike|excluded?|eliminat\w+|rules? out|ruled out|reject\w*|than|nicht|kein\w*|pas|ni)\b|n['’]t\b"
)
_SUPPOSES = re.compile(
    r"[?？]|\b(?:would|could|might|may|if|unless|whether|suppos\w+|assum\w+|students|people|many|some|tempting|considered"
    r"|candidates?|options?|possibl[ey]|opposite|contrary|antonym|confus\w+|either|both|first|initially|seems?|looks|or)\b"
)
"""What makes a mention no statement, in lower case."""
_COMMON = frozenset(
    """
about above again also answer because before being below both clearly correct does done each from given have hence here
into it's just more must only over right same should simply since some such than that that's their then there therefore
these they this those thus very was well were what when where which while will with
""".split()  # noqa: SIM905 - a list of words
)
"""Words of more than three letters that tell nothing of what a sentence is about."""
_DESCRIBED = ("is a", "is an", "was a", "was an")
"""What follows an option that is described."""
_UNITS = {
    unit: short
    for short, units in {
        "h": "hours hour hrs hr",
        "min": "minutes minute mins",
        "s": "seconds second secs sec",
        "km": "kilometers kilometres kilometer kilometre",
        "m": "meters metres meter metre",
        "cm": "centimeters centimetres",
        "kg": "kilograms kilogram kilos",
        "%": "percent",
        "$": "dollars dollar usd",
        "€": "euros euro eur",
    }.items()
    for unit in units.split()
}


def only_mentioned(text: str, question: str) -> str | None:
    """Return the letter of the only option whose text a short reply states; None where it is denied or supposed."""
    if len(text) > _LONGEST:
        return None
    options = _worded(question)
    if not options:
        return None
    stated, denied, beside = set[str](), set[str](), set[str]()
    rest = text
    for clause in _CLAUSE.split(text):
        letters, around = _mentioned(clause, options)
        if _DENIES.search(around):
            denied |= letters
        elif letters:
            stated |= letters
            beside |= set(around.split())
        rest = rest.replace(clause, around) if letters else rest
    named = set(_LETTER.findall(text))
    if len(stated) == 1:
        # Both "I" and "II": a letter within the text of an option names none.
        named -= set(options[min(stated)].upper().split())
    if len(stated) != 1 or named - stated or stated & denied or _SUPPOSES.search(rest.lower()) or takes_back(rest):
        return None
    return stated.pop() if _is_about(beside, question) else None


def _is_about(words: set[str], question: str) -> bool:
    """Whether the words beside an option are those of the question: at most one other, or two for each of them."""
    telling = {_stem(word) for word in words if len(word) > 3 and word.isalpha() and word not in _COMMON}
    asked = {_stem(word) for word in worded(question).split()}
    return len(telling - asked) <= max(1, 2 * len(telling & asked))


def _stem(word: str) -> str:
    """Return what the forms of a word have in common: "implies" and "imply", "returns" and "return"."""
    return word[:4]


def _mentioned(clause: str, options: Mapping[str, str]) -> tuple[set[str], str]:
    """Return the letters of the options that a clause mentions, and the clause without their texts, in lower case."""
    said = f" {worded(clause)} "
    letters = {letter for letter, option in options.items() if f" {option} " in said and _stands(option, clause)}
    longest = {
        letter
        for letter in letters
        if not any(f" {options[letter]} " in f" {options[other]} " for other in letters - {letter})
    }
    if any(f" {options[letter]} {described} " in said for letter in longest for described in _DESCRIBED):
        # "The flute is a wind instrument" tells of an option; it chooses none.
        return set(), said
    for letter in longest:
        said = said.replace(f" {options[letter]} ", " ")
    return longest, said


def _stands(option: str, clause: str) -> bool:
    """Whether an option stands in a clause as it is; a number must end it, and be no part of another or of a term."""
    if not option.isdigit():
        return True
    return re.search(rf"(?<![\w.,^√·×*/+\\_−–-]){option}\s*\Z", clause) is not None


def worded(text: str) -> str:
    """Return the words and numbers of a text, in lower case, with short names of units, one space between them."""
    return " ".join(_UNITS.get(word, word) for word in _WORD.findall(text.lower()))


@lru_cache(maxsize=1024)
def _worded(question: str) -> Mapping[str, str]:
    """Return the options of a question in words; none where one has no words, or only one sign that may be anything."""
    options = {letter: _PRONOUN.sub("", worded(text)) for letter, text in options_of(question).items()}
    if any(len(option) < 2 and not option.isdigit() for option in options.values()):
        options = {}
    return MappingProxyType(options)
