"""Values of real numbers to many digits: what tells a root of 10^20 + 1 from 10^10. Pure.

Rough numbers hold sixteen digits, and exact answers can be closer than that. Sums, products, powers, roots, logarithms
and exponentials of numbers are calculated here with far more; of all else nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException
from fractions import Fraction
from functools import lru_cache
from typing import TypeAlias

from maspo.scoring.mathematics.calculator import Formula, operation
from maspo.scoring.mathematics.formulas import Node, TooLarge, Unreadable

Real: TypeAlias = Fraction | Decimal

_DIGITS = 120
_SAME = Decimal("1e-60")
"""What calculating may leave of a difference that is zero: half of the digits are for terms that cancel each other."""
_REALS = Context(prec=_DIGITS, Emax=10**5, Emin=-(10**5))
_PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798"
    "214808651328230664709384460955058"
)
_MOST_OF_ROOTS = 100
"""A root of a higher degree is taken as a power."""
_MOST_DIGITS = 400
"""Of a power: larger ones take long to calculate, and no rough number is near them."""


def apart(one: Formula, other: Formula) -> bool:
    """Return whether two formulas without letters are surely not the same number; False where nobody can tell here."""
    first, second = _known(one.root), _known(other.root)
    if first is None or second is None:
        return False
    if isinstance(first, Fraction) and isinstance(second, Fraction):
        return first != second
    first, second = _decimal(first), _decimal(second)
    try:
        difference = abs(_REALS.subtract(first, second))
        return difference > _REALS.multiply(_SAME, max(abs(first), abs(second), Decimal(1)))
    except DecimalException:
        return False


@lru_cache(maxsize=1024)
def _known(root: Node) -> Real | None:
    try:
        return _value(root)
    except (Unreadable, TooLarge, DecimalException, ZeroDivisionError, OverflowError, ValueError):
        return None


def _value(node: Node) -> Real:
    kind, children, said = node
    if isinstance(said, Fraction):
        return said
    if kind == "constant" and said in ("pi", "e"):
        return _PI if said == "pi" else Decimal(1).exp(_REALS)
    values = [_value(child) for child in children]
    exact = [value for value in values if isinstance(value, Fraction)]
    if len(exact) == len(values) and kind not in ("call", "root", "constant", "letter", "opaque"):
        found = operation(kind, list(exact), str(said))
        if isinstance(found, Fraction):
            return found
    calculate = (_CALLS.get(str(said)) if kind == "call" else _OPERATIONS.get(kind)) if values else None
    if calculate is None:
        raise Unreadable(kind)
    return calculate(*values)


def _decimal(value: Real) -> Decimal:
    if isinstance(value, Decimal):
        return value
    return _REALS.divide(Decimal(value.numerator), Decimal(value.denominator))


def _sum(*values: Real) -> Real:
    total = Decimal(0)
    for value in values:
        total = _REALS.add(total, _decimal(value))
    return total


def _power(base: Real, exponent: Real) -> Real:
    if isinstance(exponent, Fraction) and 1 < exponent.denominator < _MOST_OF_ROOTS:
        return _power(_root(base, Fraction(exponent.denominator)), Fraction(exponent.numerator))
    above, raised = _decimal(base), _decimal(exponent)
    whole = isinstance(exponent, Fraction) and exponent.denominator == 1
    if isinstance(base, Fraction) and isinstance(exponent, Fraction) and whole:
        return _fraction_power(base, exponent)
    if not whole and above <= 0:
        raise Unreadable("a power that is no real number")
    return _bounded(_REALS.power(above, raised))


def _fraction_power(base: Fraction, exponent: Fraction) -> Fraction:
    found = operation("power", [base, exponent], "")
    if not isinstance(found, Fraction):
        raise Unreadable("a power that is not exact")
    return found


def _root(value: Real, degree: Real) -> Real:
    if not isinstance(degree, Fraction) or degree.denominator > 1 or not 1 < degree < _MOST_OF_ROOTS:
        raise Unreadable("a root of another kind")
    if isinstance(value, Fraction):
        found = operation("root", [value, degree], "")
        if isinstance(found, Fraction):
            return found
    number = _decimal(value)
    if number < 0:
        raise Unreadable("a root that is no real number")
    if degree == 2 or number == 0:
        return _REALS.sqrt(number)
    return _REALS.exp(_REALS.divide(_REALS.ln(number), Decimal(int(degree))))


def _bounded(value: Decimal) -> Decimal:
    if abs(value.adjusted()) > _MOST_DIGITS:
        raise TooLarge("too many digits")
    return value


def _absolute(value: Real) -> Real:
    return abs(value) if isinstance(value, Fraction) else _REALS.abs(value)


_CALLS: Mapping[str, Callable[..., Real]] = {
    "abs": _absolute,
    "ln": lambda value: _REALS.ln(_decimal(value)),
    "log": lambda value: _REALS.log10(_decimal(value)),
    "exp": lambda value: _bounded(_REALS.exp(_decimal(value))),
}
_OPERATIONS: Mapping[str, Callable[..., Real]] = {
    "sum": _sum,
    "neg": lambda value: _REALS.minus(value) if isinstance(value, Decimal) else -value,
    "times": lambda one, other: _REALS.multiply(_decimal(one), _decimal(other)),
    "over": lambda one, other: _REALS.divide(_decimal(one), _decimal(other)),
    "power": _power,
    "root": _root,
}
