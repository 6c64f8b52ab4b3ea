"""Numbers that a text describes by others: one more than 62, the number after 15, five dozen and three, 2^4. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import factorial
from typing import Final

from maspo.core.sought import Sought, sought
from maspo.proposers.spoken import in_digits

_N: Final = r"(\d{1,6})"
_Ways = tuple[tuple[Sought, Callable[[int, int], int]], ...]
_DESCRIBED: Final[_Ways] = tuple(
    (sought(rf"(?<![\w.]){pattern}(?![\w]|\.\d)", *signs), value)
    for pattern, value, *signs in (
        (rf"{_N} dozens?(?: and {_N})?", lambda many, more: 12 * many + more, "dozen"),
        (rf"(?:a )dozen(?: and {_N})?(\b)", lambda more, _: 12 + more, "dozen"),
        (
            rf"{_N} (?:more|greater|larger|bigger|higher|above|over|added to) (?:than )?{_N}",
            lambda one, two: one + two,
            *("more", "greater", "larger", "bigger", "higher", "above", "over", "added"),
        ),
        (
            rf"{_N} (?:less|fewer|smaller|lower|below|under|short of) (?:than )?{_N}",
            lambda one, two: two - one,
            *("less", "fewer", "smaller", "lower", "below", "under", "short"),
        ),
        (
            rf"(?:the )?(?:number|one|integer|year) (?:right |just |that comes )?after {_N}(\b)",
            lambda one, _: one + 1,
            "after",
        ),
        (
            rf"(?:the )?(?:number|one|integer|year) (?:right |just |that comes )?before {_N}(\b)",
            lambda one, _: one - 1,
            "before",
        ),
        (rf"after {_N}(\b)", lambda one, _: one + 1, "after"),
        (rf"before {_N}(\b)", lambda one, _: one - 1, "before"),
        (rf"(?:successor of|next after) {_N}(\b)", lambda one, _: one + 1, "successor", "after"),
        (rf"(?:predecessor of|just below) {_N}(\b)", lambda one, _: one - 1, "predecessor", "below"),
        (rf"(?:twice|double|2 times|2x) {_N}(\b)", lambda one, _: 2 * one, "twice", "double", "2"),
        (rf"(?:thrice|triple|3 times|3x) {_N}(\b)", lambda one, _: 3 * one, "thrice", "triple", "3"),
        (rf"between {_N} and {_N}", lambda one, two: (one + two) // 2 if two - one == 2 else -1, "between"),
        (rf"half (?:of )?{_N}(\b)", lambda one, _: one // 2, "half"),
        (rf"{_N} tens and {_N}", lambda one, two: 10 * one + two, "tens"),
        (rf"{_N} tens(\b)", lambda one, _: 10 * one, "tens"),
        (r"(\d{1,4})00 ?%()", lambda one, _: one, "%"),
        (rf"{_N} squared(\b)", lambda one, _: one**2, "squared"),
        (rf"{_N} plus {_N}", lambda one, two: one + two, "plus"),
        (rf"{_N} minus {_N}", lambda one, two: one - two, "minus"),
        (rf"{_N} (?:times|multiplied by) {_N}", lambda one, two: one * two, "times", "multiplied"),
        (rf"{_N} divided by {_N}", lambda one, two: one // two if two and one % two == 0 else -1, "divided"),
    )
)
_SIGNED: Final[_Ways] = (
    (sought(r"(?<![\w.^*])(\d{1,3})\s?(?:\^|\*\*)\s?\{?(\d)\}?(?![\w^*]|\.\d)", "^", "*"), lambda one, two: one**two),
    (sought(r"(?<![\w.])(\d)!(?!=)()", "!"), lambda one, _: factorial(one)),
)


_ORDINALS: Final = {
    "first": "one",
    "second": "two",
    "third": "three",
    "fifth": "five",
    "eighth": "eight",
    "ninth": "nine",
    "twelfth": "twelve",
}
_ORDINAL = sought(
    r"\b(?:((?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand)[ -]"
    r"(first|second|third|fifth|eighth|ninth|twelfth|(?:four|six|seven|ten|eleven|\w{3,6}teen|\w{3,6}tie)th)"
    r"|((?:thir|four|fif|six|seven|eigh|nine)teenth|(?:twen|thir|for|fif|six|seven|eigh|nine)tieth))\b",
    *("ty ", "ty-", "hundred", "thousand", "teenth", "tieth"),
)
_BASED = re.compile(
    r"\b(\d[0-9a-f]{0,7})h\b|\b(\d{1,20}) (?:in |to the |\()(?:base[ -]([2-9])|(binary|octal))\b", re.IGNORECASE
)


def _in_ten(found: re.Match[str]) -> str:
    """Return a number of another base in ours."""
    base = 16 if found[1] else int(found[3] or {"binary": 2, "octal": 8}[found[4].lower()])
    digits = found[1] or found[2]
    return str(int(digits, base)) if base > 10 or max(digits) < str(base) else found[0]


def reckoned(text: str) -> str:
    """Return a text with numbers that it describes in digits."""
    said = in_digits(_ORDINAL.sub(_cardinal, text)) if any(map(str.isalpha, text)) else text
    said = _BASED.sub(_in_ten, said)
    for pattern, value in (*_DESCRIBED, *_SIGNED):
        said = pattern.sub(lambda found, value=value: str(value(_of(found[1]), _of(found[2]))), said)  # type: ignore[misc]
    return said


def _cardinal(ordinal: re.Match[str]) -> str:
    last = (ordinal[2] or ordinal[3]).lower()
    return f"{ordinal[1] or ''} {_ORDINALS.get(last) or last[:-2]}".replace("tie", "ty")


def _of(digits: str | None) -> int:
    return int(digits or "0")
