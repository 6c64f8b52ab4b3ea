"""Prompts and structure in turns on the simulated world: who goes, one budget, one test, stopped and gone on with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.config import Caps, RunConfig
from maspo.core.errors import ConfigInvalid, Interrupted, RunChanged, StoreError, UsageError
from maspo.data.inputs import make_inputs
from maspo.events import HoldoutLooked, HoldoutResult, RunFinished
from maspo.models.base import ModelClient, Reply, Request
from maspo.optimizers.structure.base import StructurePlan
from maspo.report.alternation import (
    alternation_summary,
    figures_in,
    figures_of,
    headline,
    markdown,
    write_alternation,
)
from maspo.store.run_store import RunStore
from maspo.study.alternation.alternate import AlternationFindings, alternate, as_begun, contestants
from maspo.study.alternation.plan import ALTERNATION, SHARES, TURNS, Alternation, differences
from maspo.study.alternation.tally import Stage, better_stages, verdict_of
from maspo.study.attention import Attention
from maspo.study.ended import end_of
from maspo.study.job import Job, Progress
from maspo.study.optimize import recorded_job, start
from maspo.study.record import COMPARED, JOINT
from maspo.study.resolve import resolve
from maspo.team import System
from maspo.team.changes import DropAgent
from maspo.testing.runs import Counted, Recorder
from maspo.world import World, WorldSpec

WORLD = World(WorldSpec(seed=9003))


def asked(team: str = "rumours", inputs: int = 100, calls: int = 2400, caps: Caps | None = None) -> Alternation:
    config = RunConfig.model_validate({"search": {"method": "race", "calls": calls}})
    config = config.model_copy(update={"caps": caps or Caps()})
    return Alternation(Job(WORLD.system(team), make_inputs(WORLD.inputs(inputs)), config), StructurePlan())


def attention(model: ModelClient, watcher: Recorder | None = None, stop: asyncio.Event | None = None) -> Attention:
    @asynccontextmanager
    async def provider(_: Job, __: str) -> AsyncIterator[ModelClient]:
        yield model

    return Attention(watcher or Recorder(), provider, stop=stop)


@pytest.mark.slow
async def test_l01_who_harms_goes_and_what_is_left_is_rewritten_within_one_budget_and_one_look(tmp_path: Path) -> None:
    model, plan, watcher = Counted(WORLD), asked(caps=Caps(calls=2400)), Clocked()
    found = await alternate(plan, tmp_path, attention(model, watcher))
    assert model.calls <= 2400 and found.usage.calls == model.calls
    assert [end.turn for end in found.turns] == list(TURNS)
    assert {DropAgent("gossip"), DropAgent("oracle")} & set(found.changes)
    before = WORLD.accuracy(plan.job.system, {})
    assert found.verdict == "better" and WORLD.accuracy(found.system, found.system.prompts) > before + 0.1
    # The hold-out was looked at once, and no turn saw an input of it.
    looks = [
        event for event in watcher.events if isinstance(event, HoldoutLooked) and event.winners.startswith("joint")
    ]
    assert len(looks) == 1
    seen = {row.key for row in recorded_job(tmp_path / "1-prompts").inputs.rows}
    assert seen == set(plan.split.search) and not seen & set(plan.split.holdout)
    write_alternation(tmp_path, found)
    figures = json.loads((tmp_path / "result.json").read_text())
    assert figures["verdict"] == found.verdict and [one["stage"] for one in figures["stages"]] == ["prompts", "joint"]
    assert System.load(str(tmp_path / "system.yaml")).prompts == found.system.prompts
    held = figures_in(tmp_path)
    assert held == figures_of(found)
    assert "without" in alternation_summary(held) and "| structure | " in (tmp_path / "report.md").read_text()
    assert all("claim needs p ≤" in text for text in (alternation_summary(held), markdown(held)))
    assert headline(held) == alternation_summary(held).splitlines()[0]
    # It is looked on as at one piece of work: one clock, one bill, no verdict in between.
    assert not any(isinstance(event, RunFinished) for event in watcher.events)
    assert watcher.progress and {one.calls_planned for one in watcher.progress} == {plan.calls}
    assert all(later.calls >= earlier.calls for earlier, later in pairwise(watcher.progress))
    assert watcher.progress[-1].seconds >= sum(end.seconds for end in found.turns)


async def test_l08_turns_that_were_begun_with_defaults_of_before_go_on_with_them(tmp_path: Path) -> None:
    now = asked()
    noted = json.loads(ALTERNATION.dump(now))
    noted["job"]["config"]["search"]["shared_inputs"] = 24
    del noted["job"]["config"]["search"]["design"], noted["job"]["config"]["search"]["verdicts_on_answers"]
    async with RunStore.create(tmp_path / JOINT) as store:
        await store.append([], {"run": "of-before", "alternation": json.dumps(noted)})
    assert differences(ALTERNATION.load(json.dumps(noted)), now)
    assert differences(ALTERNATION.load(json.dumps(noted)), as_begun(now, tmp_path)) == ()
    assert as_begun(now, tmp_path / "elsewhere") is now


@pytest.mark.slow
async def test_l02_stopped_in_any_turn_it_goes_on_and_pays_no_call_twice(tmp_path: Path) -> None:
    plan, whole = asked("reflect", 60, 900), Counted(WORLD)
    found = await alternate(plan, tmp_path / "whole", attention(whole))
    again = await alternate(plan, tmp_path / "whole", attention(Unreachable()))
    assert figures(again) == figures(found)
    for number, part in enumerate((0.2, 0.5, 0.7, 0.97)):
        stop, out = asyncio.Event(), tmp_path / str(number)
        first, second = stopping(stop, int(part * whole.calls)), Counted(WORLD)
        with pytest.raises(Interrupted):
            await alternate(plan, out, attention(first, stop=stop))
        assert figures(await alternate(plan, out, attention(second))) == figures(found)
        # Turns have records of their own, so what two of them ask is asked in each; nothing is beyond that.
        assert first.keys + second.keys == whole.keys
    with pytest.raises(RunChanged, match="calls in all"):
        await alternate(asked("reflect", 60, 950), tmp_path / "whole", attention(Unreachable()))


class Clocked(Recorder):
    """A watcher that keeps where the work stood, too."""

    def __init__(self) -> None:
        super().__init__()
        self.progress: list[Progress] = []

    def on_progress(self, progress: Progress) -> None:
        self.progress.append(progress)


class Unreachable:
    """A model that must not be asked."""

    async def complete(self, request: Request) -> Reply:
        raise AssertionError("everything is recorded")


def stopping(stop: asyncio.Event, after: int) -> Counted:
    async def before(_: object) -> None:
        if model.calls > after:
            stop.set()

    model = Counted(WORLD, before)
    return model


def figures(found: AlternationFindings) -> dict[str, object]:
    left_out = ("seconds", "run", "turns", "calls")
    return {name: one for name, one in figures_of(found).dump().items() if name not in left_out}


def test_l03_a_budget_that_no_turn_could_use_is_refused_before_anything_is_paid(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="calls in all, of which"):
        asyncio.run(alternate(asked(calls=400), tmp_path / "out", attention(Counted(WORLD))))
    assert not (tmp_path / "out" / JOINT).exists() and end_of(tmp_path / "out" / "1-prompts") is None
    assert sum(SHARES) == pytest.approx(1) and len(SHARES) == len(TURNS)


@pytest.mark.parametrize("name", ["1-prompts", "2-structure", "3-prompts"])
def test_l06_a_folder_of_a_turn_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    elsewhere, out, model = tmp_path / "elsewhere", tmp_path / "out", Counted(WORLD)
    elsewhere.mkdir()
    out.mkdir()
    (out / name).symlink_to(elsewhere)
    with pytest.raises(StoreError, match="is a link, and runs would be written elsewhere"):
        asyncio.run(alternate(asked(), out, attention(model)))
    assert model.calls == 0 and not list(elsewhere.iterdir()) and [one.name for one in out.iterdir()] == [name]


@pytest.mark.parametrize("database", [JOINT, COMPARED])
def test_l07_a_run_does_not_begin_in_a_folder_of_other_work(database: str, tmp_path: Path) -> None:
    (tmp_path / database).write_bytes(b"")
    (tmp_path / "config.json").write_text("theirs")
    with pytest.raises(UsageError, match="would write over its files"):
        asyncio.run(start(resolve(asked().job), tmp_path, Recorder(), attention(Counted(WORLD)).provider))
    assert (tmp_path / "config.json").read_text() == "theirs"
    assert {one.name for one in tmp_path.iterdir()} == {database, "config.json"}


def result(wins: int, losses: int, p_value: float, p_worse: float = 1.0) -> HoldoutResult:
    return HoldoutResult(40, wins, losses, 40 - wins - losses, 0, p_value, p_worse, (-1.0, 1.0), None)


def test_l04_two_tests_on_one_hold_out_are_corrected_and_the_last_proven_team_is_given() -> None:
    level = result(1, 0, 0.5).level
    both: dict[Stage, HoldoutResult] = {"prompts": result(9, 1, level), "joint": result(9, 1, level)}
    assert better_stages(both) == frozenset()
    both["joint"] = result(9, 1, level / 2)
    assert better_stages(both) == {"prompts", "joint"} and verdict_of(both, 0.2, 0.1) == ("better", "joint")
    one: dict[Stage, HoldoutResult] = {"prompts": result(9, 1, level * 0.6), "joint": result(3, 1, 0.3)}
    assert better_stages(one) == frozenset()  # alone it would count
    assert verdict_of(one, 0.2, 0.1) == ("not_proven", "given")
    one["prompts"] = result(9, 1, level * 0.4)
    assert verdict_of(one, 0.2, 0.1) == ("better", "prompts")
    assert verdict_of({"joint": result(0, 0, 1.0)}, 0.05, 0.1) == ("as_good", "joint")
    assert verdict_of({"joint": result(0, 9, 1.0, level / 4)}, 0.5, 0.1) == ("worse", "given")
    either: dict[Stage, HoldoutResult] = {"prompts": result(1, 9, 1.0, level * 0.6), "joint": result(3, 4, 1.0, 0.4)}
    assert verdict_of(either, 0.5, 0.1) == ("not_proven", "given")  # alone it would be worse
    assert verdict_of({}, 0.0, 0.1) == ("unchanged", "given")


def test_l09_where_nothing_came_after_the_first_prompts_there_is_one_claim_and_it_has_the_whole_level() -> None:
    team = WORLD.system("reflect")
    better, best = (team.with_prompts({**team.prompts, team.output: text}) for text in ("Better.", "Best."))
    assert contestants(team, better, best) == {"prompts": better, "joint": best}
    assert contestants(team, better, better) == {"joint": better}
    assert contestants(team, team, better) == {"joint": better} and contestants(team, better, team) == {
        "prompts": better
    }
    assert contestants(team, team, team) == {}
    one = result(9, 1, 0.75 * result(1, 0, 0.5).level)
    assert verdict_of({"joint": one}, 1.0, 0.1) == ("better", "joint")
    assert verdict_of({"prompts": one, "joint": one}, 1.0, 0.1) == ("not_proven", "given")


@given(st.integers(1200, 30_000), st.sampled_from(["reflect", "rumours", "chain5"]))
def test_l05_the_turns_and_the_test_never_share_out_more_than_there_is(calls: int, team: str) -> None:
    plan = asked(team, 60, calls, Caps(calls=calls))
    spent = 0
    for number in range(len(TURNS)):
        share = plan._share(number, spent)
        assert share >= 1
        spent += share
    assert spent + plan.test_calls <= calls or plan.test_calls > calls // 2
