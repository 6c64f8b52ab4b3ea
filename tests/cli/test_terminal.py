"""What is printed cannot drive a terminal, and results stay apart from notes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.cli.running import told_by_the_clock
from maspo.cli.terminal import note, print_json, say, table


@pytest.mark.parametrize(
    ("clock", "worked", "told"),
    [
        (5.0, 1.0, ""),
        (70.0, 65.0, ""),
        (600.0, 550.0, ""),
        (360.0, 78.0, "By the clock 6 min 0 s, of which the run worked"),
    ],
)
def test_time_by_the_clock_is_told_where_the_run_took_much_less_of_it(
    monkeypatch: pytest.MonkeyPatch, clock: float, worked: float, told: str
) -> None:
    monkeypatch.setattr("maspo.cli.running.seconds_of_command", lambda: clock)
    found = told_by_the_clock(worked)
    assert found.startswith(told) and bool(found) == bool(told)


def test_time_by_the_clock_goes_into_nothing_that_did_not_come_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.cli.running.seconds_of_command", lambda: 360.0)
    assert told_by_the_clock(78.0).endswith("the rest went into starting")
    assert told_by_the_clock(78.0, ["your answer"]).endswith("the rest went into starting, your answer")


def test_foreign_text_is_made_visible(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2Jb\ud800")
    note("c\x07\u202ed")
    out, err = capsys.readouterr()
    assert not {"\x1b", "\ud800"} & set(out)
    assert not {"\x07", "\u202e"} & set(err)


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_json_is_one_line_of_ascii(content: dict[str, object]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("builtins.print", lambda text, **_: printed.append(text))
        print_json(content)
    assert printed[0].isascii()
    assert len(printed[0].splitlines()) == 1
    assert json.loads(printed[0]) == content


def test_numbers_are_aligned_right_and_texts_left() -> None:
    assert table(("name", "n"), [("a", "1,000"), ("long", "7")]).splitlines() == [
        "name      n",
        "a     1,000",
        "long      7",
    ]


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_a_table_has_one_line_per_row(rows: list[tuple[str, str]]) -> None:
    assert table(("one", "two"), rows).count("\n") == len(rows)
