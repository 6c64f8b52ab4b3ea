"""Ridge regression over sparse columns."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.stats.ridge import ridge

NUMBERS = st.floats(-1, 1, allow_subnormal=False)


def test_s40_without_observations_every_coefficient_is_nought() -> None:
    assert ridge([[], []], [], [], 4.0, 1e-9) == [0.0, 0.0]


def test_s41_one_cause_alone_is_shrunk_towards_nought() -> None:
    assert ridge([[(0, 2.0)]], [3.0], [5.0], 4.0, 1e-12) == pytest.approx([2.0 * 5.0 * 3.0 / (4.0 + 5.0 * 4.0)])


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=8), st.floats(0.5, 20))
def test_s42_the_gradient_of_the_posterior_vanishes(rows: list[tuple[float, float, float]], trust: float) -> None:
    values = [[row[0] for row in rows], [row[1] for row in rows]]
    columns = [list(enumerate(column)) for column in values]
    targets, precision = [row[2] for row in rows], [1.0 + number for number in range(len(rows))]
    found = ridge(columns, targets, precision, trust, 1e-10)
    for own, column in zip(found, values, strict=True):
        left = [target - found[0] * a - found[1] * b for target, a, b in zip(targets, *values, strict=True)]
        pull = sum(p * value * rest for p, value, rest in zip(precision, column, left, strict=True))
        assert pull == pytest.approx(trust * own, abs=1e-4)


def test_s43_hundreds_of_causes_mixed_in_every_run_are_solved_to_the_end() -> None:
    chance, runs, trust = Random(3), 90, 1600.0
    columns = [[(row, 1.0) for row in range(runs) if chance.random() < 0.5] for _ in range(300)]
    targets = [chance.choice((-0.5, 0.0, 0.5)) - 1.0 for _ in range(runs)]
    found = ridge(columns, targets, [20.0] * runs, trust, 1e-9)
    left = list(targets)
    for own, column in zip(found, columns, strict=True):
        for row, _ in column:
            left[row] -= own
    for own, column in zip(found, columns, strict=True):
        assert sum(20.0 * left[row] for row, _ in column) == pytest.approx(trust * own, abs=1e-4)
