r"""Reading formulas: LaTeX arithmetic as a tree, by a small recursive-descent reader of our own. Pure."""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

Node: TypeAlias = "tuple[str, tuple[Node, ...], Fraction | str]"
"""An operation, its operands, and what it says by itself (the number, the letter)."""

DEEPEST = 40
_FUNCTIONS = """sin cos tan cot sec csc arcsin arccos arctan arccot arcsec arccsc sinh cosh tanh coth sech csch arsinh
arcosh artanh ln log exp cis"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
_PROGRAM_NAMES = """arcsin asin, arccos acos, arctan atan, sinh sh, cosh ch, tanh th, arsinh asinh arcsinh arsh,
arcosh acosh arccosh arch, artanh atanh arctanh arth, tan tg, cot ctg cotan, arctan arctg, csc cosec, abs Abs fabs,
floor Floor, ceil ceiling Ceil, binom binomial comb nCr nCk nchoosek Binomial choose C,
perm nPr nPk P, factorial fact, root nthroot,
gcd GCD igcd, lcm LCM ilcm, log2, log10 lg, max Max, min Min, pow power Pow, cbrt, Rational Fraction frac,
sqrt Sqrt, ln Log, exp Exp, sin Sin sen, cos Cos, mod Mod, arcsin arcsen, arctan ArcTan, arcsin ArcSin, arccos ArcCos"""
_SAME_NAME = {other: names[0] for names in map(str.split, _PROGRAM_NAMES.split(",")) for other in names}
"""Functions as programs and other countries call them, with what follows in brackets."""
OPAQUE = frozenset("fghFGH")
"""Letters that name a function when a bracket follows; f(g(x)) is no product."""
_LOGARITHMS = {"log2": 2, "log10": 10}

_TOKEN = re.compile(
    r"\d+\.\d+(?:[eE][-+]?\d+)?|\.\d+|\d+(?:[eE][-+]?\d+)?\.?|\\[A-Za-z]+|\\.|log(?:2|10)(?=\()|[A-Za-z]+|\S", re.ASCII
)
_LETTERS = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega
Gamma Delta Theta Lambda Sigma Phi Omega Psi Pi Xi Upsilon infty ell varepsilon hbar varrho varsigma"""
_GREEK = frozenset(_LETTERS.split())
_INVERSES = {"sin": "arcsin", "cos": "arccos", "tan": "arctan"}
_CLOSING = {"(": ")", "[": "]", "{": "}", "\\{": "\\}", "\\lfloor": "\\rfloor", "\\lceil": "\\rceil"}
_NO_FACTOR = frozenset(
    {"", *"+-*/^!_)]},='", "mod", "\\cdot", "\\cross", "\\div", "\\deg", "\\}", "\\over", "\\choose"}
)
_END_OF_BRACKETS = frozenset({"\\rfloor", "\\rceil"})


class Unreadable(Exception):
    """Not a formula that this reader knows."""


class TooLarge(Exception):
    """A number that nobody writes as an answer: towers of powers, factorials of the huge."""


def read(text: str) -> Node:
    """Return a spelled text as a tree; raises ``Unreadable`` when it is none, ``TooLarge`` when nested too deeply."""
    return _Reader(tuple(_TOKEN.findall(text))).whole()


