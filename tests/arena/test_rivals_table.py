"""benchmarks/arena/rivals.py: methods are paired with `default` world by world, and what is not clear is said so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.arena import rivals

from maspo.arena.programme import Match
from maspo.arena.records import Record, RecordFile
from maspo.optimizers.registry import OPTIMIZERS


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        ([0.2, 0.3, 0.4], "+0.300 ± 0.058 (3)"),
        ([-0.3, 0.3, 0.3], "+0.100 ± 0.200, not clear (3)"),
        ([-0.2, -0.3, -0.4], "-0.300 ± 0.058, **behind** (3)"),
        ([0.2, 0.3], "–"),
    ],
)
def test_w01_a_difference_says_whether_it_is_clear_and_how_many_worlds_it_has(
    ahead: list[float], expected: str
) -> None:
    assert rivals.told(ahead) == expected


def test_w02_only_worlds_that_both_have_played_are_paired(tmp_path: Path, record: Record) -> None:
    part = rivals.PARTS[0]
    file = RecordFile(tmp_path / part.name)
    reached = {"default": {1: 0.9, 2: 0.8, 3: 0.7, 4: 0.1}, "spo": {1: 0.5, 2: 0.5, 3: 0.5, 9: 0.9}}
    for method, worlds in reached.items():
        for seed, winners in worlds.items():
            file.add(replace(record, key=f"{method}{seed}", rival=method, seed=seed, winners=winners))
    lines = rivals.table(part, ["default", "spo", "opro"], tmp_path).splitlines()
    assert lines[0] == "Label-free, 1,000 planned calls (seed prompts 0.500 on average):"
    assert lines[4].startswith("| `default` | 0.625 | (4) | – |")
    assert lines[5].startswith("| `spo` | 0.600 | +0.300 ± 0.058 (3) | – | – |")
    assert lines[6] == "| `opro` |" + " – | – |" * 3
    assert {line.count("|") for line in lines[2:]} == {8}


def test_w03_a_search_without_texts_is_paired_with_one_without_texts_and_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(rivals.AS_TEXT) <= {"paper", *OPTIMIZERS.own}
    part = rivals.Part("ignore", 300)
    played = rivals.of_latents
    keys: list[str] = []

    def counted(match: Match, before: float | None) -> Record:
        keys.append(match.key)
        return played(match, before)

    monkeypatch.setattr(rivals, "of_latents", counted)
    for methods in (["default"], ["default", "spo"]):
        rivals.play_latents([part], methods, ["reflect"], range(20000, 20001), tmp_path)
    assert len(keys) == len(set(keys)) == 2, "what is recorded is not played again"
    found = rivals.by_place(tmp_path / "ignore-300-latents")
    assert {method for _, method in found} == {"default", "spo"}
    one = found["reflect", "default"][rivals.FIRST_SEED]
    assert one.winners >= one.seed_accuracy > 0 and one.calls["agent"] > 0
    RecordFile(tmp_path / part.name).add(one)
    assert f"| `default` | {one.winners:.3f} | (1) |" in rivals.table(part, ["default", "spo"], tmp_path)
    assert "world 1 of 1" in capsys.readouterr().err
