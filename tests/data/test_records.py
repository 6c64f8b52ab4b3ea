"""Rows from files of every format, and finding the file of a benchmark in a folder."""

from __future__ import annotations

import builtins
import datetime
import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from maspo.core.errors import InputsInvalid
from maspo.data import records
from maspo.data.inputs import load_inputs
from maspo.data.records import find, read_records, rows_below

ROWS = [{"input": "Why?", "options": ["A)1", "B)2"], "n": 1}, {"input": "How?", "options": [], "n": 2}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def as_parquet(file: Path) -> None:
    parquet.write_table(pa.Table.from_pylist(ROWS), file)


WRITERS: Mapping[str, Callable[[Path], object]] = {
    "a.jsonl": lambda file: file.write_text(LINES),
    "a.txt": lambda file: file.write_text(LINES),
    "lines.json": lambda file: file.write_text(LINES),
    "list.json": lambda file: file.write_text(json.dumps(ROWS, indent=1)),
    "a.jsonl.gz": lambda file: file.write_bytes(gzip.compress(LINES.encode())),
    "a.parquet": as_parquet,
    "A.PARQUET": as_parquet,
}


@pytest.mark.parametrize("name", WRITERS)
def test_r01_the_same_rows_come_from_every_format(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    assert read_records(tmp_path / name) == ROWS
    assert [row.columns["options"] for row in load_inputs(tmp_path / name).rows] == ["A)1\nB)2", ""]


def test_r02_csv_gives_texts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('input,n\n"Why, so?",1\n')
    assert read_records(tmp_path / "a.csv") == [{"input": "Why, so?", "n": "1"}]


def test_r03_parquet_cells_that_json_does_not_know_become_text(tmp_path: Path) -> None:
    table = pa.Table.from_pylist([{"input": "x", "day": datetime.date(2026, 1, 2)}])
    parquet.write_table(table, tmp_path / "a.parquet")
    assert read_records(tmp_path / "a.parquet") == [{"input": "x", "day": "2026-01-02"}]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.json", b'[{"input": "x"}, 3]', "row 2: a int; write an object"),
        ("a.json", b'{"input": "x"}\n{', "line 2: not JSON"),
        ("a.parquet", b"PAR1 not at all", "not Parquet"),
        ("a.jsonl.gz", b"no gzip", "cannot be read"),
        ("a.jsonl.gz", gzip.compress(LINES.encode(), mtime=0)[:30], "cannot be read"),
    ],
)
def test_r04_what_cannot_be_read_is_said_with_file_and_place(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputsInvalid) as error:
        read_records(tmp_path / name)
    assert told in str(error.value) and str(tmp_path / name) in str(error.value)


def test_r05_without_the_extra_parquet_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    as_file = tmp_path / "a.parquet"
    as_file.write_bytes(b"")
    with pytest.raises(InputsInvalid, match=r"Parquet needs pyarrow; install it with `pip install 'maspo\[parquet\]'`"):
        read_records(as_file)


def test_r06_a_missing_parquet_file_is_missing_like_any_other(tmp_path: Path) -> None:
    with pytest.raises(InputsInvalid, match="no such file"):
        read_records(tmp_path / "a.parquet")


def test_r07_files_are_found_whatever_their_case_hyphens_and_suffix(tmp_path: Path) -> None:
    (tmp_path / "MATH" / "train").mkdir(parents=True)
    (tmp_path / "Math-500.JSONL.gz").write_bytes(b"")
    (tmp_path / "aqua.md").write_text("")
    assert find(tmp_path, "math_500", "other") == tmp_path / "Math-500.JSONL.gz"
    assert find(tmp_path, "nothing", "math/train") == tmp_path / "MATH" / "train"
    assert find(tmp_path, "aqua") is None
    assert find(tmp_path, "math_500/train") is None


def test_r08_a_folder_of_single_rows_is_read_whole_and_each_row_names_its_file(tmp_path: Path) -> None:
    for name in ("algebra/2.json", "algebra/1.json", "b.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"problem": name}))
    (tmp_path / "notes.md").write_text("no row")
    expected = [{"file": name, "problem": name} for name in ("algebra/1.json", "algebra/2.json", "b.json")]
    assert list(rows_below(tmp_path)) == expected


@pytest.mark.parametrize("place", ["rows.jsonl", "."])
def test_r09_rows_of_a_file_larger_than_a_run_can_hold_are_read_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    file = tmp_path / "rows.jsonl"
    lines = [json.dumps({"n": number, "text": "ü" * 10}, ensure_ascii=False) for number in range(50)]
    file.write_text("\ufeff" + "\r\n".join(lines) + "\n\n", encoding="utf-8")
    monkeypatch.setattr(records, "_MOST_BYTES", 100)
    with pytest.raises(InputsInvalid, match="larger than"):
        read_records(file)
    assert [row["n"] for row in rows_below(tmp_path / place)] == list(range(50))
    for wrong, told in (
        (b'{"n": 1}\nno\n' + b" " * 99, "line 2: not JSON"),
        (b'{"n": "' + b"x" * 99 + b'"}', "line 1 is larger than"),
        (b"\n" * 99 + b'{"n": "\xff"}', "cannot be read"),
    ):
        file.write_bytes(wrong)
        with pytest.raises(InputsInvalid, match=told):
            list(rows_below(tmp_path / place))
