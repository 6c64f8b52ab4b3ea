r"""Values of formulas, without any evaluator of Python: a small reader of LaTeX arithmetic and its arithmetic. Pure.

Rational arithmetic is exact. Letters stand for fixed numbers at three points, so that two formulas which agree at
all points are equal as functions for all practical purposes, whatever their form.
"""

from __future__ import annotations

import cmath
import math
import operator
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache, reduce
from typing import Any, TypeAlias

from maspo.scoring.mathematics.formulas import Node, TooLarge, Unreadable, read

Number: TypeAlias = Fraction | complex

POINTS = 3
LONGEST = 1000
MOST_BITS = 20_000
LARGEST_FACTORIAL = 1000
LARGEST_ROUGH = 2**50
"""Of larger exact numbers, rough ones do not hold every digit: they cannot be told to be the same."""
ROUNDING = 1e-13
"""The share of its terms that is left of a sum of rough numbers that is zero: a hundred times the rounding of one."""

_IMAGINARY = 1e-12
"""The share of a real number that rounding leaves as its imaginary part."""

_FUNCTIONS: Mapping[str, Callable[[complex], complex]] = {
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tan": cmath.tan,
    "cot": lambda value: 1 / cmath.tan(value),
    "sec": lambda value: 1 / cmath.cos(value),
    "csc": lambda value: 1 / cmath.sin(value),
    "arcsin": cmath.asin,
    "arccos": cmath.acos,
    "arctan": cmath.atan,
    "sinh": cmath.sinh,
    "cosh": cmath.cosh,
    "tanh": cmath.tanh,
    "ln": cmath.log,
    "log": cmath.log10,
    "exp": cmath.exp,
    "arccot": lambda value: cmath.atan(1 / value),
    "arcsec": lambda value: cmath.acos(1 / value),
    "arccsc": lambda value: cmath.asin(1 / value),
    "coth": lambda value: 1 / cmath.tanh(value),
    "sech": lambda value: 1 / cmath.cosh(value),
    "csch": lambda value: 1 / cmath.sinh(value),
    "arsinh": cmath.asinh,
    "arcosh": cmath.acosh,
    "artanh": cmath.atanh,
    "cis": lambda value: cmath.exp(1j * value),
}


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula that was read."""

    root: Node
    constant: bool
    """Whether it holds no letter."""
    stepped: bool = False
    """Whether it holds a floor, a ceiling or a remainder: what they are between whole numbers does not tell all."""

    @property
    def rational(self) -> Fraction | None:
        """The exact value, when it is built of rational arithmetic only."""
        if not self.constant:
            return None
        value = self.at(0)
        return value if isinstance(value, Fraction) else None

    def at(self, point: int) -> Number:
        """Return its value at one of the points; raises ``Unreadable`` where it has none, ``TooLarge``."""
        try:
            return _value(self.root, point)
        except (ZeroDivisionError, OverflowError, ValueError) as error:
            raise Unreadable(str(error)) from None


@lru_cache(maxsize=8192)
def formula(text: str) -> Formula | None:
    """Return a spelled text as a formula, None when it is none; raises ``TooLarge`` on hopeless nesting."""
    if len(text) > LONGEST:
        return None
    try:
        root = read(text)
    except Unreadable:
        return None
    stepped = "floor" in text or "ceil" in text or "mod" in text
    return Formula(root, constant=not _holds_letters(root), stepped=stepped)


def close(one: Number, other: Number, within: float = 1e-9) -> bool:
    """Return whether two values are the same number, rough ones within a share; two exact ones are compared exactly."""
    if type(one) is Fraction:
        if type(other) is Fraction:
            return one == other
        if abs(one) > LARGEST_ROUGH:
            return False
    elif type(other) is Fraction and abs(other) > LARGEST_ROUGH:
        return False
    try:
        return cmath.isclose(complex(one), complex(other), rel_tol=within)
    except OverflowError:
        return False


def _holds_letters(node: Node) -> bool:
    return node[0] == "letter" or any(_holds_letters(child) for child in node[1])


@lru_cache(maxsize=4096)
def _of_letter(name: str, point: int) -> complex:
    """Return what a letter stands for: between 0.3 and 1.7, at the last point below zero; beyond, a whole number."""
    share = zlib.crc32(f"{name} {point}".encode()) / 2**32
    if point == POINTS:
        return complex(2 + int(7 * share))
    size = 0.3 + 1.4 * share
    return complex(-size if point == POINTS - 1 else size)


_CONSTANTS = {"pi": complex(math.pi), "e": complex(math.e), "i": 1j}


def _value(node: Node, point: int) -> Number:
    kind, children, said = node
    if type(said) is Fraction:  # An instance of an abstract class is slow to tell where it is none.
        return said
    if kind == "letter":
        return _of_letter(str(said), point)
    if kind == "constant":
        return _CONSTANTS[str(said)]
    return operation(kind, [_value(child, point) for child in children], str(said))


def operation(kind: str, values: list[Number], name: str) -> Number:
    """Return what an operation makes of its operands, exactly where they are exact; raises as ``Formula.at``."""
    if kind == "call":
        return _call(name, values[0])
    if kind == "sum":
        return _sum(values)
    if kind == "opaque":
        return _opaque(name, complex(values[0]))
    return _OPERATIONS[kind](*values)


def _sum(values: list[Number]) -> Number:
    """Return a sum; of rough numbers that cancel each other up to rounding, an exact zero.

    What is tiny for another reason stays as it is: e^{-50} is not 0.
    """
    total = reduce(_plus, values)
    if isinstance(total, Fraction):
        return total
    size = abs(total)
    for value in values:
        if size < ROUNDING * abs(complex(value)):
            return Fraction(0)
    return total


def _opaque(name: str, value: complex) -> complex:
    """Return what an unknown function stands for: one that is neither linear, even, odd nor periodic."""
    first, second = _of_letter(name, 0), _of_letter(name, 1)
    return first * value * value + second * value + first * cmath.sin(value) + _of_letter(name, 2)


def _exact_or_rough(combine: Callable[[Any, Any], Any]) -> Callable[[Number, Number], Number]:
    def combined(one: Number, other: Number) -> Number:
        if type(one) is Fraction and type(other) is Fraction:
            return _bounded(combine(one, other))
        return complex(combine(complex(one), complex(other)))

    return combined


def _bounded(value: Fraction) -> Fraction:
    if value.numerator.bit_length() + value.denominator.bit_length() > MOST_BITS:
        raise TooLarge("too many digits")
    return value


_plus, _times, _over = map(_exact_or_rough, (operator.add, operator.mul, operator.truediv))


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(exponent, Fraction) and exponent.denominator == 1:
        times = exponent.numerator
        if isinstance(base, Fraction):
            bits = base.numerator.bit_length() + base.denominator.bit_length()
            if abs(times) * bits > MOST_BITS and abs(base) not in (0, 1):
                raise TooLarge("a power too large")
            return _bounded(base**times)
        return base**times
    if is_real(base) and isinstance(exponent, Fraction) and exponent.denominator < 10:
        return _power(_root(base, Fraction(exponent.denominator)), Fraction(exponent.numerator))
    return complex(base) ** complex(exponent)


def _root(value: Number, degree: Number) -> Number:
    if not isinstance(degree, Fraction) or degree.denominator != 1 or not 1 < degree < 100:
        return complex(value) ** (1 / complex(degree))
    if isinstance(value, Fraction):
        above, below = (_whole_root(part, int(degree)) for part in (abs(value.numerator), value.denominator))
        odd = degree % 2 == 1
        if above is not None and below is not None and (value >= 0 or odd):
            return Fraction(above if value >= 0 else -above, below)
    if degree % 2 == 1 and is_real(value) and value.real < 0:
        # The real one of the roots: x^(2/3) is the cube root of x^2 below zero as well.
        return -(complex(-value) ** (1 / int(degree)))
    return cmath.sqrt(complex(value)) if degree == 2 else complex(value) ** (1 / int(degree))


def is_real(value: Number) -> bool:
    """Return whether a value has no imaginary part but what rounding leaves."""
    return isinstance(value, Fraction) or abs(value.imag) <= _IMAGINARY * abs(value)


def _whole_root(value: int, degree: int) -> int | None:
    if value.bit_length() > 1000:
        return None
    guess = math.isqrt(value) if degree == 2 else round(value ** (1 / degree))
    return next((root for root in (guess - 1, guess, guess + 1) if root >= 0 and root**degree == value), None)


def _factorial(value: Number) -> Number:
    if not isinstance(value, Fraction) or value.denominator != 1 or value < 0:
        raise Unreadable("a factorial of no whole number")
    if value > LARGEST_FACTORIAL:
        raise TooLarge("a factorial of a large number")
    return Fraction(math.factorial(int(value)))


def _binom(above: Number, below: Number) -> Number:
    if not isinstance(below, Fraction) or below.denominator != 1 or below < 0:
        raise Unreadable("a binomial over no whole number")
    if max(below, above if isinstance(above, Fraction) else 0) > LARGEST_FACTORIAL:
        raise TooLarge("a binomial of a large number")
    if isinstance(above, Fraction) and above.denominator == 1 and above >= 0:
        return Fraction(math.comb(int(above), int(below)))
    return math.prod(((above - place) / (place + 1) for place in range(int(below))), start=Fraction(1))


def _call(name: str, value: Number) -> Number:
    if name == "abs":
        return abs(value) if isinstance(value, Fraction) else complex(abs(value))
    if name in ("lfloor", "lceil"):
        whole = math.floor if name == "lfloor" else math.ceil
        return Fraction(whole(value if isinstance(value, Fraction) else _real(value)))
    found = _FUNCTIONS[name](complex(value))
    # The sine of a rough pi is no tiny number but zero.
    return Fraction(0) if abs(found) < _ROUNDING_OF_ANGLES * abs(complex(value)) else found


def _whole(values: tuple[Number, ...]) -> list[int]:
    if not all(isinstance(value, Fraction) and value.denominator == 1 for value in values):
        raise Unreadable("not a whole number")
    return [int(value.real) for value in values]


def _largest(*values: Number, sign: int = 1) -> Number:
    return max(values, key=lambda value: sign * (value if isinstance(value, Fraction) else _real(value)))


def _mod(value: Number, divisor: Number) -> Number:
    if isinstance(value, Fraction) and isinstance(divisor, Fraction):
        return value % divisor
    return complex(math.fmod(_real(complex(value)), _real(complex(divisor))))


def _perm(above: Number, below: Number) -> Number:
    many, few = _whole((above, below))
    if max(many, few) > LARGEST_FACTORIAL:
        raise TooLarge("permutations of a large number")
    return Fraction(math.perm(many, few))


def _real(value: complex) -> float:
    if abs(value.imag) > 1e-9:
        raise Unreadable("not a real number")
    return value.real


_OPERATIONS: Mapping[str, Callable[..., Number]] = {
    "neg": lambda value: -value,
    "times": _times,
    "over": _over,
    "power": _power,
    "root": _root,
    "factorial": _factorial,
    "binom": _binom,
    "perm": _perm,
    # The product of vectors: any that depends on the order.
    "cross": lambda one, other: _plus(_times(one, _times(other, other)), one),
    "mod": _mod,
    "gcd": lambda *values: Fraction(math.gcd(*_whole(values))),
    "lcm": lambda *values: _bounded(Fraction(math.lcm(*_whole(values)))),
    "max": _largest,
    "min": lambda *values: _largest(*values, sign=-1),
}
_ROUNDING_OF_ANGLES = 1e-15
"""Rounding of an angle, as a share of it: sin(π) is 1.2e-16."""