class _Reader:
    """A recursive-descent reader; one instance a text."""

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self._tokens = (*tokens, "")
        self._place = 0
        self._next = self._tokens[0]  # kept beside, since it is looked at dozens of times a token
        self._depth = 0
        self._bars = 0

    def whole(self) -> Node:
        node = self._sum()
        if self._next:
            raise Unreadable(self._next)
        return node

    def _take(self, expected: str = "") -> str:
        part = self._next
        if not part or (expected and part != expected):
            raise Unreadable(part)
        self._place += 1
        self._next = self._tokens[self._place]
        return part

    def _sum(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooLarge("nested too deeply")
        terms = [self._product()]
        while self._next in ("+", "-"):
            sign = self._take()
            term = self._product()
            terms.append(term if sign == "+" else ("neg", (term,), ""))
        node: Node = terms[0] if len(terms) == 1 else ("sum", tuple(terms), "")
        if self._next in ("\\over", "\\choose"):
            node = ("over" if self._take() == "\\over" else "binom", (node, self._sum()), "")
        self._depth -= 1
        return node

    def _product(self) -> Node:
        node = self._signed()
        while True:
            if self._next == "\\cross":
                self._take()
                node = ("cross", (node, self._signed()), "")
            elif self._next in ("*", "\\cdot"):
                self._take()
                node = ("times", (node, self._signed()), "")
            elif self._next in ("/", "\\div"):
                self._take()
                node = ("over", (node, self._signed()), "")
            elif self._next == "mod":
                self._take()
                node = ("mod", (node, self._signed()), "")
            elif self._starts_factor():
                node = self._beside(node)
            else:
                return node

    def _beside(self, node: Node) -> Node:
        """Read a factor that stands beside another: a product, or a whole number with a fraction."""
        before, begins = self._tokens[self._place - 1], self._next
        factor = self._power()
        if begins == "\\frac" and node[0] == "number" and _is_proper_fraction(factor):
            return ("sum", (node, factor), "")
        if (begins[0].isdigit() or begins[0] == ".") and before not in ("}", "!"):
            raise Unreadable("two numbers side by side")
        return ("times", (node, factor), "")

    def _starts_factor(self) -> bool:
        part = self._next
        return part not in _NO_FACTOR and part not in _END_OF_BRACKETS and not (part == "|" and self._bars)

    def _signed(self) -> Node:
        sign = self._next
        if sign in ("-", "+"):
            self._take()
            self._depth += 1
            if self._depth > DEEPEST:
                raise TooLarge("too many signs")
            node = self._signed()
            self._depth -= 1
            # -1\frac{1}{2} is minus the whole mixed number.
            while sign == "-" and self._next == "\\frac" and node[0] == "number":
                node = self._beside(node)
            return node if sign == "+" else ("neg", (node,), "")
        return self._power()

    def _power(self) -> Node:
        node = self._primary()
        while self._next in ("^", "!", "\\deg"):
            sign = self._take()
            if sign == "!":
                node = ("factorial", (node,), "")
            elif sign == "^":
                node = ("power", (node, self._argument()), "")
            else:
                node = ("times", (node, _DEGREE), "")
        return node

    def _argument(self) -> Node:
        """Read what belongs to ``^``, ``_`` or a command: a group, or the next single sign."""
        if self._next == "{":
            return self._bracketed()
        if self._next in ("-", "+"):
            return self._signed()
        part = self._next
        if part.isdigit() and len(part) > 1 and self._tokens[self._place - 1] != "^":
            # \frac12 and \sqrt23 take one digit; 2^10 is meant as it is written by hand.
            self._tokens = (
                *self._tokens[: self._place],
                part[0],
                part[1:],
                *self._tokens[self._place + 1 :],
            )
            self._next = part[0]
        return self._primary()

    def _bracketed(self) -> Node:
        opening = self._take()
        bars, self._bars = self._bars, 0
        node = self._sum()
        self._bars = bars
        self._take(_CLOSING[opening])
        if opening in ("\\lfloor", "\\lceil"):
            return ("call", (node,), opening[1:])
        return node

    def _primary(self) -> Node:
        part = self._next
        if part in _CLOSING:
            return self._bracketed()
        if part == "|":
            return self._absolute()
        self._take()
        if part[0] in "0123456789" or (part[0] == "." and len(part) > 1):
            return self._number(part)
        if part[0] == "\\":
            return self._command(part[1:])
        if part.isalpha() and part.isascii():
            return self._word(part)
        if part in _LOGARITHMS:
            return self._called(part)
        raise Unreadable(part)

    def _number(self, part: str) -> Node:
        exponent = re.search(r"[eE]([-+]?\d+)$", part) if "e" in part or "E" in part else None
        if exponent and abs(int(exponent[1][:6])) > 400:
            raise TooLarge(part[:20])
        value = _fraction(part)
        if self._next == "\\overline":
            self._take()
            self._take("{")
            digits = self._take()
            self._take("}")
            if not (digits.isdigit() and digits.isascii()) or "." not in part:
                raise Unreadable(digits)
            places = len(part.partition(".")[2])
            value += Fraction(int(digits), (10 ** len(digits) - 1) * 10**places)
        return ("number", (), value)

    def _absolute(self) -> Node:
        self._take("|")
        self._bars += 1
        node = self._sum()
        self._bars -= 1
        self._take("|")
        return ("call", (node,), "abs")

    def _command(self, name: str) -> Node:
        if name == "frac" and self._next == "(":
            return self._called(name)
        if name in ("gcd", "lcm", "max", "min") and self._next == "(":
            return self._called(name)
        if name in ("frac", "binom"):
            above = self._argument()
            return ("over" if name == "frac" else "binom", (above, self._argument()), "")
        if name == "sqrt":
            return self._root()
        if name == "mathbb" and self._next == "{":
            self._take("{")
            letter = self._take()
            self._take("}")
            return self._perhaps_function(f"mathbb {letter}") if letter.isalpha() else self._unknown(letter)
        if name == "pi":
            return ("constant", (), "pi")
        if name in FUNCTIONS:
            return self._function(name)
        if name in _GREEK:
            return self._letter(name)
        raise Unreadable(name)

    def _root(self) -> Node:
        degree: Node = ("number", (), Fraction(2))
        if self._next == "[":
            degree = self._bracketed()
        return ("root", (self._argument(), degree), "")

    def _called(self, name: str) -> Node:
        """Read the arguments in brackets of a function as programs write it."""
        self._take("(")
        values = [self._sum()]
        while self._next == ",":
            self._take()
            values.append(self._sum())
        self._take(")")
        return _call_of(name, tuple(values))

    def _word(self, part: str) -> Node:
        """Read letters: a function, a constant, or the first of several variables side by side."""
        name = (
            _SAME_NAME.get(part, part) if self._next == "(" and (part not in ("C", "P") or self._has_comma()) else part
        )
        if name in _CALLED or (name == "log" and self._next == "(" and self._has_comma()):
            return self._called(name)
        part = name if name in FUNCTIONS or name == "sqrt" else part
        if part == "sqrt":
            return ("root", (self._bracketed() if self._next == "(" else self._argument(), _number(2)), "")
        if part in ("pi", "PI", "Pi"):
            return ("constant", (), "pi")
        if part in FUNCTIONS:
            return self._function(part)
        if len(part) > 1:
            self._tokens = (*self._tokens[: self._place], part[1:], *self._tokens[self._place :])
            self._next = part[1:]
            part = part[0]
        if part == "I" and self._beside_a_star():
            return ("constant", (), "i")
        if part in ("e", "i") and self._next not in ("_", "'"):
            return ("constant", (), part)
        if (part in OPAQUE and self._next == "(") or self._next == "[":
            return self._perhaps_function(part)
        return self._letter(part)

    def _perhaps_function(self, name: str) -> Node:
        """Read what a name is applied to, if a bracket follows: E[X^2] is not E[X]^2."""
        return ("opaque", (self._bracketed(),), name) if self._next in ("(", "[") else ("letter", (), name)

    def _unknown(self, name: str) -> Node:
        raise Unreadable(name)

    def _has_comma(self) -> bool:
        """Whether the bracket that comes next holds two numbers: C(8, 3) is a binomial, C(x) is none."""
        inside = self._tokens[self._place + 1 : self._place + 5]
        return len(inside) == 4 and inside[0].isdecimal() and inside[1:4:2] == (",", ")") and inside[2].isdecimal()

    def _beside_a_star(self) -> bool:
        """Whether the letter that was read is multiplied by a star: programs write the imaginary unit as 2*I."""
        before = self._tokens[self._place - 2] if self._place > 1 else ""
        return "*" in (before, self._next)

    def _letter(self, name: str) -> Node:
        if self._next == "_":
            self._take()
            if self._next == "{":
                self._take()
                name += "_" + "".join(iter(self._take, "}"))
            else:
                name += "_" + self._take()
        while self._next == "'":
            # A prime is a part of the name: x' is not x.
            name += self._take()
        if "'" in name and self._next == "(" and name[0] in OPAQUE:
            return ("opaque", (self._bracketed(),), name)
        return ("letter", (), name)

    def _function(self, name: str) -> Node:
        exponent: Node | None = None
        base: Node | None = None
        while self._next in ("^", "_"):
            if self._take() == "^":
                exponent = self._argument()
            else:
                base = self._argument()
        if exponent is not None and name in _INVERSES and exponent == ("neg", (_number(1),), ""):
            name, exponent = _INVERSES[name], None
        node: Node = ("call", (self._operand(),), name)
        if base is not None:
            node = ("over", (("call", node[1], "ln"), ("call", (base,), "ln")), "")
        return node if exponent is None else ("power", (node, exponent), "")

    def _operand(self) -> Node:
        """Read what a function is taken of: a bracket, or the factors beside it up to the next function."""
        if self._next in ("(", "{", "["):
            return self._bracketed()
        node = self._signed() if self._next in ("-", "+") else self._power()
        while self._starts_factor() and self._next.lstrip("\\") not in FUNCTIONS and self._next not in ("(", "["):
            node = ("times", (node, self._power()), "")
        return node


def _call_of(name: str, values: tuple[Node, ...]) -> Node:
    """Return the node of a function of programs; raises ``Unreadable`` when it is given too few or too many values."""
    two = len(values) == 2
    if name in _UNARY and len(values) == 1:
        return ("call", values, _UNARY[name])
    if name in _LOGARITHMS and len(values) == 1:
        return ("over", (("call", values, "ln"), ("call", (_number(_LOGARITHMS[name]),), "ln")), "")
    if name == "factorial" and len(values) == 1:
        return ("factorial", values, "")
    if name == "cbrt" and len(values) == 1:
        return ("root", (values[0], _number(3)), "")
    if name == "log" and len(values) == 2:
        return ("over", (("call", values[:1], "ln"), ("call", values[1:], "ln")), "")
    if two and name in _BINARY:
        return (_BINARY[name], values, "")
    if name in ("gcd", "lcm", "max", "min") and len(values) > 1:
        return (name, values, "")
    raise Unreadable(name)


_UNARY = {"abs": "abs", "floor": "lfloor", "ceil": "lceil"}
_BINARY = {
    "binom": "binom",
    "perm": "perm",
    "root": "root",
    "pow": "power",
    "Rational": "over",
    "frac": "over",
    "mod": "mod",
}
_CALLED = frozenset({*_UNARY, *_BINARY, *_LOGARITHMS, "factorial", "cbrt", "gcd", "lcm", "max", "min"})
_DEGREE: Node = ("over", (("constant", (), "pi"), ("number", (), Fraction(180))), "")


@lru_cache(maxsize=4096)
def _fraction(part: str) -> Fraction:
    """Return a number as it is written; making one is slow, and most numbers of an answer are its label's as well."""
    return Fraction(int(part) if part.isdecimal() else part.rstrip("."))


def _number(value: int) -> Node:
    return ("number", (), Fraction(value))


def _is_proper_fraction(node: Node) -> bool:
    if node[0] != "over" or any(part[0] != "number" for part in node[1]):
        return False
    above, below = (part[2] for part in node[1])
    return isinstance(above, Fraction) and isinstance(below, Fraction) and above < below
