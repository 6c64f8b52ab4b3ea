"""Whole runs of teams that loop, branch, share prompts and map over lists: stopped, resumed, bounded, reported."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from maspo.core.errors import EXIT_OK
from maspo.models.base import Request
from maspo.report.folder import write_results
from maspo.study.job import Job
from maspo.study.resolve import resolve
from maspo.testing.runs import SMALL_RACE, Counted, begin, counted_world, go_on, with_config, world_job
from maspo.world.spec import WorldSpec
from maspo.world.teams import LIVING


def job_of(name: str) -> Job:
    job = world_job(name, inputs=24, spec=WorldSpec(seed=3))
    models = job.config.models.model_copy(update={"concurrency": 3})
    return with_config(job, search=SMALL_RACE, models=models)


def stopping(job: Job, after: int, stop: asyncio.Event) -> Counted:
    async def before(_: Request) -> None:
        if model.calls >= after:
            stop.set()
        await asyncio.sleep(0)

    model = counted_world(job, before)
    return model


@pytest.mark.parametrize("name", LIVING)
async def test_v01_a_run_keeps_its_bound_and_goes_on_as_if_nothing_had_happened(tmp_path: Path, name: str) -> None:
    job = job_of(name)
    whole = counted_world(job)
    outcome = await begin(job, tmp_path / "whole", whole)
    assert outcome.exit_code == EXIT_OK and outcome.finished is not None
    assert whole.purposes["agent"] <= sum(resolve(job).bound.agent.values())
    assert whole.calls <= resolve(job).bound.most
    stop = asyncio.Event()
    first = stopping(job, whole.calls // 2, stop)
    assert (await begin(job, tmp_path / "run", first, stop)).finished is None
    second = counted_world(job)
    assert (await go_on(job, tmp_path / "run", second)).exit_code == EXIT_OK
    assert (tmp_path / "run" / "prompts.json").read_bytes() == (tmp_path / "whole" / "prompts.json").read_bytes()
    assert not first.keys & second.keys, "no call was paid for twice"


async def test_v02_who_shares_a_prompt_ships_it(tmp_path: Path) -> None:
    job = job_of("shared4")
    outcome = await begin(job, tmp_path / "run")
    assert outcome.finished is not None
    winners = outcome.finished.winners
    assert winners["solver"] != job.system.prompts["solver"], "the seed of this test finds a better one"
    assert winners["solver"] == winners["solver_2"] == winners["solver_3"]
    assert winners["checker"] == winners["checker_2"]


@pytest.mark.parametrize("name", ["loop3", "routed4"])
async def test_v03_the_report_can_be_written(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    await begin(job_of(name), folder)
    write_results(folder)
    assert json.loads((folder / "result.json").read_text(encoding="utf-8"))["verdict"]
    assert "maspo-document" in (folder / "report.html").read_text(encoding="utf-8")
