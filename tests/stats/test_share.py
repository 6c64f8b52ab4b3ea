"""The interval of a share."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.stats.share import share_interval

NORMAL = 1.959963984540054


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_w01_the_bounds_are_where_the_score_test_just_fails(found: tuple[int, int]) -> None:
    count, n = found
    low, high = share_interval(count, n)
    assert 0 <= low <= count / n <= high <= 1
    for bound in (low, high):
        if 1e-9 < bound < 1 - 1e-9:
            assert abs(count / n - bound) == pytest.approx(NORMAL * (bound * (1 - bound) / n) ** 0.5)


def test_w02_without_any_comparison_everything_is_possible() -> None:
    assert share_interval(0, 0) == (0.0, 1.0)


@given(st.integers(1, 200))
def test_w03_none_of_more_is_surer(n: int) -> None:
    assert share_interval(0, n + 1)[1] < share_interval(0, n)[1]
    assert share_interval(n, n)[0] == pytest.approx(1 - share_interval(0, n)[1])
