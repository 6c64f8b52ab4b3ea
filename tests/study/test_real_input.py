"""Real inputs: a slice of AQuA, unlabelled, through a sequential system over HTTP to a verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maspo.config import RunConfig
from maspo.core.errors import EXIT_OK
from maspo.data.inputs import Inputs, load_inputs
from maspo.events import DraftRejected, RunStarted
from maspo.optimizers.registry import make_config
from maspo.study.job import Job
from maspo.study.optimize import start
from maspo.study.resolve import resolve, split_of
from maspo.team import Agent, System
from maspo.testing.runs import Recorder
from maspo.world.serve import start_server

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "aqua_val.jsonl"
ROWS = 24
PLANS: dict[str, dict[str, object]] = {
    "race": {"passes": 1, "drafts": 1, "edits": 3, "traces": 2, "stages": (4, 8)},
    "ascent": {"passes": 1, "drafts": 1, "generations": 1, "batch": 4, "promotion": (4, 8)},
}
SYSTEM = System(
    (
        Agent(
            "predictor", "Solve this problem.\n\n{question}\n\nOptions:\n{options}\n\nGive the letter of the option."
        ),
        Agent("reflector", "You check the solution and give the letter of the right option.", reads=("predictor",)),
    ),
    name="aqua-sequential",
    final_answer="tag:answer",
)


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    """The first rows of AQuA's validation set as unlabelled inputs."""
    if not DATA.is_file():
        pytest.skip(f"the data set {DATA.name} is not beside the repository (shared/data); nothing real to read")
    file = tmp_path / "aqua.jsonl"
    with DATA.open(encoding="utf-8") as lines, file.open("w", encoding="utf-8") as slice_of_it:
        for _, line in zip(range(ROWS), lines, strict=False):
            row = json.loads(line)
            slice_of_it.write(json.dumps({"question": row["question"], "options": row["options"]}) + "\n")
    return load_inputs(file)


@pytest.mark.parametrize("method", PLANS)
async def test_v01_real_problems_run_to_a_verdict_over_http(tmp_path: Path, inputs: Inputs, method: str) -> None:
    plan = make_config({"method": method, **PLANS[method]})
    watcher = Recorder()
    async with start_server() as url:
        models = RunConfig().models.model_copy(update={"base_url": url, "api_key_env": "MASPO_NO_KEY"})
        job = Job(SYSTEM, inputs, RunConfig(search=plan, models=models))
        outcome = await start(resolve(job), tmp_path / "run", watcher)
    assert outcome.exit_code == EXIT_OK
    assert outcome.finished is not None
    assert outcome.finished.verdict in ("improved", "no_evidence", "worse", "cannot_tell")
    started = watcher.events[0]
    assert isinstance(started, RunStarted)
    assert (started.search_inputs, started.holdout_inputs) == (12, 12)
    assert len(split_of(job).search) == 12
    for prompts in (outcome.finished.prompts, outcome.finished.winners):
        assert "{question}" in prompts["predictor"] and "{options}" in prompts["predictor"]
    for event in watcher.events:
        if isinstance(event, DraftRejected):
            assert event.reason
    assert json.loads((tmp_path / "run" / "prompts.json").read_text()) == outcome.finished.prompts


def test_v02_options_are_listed_line_by_line_and_no_label_is_kept(inputs: Inputs) -> None:
    assert len(inputs.rows) == ROWS
    assert inputs.columns == {"question", "options"}
    first = inputs.rows[0]
    assert first.answer is None
    assert first.columns["options"].split("\n")[0].startswith("A)")
