"""Withheld outputs in a whole run: performed, recorded, gone on with, planned for, and told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from maspo.engine.estimate import estimate
from maspo.engine.job import Job
from maspo.events import Event, InfluenceMeasured
from maspo.models.base import Request
from maspo.prompts import Prompts
from maspo.report.folder import look
from maspo.search import waves
from maspo.search.influence import Influence, interventions
from maspo.search.methods import METHODS
from maspo.search.setting import Setting
from maspo.search.work import Case, Result, Work
from maspo.testing.runs import Recorder, begin, counted_world, go_on, world_job
from maspo.world.spec import WorldSpec

INPUTS = 20


@dataclass(frozen=True)
class State:
    setting: Setting
    prompts: Prompts
    wave: tuple[Work, ...]
    told: Mapping[str, Result] = field(default_factory=dict)
    done: bool = False
    cases: tuple[Case, ...] = ()
    events: tuple[Event, ...] = ()


class WhoMatters:
    """A search that withholds every edge, tells who matters, and rewrites nothing."""

    def begin(self, setting: Setting, seed_prompts: Prompts) -> State:
        wave = interventions(seed_prompts, setting.team, setting.inputs, INPUTS, setting.seed)
        return State(setting, seed_prompts, wave)

    def ask(self, state: State) -> tuple[Work, ...]:
        return () if state.done else waves.unanswered(state)

    def tell(self, state: State, results: Mapping[str, Result]) -> State:
        return waves.moved(waves.taken(state, results), self._end)

    def _end(self, state: State) -> State:
        event = Influence().after(waves.answers(state)).told(state.setting.team)
        return replace(state, done=True, events=(event,))


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setitem(METHODS, "ascent", WhoMatters())
    return world_job("sequential4", inputs=40, spec=WorldSpec(seed=2))


def measured(folder: Path) -> InfluenceMeasured:
    found = look(folder).view.influence
    assert found is not None
    return found


async def test_v01_every_edge_is_measured_and_told(tmp_path: Path, job: Job) -> None:
    watcher = Recorder()
    model = counted_world(job)
    await begin(job, tmp_path / "run", model, watcher=watcher)
    found = measured(tmp_path / "run")
    assert found in watcher.events
    edges = {(edge.source, edge.reader) for edge in found.edges}
    assert edges == {(source, reader) for source in job.system.order for reader in job.system.successors[source]}
    assert all(edge.withheld.compared == INPUTS for edge in found.edges)
    assert any(edge.withheld.differed for edge in found.edges)
    assert model.purposes["judge.global"] > 0
    assert max(model.keys.values()) == 1, "the normal runs are shared by all edges"


async def test_v02_the_plan_is_an_upper_bound(tmp_path: Path, job: Job) -> None:
    model = counted_world(job)
    await begin(job, tmp_path / "run", model)
    planned = estimate(job).calls
    judged = sum(count for purpose, count in model.purposes.items() if purpose.startswith("judge"))
    assert 0 < model.purposes["agent"] <= planned["agent"]
    assert 0 < judged <= planned["judge"]


async def test_v03_going_on_repeats_no_call_and_tells_the_same(tmp_path: Path, job: Job) -> None:
    await begin(job, tmp_path / "whole")
    stop = asyncio.Event()

    async def before(_: Request) -> None:
        if first.calls >= 12:
            stop.set()

    first, second = counted_world(job, before), counted_world(job)
    assert (await begin(job, tmp_path / "run", first, stop)).finished is None
    assert (await go_on(job, tmp_path / "run", second)).finished is not None
    assert not first.keys & second.keys
    assert measured(tmp_path / "run") == measured(tmp_path / "whole")
