"""Numbers in words: "twenty-one", "three quarters", "one and a half", "a dozen". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

_SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "half third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_UNITS = {word: number for number, word in enumerate(_SMALL.split())} | {
    word: 10 * number for number, word in enumerate(_TENS.split(), 2)
}
_UNITS |= {"fourty": 40, "a": 1, "an": 1}
_GROUPS = {
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "dozen": 12,
    "score": 20,
}
_PARTS = {word: number for number, word in enumerate(_ORDINALS.split(), 2)} | {
    "quarter": 4, "fifteenth": 15, "sixteenth": 16, "twentieth": 20, "hundredth": 100, "thousandth": 1000, "halve": 2,
}  # fmt: skip
_CHINESE = {sign: number for number, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "兩": 2, "〇": 0}
_CHINESE_PLACES = {"十": 10, "百": 100, "千": 1000}
_MOST_WORDS = 16
"""Words of a number that is looked at: nine hundred and ninety-nine thousand … needs fewer."""
_TEN, _THOUSAND = 10, 1000
_COUNTED = re.compile(
    r"(?i)(?!(?:and|or|to|nor|plus|minus|times|over|point|percent|less|more|by|of|in|out|than|squared|cubed|factorial"
    r"|choose|mod|th|fold|if|is|are|pi|tau|phi|theta|alpha|beta|gamma|lambda|infinity|roots?|sqrt|surd|radicals?|log|ln|exp"
    r"|sin|cos|tan|gross|score|lakhs?|crores?|past|half|halves)\b)[a-z]{2,20}"
)
"""What may be counted by a number in words: no word that goes on with it."""
_SPLIT = re.compile(r"[\s-]+")
_ANY = "|".join(sorted((_UNITS.keys() | _GROUPS.keys()) - {"a", "an"}, key=len, reverse=True))
_ANY_PART = "|".join(f"{part}s?" for part in sorted(_PARTS, key=len, reverse=True)) + "|halves"
_RUN = re.compile(
    rf"(?<![\w-])(?:(?:minus|negative)\s+)?(?:(?:{_ANY})|(?:an?|one)[\s-]+(?={_ANY_PART}|hundred|thousand|dozen))"
    rf"(?:(?:\b[\s-]+(?:and[\s-]+)?(?:an?[\s-]+)?|(?<=[\s-]))(?:{_ANY}|{_ANY_PART}))*(?![\w-])"
    r"(?:\s+percent\b)?",
    re.IGNORECASE,
)
"""Words one after another that say one number."""


def number_in_words(text: str) -> Fraction | None:
    """Return the number that a text says in words, all of it; None for any other text."""
    if not text.isascii() and (chinese := _in_chinese(text.strip())) is not None:
        return chinese
    words = [word for word in _SPLIT.split(text.strip().casefold()) if word]
    if not 0 < len(words) <= _MOST_WORDS or words in (["a"], ["an"]):
        return None
    if words[-1] in ("percent", "%") and len(words) > 1:
        share = number_in_words(" ".join(words[:-1]))
        return None if share is None else share / 100
    negative = words[0] in ("minus", "negative")
    value = _chance(words) or _mixed(words[negative:])
    return value if value is None or not negative else -value


def counted_in_words(text: str) -> tuple[Fraction, str] | None:
    """Return the number and the noun of words such as "twelve apples" and "forty-five degrees"; None for any others."""
    number, _, noun = text.strip().rpartition(" ")
    if not number or _COUNTED.fullmatch(noun) is None or number.casefold() in ("a", "an", "the"):
        return None
    if number_in_words(noun) is not None or noun.casefold().rstrip("s") in _PARTS or noun.casefold() in _GROUPS:
        return None
    value = number_in_words(number)
    return None if value is None else (value, noun)


def runs_of_words(text: str) -> Iterator[re.Match[str]]:
    """Yield where a text says a number in words, each whole: "two dozen", "three eighths", "twelve percent"."""
    return (found for found in _RUN.finditer(text) if number_in_words(found[0]) is not None)


def _in_chinese(text: str) -> Fraction | None:
    """Read 十二 and 三百零五, as Chinese and Japanese write numbers below ten thousand."""
    total, digit = 0, -1
    for sign in text:
        if sign in _CHINESE:
            digit = _CHINESE[sign]
        elif sign in _CHINESE_PLACES:
            total, digit = total + (1 if digit < 0 else digit) * _CHINESE_PLACES[sign], 0
        else:
            return None
    return Fraction(total + max(digit, 0)) if text and len(text) <= _MOST_WORDS else None


def _chance(words: list[str]) -> Fraction | None:
    """Read "one in eight" and "three out of ten"."""
    between = next((part for part in (["out", "of"], ["in"]) if part[0] in words[1:-1]), None)
    if between is None:
        return None
    at = words.index(between[0])
    behind = words[at + len(between) :]
    part, whole = _whole(words[:at]), _whole(behind[1:] if behind[:1] in (["every"], ["each"]) else behind)
    known = words[at : at + len(between)] == between and part is not None and whole
    return part / whole if known and part is not None and whole else None


def _mixed(words: list[str]) -> Fraction | None:
    """Read a whole number, a fraction, or "one and a half"."""
    if not words:
        return None
    if "point" in words[:-1]:
        return _with_decimals(words)
    if "over" in words[1:-1] and len(words) <= _MOST_WORDS // 2:
        at = words.index("over")
        above, below = _whole(words[:at]), _whole(words[at + 1 :])
        return above / below if above is not None and below else None
    if words[-1] in _GROUPS and _GROUPS[words[-1]] >= _THOUSAND and ("half" in words or "quarter" in words):
        share = _mixed(words[:-1])
        if share is not None:
            return share * _GROUPS[words[-1]]
    if words[-1] in ("half", "quarter") and len(words) > 3 and words[-3:-1] in (["and", "a"], ["and", "one"]):
        whole = _whole(words[:-3])
        return None if whole is None else whole + Fraction(1, _PARTS[words[-1]])
    if words[:2] == ["half", "a"] and len(words) == 3 and words[2] in _GROUPS:
        return Fraction(_GROUPS[words[2]], 2)
    if "and" in words[1:-2] and words[-1] not in _GROUPS:
        at = len(words) - 1 - words[::-1].index("and")
        whole, rest = _whole(words[:at]), _mixed(words[at + 1 :])
        if whole is not None and rest is not None and 0 < rest < 1:
            return whole + rest
    part = _PARTS.get(words[-1]) or _PARTS.get(words[-1].removesuffix("s"))
    if part is None:
        return _whole(words)
    above = _whole(words[:-1]) if words[:-1] else Fraction(1)
    return None if above is None else above / part


def _with_decimals(words: list[str]) -> Fraction | None:
    """Read "one point five" and "zero point two five"."""
    at = words.index("point")
    whole = _whole(words[:at]) if at else Fraction(0)
    digits = [_UNITS.get(word, _TEN) for word in words[at + 1 :]]
    if whole is None or any(digit >= _TEN for digit in digits) or "a" in words:
        return None
    return whole + Fraction(int("".join(map(str, digits))), _TEN ** len(digits))


def _whole(words: list[str]) -> Fraction | None:
    total = group = 0
    filled = False
    for word in words:
        if word == "and" and filled:
            continue
        if word in _UNITS and (not filled or group % 100 == 0 or (group % 10 == 0 and 0 < _UNITS[word] < 10)):
            group += _UNITS[word]
        elif word in ("hundred", "dozen", "score") and group < 100:
            group = max(group, 1) * _GROUPS[word]
        elif word in _GROUPS:
            total, group = total + max(group, 1) * _GROUPS[word], 0
        else:
            return None
        filled = True
    return Fraction(total + group) if filled else None
