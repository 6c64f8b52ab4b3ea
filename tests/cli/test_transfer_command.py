"""``maspo transfer`` and ``maspo optimize --start-from``: what one run found, tried elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from maspo.team.load import dump_system
from maspo.world import World
from tests.cli.test_commands import world_server

if TYPE_CHECKING:
    from tests.cli.conftest import Run

SMALL = ("--set", "search.passes=1", "--set", "search.stages=[12]", "--set", "search.drafts=1")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with world_server() as base_url:
        yield base_url


@pytest.fixture
def run(maspo: Run, url: str, folder: Path) -> Path:
    world = World()
    rows = [{"input": row["input"]} for row in world.inputs(24)]  # without labels
    Path("team.yaml").write_text(dump_system(world.system("reflect")))
    Path("rows.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    given = ("team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--out", "first", *SMALL)
    said = maspo("optimize", *given)
    assert said.code == 0, said
    return folder / "first"


def test_q01_prompts_meet_the_seed_prompts_with_another_model_on_the_runs_hold_out(
    maspo: Run, url: str, run: Path
) -> None:
    result = json.loads((run / "result.json").read_text())
    held_out = result["holdout"]["n"]
    given = ("transfer", "first", "--agent-model", "other-model", "--base-url", url)
    said = maspo(*given, "--out", "moved", "--json")
    assert said.code == 0, said
    assert "note: found with default, there" in said.err and "on its hold-out" in said.err
    assert ("on its hold-out, so they did not ship" in said.err) is (result["shipped"] == "seed")
    assert "first against seed" in said.err
    difference = said.json["difference"]
    assert difference["wins"] + difference["losses"] + difference["ties"] == held_out
    assert said.json["verdict"] in ("improved", "no_evidence", "worse", "cannot_tell")
    assert (Path("moved") / "evaluation.html").is_file()


def test_q02_a_new_run_starts_from_an_earlier_one_and_is_resumed_without_it(maspo: Run, url: str, run: Path) -> None:
    given = ("team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--agent-model", "other-model", *SMALL)
    said = maspo("optimize", *given, "--start-from", "first", "--out", "second")
    assert said.code == 0, said
    for file in sorted(run.iterdir()):
        file.unlink()
    assert maspo("resume", "second").code == 0


def test_q04_what_won_goes_into_a_library_once_and_others_start_from_it(maspo: Run, url: str, run: Path) -> None:
    shipped = json.loads((run / "result.json").read_text())["shipped"]
    said = maspo("library", "won.jsonl", "first", "--json")
    assert said.code == 0, said
    entries = said.json["entries"]
    if shipped == "seed":
        assert not entries and "so there is nothing to add" in said.err
        return
    assert entries and said.json["added"] == len(entries)
    prompts = json.loads((run / "prompts.json").read_text())
    for one in entries:
        assert one["sentence"] in prompts[one["agent"]] and one["model"] == "default" and one["wins"] > one["losses"]
    assert all(one["simulated"] for one in entries) and "won in simulated worlds" in said.err
    assert "the whole team" in said.err and "(simulated)" in said.err
    again = maspo("library", "won.jsonl", "first", "--json")
    assert again.json["added"] == 0 and again.json["entries"] == entries
    given = ("team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--agent-model", "other-model", *SMALL)
    said = maspo("optimize", *given, "--start-from", "won.jsonl", "--out", "third")
    assert said.code == 0, said
    taken = next(line for line in said.err.splitlines() if "what won.jsonl holds for" in line)
    assert all(f"{one['agent']} (" in taken for one in entries), taken
    Path("won.jsonl").write_text('{"agent": 3}\n')
    said = maspo("optimize", *given, "--start-from", "won.jsonl", "--out", "fourth")
    assert said.code == 2 and "won.jsonl, line 1: is no entry of a library (agent:" in said.err


def test_q03_what_cannot_be_carried_over_is_refused_in_words(maspo: Run, url: str, folder: Path) -> None:
    said = maspo("transfer", "nowhere", "--agent-model", "m", "--base-url", url)
    assert said.code == 2 and "holds no run" in said.err
    given = ("system.yaml", "--inputs", "inputs.jsonl", "--base-url", url)
    said = maspo("optimize", *given, "--start-from", "nowhere", "--out", "second")
    assert said.code == 2 and "holds no run" in said.err and not (folder / "second").exists()
