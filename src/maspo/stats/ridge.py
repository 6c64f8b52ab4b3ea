"""Ridge regression over sparse columns: what each of many causes adds, told apart from runs that mix them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import sqrt
from operator import mul

from maspo.core.sums import add_up

_PASSES = 200
"""Conjugate gradients end after as many passes as there are causes; far fewer are needed (see ``ridge``)."""

Column = Sequence[tuple[int, float]]
"""Where a coefficient counts: (observation, value) pairs."""


def ridge(
    columns: Sequence[Column], targets: Sequence[float], precision: Sequence[float], trust: float, close: float
) -> list[float]:
    """Return the posterior mean of every coefficient, each ~ Normal(0, 1 / ``trust``) beforehand.

    Observation r is ~ Normal(Σ coefficient · value, 1 / ``precision``[r]). Conjugate gradients on the normal equations,
    preconditioned by their diagonal (Hestenes and Stiefel 1952), until no coefficient would move by ``close`` on its
    own. A pass is linear in the number of pairs, and few are needed where hundreds of causes are mixed in every run.
    """
    found = [0.0] * len(columns)
    left = list(targets)
    curvature = [trust + add_up(precision[row] * value**2 for row, value in column) for column in columns]
    direction, energy = found, 1.0
    for _ in range(_PASSES):
        # How strongly what is left, and the expectation of nothing, pull at each coefficient.
        weighted = list(map(mul, precision, left))
        pulls = _along([add_up([weighted[row] * value for row, value in column]) for column in columns], -trust, found)
        alone = [pull / bend for pull, bend in zip(pulls, curvature, strict=True)]
        if max(map(abs, alone), default=0.0) < close:
            break
        energy, before = _dot(pulls, alone), energy
        direction = _along(alone, energy / before, direction)
        moved = [0.0] * len(left)
        for step, column in zip(direction, columns, strict=True):
            for row, value in column:
                moved[row] += step * value
        length = energy / (_dot(precision, map(mul, moved, moved)) + trust * _dot(direction, direction))
        found = _along(found, length, direction)
        left = _along(left, -length, moved)
    return found


def deviations(matrix: Sequence[Sequence[float]], wanted: Iterable[Mapping[int, float]]) -> Iterator[float]:
    """Yield the standard deviation of sums of coefficients, each given by how its coefficients count, by their places.

    ``matrix`` is the precision of all coefficients, symmetric and positive definite; for some dozens of them, since its
    decomposition (Cholesky) takes a third of their number to the power of three.
    """
    lower: list[list[float]] = []
    for row in matrix:
        below: list[float] = []
        for place, known in enumerate(lower):
            below.append((row[place] - _dot(known[:place], below)) / known[place])
        lower.append([*below, sqrt(row[len(below)] - _dot(below, below))])
    for sum_ in wanted:
        solved: list[float] = []
        for place, known in enumerate(lower):
            solved.append((sum_.get(place, 0.0) - _dot(known[:place], solved)) / known[place])
        yield sqrt(_dot(solved, solved))


def _along(start: Sequence[float], length: float, direction: Sequence[float]) -> list[float]:
    return [here + length * step for here, step in zip(start, direction, strict=True)]


def _dot(one: Iterable[float], other: Iterable[float]) -> float:
    product: float = add_up(map(mul, one, other))
    return product
