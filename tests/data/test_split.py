"""The split into search and hold-out, by content alone."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import InputsInvalid
from maspo.data.inputs import make_inputs
from maspo.data.split import split

texts = st.lists(st.text(min_size=1).filter(lambda text: bool(text.strip())), min_size=2, max_size=30, unique=True)


@given(texts, st.floats(0.01, 0.99), st.randoms())
def test_h01_the_order_of_rows_ids_and_labels_change_nothing(rows: list[str], share: float, random: Random) -> None:
    inputs = make_inputs(rows)
    random.shuffle(rows)
    labelled = make_inputs([{"id": f"n{number}", "input": text, "answer": "A"} for number, text in enumerate(rows)])
    assert split(labelled, share) == split(inputs, share)


@given(texts, st.floats(0.01, 0.99))
def test_h02_both_sides_are_disjoint_whole_and_never_empty(rows: list[str], share: float) -> None:
    inputs = make_inputs(rows)
    search, holdout = split(inputs, share)
    assert search and holdout
    assert not set(search) & set(holdout)
    assert {*search, *holdout} == {row.key for row in inputs.rows}
    assert abs(len(holdout) - share * len(inputs.rows)) <= 1


def test_h03_a_single_distinct_input_cannot_be_split() -> None:
    with pytest.raises(InputsInvalid, match="at least 2"):
        split(make_inputs(["x", "x"]), 0.5)


def test_h04_the_split_is_the_same_in_every_version() -> None:
    inputs = make_inputs([f"row {number}" for number in range(6)])
    names = {row.key: row.columns["input"] for row in inputs.rows}
    assert sorted(names[key] for key in split(inputs, 0.5)[1]) == ["row 2", "row 3", "row 4"]
