"""Which further tests of HumanEval-ET count: those that a right program can pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.data.tasks.code import is_sound, known_names
from maspo.data.tasks.registry import task_of
from maspo.data.tasks.task import TaskOptions

HEAD = """import math
from typing import List as L
TABLE, LIMIT = {}, 3

def given(x):
    inner = 1

def f(x):
    pass
"""
KNOWN = known_names(HEAD)


def test_s01_names_of_the_head_are_those_on_its_top_level() -> None:
    assert {"math", "L", "TABLE", "LIMIT", "given", "f"} == KNOWN
    assert known_names("def f(:") == frozenset()


@pytest.mark.parametrize(
    "test",
    [
        "assert f(1) == 2",
        "assert f(given(1)) is None and len(TABLE) < LIMIT",
        "assert abs(f(0.3) - 0.1) < 1e-6",
        "assert f([x * 2 for x in range(3)]) == {'a': [True]}",
        "assert sorted(f(1), key=lambda pair: pair[0]) == []",
        "assert f(2) == 2.0",
        "assert f(1.5, 2.5) == (1.5, 2.5)",
        "assert f(0.1) != 0.2",
        "import copy\nassert f(copy.deepcopy([1])) == [1]",
    ],
)
def test_s02_what_a_right_program_passes_counts(test: str) -> None:
    assert is_sound(test, KNOWN)


@pytest.mark.parametrize(
    "test",
    [
        "assert f(x) == y",
        "assert f(copy.deepcopy([1])) == [1]",
        "assert f(inner) == 1",
        "assert f(3.452) == 0.452",
        "assert f([1.5]) == [0.25, 1.0]",
        "assert 0.1 == f(3)",
        "assert f(3) == -0.1",
        "assert f(3) == {'a': 0.1}",
        "assert f(",
        "assert prime_fib(12) == 99194853094755497",
    ],
)
def test_s03_what_no_right_program_can_be_sure_to_pass_does_not(test: str) -> None:
    assert not is_sound(test, KNOWN)


@given(st.text())
def test_s04_no_text_is_too_odd_to_be_looked_at(text: str) -> None:
    assert is_sound(text, known_names(text)) in (True, False)


def test_s05_few_tests_are_left_out_and_every_row_keeps_its_own(shared: Path) -> None:
    task = task_of("humaneval-et", shared, TaskOptions(split=0), {})
    assert all("\ncheck(" in row.tests[0] for row in task.test_rows)
    assert sum(len(row.tests) - 1 for row in task.test_rows) > 9500
