"""Inputs: read from files, identified by content, duplicates merged, labels kept away from agents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import InputsInvalid
from maspo.data.inputs import Inputs, input_text, load_inputs, make_inputs


def written(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_i01_json_lines_and_csv_with_equal_rows_give_equal_inputs(tmp_path: Path) -> None:
    lines = written(tmp_path, "a.jsonl", '{"question": "Why?", "hint": "x"}\n\n{"question": "How?", "hint": ""}\n')
    table = written(tmp_path, "a.csv", "question,hint\nWhy?,x\nHow?,\n")
    assert load_inputs(lines).rows == load_inputs(table).rows
    assert load_inputs(lines).columns == {"question", "hint"}


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "A.CSV"])
def test_i02_a_byte_order_mark_is_no_text(tmp_path: Path, name: str) -> None:
    text = '{"input": "x"}\n' if name.endswith("l") else "input\nx\n"
    (row,) = load_inputs(written(tmp_path, name, b"\xef\xbb\xbf" + text.encode())).rows
    assert row.columns == {"input": "x"}


def test_i03_quoted_cells_keep_newlines_and_commas(tmp_path: Path) -> None:
    (row,) = load_inputs(written(tmp_path, "a.csv", 'input,b\r\n"one,\r\ntwo ""2""",x\r\n')).rows
    assert row.columns == {"input": 'one,\ntwo "2"', "b": "x"}


def test_i04_equal_rows_are_merged_and_counted_whatever_their_id_or_answer() -> None:
    found = make_inputs(["x", {"input": "x"}, {"id": "7", "input": "x", "answer": "B"}, "y"])
    assert [row.columns["input"] for row in found.rows] == ["x", "y"]
    assert found.merged == 2


def test_i05_one_id_on_two_different_rows_is_refused() -> None:
    with pytest.raises(InputsInvalid, match=r"rows\.jsonl, row 3: id 'a' is taken by another row; make ids unique"):
        make_inputs([{"id": "a", "input": "x"}, "z", {"id": "a", "input": "y"}], source="rows.jsonl")


def test_i06_keys_come_from_content_not_from_position_order_or_id() -> None:
    first = make_inputs([{"id": 1, "b": "2", "a": "1"}, "other"]).rows[0]
    second = make_inputs(["other", {"a": "1", "b": "2", "answer": "x"}]).rows[1]
    assert first.key == second.key
    assert (first.label, second.label) == ("1", second.key)


def test_i07_an_answer_is_never_among_the_columns() -> None:
    (row,) = make_inputs([{"input": "x", "answer": ["B", "b"], "id": "n"}]).rows
    assert row.columns == {"input": "x"}
    assert row.answer == "B\nb"
    assert "B" not in input_text(row)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["A)1", "B)2"], "A)1\nB)2"),
        ([], ""),
        (["a", 1], '["a", 1]'),
        ({"k": "ü"}, '{"k": "ü"}'),
        (3, "3"),
        (1.5, "1.5"),
        (True, "true"),
        (None, ""),
        ("as it is ", "as it is "),
    ],
)
def test_i08_columns_become_text(value: object, text: str) -> None:
    (row,) = make_inputs([{"input": "x", "column": value}]).rows
    assert row.columns["column"] == text


def test_i09_columns_are_those_that_every_row_has() -> None:
    assert make_inputs([{"a": "1", "b": "2"}, {"a": "3", "c": "4"}]).columns == {"a"}


def test_i10_an_agent_without_placeholders_reads_input_or_the_named_columns() -> None:
    whole, parts = make_inputs([{"input": "x", "more": "y"}, {"a": "1", "b": "2"}]).rows
    assert input_text(whole, ["more"]) == "x"
    assert input_text(parts) == "a:\n1\n\nb:\n2"
    assert input_text(parts, ["b"]) == "b:\n2"


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", "", "no inputs"),
        ("a.csv", "input\n", "no inputs"),
        ("a.jsonl", '{"input": "x"}\n{"input": ', "line 2: not JSON"),
        ("a.jsonl", '["x"]', "line 1: a list; write an object"),
        ("a.jsonl", '"x"', "line 1: a str"),
        ("a.jsonl", '{"input": "  "}', "row 1: no text"),
        ("a.jsonl", '{"id": "1", "answer": "B"}', "row 1: no text"),
        ("a.jsonl", "[" * 100_000, "line 1: not JSON"),
        ("a.jsonl", '{"input": ' + "1" * 5000 + "}", "line 1: not JSON"),
        ("a.csv", 'input\n"' + "x" * 200_000 + '"\n', "not CSV"),
        ("a.jsonl", b"\xff\xfe{", "cannot be read"),
    ],
)
def test_i11_what_cannot_be_used_is_said_with_file_and_place(
    tmp_path: Path, name: str, content: str | bytes, told: str
) -> None:
    file = written(tmp_path, name, content)
    with pytest.raises(InputsInvalid) as error:
        load_inputs(file)
    assert told in str(error.value)
    assert str(file) in str(error.value)


def test_i12_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputsInvalid, match="no such file; give a JSON Lines or CSV file"):
        load_inputs(tmp_path / "nothing.jsonl")
    with pytest.raises(InputsInvalid, match="cannot be read"):
        load_inputs(tmp_path)


def test_i13_a_lone_surrogate_is_replaced_because_it_can_be_neither_sent_nor_kept(tmp_path: Path) -> None:
    (row,) = load_inputs(written(tmp_path, "a.jsonl", '{"n\\udc00": "a \\ud800 b \\ud83d\\ude42"}')).rows
    assert row.columns == {"n�": "a � b 🙂"}


@given(
    st.lists(
        st.dictionaries(st.text(min_size=1), st.text(min_size=1), min_size=1),
        min_size=1,
        max_size=5,
    )
)
def test_i14_rows_survive_json_lines(tmp_path_factory: pytest.TempPathFactory, rows: list[Mapping[str, str]]) -> None:
    def loaded() -> Inputs:
        file = tmp_path_factory.mktemp("rows") / "a.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return load_inputs(file)

    try:
        expected = make_inputs(rows)
    except InputsInvalid:
        with pytest.raises(InputsInvalid):
            loaded()
        return
    assert loaded() == expected
