"""benchmarks/arena/rivals.py: methods are paired with `default` world by world, and what is not clear is said so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.arena import rivals

from maspo.arena.programme import Match
from maspo.arena.records import Record, RecordFile


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


def recorded(
    folder: Path, record: Record, reached: Mapping[str, Mapping[int, float]], calls: Mapping[str, int]
) -> None:
    """Write what methods reached in some worlds, and the calls that each took."""
    file = RecordFile(folder)
    for method, worlds in reached.items():
        for seed, winners in worlds.items():
            key = f"{method}{seed}"
            file.add(replace(record, key=key, rival=method, seed=seed, winners=winners, calls={"agent": calls[method]}))


def test_w02_only_worlds_that_both_have_played_are_paired(tmp_path: Path, record: Record) -> None:
    part = rivals.PARTS[0]
    reached = {"default": {1: 0.9, 2: 0.8, 3: 0.7, 4: 0.1}, "spo": {1: 0.5, 2: 0.5, 3: 0.5, 9: 0.9}}
    recorded(tmp_path / part.name, record, reached, {"default": 700, "spo": 700})
    lines = rivals.table(part, ["default", "spo", "opro"], tmp_path).splitlines()
    assert lines[0] == "Label-free, 1,000 planned calls (seed prompts 0.500 on average):"
    assert lines[4].startswith("| `default` | 0.625, 700 calls | (4) | – |")
    assert lines[5].startswith("| `spo` | 0.600, 700 calls | +0.300 ± 0.058 (3) | – | – |")
    assert lines[6] == "| `opro` |" + " – | – |" * 3
    assert {line.count("|") for line in lines[2:7]} == {8}


def test_w04_a_method_is_paired_with_a_default_that_took_as_many_calls_on_average(
    tmp_path: Path, record: Record
) -> None:
    part = rivals.Part("ignore", 1000)
    ours = {300: (0.6, 400), 500: (0.7, 600), 700: (0.8, 800), 1000: (0.9, 1100), 2000: (0.95, 700)}
    for plan, (winners, calls) in ours.items():
        played = {"default": dict.fromkeys(range(3), winners)}
        recorded(tmp_path / f"ignore-{plan}", record, played, {"default": calls})
    their = {"spo": 750, "gepa": 600, "opro": 2000, "mapro": 399}
    worlds = {method: {0: 0.5, 1: 0.5, 2: 0.5} for method in their}
    recorded(
        tmp_path / part.name, record, {"default": dict.fromkeys(range(3), 0.9), **worlds}, {"default": 1100, **their}
    )
    recorded(tmp_path / "use-700", record, {"default": dict.fromkeys(range(3), 0.1)}, {"default": 759})
    lines = rivals.table(part, ["default", *their], tmp_path).splitlines()
    ahead = {line.split("`")[1]: line.split(" | ")[2] for line in lines if line.startswith("| `")}
    assert ahead["spo"] == "+0.275 ± 0.000 (3)", "of the plan of 500 once and that of 700 three times: 750 calls"
    assert ahead["gepa"] == "+0.200 ± 0.000 (3)", "of the plan of 500"
    assert ahead["opro"] == "+0.400 ± 0.000 (3)", "of the same plan, and not of a larger one"
    assert ahead["mapro"] == "–", "every plan took more"
    assert lines[-1] == "By the same plan `default` is clearly ahead in 4 of 4 pairs."


def test_w03_a_search_without_texts_is_paired_with_one_without_texts_and_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
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
    one = found["reflect", "default"][20000]
    assert one.winners >= one.seed_accuracy > 0 and one.calls["agent"] > 0
    RecordFile(tmp_path / part.name).add(one)
    assert f"| `default` | {one.winners:.3f}, {one.all_calls:,} calls | (1) |" in rivals.table(
        part, ["default", "spo"], tmp_path
    )
    assert "world 1 of 1" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ignored-1000", "ignore", "use-many", ""])
def test_w05_a_part_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="expected ignore or use, a hyphen and a number of calls"):
        rivals.Part.named(name)
