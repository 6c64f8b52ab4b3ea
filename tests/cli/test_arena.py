"""``maspo arena`` end to end: tables, files, going on, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from maspo.arena.programme import INGREDIENTS
from maspo.cli.arena import rivals
from maspo.core.errors import ConfigInvalid
from maspo.optimizers.race.settings import AnchorRaceConfig

if TYPE_CHECKING:
    from tests.cli.conftest import Run

TINY = (
    *("arena", "--seeds", "2", "--inputs", "12", "--jobs", "1", "--profiles", "cheap"),
    *("--set", "search.passes=1", "--set", "search.stages=[2]", "--set", "search.edits=1"),
)


@pytest.mark.slow
def test_an_arena_prints_tables_and_goes_on_where_it_stopped(maspo: Run, folder: Path) -> None:
    first = maspo(*TINY, "--seeds", "1", "--out", "found")
    assert first.code == 0, first.err
    assert first.err.startswith("1/1 cheap on reflect, base, seed 100: ")
    again = maspo(*TINY, "--out", "found", "--json")
    assert again.code == 0, again.err
    assert "1 of 2 runs are recorded already" in again.err
    assert [record["seed"] for record in again.json["records"]] == [100, 101]
    (row,) = again.json["rows"]
    assert (row["graph"], row["world"], row["rival"], row["n"], row["repeats"]) == ("reflect", "base", "cheap", 2, 0)
    assert "shipped ± SE" in again.err
    files = {path.name for path in (folder / "found").iterdir()}
    assert files == {"records.jsonl", "arena.json", "arena.html", "accuracy.svg"}
    assert json.loads((folder / "found" / "arena.json").read_text()) == again.json


def test_neither_a_settings_file_nor_the_environment_plays_in(
    maspo: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rivals(("cheap",), "ignore", ("search.passes=2",))
    (folder / "maspo.toml").write_text('profile = "thorough"\n[search]\npasses = 7\n')
    monkeypatch.setenv("MASPO_PROFILE", "paper")
    assert rivals(("cheap",), "ignore", ("search.passes=2",)) == before
    search = before[0].config.search
    assert isinstance(search, AnchorRaceConfig)
    assert search.passes == 2


def test_settings_go_to_the_rivals_that_have_them_and_variants_play_beside_them() -> None:
    sets = ("search.calls=200", "search.union_inputs=9")
    found = rivals(("default", "paper"), "ignore", sets, (), ("lean=cheap search.union_inputs=8",))
    race, paper, lean = (one.config.search for one in found)
    assert [one.name for one in found] == ["default", "paper", "lean"]
    assert paper == rivals(("paper",), "ignore", ())[0].config.search
    assert isinstance(race, AnchorRaceConfig)
    assert isinstance(lean, AnchorRaceConfig)
    assert (race.calls, race.union_inputs, lean.calls, lean.union_inputs) == (200, 9, 200, 8)
    assert lean.edits == rivals(("cheap",), "ignore", ())[0].config.search.model_dump()["edits"]
    with pytest.raises(ConfigInvalid, match="another rival"):
        rivals((), "ignore", (), (), ("lean=cheap search.edits=2", "lean=cheap search.edits=3"))
    with pytest.raises(ConfigInvalid, match=r"search\.union_inputs"):
        rivals(("paper",), "ignore", sets[1:])


def test_an_ablation_switches_off_each_ingredient_alone(folder: Path) -> None:
    whole, *others = rivals(("default",), "use", (), ablate=INGREDIENTS)
    assert [one.without for one in others] == [one.name for one in INGREDIENTS]
    settings = whole.config.search.model_dump()
    for one, ingredient in zip(others, INGREDIENTS, strict=True):
        changed = {key for key, value in one.config.search.model_dump().items() if value != settings[key]}
        named = {text.partition("=")[0].removeprefix("search.").partition(".")[0] for text in ingredient.without}
        assert changed == named, ingredient.name
        assert one.config.labels == "use"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--graphs", "ring"), "--graphs 'ring': expected all, or some of: reflect"),
        (("--worlds", "base,flat"), "--worlds 'flat'"),
        (("--profiles", "moderate"), "--profiles 'moderate'"),
        (("--clock", "slow"), "--clock 'slow'"),
        (("--set", "search.pases=1"), "did you mean 'search.passes'"),
        (("--labels", "some"), "--labels"),
    ],
)
def test_what_cannot_be_used_is_named_and_nothing_is_played(
    maspo: Run, arguments: tuple[str, ...], expected: str
) -> None:
    said = maspo("arena", *arguments)
    assert said.code == 2
    assert expected in said.err
    assert said.out == ""


@pytest.mark.slow
def test_a_search_that_finds_nothing_fails_the_selftest_with_exit_code_1(maspo: Run, folder: Path) -> None:
    little = ("--inputs", "8", "--jobs", "1", "--profiles", "cheap", "--set", "search.calls=100")
    said = maspo("arena", "--selftest", *little, "--json")
    assert said.code == 1, said.err
    assert said.json["passed"] is False
    assert [(one["world"], one["passed"]) for one in said.json["checks"]] == [
        ("no traps", False),
        ("base", True),
        ("no effect", True),
        ("coin flip", True),
    ]
    assert "finds the planted best prompts" in said.err
