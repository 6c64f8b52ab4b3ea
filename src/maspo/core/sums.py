"""Adding numbers up so that every version of Python comes to the same.

From Python 3.12 on the built-in ``sum`` corrects the rounding of floats (from 3.14 on of complex numbers), so it ends
in another digit than that of 3.11. A search that goes by such a sum would decide otherwise there, and a run begun under
one version could not go on under the other: resume is replay.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import TypeVar

Number = TypeVar("Number", float, complex)


def add_up(values: Iterable[Number]) -> Number:
    """Return the sum of numbers, added one after another from 0, each step rounded (IEEE 754): what ``sum`` was."""
    return reduce(add, values, 0)
