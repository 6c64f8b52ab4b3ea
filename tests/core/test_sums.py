"""Sums are the same in all versions of Python, and code of ours takes no other sums of floats."""

from __future__ import annotations

import builtins
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.sums import add_up
from maspo.store.schema import connect

FLOATS = st.floats(-1e6, 1e6)


@given(st.lists(FLOATS))
def test_sm01_numbers_are_added_one_after_another(values: list[float]) -> None:
    total = 0.0
    for value in values:
        total += value
    assert add_up(values) == total == add_up(iter(values))
    assert add_up(values) == pytest.approx(math.fsum(values), abs=1e-6)


def test_sm02_the_last_digit_is_that_of_the_oldest_python() -> None:
    assert add_up([0.1] * 10) == 0.9999999999999999  # `sum` says 1.0 from Python 3.12 on
    assert add_up([0.0009, 0.000003, 0.0000002]) == 0.0009 + 0.000003 + 0.0000002
    assert add_up([0.1 + 0.1j] * 10) == 0.9999999999999999 + 0.9999999999999999j  # and 1 + 1j from 3.14 on
    assert add_up([]) == 0


def test_sm03_a_sum_of_floats_in_code_of_ours_fails_a_test() -> None:
    of_ours = {"__name__": "maspo.somewhere"}
    assert eval("sum([1, 2])", of_ours) == builtins.sum([1, 2]) == 3
    with pytest.raises(AssertionError, match="add_up"):
        eval("sum([0.1, 0.2])", of_ours)
    with pytest.raises(AssertionError, match="add_up"):
        eval("sum([0.1j, 0.2])", of_ours)


def test_sm04_money_in_a_record_is_added_up_likewise(tmp_path: Path) -> None:
    connection = connect(tmp_path / "some.db", "rwc")
    connection.execute("CREATE TABLE calls (usd REAL)")
    connection.executemany("INSERT INTO calls VALUES (?)", [(None,), *[(0.1,)] * 10])
    assert connection.execute("SELECT ADD_UP(usd) FROM calls").fetchone() == (0.9999999999999999,)
    assert connection.execute("SELECT ADD_UP(usd) FROM calls WHERE usd IS NULL").fetchone() == (None,)
    assert connection.execute("SELECT ADD_UP(usd) FROM calls WHERE usd > 1").fetchone() == (None,)
    connection.close()
