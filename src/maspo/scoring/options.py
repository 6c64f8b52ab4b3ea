"""The options that a multiple-choice question lists, and which of them a text is. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from maspo.core.late import late
from maspo.scoring.readable import tail, unmarked

LETTERS = "ABCDEFGHIJ"
_REMEMBERED = 1024
_OPTION_LINE = late(
    r"\n[ \t]*(?:[-*•|]\s+|\d{1,2}[.)]\s+|\\item\s*)?(?:<\w{1,12}>)?(?:\*\*?|__|`|\$)?(?:(?:Option"
    r"|Choice)\s+)?[(\[（【{<]?([A-J])(?:\s?[).:、．：\]）】}>/]+(?:\*\*?|__|\$)?|\s?[|]|\s?[-–—]\s|\*\*\s|`\s|\t|\s?(?:[=→]|->|=>))"
)
"""An option in a line of its own, in the ways that data sets write them."""
_ESCAPED = late(r"(?<=\n)([ \t]*[A-J])\\(?=[).])")
"""A letter before a bracket that Markdown would else take for the number of a list."""
_PLAIN_OPTION_LINE = late(r"\n[ \t]*\(?([A-J])\s?[).:]")
"""The commonest of them, which is looked for first."""
_LETTER_IN_A_LINE = late(r"(?<=\n)[ \t]*([A-J])[ \t]*\n(?=\s*\S)")
"""A letter in a line of its own, above the text of its option."""
_LEAST_IN_LINES = 3
"""Letters that stand in lines of their own by no accident."""
_OPTION_IN_LOWER_CASE = late(r"\n[ \t]*\(?[a-j][).](?=\s)")
_BRACKETED_IN_LOWER_CASE = late(r"(?<=\s)\([a-j]\)(?=\s)")
_OPTION_IN_JSON = late(r"[{,]\s*[\"']([A-J])[\"']\s*:\s*(?=[\"'])")
_OPTION = late(r"(?<=[\s\"'])(?:\(|\[(?=[A-J]\s?\]))?([A-J])\s?[).:\]．、：）]")
_WIDE_LETTERS = {0xFF21 + place: letter for place, letter in enumerate(LETTERS)}
_END_OF_ELEMENT = late(r"</\w{1,12}>\s*\Z")
_THOUSANDS = late(r"(?<=\d),(?=\d{3})")
_ARTICLE = late(r"\b(?:the|an?)\s+(?=\w{2})", re.IGNORECASE)
_BEGIN_OF_ARTICLE = ("a", "A", "t", "T")
_LONGEST_WORD = 40
_SQUEEZED_AWAY = frozenset({"a", "an", "the", "rs", "percent", "sqrt"})
"""First words that are compared in another form."""
_OWN_LETTER = late(r"\(?([A-J])\s?[).:]\s*")
_ROOT = late(r"\\?sqrt ?(?:[({](\w+)[)}])?")
_SIGNS = {
    "cup": "∪", "cap": "∩", "setminus": "\\", "times": "×", "cdot": "·", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥",
    "neq": "≠", "ne": "≠", "pi": "π", "infty": "∞", "Omega": "Ω", "alpha": "α", "beta": "β", "gamma": "γ", "theta": "θ",
    "lambda": "λ", "mu": "μ", "sigma": "σ", "Delta": "Δ", "pm": "±", "to": "→", "rightarrow": "→", "circ": "°",
}  # fmt: skip
_COMMAND = late(r"\\([A-Za-z]{2,10})(?![A-Za-z])\s?")
"""Commands of LaTeX and the signs that they are."""
_SINGLE = late(r"\(([\w.√]+)\)")
_NO_UNIT = (
    r"(?!(?:and|or|to|of|is|are|was|more|less|fewer|than|plus|minus|times|over|half|squared|cubed|dozen|hundred"
    r"|thousand|million|billion|trillion|lakhs?|crores?|pi|sqrt|log|mod|not|never|cannot|fail\w*|hardly|barely|scarcely"
    r"|almost|nearly|too|wrong|incorrect|false|impossible|excluded|does?|did|would|could|might|can)\b)"
)
_UNIT = (
    rf"[%°]|[JNWVAKCTHF](?![A-Za-z])|(?:{_NO_UNIT}[A-Za-z]{{2,}}\.?|[a-z](?= ?/))"
    rf"(?: ?/ ?[a-z]+| {_NO_UNIT}[a-z]+){{0,3}}"
)
_AMOUNT = late(rf"[^\w.+−–-]*(?:Rs ?\.? ?)?(\d[\d,]*(?:\.\d+)?)(?:/(\d{{1,6}}))?\s*((?:{_UNIT})?)\W*")
"""A number or a fraction, and what it counts; a single letter may be a variable, "dozen" is another number, and what a
sentence says of the number is no unit: "12 does not fit"."""


_PLACES = (
    ("last",), ("first", "one", "1"), ("second", "two", "2"), ("third", "three", "3"), ("fourth", "four", "4"),
    ("fifth", "five", "5"), ("sixth", "six", "6"), ("seventh", "seven", "7"),
)  # fmt: skip
"""How the place of an option is said; the last one comes first, as the place before the first."""
_WORDS = late(r"\w+")
_PLACE = late(
    rf"(?:the\s+)?(?:({'|'.join(names[0] for names in _PLACES)})\s+(?:one|option|choice|answer)"
    rf"|(?:option|choice|number)\s+({'|'.join(name for names in _PLACES[1:] for name in names[1:])}))\W*",
    re.IGNORECASE,
)


def letters_of(question: str) -> str:
    """Return the letters of the options that a question lists, "" when it lists none; their texts are not read."""
    return _letters_listed(question) if question else ""


@lru_cache(maxsize=_REMEMBERED)
def _letters_listed(question: str) -> str:
    # The commonest lists are known by their letters alone, without the places of their texts.
    letters = "" if "\\" in question else "".join(_PLAIN_OPTION_LINE.findall("\n" + tail(question)))
    return letters if len(letters) > 1 and LETTERS.startswith(letters) else _listed(question)[0]


@lru_cache(maxsize=_REMEMBERED)
def options_of(question: str) -> Mapping[str, str]:
    """Return the options that a question lists, by their letters; empty when it lists none."""
    places = _listed(question)[1] if question else ()
    ends = [*(place.start() for place in places[1:]), len(places[0].string) if places else 0]
    texts = (place.string[place.end() : end] for place, end in zip(places, ends, strict=False))
    return MappingProxyType(
        {place[1]: _repeated_letter_off(place[1], text) for place, text in zip(places, texts, strict=True)}
    )


def with_text(text: str, question: str) -> str | None:
    """Return the letter of the only option whose text is this one, however it is set; None when there is none.

    A number may go without its unit, or with another word for it.
    """
    if not question:
        return None
    by_text = _letters_by_text(question)
    if not _may_begin(text, by_text):
        return None
    wanted = squeezed(text)
    return by_text[wanted] if wanted in by_text else _with_amount(text, question)


def _may_begin(text: str, options: Mapping[str, str | None]) -> bool:
    """Whether a text can be one of these squeezed ones by its first word: a fast look, since most sentences are not."""
    first = text[:_LONGEST_WORD].split(maxsplit=1)
    word = first[0].rstrip(".,;:!") if first else ""
    if len(first) < 2 or not (word.isascii() and word.isalpha()):
        return True
    word = word.casefold()
    return word in _SQUEEZED_AWAY or any(option.startswith(word) for option in options)


def by_place(text: str, question: str) -> str | None:
    """Return the letter of an option that is named by its place: "the third option", "option three", "the last one"."""
    found = _PLACE.fullmatch(text) if question else None
    letters = letters_of(question) if found is not None else ""
    if found is None or not letters:
        return None
    place = next(place for place, names in enumerate(_PLACES) if (found[1] or found[2]).lower() in names)
    letter = letters[place - 1] if place <= len(letters) else None
    said = (found[2] or "").lower()
    others = [text for own, text in options_of(question).items() if own != letter and text]
    return None if said and any(said in _WORDS.findall(text.lower()) for text in others) else letter


def is_text_of(letter: str, text: str, question: str) -> bool:
    """Whether a text is what the option of a letter says, however it is set."""
    option = options_of(question).get(letter)
    if option is None or option == text:
        return option is not None
    return _may_begin(text, _letters_by_text(question)) and squeezed(option) == squeezed(text)


def is_asked_for(noun: str, question: str) -> bool:
    """Whether a question holds a word of three letters and more before its options."""
    places = _listed(question)[1]
    stem = question[: places[0].start()] if places else ""
    return len(noun) > 2 and re.search(rf"(?i)(?<![^\W_]){re.escape(noun)}s?(?![^\W_])", stem) is not None


def _with_amount(text: str, question: str) -> str | None:
    amount = _amount(text)
    same = amount and _letters_by_number(question).get(amount[0])
    if not amount or not same or (amount[1] and same[1] and amount[1] != same[1]):
        return None
    return same[0]


@lru_cache(maxsize=_REMEMBERED)
def _letters_by_number(question: str) -> Mapping[float, tuple[str, str] | None]:
    """Return the letter and the unit of each option that is an amount; None where two have the same number."""
    found: dict[float, tuple[str, str] | None] = {}
    for letter, text in options_of(question).items():
        amount = _amount(text)
        if amount is not None:
            found[amount[0]] = None if amount[0] in found else (letter, amount[1])
    return found


def _amount(text: str) -> tuple[float, str] | None:
    """Return the number of a text that is an amount, and the first letter of its unit."""
    found = _AMOUNT.fullmatch(unmarked(text).replace("Ω", "ohm").replace("\\%", "%").replace(" percent", "%"))
    if found is None or not int(found[2] or 1):
        return None
    return float(found[1].replace(",", "")) / int(found[2] or 1), found[3][:1].lower()


@lru_cache(maxsize=_REMEMBERED)
def _letters_by_text(question: str) -> Mapping[str, str | None]:
    found: dict[str, str | None] = {}
    for letter, text in options_of(question).items():
        option = squeezed(text)
        found[option] = None if option in found or not option else letter
    return found


def squeezed(text: str) -> str:
    """Return a text without markup, space, case, and signs that are often set in other ways, for comparison only."""
    if "\\" in text:
        text = _COMMAND.sub(lambda found: _SIGNS.get(found[1], found[0]), text)
    text = unmarked(_ROOT.sub(r"√\1", text) if "sqrt" in text else text)
    if "," in text:
        text = _THOUSANDS.sub("", text)
    text = text.strip()
    if text.startswith(_BEGIN_OF_ARTICLE):
        text = _ARTICLE.sub("", text, count=1)
    text = "".join(text.split())
    if "(" in text:
        text = _SINGLE.sub(r"\1", text)
    text = text.strip(".,;:#!").casefold()
    if not text.isascii():
        text = text.replace("–", "-").replace("−", "-")
    if "\\" in text:
        text = text.replace("\\%", "%")
    # Lists of options often have lost their exponents' signs.
    return text.replace("percent", "%").replace("^", "")


def stem_of(question: str) -> str:
    """Return what stands before the options of a question; all of it where it has none."""
    _, places = _listed(question)
    return places[0].string[: places[0].start()] if places else question


@lru_cache(maxsize=_REMEMBERED)
def _listed(question: str) -> tuple[str, Sequence[re.Match[str]]]:
    """Return the letters of the options, and where they stand."""
    text = "\n" + tail(question)
    if not text.isascii():
        text = text.translate(_WIDE_LETTERS)
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text)
    in_lines = list(_PLAIN_OPTION_LINE.finditer(text))
    if len(in_lines) < 2:
        in_lines = list(_OPTION_LINE.finditer(text))
    letters = "".join([place[1] for place in in_lines])
    if len(letters) > 1 and LETTERS.startswith(letters):
        return letters, in_lines
    places = (
        _longest_run(in_lines)
        or _longest_run(list(_OPTION.finditer(text)))
        or _longest_run(list(_OPTION_IN_JSON.finditer(text)))
    )
    if not places:
        text_in_capitals = _BRACKETED_IN_LOWER_CASE.sub(lambda found: found[0].upper(), text)
        places = _longest_run(list(_OPTION.finditer(text_in_capitals))) if text_in_capitals != text else places
    if not places and _OPTION_IN_LOWER_CASE.search(text):
        places = _longest_run(
            list(_OPTION_LINE.finditer(_OPTION_IN_LOWER_CASE.sub(lambda found: found[0].upper(), text)))
        )
    if not places and "\\" in text:
        # \textbf{(A)} and the like.
        places = _longest_run(list(_OPTION.finditer(unmarked(text))))
    if not places:
        places = list(_LETTER_IN_A_LINE.finditer(text))
        letters = "".join([place[1] for place in places])
        places = places if len(letters) >= _LEAST_IN_LINES and LETTERS.startswith(letters) else []
    return "".join([place[1] for place in places]), places


def _longest_run(places: Sequence[re.Match[str]]) -> Sequence[re.Match[str]]:
    """Return the options A, B, … of a question, the last such run where there are several; at least two."""
    runs: list[list[re.Match[str]]] = []
    for place in places:
        if place[1] == "A":
            runs.append([place])
        elif runs and place[1] == chr(ord(runs[-1][-1][1]) + 1):
            runs[-1].append(place)
    longest = max((len(run) for run in runs), default=0)
    return next((run for run in reversed(runs) if len(run) == longest), []) if longest >= 2 else []


def _repeated_letter_off(letter: str, text: str) -> str:
    text = text.strip().lstrip(").:").lstrip()
    if text.endswith(">"):
        text = _END_OF_ELEMENT.sub("", text)
    own = _OWN_LETTER.match(text) if text.startswith(("(", letter)) else None
    return (text[own.end() :] if own is not None and own[1] == letter else text).strip(" ,;|}]\"'")
