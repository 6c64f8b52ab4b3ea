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
    assert (folder / "s" / "system.yaml").is_file() and (folder / "s" / "structure.json").is_file()


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
    found, repeated = (json.loads(one.out.strip().splitlines()[-1]) for one in (said, again))
    assert found["verdict"] and [turn["turn"] for turn in found["turns"]] == ["prompts", "structure", "prompts"]
    assert found["calls"] <= 900
    for one in (found, repeated):
        one["seconds"] = [turn.pop("seconds") for turn in one["turns"]]
    assert repeated.pop("seconds") and found.pop("seconds") and repeated == found
    names = {path.name for path in (folder / "both").iterdir()}
    assert {"system.yaml", "prompts.json", "report.md", "result.json", "1-prompts", "3-prompts"} <= names
    assert (folder / "both" / "1-prompts" / "report.html").is_file()


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
