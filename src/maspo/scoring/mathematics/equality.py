r"""Whether two mathematical answers are the same: by spelling, by form, by value. Pure, and fast.

What cannot be decided here is left to a computer algebra system in a worker process.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from math import pi

from maspo.scoring.mathematics.calculator import POINTS, Formula, Number, close, formula, is_real
from maspo.scoring.mathematics.forms import Form, form_of, of_unit_vectors, without_integers
from maspo.scoring.mathematics.formulas import TooLarge, Unreadable
from maspo.scoring.mathematics.moments import clock_face, moment
from maspo.scoring.mathematics.numerals import counted_in_words, number_in_words
from maspo.scoring.mathematics.precise import apart
from maspo.scoring.mathematics.reals import is_set, real_set, same_sets
from maspo.scoring.mathematics.spelling import PLAIN_NUMBER, compact, spelled
from maspo.scoring.mathematics.units import Unit, without_unit

LONGEST_ANSWER = 2000
LEAST_DECIMALS = 12
"""From so many decimals on, a rounded decimal number counts as the number it rounds: programs print that many, and
who writes fewer gives an approximation."""

_LEAST_BESIDE = 2
"""From so many on where the exact value stands beside it."""
_SHARES: Mapping[str, Fraction | float] = {"part": Fraction(1, 100), "angle": pi / 180}
"""What a percent and a degree are without their signs."""
_ROUGHLY = 0.02
"""Share by which the sides of an equation may differ when one of them is rounded: 1/7 = 0.14."""
_DECIMAL = re.compile(r"-?\d*\.(\d+)", re.ASCII)
_WORDS = re.compile(
    r'"[^"]*[A-Za-z]|(?<![\\A-Za-z])(?!arc|[A-Za-z]+\()(?=[A-Za-z]*[aeiouAEIOU])[A-Za-z]{4,}|[A-Za-z]{2,} [A-Za-z]{2,}'
)
_SAYINGS = {
    re.compile(
        r"(?:there are )?(?:infinitely many|an infinite number(?: of)?)(?: (?:real )?(?:solutions?|values?))?"
    ): '"infinitely many"',
    re.compile(r"(?:it |(?:the )?limit )?(?:does not|doesn't|doesnt) exist|d\.?n\.?e\.?"): '"does not exist"',
}
"""How models say what is no number, and the one way to say it."""
_ARTICLE = re.compile(r'^[" ]*(?:on\s+)?(?:an?\s+|the\s+)?')
_COPULA = re.compile(r"(?<=[\s\"])(?:is|are)(?=\s)")
_BASE = re.compile(r"([\dA-F]+)_\{?(\d+|\"[a-z]+\")\}?")
_REMARKED = re.compile(
    r'(.*[^\s(,;"])\s*,?\s*"?\s*\(\s*(?:"?\s*(?:or|i\.?e\b\.?|that is|about|approximately|approx\.?|roughly'
    r'|equivalently)(?!\w)[,:]?\s*"?|=|\\approx)?\s*'
    r'([^()]*\d[^()]*?)\s*"?\s*\)\s*"?'
)
_MAY_BE_REMARKED = re.compile(r"[\s}~,;{]\s*(?:\\left\s*)?\(")
_CODE = re.compile(r"[A-Za-z]{2,}")
_MIXED = re.compile(r"(?!\d+[EeCP]\d+\Z)(?=[^A-Za-z]*[A-Za-z])(?=\D*\d)(?:[\dA-Z]+|[\da-f]+)")
"""Letters and digits of a name or a numeral of base 16; 3E5 and 5C2 are numbers."""
_BACKWARDS = re.compile(r"[A-Za-z]\d")
"""A letter before a digit, as it never stands in a product."""
_SPACED = re.compile(r"[A-Z](?: [A-Z])+")
_DASHED = re.compile(r"[A-Z](?:-[A-Z]){2,}")
"""Letters in an order, with dashes between: a way, a sequence."""
_DAYS = {name[:length]: name for name in (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
) for length in (3, 4, 5)}  # fmt: skip
"""Days of the week, cut short."""
_HOLDS_DIGIT = re.compile(r"\d")
_MODULO = re.compile(r"mod(?![a-z])")
_CONSTANTS_OF_LETTERS = frozenset({"pi", "Pi", "PI", "oo"})
_PRODUCTS = (frozenset("xyzuvw"), frozenset("ab"), frozenset("mn"), frozenset("pq"), frozenset("rst"))
"""Letters that stand side by side as factors, when each is there once; others are a word, a code or a segment."""
_INTEGRATED = re.compile(r"\+\s*(?:[CcKk](?:_\{?\d\}?)?|\"?\s*(?:const(?:ant)?|constante|Konst)\.?\s*\"?)$")
_OPERATIONS = re.compile(
    r"\\(?:lor|land|lnot|perp|parallel|setminus|cap|cup|subseteq?|supseteq?|to|leftarrow|Rightarrow|Leftarrow"
    r"|Leftrightarrow|uparrow|Uparrow|Downarrow"
    r"|downarrow|nabla|partial|circ|star|cong|sim|min|max|liminf|limsup|sup|inf|forall|exists|in|notin|times|otimes"
    r"|oplus|triangle"
    r"|angle|overline|vec)(?![A-Za-z])|\\\|"
)
"""Signs of operations and relations that nothing here calculates: where they differ, so do the answers."""


_RELATIONS = re.compile(r"\\(equiv|approx|sim|simeq|cong|propto|ll|gg|prec|succ|asymp|doteq)(?![A-Za-z])|([≡≈∼≅≃∝≪≫])")
"""Relations that are near to equality where they stand beside numbers, and not each other."""
_MAY_RELATE = re.compile(rf"{_RELATIONS.pattern}|\\in(?![A-Za-z])|∈")
"""What one of two answers holds whose relations can differ: a fast look."""
_RELATION_SIGNS = {
    "≡": "equiv", "≈": "approx", "∼": "sim", "≅": "cong", "≃": "simeq", "∝": "propto", "≪": "ll", "≫": "gg",
}  # fmt: skip
_ABOUT = frozenset({"approx", "sim", "simeq", "cong", "doteq"})
"""Beside a number all of them say that it is rounded."""
_MEMBER = re.compile(r"[^=<>\\(]*(?:\\in(?![A-Za-z])|∈)\s*[A-Za-z\d][\w\s+-]*")
"""That a value belongs to what a letter or a number stands for."""
_EQUATION = re.compile(r"[^=<>]*(?:(?<![<>!])=(?!=)|\\(?:approx|equiv)(?![A-Za-z])|[≈≡])[^=<>]*")
_APPLIED = re.compile(r"[A-Za-z]\s*\(")


_BOUND = re.compile(r"\\partial\s*\{?\s*[A-Za-z]|\\lim\s*_\s*(?:\{[^{}]*\}|\w)")


class Same(Enum):
    """What a comparison found."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    """Nothing here can tell: a computer algebra system may."""
    HOPELESS = "hopeless"
    """Numbers too large for anybody to compare; they are not the same as far as anyone will know."""


def same(one: str, other: str) -> Same:
    """Return whether two answers, as they are written, are the same."""
    if one.strip() == other.strip():
        return Same.YES
    if max(len(one), len(other)) > LONGEST_ANSWER:
        return Same.HOPELESS
    if ("\\" in one or "\\" in other or not (one.isascii() and other.isascii())) and _relations_differ(one, other):
        return Same.NO
    try:
        first, second = form_of(one), form_of(other)
        if first.holds_for and second.holds_for and first.holds_for != second.holds_for:
            return Same.NO
        found = _same_forms(first, second)
        return Same.YES if found is not Same.YES and _in_two_forms(one, other) else found
    except (TooLarge, RecursionError):
        return Same.HOPELESS


def _relations_differ(one: str, other: str) -> bool:
    """Whether answers without a number state relations that are not each other: about equal, and congruent."""
    if (
        ("mod" in one or "mod" in other)
        and sum(_MODULO.search(text) is not None for text in (one, other)) == 1
        and all("=" in text or "equiv" in text for text in (one, other))
    ):
        return True  # A congruence is no equation.
    if _MAY_RELATE.search(one) is None and _MAY_RELATE.search(other) is None:
        return False
    first, second = _relations(one), _relations(other)
    if any(_MEMBER.fullmatch(text) and _EQUATION.fullmatch(against) for text, against in ((one, other), (other, one))):
        return True
    if not (_HOLDS_DIGIT.search(one) or _HOLDS_DIGIT.search(other)):
        return first != second
    if first and second:
        return set(first).isdisjoint(second) and not _ABOUT.issuperset((*first, *second))
    # "n = 1" is no congruence, but "f(x) = 2x" says as much as an identity.
    unlike = ("equiv" in first and "=" in other) or ("equiv" in second and "=" in one)
    return unlike and not (_APPLIED.search(one) or _APPLIED.search(other))


def _relations(text: str) -> list[str]:
    return [name or _RELATION_SIGNS[sign] for name, sign in _RELATIONS.findall(text)]


def _in_two_forms(one: str, other: str) -> bool:
    """Whether one side says more: another form of its value, 5/8 (62.5 %), or what its letter stands for."""
    for text, against in ((one, other), (other, one)):
        unnamed = without_integers(text)
        if unnamed is not None and without_integers(against) is None:
            # One of them leaves out that its letter is any integer.
            return _same_forms(form_of(unnamed), form_of(against)) is Same.YES
        remarked = _REMARKED.fullmatch(spelled(text)) if _MAY_BE_REMARKED.search(text, 1) else None
        if remarked is not None and _is_said_again([form_of(part) for part in remarked.groups()], form_of(against)):
            return True
    return False


def _is_said_again(parts: Sequence[Form], value: Form) -> bool:
    """Whether each part is a value, once exactly, and else at least rounded: 22/7 or 3.142857."""
    exact = [_same_forms(part, value) is Same.YES for part in parts]
    return any(exact) and all(same or _approximates(part, value) for part, same in zip(parts, exact, strict=True))


def _approximates(part: Form, value: Form) -> bool:
    read = formula(value.text) if part.kind == value.kind == "value" else None
    try:
        return read is not None and read.constant and _rounded(part.text, read.at(0), _LEAST_BESIDE)
    except (Unreadable, OverflowError):
        return False


def _same_forms(one: Form, other: Form) -> Same:
    if one.label and other.label and not _same_label(one.label, other.label):
        return _solved_otherwise(one, other)
    alike = one.text and compact(one.text) == compact(other.text)
    if alike:
        return Same.YES
    first, second = moment(one.text), moment(other.text)
    if first is not None and second is not None:
        return Same.YES if first == second else Same.NO
    both = f"{one.text} {other.text}"
    half_is_said = (first or second) is not None and any(map(str.isalpha, both)) and clock_face(other.text)
    if half_is_said or "clock" in both or " past " in both or ("to " in both and ":" in both):
        face = clock_face(one.text)
        if face:
            return Same.YES if face == clock_face(other.text) else Same.NO
    if (one.label or other.label) and (_is_option(one, other.text) or _is_option(other, one.text)):
        return Same.YES
    sets = [real_set(one), real_set(other)] if is_set(one) or is_set(other) else []
    if sets and None not in sets:
        return Same.YES if same_sets(sets[0] or [], sets[1] or []) else Same.NO
    if one.kind == other.kind == "value":
        return _same_values(one.text, other.text)
    if "relation" in (one.kind, other.kind):
        return _relation_and_other(*((one, other) if one.kind == "relation" else (other, one)))
    return _same_groups(one, other)


def _solved_otherwise(one: Form, other: Form) -> Same:
    """Compare one equation that is solved for different letters: F = 1.8C + 32 and C = (F - 32)/1.8."""
    values = one.kind == other.kind == "value"
    return Same.YES if values and _same_relations(_as_relation(one), _as_relation(other)) is Same.YES else Same.NO


def _is_option(one: Form, text: str) -> bool:
    """Whether a text is the letter alone of an option that is given with its value."""
    return one.label.startswith("(") and one.label.strip("()") == re.sub(r"\W", "", text)


def _same_label(one: str, other: str) -> bool:
    """Return whether two labels can mean the same; words, and ``y`` for ``f(x)``, name what is asked for anyway."""
    names = {one, other}
    if one.count("'") != other.count("'"):
        return one.replace("'", "") != other.replace("'", "")
    return len(names) == 1 or any(len(re.sub(r"[\\(){},_\d]", "", name)) != 1 for name in names)


def _relation_and_other(relation: Form, other: Form) -> Same:
    """Compare an equation such as ``2 + 3 = 5`` with any answer; with one that is no equation, its last side counts.

    Of a value and what it is about, either may be meant.
    """
    for about, exact in ((relation, other), (other, relation)):
        if about.brackets == "~":
            return _any(_same_forms(item, exact) for item in about.items)
    if other.kind == "relation":
        return _same_relations(relation, other)
    if other.label and other.kind == "value":
        return _same_relations(relation, _as_relation(other))
    if relation.brackets != "=":
        return Same.UNSURE
    if _is_false(relation):
        return Same.NO
    last = _same_forms(relation.items[-1], other)
    return last if last is not Same.NO or formula(relation.items[0].text) is None else Same.NO


def _is_false(equation: Form) -> bool:
    """Whether an equation of numbers does not hold, not even roughly: 1/8 = 0.25."""
    read = [formula(compact(side.text)) for side in equation.items]
    if any(side is None or not side.constant or side.root[0] == "opaque" for side in read):
        # f(3) = 10 says what a function is, of which nothing else is known.
        return False
    try:
        values = [complex(side.at(0)) for side in read if side is not None]
    except (Unreadable, OverflowError):
        return False
    return any(abs(value - values[0]) > _ROUGHLY * abs(values[0]) for value in values)


def _as_relation(labelled: Form) -> Form:
    sides = (Form("value", labelled.label), Form("value", labelled.text))
    return Form("relation", f"{labelled.label}={labelled.text}", sides, "=")


def _same_relations(one: Form, other: Form) -> Same:
    """Compare equations, or inequalities: equal when the differences of their sides are proportional."""
    if one.brackets != other.brackets:
        return Same.NO
    if one.brackets != "=" and max(len(one.items), len(other.items)) > 2:
        return _place_by_place(one.items, other.items)
    if one.brackets == "=" and all(_is_constant(side) for side in (*one.items, *other.items)):
        return _place_by_place(one.items, other.items)
    first, second = _differences(one), _differences(other)
    if first is None or second is None or any(abs(value) < 1e-9 for value in (*first, *second)):
        return Same.UNSURE
    ratios = [above / below for above, below in zip(first, second, strict=True)]
    turned = one.brackets in ("<", "<=") and ratios[0].real < 0
    return Same.YES if not turned and all(close(ratio, ratios[0]) for ratio in ratios) else Same.NO


def _is_constant(side: Form) -> bool:
    read = formula(compact(side.text))
    return read is not None and read.constant


def _differences(relation: Form) -> list[complex] | None:
    sides = [formula(compact(relation.items[end].text)) for end in (0, -1)]
    values = [_values(side) if side is not None else None for side in sides]
    left, right = values
    if left is None or right is None:
        return None
    return [complex(one) - complex(other) for one, other in zip(left, right, strict=True)]


def _same_groups(one: Form, other: Form) -> Same:
    """Compare what has items: lists and sets in any order, pairs and matrices place by place."""
    if one.kind == "value" or other.kind == "value":
        return _group_and_value(*((other, one) if one.kind == "value" else (one, other)))
    kinds = {one.kind, other.kind}
    if kinds == {"group", "set"} and all(form.kind == "set" or _is_row(form) for form in (one, other)):
        return _in_any_order(one.items, other.items)
    if kinds == {"list"} and _is_an_order(other) and _is_letters(one):
        return _place_by_place(one.items, other.items)
    if kinds <= {"list", "set"} or kinds == {"union"}:
        return _in_any_order(one.items, other.items)
    if len(kinds) > 1:
        return _pair_written_otherwise(*((one, other) if one.kind == "group" else (other, one)))
    if one.brackets != other.brackets and not (kinds == {"group"} and _are_tuples(one, other)):
        return Same.NO
    placed = _place_by_place(one.items, other.items)
    return _same_ratios(one, other) if placed is Same.NO and one.brackets == "::" else placed


def _is_letters(group: Form) -> bool:
    """Whether a list holds single letters, as options and points are named."""
    return len(group.items) > 1 and all(len(_letters_only(item.text)) == 1 for item in group.items)


def _is_an_order(label: Form) -> bool:
    """Whether a label lists letters in an order of its own: nobody lists B before A if only which they are counts."""
    letters = [_letters_only(item.text) for item in label.items]
    return _is_letters(label) and letters != sorted(letters)


def _pair_written_otherwise(group: Form, other: Form) -> Same:
    """Compare a pair in round brackets with a bare list, a column or a row, place by place."""
    if group.kind != "group" or (group.brackets != "()" and not _is_row(group)):
        return Same.NO
    if other.kind == "list":
        plain = all(item.kind == "value" for item in other.items)
        return _place_by_place(group.items, other.items) if plain else Same.NO
    if other.kind != "matrix":
        return Same.NO
    if len(other.items) == 1:
        return _place_by_place(group.items, other.items[0].items)
    is_column = all(len(row.items) == 1 for row in other.items)
    return _place_by_place(group.items, [row.items[0] for row in other.items]) if is_column else Same.NO


def _are_tuples(one: Form, other: Form) -> bool:
    """Whether both are more than two values in round or square brackets, as programs print lists and tuples."""
    return {one.brackets, other.brackets} == {"()", "[]"} and min(len(one.items), len(other.items)) > 2


def _is_row(group: Form) -> bool:
    """Whether square brackets hold a list as programs write it; two numbers may be an interval."""
    return group.brackets == "[]" and len(group.items) > 2


def _same_ratios(one: Form, other: Form) -> Same:
    """Compare ratios such as 1:2:3 with 2:4:6."""
    numbers = [[_rational(item) for item in form.items] for form in (one, other)]
    if len(numbers[0]) != len(numbers[1]) or any(not number for side in numbers for number in side):
        return Same.NO
    factors = {(first or 0) / (second or 1) for first, second in zip(*numbers, strict=True)}
    return Same.YES if len(factors) == 1 else Same.NO


def _rational(item: Form) -> Fraction | None:
    read = formula(item.text)
    try:
        return read.rational if read is not None else None
    except Unreadable:
        return None


def _group_and_value(group: Form, value: Form) -> Same:
    if group.kind in ("list", "set", "group") and len(group.items) == 1 and group.brackets in ("", "[]"):
        return _same_forms(group.items[0], value)
    if group.label in ("C", "P") and len(group.items) == 2:
        # Not a point C or P, but how many ways there are to choose or to arrange.
        above, below = (item.text for item in group.items)
        ways = rf"\binom{{{above}}}{{{below}}}" if group.label == "C" else f"nPr({above},{below})"
        return _same_values(ways, value.text)
    if group.kind == "list" and group.items:
        # "5/8 or 62.5 %": one value in several forms. Several values are never one of them.
        return Same.YES if _is_said_again(group.items, value) else Same.NO
    vector = of_unit_vectors(value.text) if group.kind == "matrix" or group.brackets == "()" else None
    if vector is not None:
        return _same_groups(group, vector)
    if group.brackets == "::":
        return _ratio_and_value(group, value)
    if not group.items or formula(value.text) is not None or formula(compact(value.text)) is not None:
        return Same.NO
    return Same.UNSURE if "\\" in value.text else Same.NO


def _ratio_and_value(ratio: Form, value: Form) -> Same:
    """Compare 3:4 with the fraction."""
    quotient = "/".join(f"({item.text})" for item in ratio.items)
    return _same_values(quotient, value.text) if len(ratio.items) == 2 else Same.NO


def _place_by_place(one: Sequence[Form], other: Sequence[Form]) -> Same:
    if len(one) != len(other):
        return Same.NO
    return _all(_same_forms(first, second) for first, second in zip(one, other, strict=True))


def _all(found: Iterable[Same]) -> Same:
    worst = Same.YES
    for result in found:
        if result is Same.NO:
            return Same.NO
        worst = result if worst is Same.YES else worst
    return worst


def _any(found: Iterable[Same]) -> Same:
    results = set(found)
    return next((result for result in (Same.YES, Same.UNSURE) if result in results), Same.NO)


def _in_any_order(one: Sequence[Form], other: Sequence[Form]) -> Same:
    """Match each item with one of the other side; repeated items count once."""
    return _all([_each_in(one, other), _each_in(other, one)])


def _each_in(ones: Sequence[Form], others: Sequence[Form]) -> Same:
    worst = Same.YES
    for one in ones:
        found = {_same_forms(one, other) for other in others}
        if Same.YES not in found:
            if found <= {Same.NO}:
                return Same.NO
            worst = Same.UNSURE
    return worst


@lru_cache(maxsize=8192)
def _same_values(one: str, other: str) -> Same:
    if PLAIN_NUMBER.fullmatch(one) and PLAIN_NUMBER.fullmatch(other) and "." not in one + other:
        return Same.YES if int(one) == int(other) else Same.NO
    one, other = _amount(one), _amount(other)
    (first, unit), (second, other_unit) = without_unit(_with_constant(one)), without_unit(_with_constant(other))
    if unit is not None and other_unit is not None and unit.dimension != other_unit.dimension:
        return Same.NO
    first, second = _numeral(first), _numeral(second)
    plain = compact(first) == compact(second)
    if not plain and _DASHED.fullmatch(compact(first)) and _DASHED.fullmatch(compact(second)):
        return Same.NO
    if plain and (unit is None or other_unit is None or unit.scale == other_unit.scale):
        return Same.YES
    if _is_code(first) and _is_code(second):
        return Same.YES if _letters_only(first) == _letters_only(second) else Same.NO
    codes = [compact(text).replace('"', "").removeprefix("0x") for text in (first, second)]
    if all(map(_MIXED.fullmatch, codes)) and any(map(_BACKWARDS.search, codes)):
        return Same.YES if codes[0].casefold() == codes[1].casefold() else Same.NO
    if _based(first) or _based(second):
        return _same_bases(first, second)
    ones, others = _formula_of(first), _formula_of(second)
    if ones is not None and others is not None:
        return _same_formulas((ones, first, unit), (others, second, other_unit))
    return _same_words(first, second, ones is not None or others is not None)


def _amount(text: str) -> str:
    """Return an amount in words with a number in digits: "twelve apples", "forty-five degrees"."""
    if not text or not (text[0].isalpha() or text[0] == '"') or " " not in text:
        return text
    counted = counted_in_words(text.strip('" '))
    return text if counted is None else f'{counted[0]} "{counted[1]}"'


def _is_code(text: str) -> bool:
    """Whether a text is letters in an order that matters: a word, a code, a segment. Products of letters are none."""
    text = text.replace('"', " ").strip()
    text = text.replace(" ", "") if _SPACED.fullmatch(text) else text
    if _CODE.fullmatch(text) is None or text in _CONSTANTS_OF_LETTERS:
        return False
    letters = set(text)
    return len(letters) < len(text) or not any(letters <= product for product in _PRODUCTS)


def _letters_only(text: str) -> str:
    return "".join(filter(str.isalpha, text)).casefold()


def _with_constant(text: str) -> str:
    """Call the constant of an integral C, whatever its name is."""
    found = _INTEGRATED.search(text) if "+" in text else None
    if found is None or not re.search(r"(?<![A-Za-z\\])[a-z](?![A-Za-z])", text[: found.start()]):
        return text
    return f"{text[: found.start()]}+C"


def _based(text: str) -> re.Match[str] | None:
    return _BASE.fullmatch(re.sub(r'"([\dA-F]+)"', r"\1", compact(text)).replace("(", "").replace(")", ""))


def _same_bases(one: str, other: str) -> Same:
    """Compare numerals of a base: the same digits; a base that is not said is the one that was asked for."""
    first, second = (
        (found[1], _numeral(found[2])) if (found := _based(text)) else (compact(text), "") for text in (one, other)
    )
    return Same.YES if first[0] == second[0] and (first[1] == second[1] or not (first[1] and second[1])) else Same.NO


def _numeral(text: str) -> str:
    if not text or not (text[0].isalpha() or text[0] == '"'):
        return text
    words = text.strip('" ').casefold()
    for said, meant in _SAYINGS.items():
        if said.fullmatch(words):
            return meant
    number = number_in_words(words)
    return f'"{_DAYS[words.rstrip(".")]}"' if words.rstrip(".") in _DAYS else text if number is None else str(number)


def _formula_of(text: str) -> Formula | None:
    return None if _WORDS.search(text) else formula(text) or formula(compact(text))


_POINTING = re.compile(r"(?!(?<=\d)[.,]\d)[^\w+/*^!<>=|~&-]")
"""What in words says nothing: signs between them, but none within a number."""
_SETTING = re.compile(r"(?!(?<=\d)[.,]\d)(?!(?<!\d)')[^\w+/*^!<>=|~&()\[\]-]")
"""What in a formula that nobody can calculate says nothing: brackets say something, and primes do except as feet."""
_PRIMED = re.compile(r"(?:(?<![A-Za-z])[A-Za-z]{1,2}|[A-Z)\]}|])\s*'+(?![st]\b)")
"""A prime with what it stands behind: a letter or a bracket, not a number of feet, nor a word as in "don't"."""


def _same_words(one: str, other: str, one_is_a_formula: bool) -> Same:
    if "'" in one + other and sorted(_PRIMED.findall(one)) != sorted(_PRIMED.findall(other)):
        return Same.NO  # A derivative is not what it is the derivative of.
    worded = [_WORDS.search(text) is not None for text in (one, other)]
    silent = _POINTING if any(worded) else _SETTING
    words = [silent.sub("", _COPULA.sub("", _ARTICLE.sub("", text.casefold()))) for text in (one, other)]
    if words[0] == words[1] and words[0] and "\\l" not in one:
        return Same.YES
    if any(worded) and (one_is_a_formula or "\\" not in one + other):
        return Same.NO
    if _bound(one) != _bound(other) or ("\\lim" in one and "\\lim" in other):
        return Same.NO
    if "\\lnot" in one + other or sorted(_OPERATIONS.findall(one)) != sorted(_OPERATIONS.findall(other)):
        return Same.NO
    return Same.NO if all(worded) else Same.UNSURE


def _bound(text: str) -> list[str]:
    """Return by what a text differentiates and where its limits are taken: no computer algebra here looks at them."""
    return sorted("".join(found[0].split()) for found in _BOUND.finditer(text)) if "\\" in text else []


def _same_formulas(one: tuple[Formula, str, Unit | None], other: tuple[Formula, str, Unit | None]) -> Same:
    try:
        # What holds no letter is the same at every point.
        constant = one[0].constant and other[0].constant
        points = 1 if constant else POINTS + (one[0].stepped or other[0].stepped)
        values, others = _values(one[0], points), _values(other[0], points)
    except OverflowError:
        return Same.HOPELESS
    if values is None or others is None:
        return Same.UNSURE
    scales = _scales(one[2], other[2])
    pairs = list(zip(values, others, strict=True))
    # Where neither is a real number, real functions are not defined, and branches of roots differ.
    pairs = [pair for pair in pairs if is_real(pair[0]) or is_real(pair[1])] or pairs
    # Letters may stand near a root of what is compared; numbers have no such excuse.
    within = 5e-14 if one[0].constant else 1e-9
    for first, second in scales:
        if all(close(_scaled(value, first), _scaled(against, second), within) for value, against in pairs):
            if constant and (first, second) == (1, 1) and "." not in one[1] + other[1] and apart(one[0], other[0]):
                # Both are meant exactly: what the rough numbers do not tell apart may still differ.
                return Same.NO
            return Same.YES
    if constant and scales[0] == (1, 1):
        return Same.YES if _rounded(one[1], others[0]) or _rounded(other[1], values[0]) else Same.NO
    return Same.NO


def _scales(one: Unit | None, other: Unit | None) -> list[tuple[Fraction | float, Fraction | float]]:
    """Return by what the values may be multiplied to be compared; a missing unit is the one that was asked for."""
    if one is not None and other is not None:
        return [(one.scale, other.scale)]
    found: list[tuple[Fraction | float, Fraction | float]] = [(1, 1)]
    unit = one or other
    if unit is None:
        return found
    found += [(1 / size, 1) if one is not None else (1, 1 / size) for size in unit.told_in]
    share = _SHARES.get(unit.dimension)
    if share is not None:
        found.append((share, 1) if one is not None else (1, share))
    return found


def _scaled(value: Number, scale: Fraction | float) -> Number:
    if isinstance(value, Fraction) and isinstance(scale, Fraction | int):
        return value * scale
    return complex(value) * float(scale)


def _values(read: Formula, points: int = POINTS) -> list[Number] | None:
    try:
        return [read.at(0)] * points if read.constant else [read.at(point) for point in range(points)]
    except Unreadable:
        return None


def _rounded(text: str, value: Number, least: int = LEAST_DECIMALS) -> bool:
    """Return whether a text is a decimal number of many places that rounds a value."""
    found = _DECIMAL.fullmatch(compact(text))
    if found is None or len(found[1]) < least:
        return False
    if isinstance(value, Fraction) and 10**12 % value.denominator == 0:
        return False
    number = complex(value)
    return abs(number.imag) < 1e-12 and abs(number.real - float(text.replace(" ", ""))) <= 0.5000001 * 10.0 ** -len(
        found[1]
    )
