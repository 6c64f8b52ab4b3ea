"""Ridge regression over sparse columns: what each of many causes adds, told apart from runs that mix them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_PASSES = 200

Column = Sequence[tuple[int, float]]
"""Where a coefficient counts: (observation, value) pairs."""


def ridge(
    columns: Sequence[Column], targets: Sequence[float], precision: Sequence[float], trust: float, close: float
) -> list[float]:
    """Return the posterior mean of every coefficient, each ~ Normal(0, 1 / ``trust``) beforehand.

    Observation r is ~ Normal(Σ coefficient · value, 1 / ``precision``[r]). Coordinate descent on the normal equations,
    until no coefficient moves by ``close`` any more: linear in the number of pairs, so nothing needs a matrix.
    """
    left = list(targets)
    found = [0.0] * len(columns)
    curvature = [trust + sum(precision[row] * value**2 for row, value in column) for column in columns]
    for _ in range(_PASSES):
        largest = 0.0
        for number, column in enumerate(columns):
            pull = sum(precision[row] * value * left[row] for row, value in column)
            step = (pull - trust * found[number]) / curvature[number]
            found[number] += step
            for row, value in column:
                left[row] -= step * value
            largest = max(largest, abs(step))
        if largest < close:
            break
    return found
