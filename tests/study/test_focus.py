"""The focus of a run: only the agents that it names are rewritten."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.api import configured
from maspo.config import RunConfig
from maspo.core.errors import ConfigInvalid, RunChanged, UsageError
from maspo.events import RunStarted, StepStarted
from maspo.models.base import Request
from maspo.study.job import Job
from maspo.study.resolve import check_task, resolve, team_of
from maspo.team import Agent, System
from maspo.testing.runs import Recorder, begin, counted_world, go_on, with_config, world_job

TEAM = System(
    (Agent("a", "A"), Agent("b", "B", ("a",), frozen=True), Agent("side", "S", ("a",)), Agent("d", "D", ("b",))),
    output="d",
)


def focused(*focus: str) -> Job:
    return with_config(replace(world_job(), system=TEAM, world=None), focus=focus)


def test_o01_agents_outside_the_focus_are_as_frozen_ones() -> None:
    assert team_of(focused()).rewritten == ("a", "d")
    assert team_of(focused("d")).rewritten == ("d",)
    assert resolve(focused("a")).problem.team.rewritten == ("a",)


@pytest.mark.parametrize(
    ("focus", "message"),
    [
        (("a", "nobody"), "--focus: 'nobody' is no agent; agents that may be rewritten: a, d"),
        (("b",), "--focus: 'b' is frozen; agents that may be rewritten: a, d"),
        (("side",), "--focus: 'side' does not reach the output; agents that may be rewritten: a, d"),
    ],
)
def test_o02_a_focus_that_cannot_be_is_refused(focus: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as error:
        check_task(focused(*focus))
    assert str(error.value) == message


async def test_o03_only_the_focus_is_searched_and_the_report_says_so(tmp_path: Path) -> None:
    job = with_config(world_job("hierarchical"), focus=("aggregator",))
    name = "aggregator"
    assert name in job.system.order
    watcher = Recorder()
    outcome = await begin(job, tmp_path / "run", watcher=watcher)
    assert outcome.finished is not None
    changed = {each for each, text in outcome.finished.winners.items() if text != job.system.prompts[each]}
    assert changed == {name}
    assert {event.agent for event in watcher.events if isinstance(event, StepStarted)} == {name}
    (start,) = (event for event in watcher.events if isinstance(event, RunStarted))
    assert "only aggregator is rewritten (--focus)" in start.notes


def test_o04_a_focus_plans_fewer_calls() -> None:
    whole = world_job("hierarchical")
    part = with_config(whole, focus=("aggregator",))
    assert sum(resolve(part).plan.calls.values()) < sum(resolve(whole).plan.calls.values())


async def test_o05_going_on_keeps_the_focus_and_refuses_another(tmp_path: Path) -> None:
    job, stop = with_config(world_job(), focus=("solver",)), asyncio.Event()

    async def before(_: Request) -> None:
        if model.calls >= 20:
            stop.set()

    model = counted_world(job, before)
    assert (await begin(job, tmp_path / "run", model, stop)).finished is None
    config = tmp_path / "run" / "config.json"
    text = config.read_text(encoding="utf-8")
    assert json.loads(text)["focus"] == ["solver"]
    config.write_text(json.dumps({**json.loads(text), "focus": ["critic"]}), encoding="utf-8")
    with pytest.raises(RunChanged) as error:
        await go_on(job, tmp_path / "run")
    assert error.value.differences == ('config.focus: was ["solver"], is ["critic"]',)
    config.write_text(text, encoding="utf-8")
    finished = (await go_on(job, tmp_path / "run")).finished
    assert finished is not None
    assert finished.winners["critic"] == job.system.prompts["critic"]


@pytest.mark.parametrize("given", [["solver", "critic"], ("solver", "critic"), "solver, critic, solver"])
def test_o06_the_focus_is_given_as_a_list_or_in_a_row(given: object) -> None:
    assert configured(RunConfig(), {"focus": given}).focus == ("solver", "critic")


@pytest.mark.parametrize("given", ["", "solver,,critic", ",", 3])
def test_o07_what_is_no_list_of_names_is_refused(given: object) -> None:
    with pytest.raises(ConfigInvalid, match=r"^focus"):
        configured(RunConfig(), {"focus": given})
