r"""Notations of programs and calculators: math.sqrt(5), Sqrt[5], 3+4j, 8C3. Pure."""

from __future__ import annotations

import re

_MODULE = re.compile(
    r"(?<![A-Za-z\\])(?:math|cmath|np|numpy|sympy|sp)\.(?:(log)(?=\([^(),]*(?:\([^()]*\)[^(),]*)*\))|(?=[A-Za-z\\]))"
)
"""The module before a function or constant of programs: math.sqrt(5), np.pi."""
_MATHEMATICA = re.compile(
    r"(?<![A-Za-z\\])(Sqrt|Sin|Cos|Tan|Log|Exp|Abs|Floor|Ceiling|Binomial|ArcTan|ArcSin|ArcCos|Max|Min|GCD"
    r"|LCM)\[([^\[\]]*)\]"
)
_GREEK = re.compile(
    r"(?<![A-Za-z\\\"])(?:theta|alpha|beta|gamma|delta|lambda|omega|sigma|phi|mu|rho|tau|epsilon|psi)(?![A-Za-z\"])"
)
"""Greek letters by their names."""
_CONTAINER = re.compile(r"([A-Za-z]\w?\s*=\s*)?(?:Matrix|array|Tuple|tuple|list)\((\[.*\]|\(.*\))\)")
_TRANSPOSED = re.compile(r"(.*)[\[(]([^\[\]()]*,[^\[\]()]*)[\])]\s*\^\s*\{?\s*(?:T|\\top|\\intercal)\s*\}?")
"""A column written as a row."""
_ROWS_OF_NUMBERS = re.compile(r"([A-Za-z]\w?\s*=\s*)?\[([^\[\];]*(?:;[^\[\];]*)+)\]")
"""A matrix as MATLAB writes it: [1 2; 3 4]."""
_OF_SYMPY = {
    "Eq": "{} = {}",
    "Interval": "[{}, {}]",
    "Interval.Lopen": "({}, {}]",
    "Interval.Ropen": "[{}, {})",
    "Interval.open": "({}, {})",
    "complex": "{} + ({})i",
}
_TWO_GIVEN = re.compile(r"(Eq|complex|Interval(?:\.(?:Lopen|Ropen|open))?)\(([^(),]+),\s*([^(),]+)\)")
_FACTORIAL = re.compile(r"(?<![A-Za-z\\])fact(?:orial)?\((\w+)\)")
_WHOLE_QUOTIENT = re.compile(r"(-?\d{1,9})\s*//\s*(\d{1,9})")
_EITHER = re.compile(r"(?<==)([^|=]*)\|\|(?=[^|=]*=)")
"""Two equations of which one holds, as programs write it."""
_UNEQUAL = re.compile(r"(?<=[\w)}\s])(?:<>|=/=)(?=\s*[-\w\\])")
_LOST_STROKE = re.compile(r"(?<![A-Za-z\\])(?=(?:frac|binom)\{)")
"""Where a command has lost its backslash."""
_FINITE = re.compile(r"(?:FiniteSet|set)\((?:[\[{(])?([^()\[\]{}]*)(?:[\]})])?\)")
"""How sympy and numpy print matrices, equations, intervals and sets."""
_REMAINDER = re.compile(r"(\d{1,9})\s*(?:%|mod)\s*(\d{1,9})")
_COMPLEX = re.compile(r"[-\d.+*()\s]*\dj[)\s]*")
"""A complex number as Python prints it."""
_CHOSEN = re.compile(r'(?<![\w.^_{}\\])(\d+)\s*"?\s*(C|P|choose)\s*"?\s*(\d+)(?![\w.])')
"""8C3, "8 choose 3", 8P3: the way of calculators."""
_CHOOSE = re.compile(r"(?<![\w)}\]])(?:\{\s*\}\s*)?[_^]\s*\{?\s*(\d+)\s*\}?\s*C\s*_\s*(?:\{\s*(\d+)\s*\}|(\d))")


_SHORTEST_NAME = 2


def of_programs(text: str) -> str:
    """Return an answer without the notation of a program, as far as the reader of formulas does not know it."""
    if "." in text:
        text = _MODULE.sub(lambda found: "ln" if found[1] else "", text)
    if len(text) > _SHORTEST_NAME and not text.isalpha():
        text = _GREEK.sub(r"\\\g<0> ", text)
    if "^" in text and (column := _TRANSPOSED.fullmatch(text)) is not None:
        return f"{column[1]}({column[2]})"
    if text[-1:] == ")":
        text = _of_containers(_FACTORIAL.sub(r"(\1!)", text) if "fact" in text else text)
    if "//" in text and (quotient := _WHOLE_QUOTIENT.fullmatch(text)) is not None:
        text = rf"floor({quotient[1]}/{quotient[2]})"
    if "<>" in text or "=/=" in text:
        text = _UNEQUAL.sub(r"\\ne ", text)
    if "||" in text:
        text = _EITHER.sub(r"\1 or ", text)
    if "frac{" in text or "binom{" in text:
        text = _LOST_STROKE.sub(r"\\", text)
    if ("%" in text or "mod" in text) and (rest := _REMAINDER.fullmatch(text)) and int(rest[1]) >= int(rest[2]):
        text = f"mod({rest[1]}, {rest[2]})"
    if ";" in text and (rows := _ROWS_OF_NUMBERS.fullmatch(text)) is not None:
        text = _rows_of_numbers(rows)
    if "[" in text:
        text = _MATHEMATICA.sub(_as_call, text)
    if "j" in text and _COMPLEX.fullmatch(text):
        text = text.replace("j", "i")
    if "C" in text or "P" in text or "hoose" in text:
        text = _CHOOSE.sub(
            lambda found: rf"\binom{{{found[1]}}}{{{found[2] or found[3]}}}", _CHOSEN.sub(_as_choice, text)
        )
    return text


def _of_containers(text: str) -> str:
    whole = _CONTAINER.fullmatch(text)
    if whole is not None:
        return f"{whole[1] or ''}{whole[2]}"
    two = _TWO_GIVEN.fullmatch(text)
    if two is not None:
        return _OF_SYMPY[two[1]].format(two[2], two[3])
    finite = _FINITE.fullmatch(text)
    return rf"\{{{finite[1]}\}}" if finite is not None else text


def _rows_of_numbers(found: re.Match[str]) -> str:
    """Return a matrix with a row in brackets each; a row of one number may be an end of an interval."""
    rows = [re.split(r"\s*,\s*|\s+", row.strip()) for row in found[2].split(";")]
    if len(rows[0]) == 1 or len({len(row) for row in rows}) > 1:
        return found[0]
    return f"{found[1] or ''}[{', '.join('[' + ', '.join(row) + ']' for row in rows)}]"


def _as_call(found: re.Match[str]) -> str:
    name = found[1].lower() if found[1] != "Log" else "ln"
    return f"{name}({found[2]})"


def _as_choice(found: re.Match[str]) -> str:
    return rf"\binom{{{found[1]}}}{{{found[3]}}}" if found[2] != "P" else f"nPr({found[1]},{found[3]})"
