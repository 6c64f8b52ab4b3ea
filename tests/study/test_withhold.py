"""Withheld outputs in a whole run: performed, recorded, gone on with, planned for, and told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from maspo.events import InfluenceMeasured
from maspo.models.base import Request
from maspo.optimizers.base import Ask, Problem, Search
from maspo.optimizers.race.influence import Influence, edge_ablations
from maspo.report.folder import look
from maspo.study.job import Job
from maspo.study.resolve import Parts, resolve
from maspo.testing.runs import Recorder, begin, counted_world, go_on, world_job
from maspo.world.spec import WorldSpec

INPUTS = 20


class WhoMatters:
    """An optimizer that withholds every edge, tells who matters, and rewrites nothing."""

    def search(self, problem: Problem) -> Search:
        prompts, team = problem.seed_prompts, problem.team
        ablations = edge_ablations(prompts, team, problem.inputs, INPUTS, problem.seed)
        results = yield Ask(prompts, ablations)
        event = Influence().after(list(zip(ablations, results, strict=True))).event(team)
        return Ask(prompts, events=(event,))


PARTS = Parts(optimizer=WhoMatters())


@pytest.fixture
def job() -> Job:
    return world_job("sequential4", inputs=40, spec=WorldSpec(seed=2))


def measured(folder: Path) -> InfluenceMeasured:
    found = look(folder).view.influence
    assert found is not None
    return found


async def test_v01_every_edge_is_measured_and_told(tmp_path: Path, job: Job) -> None:
    watcher = Recorder()
    model = counted_world(job)
    await begin(job, tmp_path / "run", model, watcher=watcher, parts=PARTS)
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
    await begin(job, tmp_path / "run", model, parts=PARTS)
    planned = resolve(job, PARTS).plan.calls
    judged = sum(count for purpose, count in model.purposes.items() if purpose.startswith("judge"))
    assert 0 < model.purposes["agent"] <= planned["agent"]
    assert 0 < judged <= planned["judge"]


async def test_v03_going_on_repeats_no_call_and_tells_the_same(tmp_path: Path, job: Job) -> None:
    await begin(job, tmp_path / "whole", parts=PARTS)
    stop = asyncio.Event()

    async def before(_: Request) -> None:
        if first.calls >= 12:
            stop.set()

    first, second = counted_world(job, before), counted_world(job)
    assert (await begin(job, tmp_path / "run", first, stop, parts=PARTS)).finished is None
    assert (await go_on(job, tmp_path / "run", second, parts=PARTS)).finished is not None
    assert not first.keys & second.keys
    assert measured(tmp_path / "run") == measured(tmp_path / "whole")
