"""Tables as spreadsheets and people write them are read as they are meant, or refused with their line and the fix."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maspo.core.errors import InputsInvalid
from maspo.data.inputs import load_inputs
from maspo.data.records import read_records

ROWS = [{"input": "What, then?", "answer": "A"}, {"input": "Größe; Maß\tund €?", "answer": ""}]


def table(sign: str) -> str:
    return f'input{sign}answer\n"What, then?"{sign}A\n"Größe; Maß\tund €?"{sign}\n'


def written(folder: Path, content: bytes, name: str = "rows.csv") -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_r01_signs_between_cells_and_encodings_are_told(sign: str, encoding: str, tmp_path: Path) -> None:
    for name in ("rows.csv", "rows.tsv", "ROWS.CSV"):
        assert read_records(written(tmp_path, table(sign).encode(encoding), name)) == ROWS
    lines = table(sign).replace("\n", "\r\n").encode(encoding)
    assert read_records(written(tmp_path, lines)) == ROWS


def test_r02_json_lines_in_utf_16_are_read(tmp_path: Path) -> None:
    assert read_records(written(tmp_path, '{"input": "ä"}\n'.encode("utf-16"), "rows.jsonl")) == [{"input": "ä"}]


@pytest.mark.parametrize("blank", ["", ",", "  ,  ", " ", ",,,"])
def test_r03_blank_rows_and_cells_beyond_the_table_are_none(blank: str, tmp_path: Path) -> None:
    content = f"{blank}\ninput,answer\n{blank}\na,1,,\n{blank}\nb,\n{blank}".encode()
    assert read_records(written(tmp_path, content)) == [{"input": "a", "answer": "1"}, {"input": "b", "answer": ""}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("input,answer\na,1\nWhat, then?,A\n", "line 3: 3 cells, and 2 columns"),
        ("input\nok\nWhat, then?\n", "line 3: 2 cells, and 1 columns"),
        ("input;answer\na;b;c\n", "line 2: 3 cells"),
        ("input,\na,b\n", "line 2: 2 cells, and 1 columns"),
        ("question,context,answer\nWhy?,It rains,A\nWhat?,B\n", "line 3: 2 cells, and 3 columns; one is missing"),
        ("question;context;answer\nWhat?;B\n", "line 2: 2 cells, and 3 columns; one is missing"),
        ("question\tcontext\tanswer\nWhat?\tB\n", "line 2: 2 cells, and 3 columns; one is missing"),
        ("input,answer\nWhat?\n", "line 2: 1 cell, and 2 columns; one is missing"),
        (",input,answer\n0,What?\n", "line 2: 2 cells, and 3 columns; one is missing"),
        ("input,input\na,b\n", "two columns are named 'input'"),
        ('input,answer\n"a,1\n', "line 2: a quotation mark opens a text"),
        ('input,answer\n"a"b,1\n', "not CSV"),
    ],
)
def test_r04_what_would_be_read_askew_is_refused_with_its_line_and_the_fix(
    content: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(InputsInvalid) as caught:
        load_inputs(written(tmp_path, content.encode()))
    assert said in str(caught.value)
    assert "JSON Lines" in str(caught.value) or "name them apart" in str(caught.value)


def test_r05_what_is_no_text_is_refused_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(InputsInvalid, match="give a UTF-8"):
        load_inputs(written(tmp_path, "input\nGröße\n".encode("cp1252")))


def test_r06_row_numbers_of_a_data_frame_are_no_column(tmp_path: Path) -> None:
    assert read_records(written(tmp_path, b",input\n0,a\n1,b\n")) == [{"input": "a"}, {"input": "b"}]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", "^"])
def test_r07_a_first_line_may_say_what_parts_the_cells(sign: str, tmp_path: Path) -> None:
    assert read_records(written(tmp_path, f"sep={sign}\r\n{table(sign)}".encode())) == ROWS
    with pytest.raises(InputsInvalid, match="line 3: 3 cells"):
        read_records(written(tmp_path, f"sep={sign}\ninput{sign}answer\na{sign}b{sign}c\n".encode()))


def test_r08_a_spreadsheet_is_refused_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(InputsInvalid, match="save its sheet as CSV"):
        load_inputs(written(tmp_path, b"PK\x03\x04", "rows.XLSX"))


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
@pytest.mark.parametrize("between", ["\n", "\n\n", " ", ""])
def test_r09_objects_over_several_lines_one_after_another_are_rows(name: str, between: str, tmp_path: Path) -> None:
    printed = between.join(json.dumps(row, indent=4) for row in ROWS)
    assert read_records(written(tmp_path, printed.encode(), name)) == ROWS


def test_r10_of_such_objects_one_that_is_not_whole_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputsInvalid, match="line 1: not JSON"):
        read_records(written(tmp_path, json.dumps(ROWS[0], indent=4).encode()[:-1], "rows.jsonl"))
    with pytest.raises(InputsInvalid, match="line 1: not JSON"):
        read_records(written(tmp_path, b'{\n"input": "x"\n}\n"y"', "rows.jsonl"))
