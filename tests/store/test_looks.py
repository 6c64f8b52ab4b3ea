"""The ledger of looks: what counts as the same hold-out, and what it keeps."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.stats.looks import FIRST, by_number
from maspo.store.looks import FILE, Look, LookLedger
from maspo.store.state import state_folder

TEXTS = [f"What is {number} times {number + 1}?" for number in range(40)]


def test_k01_looks_at_the_same_inputs_are_counted_once_each(tmp_path: Path) -> None:
    ledger = LookLedger(tmp_path / "state" / FILE)
    assert [ledger.take(Look(work, "team", TEXTS)).number for work in ("a", "b", "a", "c", "b")] == [1, 2, 1, 3, 2]
    assert LookLedger(tmp_path / "state" / FILE).take(Look("d", "team", TEXTS)).number == 4


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
    ledger.take(Look("a", "team", TEXTS))
    assert ledger.take(Look("b", team, texts)).number == number


def test_k03_large_hold_outs_are_told_by_a_sample(tmp_path: Path) -> None:
    ledger = LookLedger(tmp_path / FILE)
    many = [f"What is the root of {number}?" for number in range(3_000)]
    assert ledger.take(Look("a", "team", many)).number == 1
    assert ledger.take(Look("b", "team", many[:2_500])).number == 2
    assert ledger.take(Look("c", "team", [f"{text} Why?" for text in many])).number == 1
    assert max(map(len, (tmp_path / FILE).read_text().splitlines())) < 10_000


def test_k04_it_holds_no_text_and_is_for_its_user_alone(tmp_path: Path) -> None:
    file = tmp_path / "state" / FILE
    LookLedger(file).take(Look("a", "team", TEXTS))
    assert "times" not in file.read_text()
    assert "team" not in file.read_text().replace('"team"', "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_k06_looks_at_worlds_and_at_models_count_apart_and_unmarked_lines_against_both(
    tmp_path: Path,
) -> None:
    ledger = LookLedger(tmp_path / FILE)
    real, world = Look("a", "team", TEXTS), Look("b", "team", TEXTS, simulated=True)
    assert [ledger.take(world).number, ledger.take(replace(world, work="c")).number] == [1, 2]
    assert [ledger.take(real).number, ledger.take(replace(real, work="d")).number] == [1, 2]
    assert ledger.take(replace(world, simulated=False)).number == 3  # the same work, which models went on with
    assert [ledger.take(world).number, ledger.take(replace(world, work="c")).number] == [1, 2]
    lines = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    assert [line.pop("simulated") for line in lines] == [True, True, False, False, False]
    old = tmp_path / "old" / FILE
    old.parent.mkdir()
    old.write_text("".join(f"{json.dumps(line)}\n" for line in lines[:2]))
    assert LookLedger(old).take(real).number == 3
    assert LookLedger(old).take(replace(world, work="e")).number == 3
    assert LookLedger(old).take(replace(world, simulated=False)).number == 1  # its own line, as it was counted


def test_k07_asking_how_often_it_was_looked_at_is_no_look(tmp_path: Path) -> None:
    ledger, next_one = LookLedger(tmp_path / FILE), Look("", "team", TEXTS)
    assert ledger.next(next_one).number == 1
    assert not (tmp_path / FILE).exists()
    ledger.take(Look("a", "team", TEXTS))
    ledger.take(Look("b", "team", TEXTS, simulated=True))
    assert [ledger.next(next_one).number, ledger.next(next_one).number] == [2, 2]
    assert ledger.next(replace(next_one, texts=[f"{text} Why?" for text in TEXTS])).number == 1


def test_k08_what_a_look_did_not_spend_is_left_for_those_after_it(tmp_path: Path) -> None:
    ledger, looks = LookLedger(tmp_path / FILE), [Look(work, "team", TEXTS) for work in "abcd"]
    assert ledger.take(looks[0]) == FIRST
    assert ledger.take(looks[1]).level == pytest.approx(0.001 / 2)  # the first has not ended: it may spend all
    ledger.end(looks[0], 0.02)
    assert ledger.take(looks[1]).level == pytest.approx(0.001 / 2)  # a level that was told does not change
    assert ledger.take(looks[2]).level == pytest.approx((0.05 - 0.02) / 2 / 3)
    ledger.end(looks[2], 0.001)
    ledger.end(looks[1], 0.0)
    ledger.end(looks[1], 0.0)
    # The second could have claimed nothing, so two looks took part before.
    assert ledger.take(looks[3]).level == pytest.approx((0.05 - 0.02 - 0.001) / 3)
    assert len((tmp_path / FILE).read_text().splitlines()) == 7


def test_k09_lines_of_versions_that_counted_only_keep_their_levels(tmp_path: Path) -> None:
    ledger = LookLedger(tmp_path / FILE)
    for number in range(4):
        ledger.take(Look(f"old {number}", "team", TEXTS))
    lines = [json.loads(line) for line in (tmp_path / FILE).read_text().splitlines()]
    old = [{name: line[name] for name in ("work", "team", "inputs", "simulated")} for line in lines]
    (tmp_path / FILE).write_text("".join(f"{json.dumps(line)}\n" for line in old))
    taken = [ledger.take(Look(f"old {number}", "team", TEXTS)) for number in range(4)]
    assert [one.level for one in taken[1:]] == pytest.approx([by_number(number).level for number in (2, 3, 4)])
    assert ledger.take(Look("new", "team", TEXTS)).level == pytest.approx(by_number(5).level)


@pytest.mark.parametrize("spent", ["-1", "1e9", "NaN", '"x"', "[]", "{}", "true"])
def test_k10_a_line_that_tells_nonsense_leaves_something_for_every_look(tmp_path: Path, spent: str) -> None:
    ledger = LookLedger(tmp_path / FILE)
    ledger.take(Look("a", "team", TEXTS))
    ledger.end(Look("a", "team", TEXTS), 0.02)
    (tmp_path / FILE).write_text((tmp_path / FILE).read_text().replace('"spent": 0.02', f'"spent": {spent}'))
    assert 0 < ledger.take(Look("b", "team", TEXTS)).level <= 0.025


def test_k05_what_cannot_be_read_or_written_stops_nobody(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_bytes(b'\xff\xfe{"work": 1}\n[]\n{"work": "x", "team": "y", "inputs": 3}\n')
    assert LookLedger(file).take(Look("a", "team", TEXTS)).number == 1
    assert LookLedger(file).take(Look("b", "team", TEXTS)).number == 2
    (tmp_path / "file").touch()
    assert LookLedger(tmp_path / "file" / FILE).take(Look("a", "team", TEXTS)).number == 1
    target = tmp_path / "elsewhere"
    (tmp_path / "link").symlink_to(target)
    assert LookLedger(tmp_path / "link").take(Look("a", "team", TEXTS)).number == 1
    assert not target.exists()


def test_k06_it_lies_in_the_state_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "maspo"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_folder() == tmp_path / ".local" / "state" / "maspo"
