"""The open-ended examples: no labels, a rubric each, and each runs offline on the simulated world to a verdict."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from maspo.cli.app import app
from maspo.config import RunConfig
from maspo.core.errors import EXIT_OK
from maspo.data.inputs import Inputs, load_inputs
from maspo.runners.messages import check_inputs
from maspo.study.job import Job
from maspo.team.load import load_system
from maspo.testing.runs import SMALL_ASCENT, begin

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SHAPES = {
    "code-review": (("author",), ("reviewer", "tester"), ("fixer",)),
    "collaborative-reasoning": (("framer",), ("analyst", "sceptic"), ("arbiter",)),
    "creative-writing": (("premise",), ("people", "place", "voice"), ("writer",)),
    "decision-support": (("benefits", "costs", "risks"), ("adviser",)),
    "retrieval-synthesis": (("selector",), ("extractor",), ("writer",), ("checker",)),
    "role-play-dialogue": (("planner",), ("speaker",), ("partner",), ("editor",)),
}
FEW = 8
"""Inputs of a test run."""


def job_of(kind: str, rows: int = FEW) -> Job:
    inputs = load_inputs(EXAMPLES / kind / "inputs.jsonl")
    config = RunConfig(search=SMALL_ASCENT.model_copy(update={"passes": 1}))
    return Job(load_system(EXAMPLES / kind / "system.yaml"), Inputs(inputs.rows[:rows]), config)


def options(command: str) -> set[str]:
    """Return the options of a `maspo` command."""
    commands: Any = getattr(typer.main.get_command(app), "commands", {})
    return {option for parameter in commands[command].params for option in parameter.opts}


def test_o01_there_is_one_for_every_kind() -> None:
    assert sorted(path.parent.name for path in EXAMPLES.glob("*/system.yaml")) == sorted(SHAPES)


@pytest.mark.parametrize("kind", SHAPES)
def test_o02_each_has_its_shape_enough_inputs_a_rubric_and_no_labels(kind: str) -> None:
    system = load_system(EXAMPLES / kind / "system.yaml")
    assert (system.levels, system.name, system.final_answer) == (SHAPES[kind], kind, "none")
    inputs = load_inputs(EXAMPLES / kind / "inputs.jsonl")
    assert len(inputs.rows) >= 24 and inputs.merged == 0
    assert all(row.answer is None for row in inputs.rows)
    assert (
        len(re.findall(r"^\d\. \*\*", (EXAMPLES / kind / "rubric.md").read_text(encoding="utf-8"), re.MULTILINE)) >= 4
    )
    assert check_inputs(system, inputs) == []


@pytest.mark.parametrize("kind", SHAPES)
def test_o03_the_readme_names_files_that_are_there(kind: str) -> None:
    text = (EXAMPLES / kind / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^maspo (\w+) (.*)$", text, re.MULTILINE)
    assert [name for name, _ in commands] == ["check", "optimize", "evaluate"]
    for name, arguments in commands:
        assert set(re.findall(r"--[a-z-]+", arguments)) <= options(name)
    made_by_the_run = {"run/prompts.json"}
    for name in set(re.findall(r"[\w/]+\.(?:yaml|jsonl|json|md)", text)) - made_by_the_run:
        assert (EXAMPLES / kind / name).is_file(), name


@pytest.mark.parametrize("kind", SHAPES)
async def test_o04_each_runs_offline_to_a_verdict(kind: str, tmp_path: Path) -> None:
    job = job_of(kind)
    outcome = await begin(job, tmp_path / "run")
    assert outcome.exit_code == EXIT_OK and outcome.finished is not None
    assert set(outcome.finished.prompts) == set(job.system.prompts)
    for name, prompt in outcome.finished.winners.items():
        agent = job.system.by_name[name]
        assert all(line in prompt for line in agent.protect)
        placeholders = set(re.findall(r"\{\w+\}", agent.prompt))
        assert set(re.findall(r"\{\w+\}", prompt)) == placeholders
    assert json.loads((tmp_path / "run" / "prompts.json").read_text(encoding="utf-8")) == outcome.finished.prompts
