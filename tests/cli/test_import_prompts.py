"""``maspo import-prompts``: from an export to a system file; what is there already stays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from maspo.team.load import load_system

if TYPE_CHECKING:
    from tests.cli.conftest import Run

EXPORT = """\
from agents import Agent, Runner
poet = Agent(name="Poet", instructions="Write a verse.", model="gpt-4.1-mini", tools=[file_search])

async def run_workflow(workflow_input):
  conversation_history = [
    {"role": "user", "content": [{"type": "input_text", "text": workflow_input.input_as_text}]}
  ]
  poet_result_temp = await Runner.run(poet, input=[*conversation_history])
"""


def test_an_export_becomes_a_system_file_and_what_is_left_out_is_said(maspo: Run, folder: Path) -> None:
    (folder / "poet.py").write_text(EXPORT)
    said = maspo("import-prompts", "poet.py", "--out", "poet.yaml", "--json")
    assert said.code == 0, said.err
    system = load_system(folder / "poet.yaml")
    assert (system.name, system.prompts) == ("poet", {"poet": "Write a verse."})
    assert said.json["agents"] == ["poet"]
    assert "its tools are left out: file_search" in said.err


def test_a_file_that_is_there_and_one_that_is_no_export_are_usage_errors(maspo: Run, folder: Path) -> None:
    (folder / "poet.py").write_text(EXPORT)
    assert maspo("import-prompts", "poet.py").code == 2  # system.yaml is there
    assert maspo("import-prompts", "inputs.jsonl", "--out", "new.yaml").code == 2
    assert maspo("import-prompts", "missing.py", "--out", "new.yaml").code == 2
    assert not (folder / "new.yaml").exists()
