"""Two runs of the same prompts on the hold-out: what differs between them is noise, and it is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maspo.config import HoldoutSettings
from maspo.events import RerunCompared
from maspo.models.base import AGENT, Reply, Request
from maspo.report.fold import fold
from maspo.report.result import result_of
from maspo.report.text import summary
from maspo.study.job import Job
from maspo.study.resolve import resolve
from maspo.testing.runs import SMALL_RACE, Counted, Recorder, begin, counted_world, with_config, world_job
from maspo.world import World
from maspo.world.spec import WorldSpec


def job_of(rerun: int) -> Job:
    job = world_job(inputs=24, spec=WorldSpec(seed=1))
    return with_config(job, search=SMALL_RACE, holdout=HoldoutSettings(rerun=rerun))


class Noisy(Counted):
    """Answers every third agent call of a second run with another text, and every sixth with another answer."""

    def __init__(self, job: Job) -> None:
        super().__init__(counted_world(job))
        self.world = World(job.world)
        self.again = 0

    async def complete(self, request: Request) -> Reply:
        # The world draws anew for a call of another identity; here only the noise below differs.
        plain = replace(request, identity="") if request.identity.startswith("repeat") else request
        reply = await self.world.complete(plain)
        if request.purpose == AGENT and request.agent == "critic" and request.identity.startswith("repeat"):
            self.again += 1
            if self.again % 6 == 0:
                return replace(reply, text="<answer>another</answer>")
            if self.again % 3 == 0:
                return replace(reply, text=f"Indeed. {reply.text}")
        return reply


async def test_noise_is_counted_and_told(tmp_path: Path) -> None:
    job, watcher = job_of(12), Recorder()
    await begin(job, tmp_path / "run", Noisy(job), watcher=watcher)
    [found] = [event for event in watcher.events if isinstance(event, RerunCompared)]
    assert (found.inputs, found.same_text, found.same_answer) == (12, 8, 10)
    view = fold(watcher.events)
    assert "the same text on 8 and the same answer on 10 of 12 hold-out inputs" in summary(view)
    noise = result_of(view).noise
    assert noise is not None and noise.same_text == 8


@pytest.mark.parametrize("rerun", [0, 3, 1000])
async def test_its_calls_are_in_the_bound(tmp_path: Path, rerun: int) -> None:
    job, plain = job_of(rerun), job_of(0)
    study = resolve(job)
    inputs = min(rerun, len(study.split.holdout))
    assert study.plan.most == resolve(plain).plan.most + inputs * len(job.system.agents)
    models = {number: counted_world(job) for number in (0, rerun)}
    for number, model in models.items():
        await begin(job_of(number), tmp_path / str(number), model)
    assert models[rerun].calls == models[0].calls + inputs * len(job.system.agents)
