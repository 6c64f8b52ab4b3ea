"""Small numbers as people read them: with the digits that tell them apart from what stands beside them. Pure."""

from __future__ import annotations

from math import floor, log10

THOUSANDTH = 0.001
"""Below it a p-value is usually told as that alone; not beside a level that is smaller itself."""
_WITH_EXPONENT = 1e-7
"""Below it zeros are harder to count than an exponent is to read."""


def write_number(value: float, digits: int = 2) -> str:
    """Return a number with so many significant digits, without an exponent unless it is tiny."""
    if not _WITH_EXPONENT <= value < THOUSANDTH:
        return f"{value:.{digits}g}"
    return f"{value:.{digits - 1 - floor(log10(value))}f}".rstrip("0")


def beside(p: float, level: float) -> str:
    """Return a p-value with digits that tell on which side of a level it is: 0.000244 is above 0.00024."""
    alike = p != level and write_number(p) == write_number(level)
    return write_number(p, 3 if alike or level < THOUSANDTH else 2)


def needs_digits(p: float, level: float) -> bool:
    """Return whether a p-value needs more digits than usual: it looks like its level, or both are tiny."""
    return max(p, level) < THOUSANDTH or write_number(p) == write_number(level)
