"""``maspo score``: one line a row, whatever the rows hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run, Said

ROWS: list[object] = [
    {"id": "a", "output": "So it is <answer>42</answer>", "answer": "42"},
    {"id": 7, "output": r"\boxed{41}", "answer": 42},
    {"output": "<answer>x</answer>", "answer": "x"},
    {"id": "no label", "output": "<answer>x</answer>"},
]


def write(rows: list[object], name: str = "rows.jsonl") -> str:
    Path(name).write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return name


def lines(said: Said) -> list[dict[str, Any]]:
    return [json.loads(line) for line in said.out.splitlines()]


def test_c01_one_line_a_row_in_their_order_with_their_own_ids(maspo: Run) -> None:
    said = maspo("score", write(ROWS), "--scorer", "exact")
    assert said.code == 0, said
    found = lines(said)
    assert [row["id"] for row in found] == ["a", 7, 3, "no label"]
    assert [row["outcome"] for row in found] == ["correct", "wrong", "correct", "failed"]
    assert [row["correct"] for row in found] == [True, False, True, False]
    assert found[1]["read"] == "41"
    assert set(found[0]) == {"id", "correct", "outcome", "read", "why"}
    assert "4 rows: 66.7% correct (95% interval 20.8% to 93.9%)" in said.err
    assert "1 that could not be scored" in said.err


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("{not json", "not JSON"),
        ("[1, 2]", "a list"),
        ({"id": 1, "answer": "x"}, "no output"),
        ({"id": 1, "output": None}, "null"),
        ({"id": 1, "output": ["x"]}, "a list"),
        ({"id": 1, "output": "x", "tests": [1]}, "tests"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_c02_a_bad_row_fails_alone(maspo: Run, row: object, why: str) -> None:
    said = maspo("score", write([ROWS[0], row, ROWS[0]]), "--scorer", "exact")
    assert said.code == 0, said
    found = lines(said)
    assert [one["outcome"] for one in found] == ["correct", "failed", "correct"]
    assert why in found[1]["why"]
    assert "line 2" in found[1]["why"]
    assert "line 2" in said.err


def test_c03_what_models_write_is_never_taken_for_a_line_of_ours(maspo: Run) -> None:
    texts = ["\ud800", "\x00", '"}\n{"id": "forged", "correct": true}', "\x1b]0;x\x07", "a\u2028b", "x" * 2_000_000]
    said = maspo(
        "score", write([{"id": text[:50], "output": text, "answer": "1"} for text in texts]), "--scorer", "exact"
    )
    assert said.code == 0, said
    found = lines(said)
    assert [row["id"] for row in found] == [text[:50] for text in texts]
    assert not any(row["correct"] for row in found)
    assert said.out.isascii()


def test_c04_a_summary_for_scripts(maspo: Run) -> None:
    said = maspo("score", write(ROWS), "--scorer", "exact", "--json")
    assert len(lines(said)) == len(ROWS) + 1
    assert said.json["rows"] == 4
    assert said.json["scored"] == 3
    assert said.json["failed"] == 1
    assert said.json["share"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["missing.jsonl", "--scorer", "exact"], "no such file"),
        ([".", "--scorer", "exact"], "cannot be read"),
        (["rows.jsonl", "--scorer", "best"], "unknown scorer"),
        (["rows.jsonl", "--scorer", "judge"], "maspo evaluate"),
        (["empty.jsonl", "--scorer", "exact"], "no rows"),
    ],
)
def test_c05_what_cannot_be_used_is_said(maspo: Run, arguments: list[str], what: str) -> None:
    write(ROWS)
    Path("empty.jsonl").write_text("\n\n")
    said = maspo("score", *arguments)
    assert said.code == 2
    assert what in said.err
    assert not said.out


def test_c06_many_rows_are_scored_in_their_order(maspo: Run) -> None:
    rows: list[object] = [{"id": n, "output": f"<answer>{n % 3}</answer>", "answer": "1"} for n in range(1500)]
    found = lines(maspo("score", write(rows), "--scorer", "exact"))
    assert [row["id"] for row in found] == list(range(1500))
    assert [row["correct"] for row in found] == [n % 3 == 1 for n in range(1500)]


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ([{"id": number, "answer": "x"} for number in range(3)], "`output` in 3"),
        ([{"output": "<answer>x</answer>"}, {"output": "x"}], "`answer` in 2"),
        ([{"output": "x"}, {"answer": "x"}], "no `answer` in 1, no `output` in 1 of 2 rows"),
    ],
)
def test_c20_a_file_without_what_is_scored_is_an_error_that_names_the_column(
    maspo: Run, rows: list[object], column: str
) -> None:
    said = maspo("score", write(rows), "--scorer", "exact")
    assert said.code == 2, said
    assert column in said.err and "95% interval" not in said.err
