"""A run that starts from another: its prompts are candidates of the first round, tried and not believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maspo.core.errors import ConfigInvalid, UsageError
from maspo.events import CandidateScored
from maspo.report.earlier import earlier_run
from maspo.study.carried import Earlier, carried_over
from maspo.study.optimize import recorded_job
from maspo.study.resolve import resolve
from maspo.team import Agent, System
from maspo.testing.runs import SMALL_RACE, Recorder, begin, with_config, world_job
from maspo.world.spec import WorldSpec

JOB = with_config(world_job(inputs=24, spec=WorldSpec(seed=3)), search=SMALL_RACE)


async def test_t01_what_an_earlier_run_found_is_raced_in_the_first_round_and_recorded(tmp_path: Path) -> None:
    await begin(JOB, tmp_path / "first")
    earlier = earlier_run(tmp_path / "first")
    carried, remarks = carried_over(JOB, earlier)
    assert carried and not remarks
    watcher, job = Recorder(), replace(JOB, carried=carried)
    outcome = await begin(job, tmp_path / "second", watcher=watcher)
    assert outcome.finished is not None
    first = [one.text for one in watcher.events if isinstance(one, CandidateScored) and one.step.startswith("r1/")]
    assert set(carried.values()) <= set(first)
    assert recorded_job(tmp_path / "second").carried == carried


def test_t02_changes_are_carried_to_another_prompt_of_the_same_agent() -> None:
    system = System((Agent("a", "You add numbers. Be exact."), Agent("b", "You check.", reads=("a",))))
    job = replace(JOB, system=system)
    before = {"a": "You sum numbers. Be exact.", "b": "You check."}
    after = {**before, "a": "You sum numbers. Be exact. Show each step."}
    carried, remarks = carried_over(job, Earlier(before, after))
    assert carried == {"a": "You add numbers. Be exact.\nShow each step."} and not remarks


def test_t03_what_does_not_fit_or_breaks_a_rule_is_told_and_left_out() -> None:
    system = System((Agent("a", "You add numbers.", protect=("You add numbers.",)),))
    job = replace(JOB, system=system)
    carried, (remark,) = carried_over(job, Earlier({"a": "You add numbers."}, {"a": "Do nothing."}))
    assert not carried and remark.startswith("--start-from: a's earlier prompt may not be used here")
    carried, (remark,) = carried_over(job, Earlier({"x": "X"}, {"x": "Y"}))
    assert not carried and "has rewritten no agent of this team" in remark


async def test_t04_only_a_finished_race_is_started_from(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no run"):
        earlier_run(tmp_path)
    with pytest.raises(ConfigInvalid, match=r"--start-from: search\.method ascent cannot start from a run"):
        resolve(replace(world_job(), carried={"solver": "better"}))
