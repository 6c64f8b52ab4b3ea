"""``maspo structure``: what is said before anything is paid, what comes out, and the team that it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_commands import world_server

if TYPE_CHECKING:
    from tests.cli.conftest import Run

TEAM = """
agents:
  solver: {prompt: You solve the problem step by step.}
  gossip: {prompt: You pass on what people say about such problems.}
  critic: {prompt: "You check it and end with the final answer in <answer></answer>.", reads: [solver, gossip]}
"""


@pytest.mark.parametrize(("inputs", "warned"), [(40, True), (60, False)])
def test_w01_too_few_inputs_to_show_that_a_team_is_as_good_are_told_beforehand(
    maspo: Run, folder: Path, inputs: int, warned: bool
) -> None:
    Path("team.yaml").write_text(TEAM)
    rows = [json.dumps({"input": f"What is {number} times 7?"}) for number in range(inputs)]
    Path("rows.jsonl").write_text("\n".join(rows))
    with world_server() as url:
        said = maspo("structure", "team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--out", "s")
    assert said.code == 0, said
    assert ("it takes 25 or more, or a wider --margin" in said.err) == warned
    verdict = json.loads((folder / "s" / "structure.json").read_text())["verdict"]
    named = {"better": "changed team", "as_good": "changed team", "unchanged": "same team"}.get(verdict, "tried team")
    assert [line for line in said.out.splitlines() if line.startswith(named) and line.endswith("system.yaml")]
    assert (folder / "s" / "system.yaml").is_file() and (folder / "s" / "structure.json").is_file()


def test_w07_what_goes_on_after_a_cap_is_told_and_does(maspo: Run) -> None:
    Path("team.yaml").write_text(TEAM)
    Path("rows.jsonl").write_text(
        "\n".join(json.dumps({"input": f"What is {number} times 7?"}) for number in range(24))
    )
    with world_server() as url:
        asked = ("structure", "team.yaml", "--inputs", "rows.jsonl", "--base-url", url, "--out", "s", "--yes")
        capped, whole = maspo(*asked, "--max-calls", "40"), maspo(*asked)
    assert capped.code == 4, capped
    assert "higher one go on with: the same command with --out s" in capped.out
    assert whole.code == 0, whole
    assert "go on with" not in whole.out


def test_w02_prompts_and_structure_in_turns_are_one_command_with_one_result(maspo: Run, folder: Path) -> None:
    Path("team.yaml").write_text(TEAM)
    rows = [json.dumps({"input": f"What is {number} times 7?"}) for number in range(60)]
    Path("rows.jsonl").write_text("\n".join(rows))
    asked = ("optimize", "team.yaml", "--inputs", "rows.jsonl", "--optimize", "prompts,structure")
    with world_server() as url:
        where = ("--base-url", url, "--agent-model", "m", "--out", "both")
        said = maspo(*asked, *where, "--max-calls", "900", "--json")
        again = maspo(*asked, *where, "--max-calls", "900", "--json")
    assert said.code in (0, 4), said
    for line in ("turn 1 of 3: prompts", "turn 2 of 3: structure", "turn 3 of 3: prompts", "the test, on "):
        assert line in said.err
    assert "shipped" not in said.err  # what a turn would ship says nothing
    found, repeated = (json.loads(one.out.strip().splitlines()[-1]) for one in (said, again))
    assert found["verdict"] and [turn["turn"] for turn in found["turns"]] == ["prompts", "structure", "prompts"]
    assert found["calls"] <= 900
    for one in (found, repeated):
        one["seconds"] = [turn.pop("seconds") for turn in one["turns"]]
    assert repeated.pop("seconds") and found.pop("seconds") and repeated == found
    names = {path.name for path in (folder / "both").iterdir()}
    assert {"system.yaml", "prompts.json", "report.html", "report.md", "result.json", "1-prompts", "3-prompts"} <= names
    assert (folder / "both" / "1-prompts" / "report.html").is_file()
    listed = maspo("runs", ".", "--json")
    listing = json.loads(listed.out.strip().splitlines()[-1])
    (whole,) = listing["others"]
    assert (whole["dir"], whole["kind"], whole["state"]) == ("both", "prompts and structure", "finished")
    assert whole["parts"] == ["1-prompts", "3-prompts"] and not listing["runs"]
    assert listing["others"][0]["headline"].split(" That is proven")[0] in said.err
    compared = maspo("diff", "both", "--json")
    changed = json.loads(compared.out.strip().splitlines()[-1])["changed"]
    kept = json.loads((folder / "both" / "prompts.json").read_text())
    assert all(one["after"] == kept.get(name) for name, one in changed.items())
    (folder / "both" / "report.html").unlink()
    told = maspo("report", "both", "--json")
    assert told.code == 0 and (folder / "both" / "report.html").is_file() and whole["headline"] in told.err
    for command in (("apply", "both", "--check"), ("resume", "both"), ("diff", "both", "winners")):
        refused = maspo(*command)
        assert refused.code == 2 and "system.yaml" in refused.err and "prompts.json" in refused.err


def test_w08_turns_that_have_ended_stay_as_they_are_under_a_higher_cap(maspo: Run) -> None:
    """A turn that a cap has cut would find more under a higher one, and the next turn was begun from what it found."""
    Path("team.yaml").write_text(TEAM)
    Path("rows.jsonl").write_text(
        "\n".join(json.dumps({"input": f"What is {number} times 7?"}) for number in range(60))
    )
    asked = ("optimize", "team.yaml", "--inputs", "rows.jsonl", "--optimize", "prompts,structure", "--max-calls", "900")
    priced = ("--set", "models.prices.m=[1,1]", "--set", "models.max_tokens=100", "--agent-model", "m", "--yes")
    with world_server() as url:
        at = (*asked, *priced, "--base-url", url, "--out", "both", "--json")
        cut, higher = maspo(*at, "--max-usd", "0.1"), maspo(*at, "--max-usd", "5")
    assert (cut.code, higher.code) == (4, 4), higher.err
    first, second = (json.loads(one.out.strip().splitlines()[-1])["turns"] for one in (cut, higher))
    assert [turn["calls"] for turn in second] == [turn["calls"] for turn in first]
    assert "with a higher one begin anew, in another --out" in cut.err


@pytest.mark.parametrize("command", ["optimize", "check", "estimate"])
@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("--approve", "each"), "--approve each cannot be kept here"),
        (("--ship-if", "better"), "--ship-if better cannot be kept here"),
        (("--focus", "solver"), "--focus cannot be kept here"),
        (("--set", "holdout.rerun=4"), "holdout.rerun cannot be kept here"),
        (("--set", "holdout.leave_one_out=true"), "holdout.leave_one_out cannot be kept here"),
    ],
)
def test_w04_a_setting_that_turns_cannot_keep_is_refused(
    maspo: Run, folder: Path, command: str, given: tuple[str, ...], why: str
) -> None:
    written(100)
    said = maspo(*asked_of(command), *given)
    assert said.code == 2 and why in said.err
    assert not (folder / "both").exists()


def test_w05_the_plan_of_turns_is_stated_without_a_call(maspo: Run, folder: Path) -> None:
    written(100)
    for command in ("estimate", "check"):
        said = maspo(*asked_of(command), "--json")
        assert said.code == 0, said
        calls = json.loads(said.out.strip().splitlines()[-1])["calls"]
        assert list(calls) == ["1 prompts", "2 structure", "3 prompts", "test", "total"] and calls.pop("total") == 2000
        assert 1997 <= sum(calls.values()) <= 2000
        assert "2 structure (" in said.err
    assert not (folder / "both").exists()


def written(inputs: int) -> None:
    Path("team.yaml").write_text(TEAM)
    rows = [json.dumps({"input": f"What is {number} times 7?"}) for number in range(inputs)]
    Path("rows.jsonl").write_text("\n".join(rows))


def asked_of(command: str) -> tuple[str, ...]:
    where = ("--base-url", "http://127.0.0.1:9/v1", "--agent-model", "m", "--out", "both", "--max-calls", "2000")
    return (command, "team.yaml", "--inputs", "rows.jsonl", "--optimize", "prompts,structure", *where)


@pytest.mark.parametrize(
    ("what", "why"),
    [("structure", "maspo structure"), ("structure,prompts", "give prompts,structure"), ("models", "expected prompts")],
)
def test_w03_what_cannot_be_optimized_in_turns_is_told(maspo: Run, folder: Path, what: str, why: str) -> None:
    Path("team.yaml").write_text(TEAM)
    Path("rows.jsonl").write_text('{"input": "a"}\n{"input": "b"}\n')
    said = maspo("optimize", "team.yaml", "--inputs", "rows.jsonl", "--optimize", what)
    assert said.code == 2 and why in said.err
    assert not list(folder.glob("maspo-runs/*"))
