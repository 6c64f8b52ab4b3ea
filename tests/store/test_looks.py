"""The ledger of looks: what counts as the same hold-out, and what it keeps."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.store.looks import FILE, Look, LookLedger
from maspo.store.state import state_folder

TEXTS = [f"What is {number} times {number + 1}?" for number in range(40)]


def test_k01_looks_at_the_same_inputs_are_counted_once_each(tmp_path: Path) -> None:
    ledger = LookLedger(tmp_path / "state" / FILE)
    assert [ledger.number(Look(work, "team", TEXTS)) for work in ("a", "b", "a", "c", "b")] == [1, 2, 1, 3, 2]
    assert LookLedger(tmp_path / "state" / FILE).number(Look("d", "team", TEXTS)) == 4


@pytest.mark.parametrize(
    ("texts", "team", "number"),
    [
        (TEXTS[:30], "team", 2),
        ([*TEXTS, *(f"{text} Why?" for text in TEXTS)], "team", 2),
        ([text.upper() + " " for text in TEXTS], "team", 2),
        (TEXTS[:10] + [f"{text} Why?" for text in TEXTS], "team", 1),
        ([f"{text} Why?" for text in TEXTS], "team", 1),
        (TEXTS, "another team", 1),
    ],
)
def test_k02_hold_outs_that_share_half_are_the_same(texts: list[str], team: str, number: int, tmp_path: Path) -> None:
    ledger = LookLedger(tmp_path / FILE)
    ledger.number(Look("a", "team", TEXTS))
    assert ledger.number(Look("b", team, texts)) == number


def test_k03_large_hold_outs_are_told_by_a_sample(tmp_path: Path) -> None:
    ledger = LookLedger(tmp_path / FILE)
    many = [f"What is the root of {number}?" for number in range(3_000)]
    assert ledger.number(Look("a", "team", many)) == 1
    assert ledger.number(Look("b", "team", many[:2_500])) == 2
    assert ledger.number(Look("c", "team", [f"{text} Why?" for text in many])) == 1
    assert max(map(len, (tmp_path / FILE).read_text().splitlines())) < 10_000


def test_k04_it_holds_no_text_and_is_for_its_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "state" / FILE
    LookLedger(file).number(Look("a", "team", TEXTS))
    assert "times" not in file.read_text()
    assert "team" not in file.read_text().replace('"team"', "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_k06_looks_at_worlds_and_at_models_count_apart_and_unmarked_lines_against_both(
    tmp_path: Path,
) -> None:
    ledger = LookLedger(tmp_path / FILE)
    real, world = Look("a", "team", TEXTS), Look("b", "team", TEXTS, simulated=True)
    assert [ledger.number(world), ledger.number(replace(world, work="c"))] == [1, 2]
    assert [ledger.number(real), ledger.number(replace(real, work="d"))] == [1, 2]
    assert ledger.number(replace(world, simulated=False)) == 3  # the same work, which models went on with
    assert [ledger.number(world), ledger.number(replace(world, work="c"))] == [1, 2]
    lines = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert [line.pop("simulated") for line in lines] == [True, True, False, False, False]
    old = tmp_path / "old" / FILE
    old.parent.mkdir()
    old.write_text("".join(f"{json.dumps(line)}\n" for line in lines[:2]))
    assert LookLedger(old).number(real) == 3
    assert LookLedger(old).number(replace(world, work="e")) == 3
    assert LookLedger(old).number(replace(world, simulated=False)) == 1  # its own line, as it was counted


def test_k07_asking_how_often_it_was_looked_at_is_no_look(tmp_path: Path) -> None:
    ledger, next_one = LookLedger(tmp_path / FILE), Look("", "team", TEXTS)
    assert ledger.made(next_one) == 0
    assert not (tmp_path / FILE).exists()
    ledger.number(Look("a", "team", TEXTS))
    ledger.number(Look("b", "team", TEXTS, simulated=True))
    assert [ledger.made(next_one), ledger.made(next_one)] == [1, 1]
    assert ledger.made(replace(next_one, texts=[f"{text} Why?" for text in TEXTS])) == 0


def test_k05_what_cannot_be_read_or_written_stops_nobody(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_bytes(b'\xff\xfe{"work": 1}\n[]\n{"work": "x", "team": "y", "inputs": 3}\n')
    assert LookLedger(file).number(Look("a", "team", TEXTS)) == 1
    assert LookLedger(file).number(Look("b", "team", TEXTS)) == 2
    (tmp_path / "file").touch()
    assert LookLedger(tmp_path / "file" / FILE).number(Look("a", "team", TEXTS)) == 1
    target = tmp_path / "elsewhere"
    (tmp_path / "link").symlink_to(target)
    assert LookLedger(tmp_path / "link").number(Look("a", "team", TEXTS)) == 1
    assert not target.exists()


def test_k06_it_lies_in_the_state_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "maspo"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder() == tmp_path / ".local" / "state" / "maspo"
