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
