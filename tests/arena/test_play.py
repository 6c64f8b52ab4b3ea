"""Playing: what a record says is what the run did."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from maspo.arena.play import TimedWorld, play, truth, truth_key
from maspo.arena.programme import INGREDIENTS, RIVALS, WORLDS, Match, Programme, Rival, Timing
from maspo.config import ModelSettings, RunConfig, search_of
from maspo.data.inputs import make_inputs
from maspo.models.base import PROBE, Message, Request
from maspo.study.job import Job
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.runs import Recorder
from maspo.world import World, WorldSpec

RIVAL = Rival(
    "small",
    RunConfig(
        profile="cheap",
        models=ModelSettings(agent="simulated"),
        search=search_of("cheap", {"passes": 1, "stages": (4,), "edits": 2}),
    ),
)
CASE = Match("reflect", "base", RIVAL, seed=101, inputs=16)


def timed(*paces: Timing) -> Match:
    return replace(CASE, timings=paces)


def test_a30_a_record_agrees_with_the_run_itself(tmp_path: Path) -> None:
    world = World(CASE.spec)
    job = Job(world.system("reflect"), make_inputs(world.inputs(16)), CASE.config, world=CASE.spec)
    finished = asyncio.run(start(resolve(job), tmp_path / "run", Recorder())).finished
    assert finished is not None
    record = play(CASE)
    known = truth(CASE)
    assert (known.seed, record.shipped) == finished.truth
    calls = {purpose: usage.calls for purpose, usage in finished.usage.items()}
    assert record.calls == {**calls, PROBE: 1}  # the arena's runs ask a model, as a user's do, and probe it first
    assert (record.verdict, record.changed) == (finished.verdict, finished.shipped == "optimized")
    assert known.optimum > known.seed


@pytest.mark.parametrize("pace", ["none", "wall", "depth"])
def test_a31_the_clock_changes_no_decision(pace: Timing) -> None:
    record, plain = play(timed(pace)), play(CASE)
    assert record.calls == plain.calls
    assert (record.winners, record.verdict, record.tokens_out) == (plain.winners, plain.verdict, plain.tokens_out)
    assert record.repeats == 0


def test_a32_depth_and_wall_lie_between_what_must_be_and_what_one_by_one_would_be() -> None:
    record = play(timed("wall", "depth"))
    assert record.depth is not None
    assert record.wall is not None
    assert record.depth == pytest.approx(round(record.depth))
    # At the least: the probe, two agents of a chain one after the other, a proposal, and a candidate.
    assert 5 <= record.depth < record.all_calls / 4
    one_by_one = 0.2 * record.all_calls + 0.002 * record.tokens_out
    assert max(0.2 * record.depth, one_by_one / 64) < record.wall < one_by_one


def test_a33_equal_calls_are_counted_as_repeats() -> None:
    model = TimedWorld(World(), "none")
    words = (Message("user", "A question"),)
    asked = [Request("m", words, "agent"), Request("m", words, "judge.local"), Request("m", words, PROBE)]
    asked += [Request("m", words, "proposer", temperature=0.7)] * 2
    for request in asked:
        asyncio.run(model.complete(request))
    assert model.repeats == 1


def test_a34_cases_are_known_by_everything_that_determines_them() -> None:
    others = [
        replace(CASE, graph="diamond"),
        replace(CASE, world="poor"),
        replace(CASE, seed=102),
        replace(CASE, inputs=18),
        timed("wall"),
        replace(CASE, rival=replace(RIVAL, config=RIVAL.config.model_copy(update={"labels": "use"}))),
    ]
    assert len({CASE.key, *(match.key for match in others)}) == 7
    assert replace(CASE, rival=replace(RIVAL, name="renamed")).key == CASE.key


def test_a35_the_truth_depends_on_what_prompts_do_and_not_on_the_judge() -> None:
    same = {truth_key(replace(CASE, world=world)) for world in ("base", "dull judge", "poor", "rewrites", "coin flip")}
    assert len(same) == 1
    assert len({truth_key(replace(CASE, world=world)) for world in ("base", "no effect", "no traps", "conflicts")}) == 4


def test_a36_a_programme_plays_everything_once() -> None:
    programme = Programme(("reflect", "diamond"), ("base",), (RIVAL,), range(3, 6), 16, ("none",))
    matches = list(programme.matches())
    assert len(matches) == len({match.key for match in matches}) == 6
    assert [match.seed for match in matches] == [3, 3, 4, 4, 5, 5]


def test_a37_worlds_differ_from_base_in_what_they_are_named_for() -> None:
    assert WORLDS["base"] == WorldSpec()
    assert len(set(WORLDS.values())) == len(WORLDS)
    assert {"default", "cheap", "thorough", "paper", "local-only"} <= set(RIVALS)
    assert len({one.name for one in INGREDIENTS}) == len({one.without for one in INGREDIENTS}) == len(INGREDIENTS)


def test_a39_a_stranger_sees_conflicts_found_in_a_world_that_has_them() -> None:
    search = search_of("default", {"passes": 1})
    rival = Rival("short", RunConfig(profile="default", models=ModelSettings(agent="simulated"), search=search))
    found = {
        world: play(Match("reflect", world, rival, seed=2, inputs=120)).conflicts for world in ("base", "conflicts")
    }
    assert found == {"base": 0, "conflicts": 1}
