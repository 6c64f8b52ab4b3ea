"""Looks at a hold-out by what answered: worlds and models count apart, and whatever a model answered is real."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from maspo.config import RunConfig
from maspo.data.inputs import as_text
from maspo.data.tasks.task import Task, TaskRow
from maspo.events import HoldoutLooked
from maspo.models.base import AGENT, ModelClient, Reply, Request
from maspo.stats.looks import by_number
from maspo.store.looks import LookLedger
from maspo.study.attention import Attention
from maspo.study.evaluation.evaluate import evaluate
from maspo.study.evaluation.job import Evaluation
from maspo.study.job import Job
from maspo.study.looks import HoldoutLooks
from maspo.study.optimize import resume, start
from maspo.study.resolve import resolve, split_of
from maspo.testing.runs import Recorder, world_job
from maspo.world import World
from maspo.world.spec import WorldSpec
from tests.optimum import best_prompts

SPEC = WorldSpec(seed=5)
JOB = replace(world_job(spec=SPEC), world=None)
Says = Callable[[Request], bool]


@dataclass
class Endpoint:
    """The world behind an address, which says of each reply whether it is simulated."""

    simulates: Says

    async def complete(self, request: Request) -> Reply:
        return replace(World(SPEC).reply(request), simulated=self.simulates(request))

    @asynccontextmanager
    async def provider(self, job: Job, run: str) -> AsyncIterator[ModelClient]:
        yield self


def always(request: Request) -> bool:
    return True


def never(request: Request) -> bool:
    return False


def but_for(purpose: str) -> Says:
    return lambda request: not request.purpose.startswith(purpose)


def until_the_hold_out(request: Request) -> bool:
    rows = {row.key: row for row in JOB.inputs.rows}
    held_out = [value for key in split_of(JOB).holdout for value in rows[key].columns.values()]
    return not any(text in message.content for message in request.messages for text in held_out)


async def look_of(out: Path, simulates: Says, ledger: LookLedger) -> int:
    provider = Endpoint(simulates).provider
    outcome = await start(resolve(JOB), out, Recorder(), provider, looks=ledger)
    assert outcome.finished is not None
    assert outcome.finished.winners != JOB.system.prompts
    again = await resume(out, Recorder(), provider=provider, looks=ledger)
    assert again.finished == outcome.finished
    return outcome.finished.holdout.look


def marks(file: Path) -> list[bool]:
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [line["simulated"] for line in lines if line["spent"] is None]


async def test_k11_runs_on_a_simulated_world_cost_those_on_models_nothing_and_the_other_way_round(
    tmp_path: Path,
) -> None:
    ledger = LookLedger(tmp_path / "looks")
    order = [always, always, never, always, never]
    looks = [await look_of(tmp_path / str(number), one, ledger) for number, one in enumerate(order)]
    assert looks == [1, 2, 1, 3, 2]
    assert marks(tmp_path / "looks") == [one is always for one in order]


async def test_k12_one_reply_of_a_model_makes_a_look_a_real_one(tmp_path: Path) -> None:
    ledger, purposes = LookLedger(tmp_path / "looks"), ("judge", "proposer", AGENT)
    looks = [await look_of(tmp_path / name, but_for(name), ledger) for name in purposes]
    assert looks == [1, 2, 3]
    assert marks(tmp_path / "looks") == [False] * 3


async def test_k13_a_look_that_begins_on_a_world_and_meets_a_model_counts_as_both(tmp_path: Path) -> None:
    ledger = LookLedger(tmp_path / "looks")
    assert await look_of(tmp_path / "first", never, ledger) == 1
    assert await look_of(tmp_path / "mixed", until_the_hold_out, ledger) == 2
    assert marks(tmp_path / "looks") == [False, True, False]
    assert await look_of(tmp_path / "last", never, ledger) == 3


class _OneLook:
    """A record of a version that did not tell what its look might spend."""

    run = "r"
    job = replace(JOB, world=None)

    def __init__(self) -> None:
        self.events = [HoldoutLooked("first", 1)]
        self.kept: dict[str, str] = {}

    def recorded(self, kind: type[HoldoutLooked]) -> list[HoldoutLooked]:
        return [event for event in self.events if isinstance(event, kind)]

    def noted(self, name: str) -> str | None:
        return self.kept.get(name)

    async def publish(self, event: HoldoutLooked) -> None:
        self.events.append(event)


async def test_k18_a_look_after_one_of_a_version_that_kept_no_level_has_the_level_of_its_number() -> None:
    record = _OneLook()
    await HoldoutLooks(record, None).take("second", ["text"])  # type: ignore[arg-type]
    assert record.events[-1].look == 2
    assert record.events[-1].level == pytest.approx(by_number(2).level) == pytest.approx(0.005)


async def test_k17_evaluations_that_compare_count_by_what_answered_too(tmp_path: Path) -> None:
    ledger, system = LookLedger(tmp_path / "looks"), World(SPEC).system("reflect")
    rows = tuple(
        TaskRow(columns={"input": as_text(row["input"])}, id=as_text(row["id"]), answer=as_text(row["answer"]))
        for row in World(SPEC).inputs(8)
    )
    evaluation = Evaluation(system, Task("world", rows), RunConfig(), after=best_prompts(), before=system.prompts)
    looks = []
    for number, simulates in enumerate([always, never, but_for("agent"), always, never]):
        attention = Attention(Recorder(), Endpoint(simulates).provider, looks=ledger)
        found = await evaluate(evaluation, tmp_path / str(number), attention)
        assert found.difference is not None
        looks.append(found.difference.look)
    # The third begins on a world, as far as the first small question tells, and meets a model: it counts as both.
    assert looks == [1, 1, 2, 3, 3]
