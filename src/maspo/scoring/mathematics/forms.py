r"""The form of an answer: a value, a list, a set, a pair, an interval, a matrix, a relation. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeAlias

from maspo.scoring.mathematics.calculator import formula
from maspo.scoring.mathematics.formulas import Unreadable
from maspo.scoring.mathematics.moments import moment
from maspo.scoring.mathematics.numerals import number_in_words
from maspo.scoring.mathematics.spelling import PLAIN_NUMBER, spelled
from maspo.scoring.mathematics.units import in_several_units

Kind: TypeAlias = Literal["value", "list", "set", "group", "matrix", "union", "relation"]
MOST_ITEMS = 64
DEEPEST = 12

_MATRIX = re.compile(
    r'"?[\[(]?\\begin\{([pbBvV]?matrix|array|smallmatrix)\}(?:\s*\{[clr| ]*\})?(.*)\\end\{\1\}\s*[\])]?', re.DOTALL
)
_ROWS = re.compile(
    r"\\begin\{(aligned|align\*?|alignedat|gathered|gather\*?|split|array"
    r"|eqnarray\*?)\}(?:\s*\{[^{}]*\})?(.*)\\end\{\1\}",
    re.DOTALL,
)
_PIECES = re.compile(r"(?:[^=]{1,40}=)?\s*\\begin\{cases\}(.*)\\end\{cases\}", re.DOTALL)
_CONDITION = re.compile(r'^\s*"?(?:if|for|when|where)\b[ "]*')
# A subscript ends with its letters, so that a row of primes or underscores is read in one way only.
_LABEL = re.compile(
    r"""\\?[A-Za-z]+(?:_\{?\w+(?:\}|(?!\w)|(?=_\{))|'++)*\s*(?:\([A-Za-z]?(?:,\s*[A-Za-z])*\)|\^\{?-1\}?\s*\([A-Za-z]\))?
    |\(\s*[A-Za-z](?:_\{?\d\}?)?(?:\s*,\s*[A-Za-z](?:_\{?\d\}?)?)+\s*\)
    |\\(?:angle|triangle|m\\angle)\s*[A-Z]+|\|?[A-Z]{2}\|?|m\s*\\angle\s*[A-Z]+
    |["A-Za-z ]*[a-z"]{2}[a-z" ]*|\\overline\s*\{?[A-Z]{2}\}?""",
    re.VERBOSE,
)
_RELATION = re.compile(r"[\\<>!=](?:(?<=\\)(?:le|ge|lt|gt|ne|approx)(?![A-Za-z])|(?<=[<>!])=|(?<=[<>=]))")
"""A set of characters stands first, because only then is the search for it fast."""
_HOLDS_FOR = re.compile(
    r"""[,;]?\s*\(?\s*(?:"?\s*(?:where|for|with|when|if)\b[a-z ]*"?)?\s*\b([a-z])\s*\\in\s*\\mathbb\s*\{?\s*
        (?:[NRQ]\s*\}?|Z\s*\}?\s*[\^_])\s*[\^_]?\s*\{?[\d+*>\\ge ]*\}?\s*\)?$
    |(?:[,(]\s*(?:"?\s*(?:where|for|with)\b[a-z ]*"?)?|"\s*(?:where|for|with|when)\s*")
        \s*\b([a-z])\s*(?:\\ge|>=|>|\\ne|!=)\s*\d+\s*\)?$
    |[,(]\s*\b([a-z])\s*=\s*[01]\s*,\s*[12]\s*,(?:\s*[23]\s*,)?\s*\\dots\s*\)?$
    |[,;]?\s*\(?"?\s*(?:for|where)\s+(?:all|any|every|each)\b\s*(?:real|positive|integers?|natural|numbers?|values?|of|whole|\s)*"?\s*([a-z])?\s*(?:\\ge\s*\d+|>\s*\d+)?"?\)?$
    |[,;]?\s*\(?\s*\\forall\s*[a-z]\s*\)?$""",
    re.VERBOSE,
)
"""On which numbers a formula holds, as it is said behind it."""
_BOUND = re.compile(r"\b([a-z])\s*(\\ge|>=|>|\\ne|!=|=)\s*(\d+)")
_WHOLE = frozenset("ijkmn")
"""Letters that stand for whole numbers where nothing else is said: above 0 is from 1 on."""
_MAY_HOLD_FOR = re.compile(r"\\forall|\\in(?![a-z])|for|where|with|[,(].*(?:\\ge|>|\\dots)")
_OF_CONSTANT = re.compile(
    r"""[,;]?\s*\(?"?\s*(?:where|with|for)\s*"?\s*([A-Z](?:_\{?\d\}?)?)\s*"?\s*(?:(?:is|being|denotes)\s+)?(?:(?:an?|any|some|the)\s+)?
    (?:(?:arbitrary|real|integration)\s+)*constants?(?:\s+of\s+integration)?\s*"?\)?$
    |[,;]?\s*\(?(?:"?\s*(?:where|with|for)\s*"?)?\s*([CK](?:_\{?\d\}?)?)\s*\\in\s*\\mathbb\s*\{?\s*[RC]\s*\}?\)?$""",
    re.VERBOSE,
)
"""That a letter of a formula stands for any constant."""
_OPTION = re.compile(r'"?\s*\(([A-J])\)[" :.]*\s(?=[^"\s])')
"""The letter of an option before its value."""
_INTEGER = re.compile(
    r"""[,;]?\s*(?:"?(?:where|for|with)\b[a-z ]*"?)?\s*\(?\b([a-z])\s*
    (?:\\in\s*\\mathbb\s*\{?\s*Z\s*\}?|"?\s*is\s+(?:an|any)\s+integer\s*"?)\)?
    |[,;]?\s*"(?:where|for)[a-z ]*\s+integers?"\s*([a-z])""",
    re.VERBOSE,
)
"""That a letter of a general solution stands for all integers."""
_ONE_SIDED = frozenset({"<", "<=", ">", ">=", "!="})
_OPPOSITE = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_PLAIN_RELATION = {"!=": "!=", "\\le": "<=", "\\ge": ">=", "\\lt": "<", "\\gt": ">", "\\ne": "!=", "\\approx": "="}
_CONSTANTS = frozenset({"\\pi", "\\infty", "e"})
_ABSOLUTE = re.compile(r"\|([^|]+)\|")
_VECTOR = re.compile(r"(?:\(|⟦|\\begin\{[pb]matrix\}).*$", re.DOTALL)
_LETTER = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?")
_OPENING = frozenset("([{⟦")
_MAY_OPEN = _OPENING | {"\\"}
"""The same before the brackets of sets are written in one sign."""
_CLOSING = frozenset(")]}⟧")
_WORD_AND = re.compile(
    r'\s+"?(?:and|or)(?: equivalently)?"?\s+|,?\s*"(?:i\.e\.?|that is),?"\s*|,\s*"?(?:and|or)"?\s+|"(?:and|or)"'
)
_AND = re.compile(r"\band\b|\\land(?![A-Za-z])")
_SIGN_AND = re.compile(r"\\l(?:or|and)(?![A-Za-z])")
"""Logic's "or" and "and" between conditions; between statements they are operations."""
_CUP_AS_LETTER = re.compile(r" U |[)\]]\s*U\s*[(\[]")
_IN = re.compile(r"^[A-Za-z](?:_\w)?\s*\\in(?![A-Za-z])\s*")
_POINT = re.compile(r"^[A-Z]'?\s*(?=\([^()]*,[^()]*\)$)")
"""The name of a point before its coordinates."""
_UNIT_VECTOR = re.compile(r"([+-]?[^ijk]*?)\\?([ijk])(?:math)?")
_SIGNS = frozenset({"", "+", "-"})
_DESCRIBED = re.compile(r"\s*[A-Za-z]\s*(?:\\in\s*(?:\\mathbb\s*\{?R\}?|R)\s*)?[|:]\s*(?=[^|:]*$)")
_NOTHING = re.compile(
    r"""\\emptyset|\\\{\s*\\\}|(?:the\s+)?(?:empty|null)\s+set|none
    |(?:there\s+(?:is|are|exists?)\s+|(?:it|the\s+equation)\s+has\s+)?no\s+(?:(?:real|integer|such|possible|valid)\s+)*
    (?:solutions?|roots?|values?(?:\s+of\s+[a-z])?|[a-z])(?:\s+exists?)?""",
    re.VERBOSE | re.IGNORECASE,
)
_BEGINS_NOTHING = ("\\em", "\\{", "\\EM", *'" tTeEnNiI')
"""How it may begin: a fast look, since this is asked of every part of an answer."""


@dataclass(frozen=True, slots=True)
class Form:
    """An answer as it is built."""

    kind: Kind
    text: str
    """As it is spelled, without a label."""
    items: tuple[Form, ...] = ()
    brackets: str = ""
    """Of a group: its opening and closing bracket; of a relation: its sign."""
    label: str = ""
    """What the answer says it is the value of: ``x`` in ``x = 5``."""
    holds_for: str = ""
    """From where on a formula holds, if its answer says so: ``n >= 1``; left out of the rest."""

    @property
    def is_interval(self) -> bool:
        """Whether it can be an interval: two ends in round or square brackets."""
        return (
            self.kind == "group"
            and len(self.items) == 2
            and not self.label
            and self.brackets in ("()", "(]", "[)", "[]")
        )


@lru_cache(maxsize=8192)
def form_of(answer: str) -> Form:
    """Return the form of an answer as a model or a label writes it."""
    text = spelled(answer)
    if "constant" in text or "\\mathbb" in text:
        text = _of_constant(text)
    text, condition = _unconditional(text)
    text = _of_integers(_opened(text))
    option = _OPTION.match(text)
    if option is None:
        form = _form(text, 0)
    else:
        form = replace(_form(text[option.end() :].rstrip('"'), 0), label=f"({option[1]})")
    return replace(form, holds_for=condition) if condition else form


def of_unit_vectors(text: str) -> Form | None:
    """Return the vector that a sum of multiples of i, j and k is; None for any other text."""
    plain = re.sub(r"\{(\\?[ijk](?:math)?)\}", r"\1", text.replace(" ", ""))
    terms = [_UNIT_VECTOR.fullmatch(term) for term in re.split(r"(?<=[^({])(?=[+-])", plain)]
    found = {term[2]: term[1] for term in terms if term is not None}
    if len(found) < len(terms) or not found.keys() & {"j", "k"}:
        return None
    axes = "ijk" if "k" in found else "ij"
    numbers = (found.get(axis, "0") for axis in axes)
    return Form("group", text, tuple(_form(f"{n}1" if n in _SIGNS else n, 1) for n in numbers), "()")


def _opened(text: str) -> str:
    """Write angle brackets, signs of what is rough, and outward square brackets of open intervals, in one way."""
    if text[:1] == "<" and text[-1:] == ">" and "," in text:
        text = f"⟦{text[1:-1]}⟧"
    text = text.replace(r"\langle", "⟦").replace(r"\rangle", "⟧").replace("≈", r"\approx ")
    if text[:1] == "]" and text.count("]") + text.count("[") == 2:
        text = f"({text[1:]}"
    if text[-1:] == "[" and text.count("[") + text.count("(") == 2:
        text = f"{text[:-1]})"
    return text


def _unconditional(text: str) -> tuple[str, str]:
    """Leave out on which numbers a formula holds: "a_n = 2n for all n"; general solutions keep their integers.

    Beside the formula stands from where on it holds, where a number says it.
    """
    found = _HOLDS_FOR.search(text) if _MAY_HOLD_FOR.search(text) else None
    if found is None or found.start() == 0:
        return text, ""
    before = text[: found.start()].rstrip(" ,;(")
    letter = next(filter(None, found.groups()), "")
    # "x, n > 1" is no formula with a condition, "5n + 2, n > 1" is one.
    is_left_out = "\\ne" in found[0] or "!=" in found[0]
    conditioned = found[2] and not is_left_out and "," not in before and not _RELATION.search(before)
    if found[1] is None and not ("=" in before or found[4] or conditioned):
        return text, ""
    if letter and not re.search(rf"(?<![A-Za-z\\]){letter}(?![A-Za-z])", before):
        return text, ""
    return before, _condition(found[0])


def _condition(text: str) -> str:
    """Return the bound in words on where a formula holds, in one way for whole numbers; nothing without a number."""
    found = _BOUND.search(text)
    if found is None:
        return ""
    letter, sign, number = found[1], found[2], int(found[3])
    if sign in ("\\ne", "!="):
        return f"{letter} != {number}"
    above = sign == ">"
    if above and letter in _WHOLE:
        number, above = number + 1, False
    return f"{letter} {'>' if above else '>='} {number}"


def _of_constant(text: str) -> str:
    """Leave out that a letter of the formula is a constant: "Ce^x, where C is a constant"."""
    found = _OF_CONSTANT.search(text)
    if found is None or (found[1] or found[2]) not in text[: found.start()]:
        return text
    return text[: found.start()].rstrip(" ,;")


def _of_integers(text: str) -> str:
    """Call the letter that a text says to be any integer n, whatever its name is."""
    found = _INTEGER.search(text) if "integer" in text or "Z" in text else None
    if found is None:
        return text
    text = text[: found.start()] + text[found.end() :]
    return re.sub(rf"(?<![A-Za-z\\]){found[1] or found[2]}(?![A-Za-z])", "n", text)


def without_integers(text: str) -> str | None:
    """Return a general solution without the words on its integer, which keeps its name; None for any other answer."""
    if "integer" not in text and "Z" not in text:
        return None
    plain = spelled(text)
    found = _INTEGER.search(plain)
    return plain[: found.start()] + plain[found.end() :] if found is not None else None


def _form(text: str, depth: int) -> Form:
    text = text.strip()
    if PLAIN_NUMBER.fullmatch(text):
        return Form("value", text)
    text = _outer_braces_off(_IN.sub("", text) if "\\in" in text else text)
    if depth > DEEPEST:
        return Form("value", text)
    point = _POINT.match(text) if text[-1:] == ")" else None
    if point is not None:
        return replace(_form(text[point.end() :], depth), label=point[0].strip())
    if text.startswith(_BEGINS_NOTHING) and _NOTHING.fullmatch(" ".join(text.replace('"', " ").split()).rstrip(" .")):
        return Form("set", r"\emptyset")
    laid_out = (_rows(text, depth) or _matrix(text, depth) or _cases(text, depth)) if "\\begin" in text else None
    return (
        laid_out
        or _union(text, depth)
        or _relation(text, depth)
        or _list(text, depth)
        or _bracketed(text, depth)
        or _multiple(text, depth)
        or _plus_minus(text, depth)
        or _ratio(text, depth)
        or Form("value", text)
    )


def _outer_braces_off(text: str) -> str:
    while text.startswith("{") and _closing(text, 0) == len(text) - 1:
        text = text[1:-1].strip()
    return text


def _rows(text: str, depth: int) -> Form | None:
    """Read equations one below the other as a list; a row that begins with a sign goes on with the one before it."""
    found = _ROWS.fullmatch(text)
    if found is None or (found[1] == "array" and "=" not in found[2]):
        return None
    rows: list[str] = []
    for row in (part.replace("&", " ").strip(" ,;.") for part in re.split(r"\\\\(?:\[[^\]]*\])?", found[2])):
        if rows and _RELATION.match(row):
            rows[-1] += f" {row}"
        elif row:
            rows.append(row)
    return _form(" , ".join(rows), depth + 1) if rows else None


def _matrix(text: str, depth: int) -> Form | None:
    found = _MATRIX.fullmatch(text)
    if found is None:
        return None
    rows = [row.strip() for row in re.split(r"\\\\(?:\[[^\]]*\])?", found[2])]
    cells = [
        tuple(_form(cell, depth + 1) for cell in row.split("&")) for row in rows if row.replace("\\hline", "").strip()
    ]
    kind = "||" if found[1] in ("vmatrix", "Vmatrix") else ""
    return Form("matrix", text, tuple(Form("group", "", row, "[]") for row in cells), kind)


def _cases(text: str, depth: int) -> Form | None:
    """Read a function that is given piece by piece, in any order: each with the condition on it."""
    found = _PIECES.fullmatch(text)
    if found is None:
        return None
    rows = [[_CONDITION.sub("", cell).strip(" ,;.") for cell in row.split("&")] for row in found[1].split("\\\\")]
    if all(len(row) == 1 for row in rows):
        return _form(" , ".join(row[0] for row in rows if row[0]), depth + 1)
    pieces = (tuple(_form(cell, depth + 1) for cell in row) for row in rows if any(row))
    return Form("list", text, tuple(Form("group", "", piece, "[]") for piece in pieces))


def _union(text: str, depth: int) -> Form | None:
    if "\\cup" not in text and ("U" not in text or not _CUP_AS_LETTER.search(text)):
        return None
    parts = list(_split(re.sub(r"(?<=[)\]} ])U(?=[(\[{ \\])", r"\\cup ", text), r"\cup"))
    forms = tuple(_form(part, depth + 1) for part in parts)
    if all(form.kind == "set" for form in forms):
        return Form("set", text, tuple(item for form in forms for item in form.items))
    return Form("union", text, forms) if len(parts) > 1 else None


def _relation(text: str, depth: int) -> Form | None:
    """Read a label with its answer, an equation, an inequality; lists of relations are lists."""
    if "=" not in text and "\\" not in text and "<" not in text and ">" not in text:
        return None
    signs = [found for found in _RELATION.finditer(text) if _level(text, found.start()) == 0]
    if not signs or len(signs) > 8 or _is_list(text):
        return None
    exact, about, rough = text.partition(r"\approx")
    if about and not _LABEL.fullmatch(exact.strip()):
        return Form("relation", text, (_form(exact, depth + 1), _form(rough, depth + 1)), "~")
    ends = [found.start() for found in signs[1:]] + [len(text)]
    sides = [text[: signs[0].start()].strip()]
    sides += [text[found.end() : end].strip() for found, end in zip(signs, ends, strict=True)]
    names = [_PLAIN_RELATION.get(found[0], found[0]) for found in signs]
    if len(sides) == 2 and names[0] in _ONE_SIDED and any(sides):
        # "> 5" leaves out what is greater than 5, which everybody knows.
        sides = [side or "x" for side in sides]
    if not all(sides):
        return None
    if set(names) == {"="}:
        return _equation(sides, depth)
    if names[0][0] == ">":
        sides, names = sides[::-1], [_OPPOSITE.get(name, name) for name in names[::-1]]
    bounded = _ABSOLUTE.fullmatch(sides[0])
    if bounded is not None and len(sides) == 2:
        sides, names = [f"-({sides[1]})", bounded[1], sides[1]], names * 2
    items = tuple(Form("value", side) for side in sides)
    return _inequality(sides, names, depth) or Form("relation", text, items, " ".join(names))


def _equation(sides: list[str], depth: int) -> Form:
    sides[0] = _outer_braces_off(sides[0])
    if _LABEL.fullmatch(sides[0]) and not (len(sides) == 2 and _is_letter(sides[1]) and not _is_letter(sides[0])):
        answer = _form(sides[-1], depth + 1)
        return replace(answer, label=sides[0].replace(" ", "")) if not answer.label else answer
    if _LABEL.fullmatch(sides[-1]) and _is_letter(sides[-1]):
        return replace(_form(sides[-2], depth + 1), label=sides[-1])
    items = tuple(Form("value", side) for side in sides)
    return Form("relation", "=".join(sides), items, "=")


def _is_letter(text: str) -> bool:
    return bool(_LETTER.fullmatch(text)) and (text[0] == "\\" or len(text) == 1) and text not in _CONSTANTS


def _inequality(sides: list[str], names: list[str], depth: int) -> Form | None:
    """Read a rising inequality about one letter as the interval it stands for."""
    letters = [_is_letter(side) for side in sides]
    if not set(names) <= {"<", "<="} or letters not in ([True, False], [False, True], [False, True, False]):
        return None
    low, high = r"-\infty" if letters[0] else sides[0], r"\infty" if letters[-1] else sides[-1]
    shut = "[" if names[0] == "<=" and not letters[0] else "(", "]" if names[-1] == "<=" and not letters[-1] else ")"
    return Form("group", "", (_form(low, depth + 1), _form(high, depth + 1)), "".join(shut))


def _is_list(text: str) -> bool:
    return len(_items(text)) > 1


def _items(text: str) -> list[str]:
    if "\\l" in text and _RELATION.search(text):
        text = _SIGN_AND.sub(" , ", text)
    if "and" in text or "or" in text or "i.e" in text or "that" in text:
        text = _WORD_AND.sub(" , ", text)
    if "," not in text and ";" not in text:
        return [text.strip()] if text.strip() else []
    parts = (part.strip() for whole in _split(text, ",") for part in _split(whole, ";"))
    return [part for part in parts if part]


def _list(text: str, depth: int) -> Form | None:
    items = _items(text)
    if not 1 < len(items) <= MOST_ITEMS:
        return None
    if "\\" not in text and (
        moment(text) is not None or in_several_units(text) is not None or number_in_words(text.strip('" ')) is not None
    ):
        return None
    forms = tuple(_form(item, depth + 1) for item in items)
    if all(form.is_interval for form in forms):
        if re.search(r"\bor\b|\\cup|\\lor(?![A-Za-z])", text) and all(map(_rises, forms)):
            return Form("union", text, forms)
        if len(forms) == 2 and all("<" in item or ">" in item or "\\le" in item or "\\ge" in item for item in items):
            return _in_both(forms[0], forms[1], text) or _in_either(forms, text)
    return Form("list", text, tuple(_flat(forms)))


def _rises(interval: Form) -> bool:
    """Whether the ends of an interval can be in order: (4, 1) is a pair."""
    low, high = (formula(end.text) for end in interval.items)
    if low is None or high is None or not (low.constant and high.constant):
        return True
    try:
        return complex(low.at(0)).real < complex(high.at(0)).real
    except (Unreadable, OverflowError):
        return True


def _in_both(one: Form, other: Form, text: str) -> Form | None:
    """Return the interval that two half lines have in common: x > 1 and x < 6."""
    low, high = (one, other) if one.items[1].text == "\\infty" else (other, one)
    if low.items[1].text != "\\infty" or high.items[0].text != "-\\infty":
        return None
    both = Form("group", text, (low.items[0], high.items[1]), low.brackets[0] + high.brackets[1])
    return both if _rises(both) else None


def _in_either(forms: tuple[Form, ...], text: str) -> Form:
    """Return the union of two half lines; both conditions where a text joins with "and" what has nothing in common."""
    apart = _AND.search(text) is not None and {form.items[0].text == "-\\infty" for form in forms} == {True, False}
    return Form("list" if apart else "union", text, forms)


def _flat(forms: tuple[Form, ...]) -> Iterator[Form]:
    for form in forms:
        yield from form.items if form.kind == "list" else (form,)


def _bracketed(text: str, depth: int) -> Form | None:
    """Read what stands in one pair of brackets: a pair, an interval, a set, a vector, or just a value."""
    if text[:1] not in _MAY_OPEN:
        return None
    text = text.replace(r"\{", "⟦{").replace(r"\}", "}⟧")
    if text[:1] not in _OPENING or _closing(text, 0) != len(text) - 1:
        return None
    if text.startswith("⟦{") and text.endswith("}⟧"):
        return _set(text, depth)
    items = _items(text[1:-1])
    if not 0 < len(items) <= MOST_ITEMS:
        return None
    forms = tuple(_form(item, depth + 1) for item in items)
    if text[0] == "[" and (len(forms) == 1 or all(form.kind == "group" and form.brackets == "[]" for form in forms)):
        return Form("group" if len(forms) == 1 else "matrix", text, forms, "[]" if len(forms) == 1 else "")
    if len(forms) == 1:
        return forms[0]
    return Form("group", text, forms, "()" if text[0] == "⟦" else text[0] + text[-1])


def _set(text: str, depth: int) -> Form | None:
    """Read a set by its members, or by the condition on them."""
    inner = text[2:-2]
    described = _DESCRIBED.match(inner)
    if described is not None:
        return _form(inner[described.end() :], depth + 1)
    items = _items(inner)
    if re.search(r"\||:|\\in(?![A-Za-z])", inner) or not 0 < len(items) <= MOST_ITEMS:
        return None
    return Form("set", text, tuple(_flat(tuple(_form(item, depth + 1) for item in items))))


def _multiple(text: str, depth: int) -> Form | None:
    """Read a number times a vector or a matrix."""
    found = _VECTOR.search(text)
    if found is None or found.start() == 0:
        return None
    factor = text[: found.start()].strip().removesuffix(r"\cdot").strip()
    times = formula(f"{factor}1" if factor == "-" else factor)
    vector = _matrix(found[0], depth) or _bracketed(found[0], depth) if times is not None and times.constant else None
    if vector is None or len(vector.items) < 2:
        return None
    return _multiplied(vector, factor)


def _multiplied(form: Form, factor: str) -> Form:
    if form.items:
        return replace(form, items=tuple(_multiplied(item, factor) for item in form.items))
    return replace(form, text=f"{factor}({form.text})")


def _plus_minus(text: str, depth: int) -> Form | None:
    if text.count(r"\pm") + text.count(r"\mp") != 1:
        return None
    signs = (text.replace(r"\pm", "+").replace(r"\mp", "-"), text.replace(r"\pm", "-").replace(r"\mp", "+"))
    return Form("list", text, tuple(_form(part.removeprefix("+").strip(), depth + 1) for part in signs))


def _ratio(text: str, depth: int) -> Form | None:
    if (
        ":" not in text
        or len(text) > 200
        or re.search(r'[A-Za-z"]{2}', text.replace("\\frac", "").replace("\\sqrt", ""))
    ):
        return None
    parts = text.split(":")
    return Form("group", text, tuple(_form(part, depth + 1) for part in parts), "::") if all(parts) else None


def _split(text: str, mark: str) -> Iterator[str]:
    """Yield the parts of a text between marks that stand outside of all brackets."""
    if mark not in text:
        yield text
        return
    level = begin = place = 0
    while place < len(text):
        if text.startswith(mark, place) and level == 0:
            yield text[begin:place]
            place = begin = place + len(mark)
            continue
        level += (text[place] in _OPENING) - (text[place] in _CLOSING)
        place += 1
    yield text[begin:]


def _level(text: str, place: int) -> int:
    before = text[:place]
    return sum((sign in _OPENING) - (sign in _CLOSING) for sign in before)


def _closing(text: str, place: int) -> int:
    """Return where the bracket that opens at a place is closed; -1 when it is not."""
    level = 0
    for position in range(place, len(text)):
        level += (text[position] in _OPENING) - (text[position] in _CLOSING)
        if level == 0:
            return position
    return -1
