"""benchmarks/arena/structure.py: steps without texts take the steps of the commands, and a measurement goes on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from benchmarks.arena import structure
from benchmarks.latents import Latent

from maspo.core.verdict import Verdict
from maspo.optimizers.structure.base import FoundTeam, Meet, StructurePlan
from maspo.optimizers.structure.greedy import search_greedily
from maspo.team.changes import DropAgent, changed_system
from maspo.world import World, WorldSpec

WORLD = World(WorldSpec(seed=21000))


def test_m01_a_team_meets_itself_in_a_tie_and_one_without_gossip_is_run_without_it() -> None:
    given = WORLD.system("rumours")
    latent, changed = Latent(WORLD, "rumours", labels=False), changed_system(given, DropAgent("gossip"))
    keys = [str(row["id"]) for row in WORLD.inputs(10)]
    runs = [latent.run(changed.prompts, key, changed) for key in keys]
    assert all(set(run) == set(given.order) - {"gossip"} for run in runs)
    assert {latent.meet(Meet(given, given, key)) for key in keys} == {Verdict.TIE}


def test_m02_a_changed_team_is_gone_on_with_only_where_its_test_allows_it() -> None:
    given, changed = WORLD.system("rumours"), changed_system(WORLD.system("rumours"), DropAgent("gossip"))
    for verdict in ("better", "as_good", "worse", "not_proven", "untested", "unchanged"):
        team = structure.shipped(given, [DropAgent("gossip")], changed, verdict).team
        assert team == (changed if verdict in ("better", "as_good") else given)


def test_m03_a_search_without_texts_goes_to_its_end() -> None:
    given = WORLD.system("rumours")
    keys = [str(row["id"]) for row in WORLD.inputs(20)]
    plan = StructurePlan(kinds=("agents",), stages=(10,))
    found = structure.ended(search_greedily(given, keys, plan), Latent(WORLD, "rumours", labels=False))
    assert isinstance(found, FoundTeam)
    team = given
    for change in found.changes:
        team = changed_system(team, change)
    assert team == found.system and {one.change for one in found.tried} >= set(found.changes)


def test_m04_a_recorded_world_is_not_played_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "found.jsonl"
    reached, calls = {"prompts": 0.5, "both": 0.75}, {"prompts": 5, "both": 3}
    row = {"seed": 5, "graph": "rumours", "accuracy": reached, "calls": calls}
    out.write_text(json.dumps(row) + "\n")
    monkeypatch.setattr(structure, "played", lambda *_: pytest.fail("it is recorded"))
    given = ["--latents", "--worlds", "1", "--first-seed", "5", "--graphs", "rumours", "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["structure", *given])
    structure.main()
    assert "| both | 0.750 | +0.250 ± 0.000 | 3.0 |" in capsys.readouterr().out


def test_m05_turns_without_texts_keep_to_the_budget_and_are_those_of_the_command() -> None:
    found = structure.measure_at_one_budget(21000, "reflect", 900, latents=True, labels="ignore")
    accuracy, spent = found["accuracy"], found["spent"]
    assert isinstance(accuracy, dict) and isinstance(spent, dict)
    assert list(accuracy) == list(spent) == ["seed", structure.PROMPTS, structure.STRUCTURE, structure.TURNS]
    assert 300 < spent[structure.TURNS] <= 900 and spent[structure.STRUCTURE] < spent[structure.TURNS]
    assert accuracy[structure.TURNS] > accuracy["seed"]


def test_m06_a_cap_ends_a_search_for_structure_with_what_it_has() -> None:
    given = WORLD.system("rumours")
    keys = [str(row["id"]) for row in WORLD.inputs(60)]
    latent = Latent(WORLD, "rumours", labels=False)
    found = structure.ended(search_greedily(given, keys, StructurePlan()), latent, cap=40)
    assert found.system == given and latent.calls.total() <= 40 + len(given.agents) + 2
