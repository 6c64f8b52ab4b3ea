"""A cap in calls below the plan makes the plan smaller: the search ends and is tested, and is not cut off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maspo.config import Caps, RunConfig, search_of
from maspo.core.errors import EXIT_OK
from maspo.data.inputs import make_inputs
from maspo.optimizers.registry import make_optimizer
from maspo.study.job import Job
from maspo.study.optimize import start
from maspo.study.resolve import Parts, Study, resolve
from maspo.study.within_caps import LEAST_CAP, PLANNED_OF_A_CAP, plan_within_caps
from maspo.team.load import parse_system
from maspo.testing.runs import Recorder, counted_world, go_on, world_job
from maspo.world.spec import WorldSpec


def job_with(cap: int | None, **settings: object) -> Job:
    job = world_job(spec=WorldSpec(seed=5), inputs=60)
    config = RunConfig.model_validate({**job.config.model_dump(), "search": search_of("default", {}), **settings})
    return Job(job.system, job.inputs, config.model_copy(update={"caps": Caps(calls=cap)}), world=job.world)


def planned(study: Study) -> int | None:
    return study.job.config.search.planned_calls(study.problem.team)


@pytest.mark.parametrize("cap", [118, 150, 300, 500, 900, 1300])
def test_w01_a_plan_follows_a_lower_cap_and_says_so(cap: int) -> None:
    usual = resolve(job_with(cap))
    study = plan_within_caps(usual)
    assert planned(study) == int(PLANNED_OF_A_CAP * cap)
    assert study.plan.about <= cap < usual.plan.about
    fewer = len(study.split.holdout) < len(usual.split.holdout)
    assert len(study.split.holdout) <= len(usual.split.holdout)
    (told,) = [remark for remark in study.plan.notes if "--max-calls" in remark]
    assert f"is below the {usual.plan.about:,} calls expected" in told and f"planned for {planned(study):,}" in told
    assert ("fewer inputs held out" in told) == fewer


@pytest.mark.parametrize(("cap", "small"), [(150, True), (200, True), (300, True), (350, False), (500, False)])
def test_w09_a_cap_that_leaves_the_final_test_little_is_told_with_one_that_would_do(cap: int, small: bool) -> None:
    study = plan_within_caps(resolve(job_with(cap)))
    (told,) = [remark for remark in study.plan.notes if "--max-calls" in remark]
    assert ("may leave the final test less than its" in told) == small
    if small:
        enough = int(told.rpartition("give ")[2])
        assert enough > study.holdout_calls
        again = plan_within_caps(resolve(job_with(enough)))
        assert not any("may leave the final test" in remark for remark in again.plan.notes)


@pytest.mark.parametrize(("cap", "tested"), [(150, 3), (200, 10), (250, 20)])
async def test_w10_nothing_is_kept_for_a_test_before_there_is_something_to_test(
    tmp_path: Path, cap: int, tested: int
) -> None:
    job = job_with(cap)
    model = counted_world(job)
    outcome = await start(plan_within_caps(resolve(job)), tmp_path / "run", Recorder(), model.provider)
    finished = outcome.finished
    assert finished is not None and model.calls <= cap
    assert finished.winners != job.system.prompts, "the first round ends, though it takes more than half of these caps"
    assert finished.holdout.n >= tested, "each input that what is left pays for is tested"


def test_w02_a_cap_that_suffices_or_none_at_all_changes_nothing() -> None:
    about = resolve(job_with(None)).plan.about
    for cap in (None, about, about + 1):
        study = resolve(job_with(cap))
        assert plan_within_caps(study) is study


@pytest.mark.parametrize("cap", [118, 300, 900])
def test_w08_proofs_that_were_asked_for_stay_and_have_room_within_the_cap(cap: int) -> None:
    given = search_of("default", {"audited_rounds": 2})
    study = plan_within_caps(resolve(job_with(cap, search=given)))
    assert study.job.config.search.model_dump()["audited_rounds"] == 2
    assert study.plan.beyond > 0
    assert study.plan.about <= int(PLANNED_OF_A_CAP * cap) or planned(study) == 100
    none = plan_within_caps(resolve(job_with(cap)))
    assert none.job.config.search.model_dump()["audited_rounds"] == 0
    assert (planned(study) or 0) <= (planned(none) or 0)


@pytest.mark.parametrize("cap", [1, 100, LEAST_CAP - 1])
def test_w07_a_cap_too_low_to_plan_for_is_told_with_the_lowest_that_is_planned_for(cap: int) -> None:
    usual = resolve(job_with(cap))
    study = plan_within_caps(usual)
    assert planned(study) == planned(usual)
    (told,) = [remark for remark in study.plan.notes if "--max-calls" in remark]
    assert f"planned from {LEAST_CAP} on" in told
    assert planned(plan_within_caps(resolve(job_with(LEAST_CAP)))) == 100


TAKING_TURNS = """
name: parts
agents:
  planner:
    prompt: "List the parts of {input} as JSON."
    frozen: true
  worker:
    prompt: "Work out {item} of {input}."
    reads: [planner]
    each: {agent: planner}
  author:
    prompt: "Answer {input} with {worker}."
    reads: [worker]
output: author
"""


def test_w06_no_plan_is_larger_than_the_usual_one_however_much_comes_on_top_of_it() -> None:
    config = RunConfig.model_validate({"models": {"agent": "m"}})
    job = Job(parse_system(TAKING_TURNS), make_inputs([f"question {number}" for number in range(40)]), config)
    usual = resolve(job)
    cap = usual.plan.about - 1
    assert PLANNED_OF_A_CAP * cap > (planned(usual) or 0)
    study = plan_within_caps(resolve(replace(job, config=config.model_copy(update={"caps": Caps(calls=cap)}))))
    assert study.job.config.search.planned_calls(study.problem.team) == planned(usual)
    assert study.plan.about <= cap
    (told,) = [remark for remark in study.plan.notes if "is below" in remark]
    assert f"planned for {planned(usual):,}" in told and "smaller rounds" not in told


@pytest.mark.parametrize("search", [{"calls": 1000}, {"calls_per_agent": 500}, {"method": "spo", "calls": 1000}])
def test_w03_a_plan_of_ones_own_stays(search: dict[str, object]) -> None:
    study = resolve(job_with(300, search=search_of("default", search)))
    assert plan_within_caps(study) is study
    assert any("will be cut short" in remark for remark in study.plan.notes)


def test_w04_profiles_and_baselines_follow_and_what_makes_no_plan_is_left() -> None:
    cheap = plan_within_caps(resolve(job_with(300, profile="cheap", search=search_of("cheap", {}))))
    spo = plan_within_caps(resolve(job_with(300, search=search_of("default", {"method": "spo"}))))
    assert planned(cheap) == planned(spo) == 255
    for unplanned in (
        resolve(job_with(300, profile="paper", search=search_of("paper", {}))),
        resolve(job_with(300), Parts(optimizer=make_optimizer(search_of("default", {})))),
    ):
        assert plan_within_caps(unplanned) is unplanned


@pytest.mark.slow
async def test_w05_a_run_under_a_low_cap_ends_its_search_and_goes_on_as_it_was_planned(tmp_path: Path) -> None:
    study = plan_within_caps(resolve(job_with(500)))
    outcome = await start(study, tmp_path / "run", Recorder())
    assert outcome.finished is not None and outcome.finished.complete
    assert outcome.exit_code == EXIT_OK
    assert sum(used.calls for used in outcome.usage.values()) <= 500
    again = await go_on(study.job, tmp_path / "run")
    assert again.finished is not None and again.finished.prompts == outcome.finished.prompts
