"""Columns and placeholders that were typed another way are named, with what was probably meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from maspo.core.errors import InputsInvalid
from maspo.data.inputs import make_inputs
from maspo.runners.messages import check_inputs
from maspo.team import Agent, System


def team(prompt: str) -> System:
    return System((Agent("solver", prompt),))


def test_n01_a_placeholder_that_is_a_slip_is_named_where_no_prompt_names_a_column() -> None:
    with pytest.raises(InputsInvalid) as caught:
        check_inputs(team("Answer {qestion}."), make_inputs([{"question": "Why?"}]))
    assert "agents.solver: {qestion} is no placeholder" in str(caught.value)
    assert "did you mean {question}?" in str(caught.value)


@pytest.mark.parametrize("column", ["inptu", "inputs", "Input", "imput"])
def test_n02_a_column_that_is_a_slip_of_input_is_named_where_every_row_has_it(column: str) -> None:
    with pytest.raises(InputsInvalid, match=f"did you mean `input` by `{column}`"):
        check_inputs(team("Answer."), make_inputs([{column: "Why?"}, {column: "How?"}]))


@pytest.mark.parametrize("column", ["anwser", "label", "Labels", "gold", "target", "answr", "lables", "expected"])
def test_n03_a_column_that_probably_holds_the_labels_is_told(column: str) -> None:
    (said,) = check_inputs(team("Answer."), make_inputs([{"input": "Why?", column: "so"}]))
    assert f"no prompt names the column {column!r}" in said
    assert said.endswith("rename it to `answer`")


@pytest.mark.parametrize(
    "rows",
    [
        [{"input": "Why?", "user": "a"}],
        [{"input": "Why?", "difficulty": "a", "source": "b", "number": "1"}],
        [{"input": "Why?", "label": "x", "answer": "so"}],
    ],
)
def test_n04_other_columns_are_not(rows: Sequence[Mapping[str, object]]) -> None:
    assert check_inputs(team("Answer."), make_inputs(rows)) == []


def test_n05_a_column_that_a_prompt_names_is_not_taken_for_labels() -> None:
    assert check_inputs(team("Say why {input} is {label}."), make_inputs([{"input": "x", "label": "y"}])) == []
