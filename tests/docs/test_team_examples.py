"""The examples of teams that loop, branch and map: each is what its page says, and runs on the world to a verdict."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from maspo.config import RunConfig
from maspo.core.errors import EXIT_OK
from maspo.data.inputs import Inputs, load_inputs
from maspo.events import ConflictFound
from maspo.models.base import RoleSettings
from maspo.runners.messages import check_inputs
from maspo.runners.prompt_graph import PromptGraph
from maspo.study.job import Job
from maspo.study.resolve import split_of
from maspo.team.load import load_system
from maspo.testing.runs import SMALL_RACE, Recorder, begin
from maspo.world import World, WorldSpec
from maspo.world.catalogue import Kind, of_kind

TEAMS = Path(__file__).resolve().parents[2] / "examples" / "teams"
NAMES = sorted(path.stem for path in TEAMS.glob("*.yaml"))
CALLED = {
    "robots": {"planner", "allocator", "robot", "checker", "dispatcher"},
    "service": {"router"},
    "supply": {"bold", "careful"},
    "shop": {"clerk", "writer"},
    "debate": {"optimist", "sceptic", "engineer", "neighbour", "chair"},
}
"""Who is called on every input."""
_FIXES = "\n".join(f"- {one.text}" for one in of_kind(Kind.FIX)[:8])


def job_of(name: str, rows: int = 10) -> Job:
    inputs = load_inputs(TEAMS / f"{name}.jsonl")
    return Job(load_system(TEAMS / f"{name}.yaml"), Inputs(inputs.rows[:rows]), RunConfig(search=SMALL_RACE))


def test_d41_the_page_names_each() -> None:
    assert sorted(re.findall(r"^\| `(\w+)\.yaml`", (TEAMS / "README.md").read_text("utf-8"), re.MULTILINE)) == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_d42_each_is_called_as_its_page_says_and_ends_in_a_verdict(name: str, tmp_path: Path) -> None:
    job = job_of(name)
    assert len(load_inputs(TEAMS / f"{name}.jsonl").rows) == {"supply": 120, "robots": 40, "service": 64}.get(name, 24)
    assert check_inputs(job.system, job.inputs) == []
    graph = PromptGraph(job.system, {row.key: row for row in job.inputs.rows}, World(), RoleSettings("m"))
    traces = [await graph.run(job.system.prompts, row.key) for row in job.inputs.rows]
    assert set.intersection(*(set(trace.by_agent) for trace in traces)) == CALLED[name]
    if name == "robots":
        assert {len(trace.by_agent["planner"]) for trace in traces} == {2}, "what is not approved is planned anew"
        better = {one: f"{text}\n{_FIXES}" for one, text in job.system.prompts.items()}
        approved = [await graph.run(better, row.key) for row in job.inputs.rows]
        assert {len(trace.by_agent["planner"]) for trace in approved} == {1, 2}, "and what is approved is not"
        assert all(call.item for trace in traces for call in trace.by_agent["robot"])
    if name == "shop":
        used = [call.tools for trace in traces for call in trace.by_agent["clerk"]]
        assert {use.name for tools in used for use in tools} == {"in_stock"} and all(used)
    if name == "service":
        assert all(len(trace.calls) == 2 for trace in traces)
    if name == "debate":
        assert all(len(trace.by_agent["sceptic"]) == 3 for trace in traces)
    outcome = await begin(job, tmp_path / "run")
    assert outcome.exit_code == EXIT_OK and outcome.finished is not None


async def test_d46_each_specialist_is_called_on_inputs_that_the_search_sees() -> None:
    system, inputs = load_system(TEAMS / "service.yaml"), load_inputs(TEAMS / "service.jsonl")
    graph = PromptGraph(system, {row.key: row for row in inputs.rows}, World(), RoleSettings("m"))
    traces = [await graph.run(system.prompts, key) for key in split_of(Job(system, inputs, RunConfig())).search]
    called = {name for trace in traces for name in trace.by_agent}
    assert called == set(system.order), "the page says that rare branches get inputs that take them"


async def test_d43_buyers_with_opposite_goals_are_found_and_told_and_both_are_mended(tmp_path: Path) -> None:
    spec = WorldSpec(seed=4, conflicts=True)
    system, watcher = load_system(TEAMS / "supply.yaml"), Recorder()
    config = RunConfig.model_validate({"models": {"agent": "simulated"}})
    job = Job(system, load_inputs(TEAMS / "supply.jsonl"), config, world=spec)
    outcome = await begin(job, tmp_path / "run", watcher=watcher)
    assert outcome.finished is not None
    found = [event.agents for event in watcher.events if isinstance(event, ConflictFound)]
    assert ("bold", "careful") in found
    assert all(outcome.finished.winners[name] != system.prompts[name] for name in ("bold", "careful"))
