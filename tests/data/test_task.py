"""Tasks: what agents see and what only the scorer sees, pools apart from tests, splits by content."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import InputsInvalid
from maspo.data.split import find_repeated, is_drawn, normalize
from maspo.data.tasks.task import Task, TaskOptions, TaskRow, without_overlap


def rows(*texts: str) -> tuple[TaskRow, ...]:
    return tuple(TaskRow({"input": text}, id=f"{number}", answer="x") for number, text in enumerate(texts))


MANY = rows(*(f"How much is {number} + {number * 7}?" for number in range(400)))


def test_q01_a_sample_holds_all_that_the_scorer_needs_and_the_input_none_of_it() -> None:
    row = TaskRow({"input": "f"}, "n", "B", ("assert f(1)", "assert f(2)"), "import math", "f", gold="secret")
    task = Task("t", (row,), scorer="code")
    (item,) = task.test.rows
    assert (item.columns, item.label, item.answer) == ({"input": "f"}, "n", "B")
    sample = task.sample(item.key, "def f")
    assert (sample.id, sample.output, sample.answer, sample.question) == ("n", "def f", "B", "f")
    assert (sample.tests, sample.setup, sample.entry_point) == (row.tests, "import math", "f")
    assert task.row(item.key) is row
    with pytest.raises(KeyError):
        task.sample("no such key", "")


def test_q02_a_row_without_an_id_is_labelled_by_its_content() -> None:
    task = Task("t", (TaskRow({"a": "1", "b": "2"}, answer="3"),))
    (item,) = task.test.rows
    assert item.label == item.key == task.sample(item.key, "").id
    assert task.sample(item.key, "").question == "1\n2"


def test_q03_a_task_without_test_rows_is_refused_and_one_without_a_pool_says_how_to_get_one() -> None:
    with pytest.raises(InputsInvalid, match="t: no test rows"):
        Task("t", ())
    with pytest.raises(InputsInvalid, match=r"no rows to optimize on; give the file of its pool .* set a share"):
        _ = Task("t", rows("a")).pool


@pytest.mark.parametrize(
    "copy",
    [
        r"Let $x = \frac{1}{2}$. Find x + 1.5",
        r"LET $x=\dfrac{1}{2}$.  find  x+1.5?",
        r"Let ~$x = \left\tfrac{1}{2}$; Find x\ + 1.5!",
    ],
)
def test_q04_pool_rows_that_repeat_a_test_row_are_an_error_that_names_both(copy: str) -> None:
    test = rows("other", r"Let $x = \frac{1}{2}$. Find x + 1.5")
    pool = (TaskRow({"input": copy}, id="p9"), TaskRow({"input": "fine"}, id="p10"))
    with pytest.raises(
        InputsInvalid, match=r"1 pool rows are also test rows.*p9 = 1\).*TaskOptions\(drop_overlap=True\)"
    ):
        Task("t", test, pool)
    assert without_overlap(pool, test) == pool[1:]
    assert len(Task("t", test, without_overlap(pool, test)).pool.rows) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.5 apples", "15 apples"),
        ("x + 1", "x - 1"),
        ("2(3+4)", "2(3+5)"),
        ("{1,2}", "{12}"),
        ("a < b", "a > b"),
    ],
)
def test_q05_what_differs_in_meaning_is_no_overlap(one: str, other: str) -> None:
    assert normalize(one) != normalize(other)
    assert find_repeated([one], [other]) == []


@given(st.lists(st.text(max_size=12), max_size=8), st.lists(st.text(max_size=12), max_size=8))
def test_q06_overlap_is_symmetric_and_finds_every_exact_repeat(some: list[str], others: list[str]) -> None:
    found = find_repeated(some, others)
    assert {number for number, _ in found} >= {number for number, text in enumerate(some) if text in others}
    assert bool(found) == bool(find_repeated(others, some))
    assert all(normalize(some[one]) == normalize(others[other]) for one, other in found)


def test_q07_a_split_depends_on_content_alone() -> None:
    task = Task("t", MANY).split(0.25)
    assert 70 <= len(task.pool_rows) <= 130
    assert len(task.pool_rows) + len(task.test_rows) == 400
    shuffled = list(MANY)
    Random(3).shuffle(shuffled)
    half = Task("t", tuple(shuffled[:200])).split(0.25)
    pool = {row.id for row in task.pool_rows}
    assert {row.id for row in half.pool_rows} == pool & {row.id for row in shuffled[:200]}
    assert task.notes == (f"t: {len(pool)} of 400 test rows are set aside for optimization",)


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_q08_a_greater_share_holds_the_smaller_one(text: str, one: float, other: float) -> None:
    assert is_drawn(text, min(one, other)) <= is_drawn(text, max(one, other))
    assert is_drawn(text, 1.0) and not is_drawn(text, 0.0)


def test_q09_a_share_that_leaves_one_side_empty_is_refused() -> None:
    for share in (0.0, 1.0):
        with pytest.raises(InputsInvalid, match="leaves one side empty"):
            Task("t", MANY).split(share)


def test_q11_nothing_is_agreed_to_by_default() -> None:
    assert TaskOptions() == TaskOptions(download=False, drop_overlap=False, split=None)
