"""The worst case as objective: faults that cost most are met most, in the search alone, and resume is replay."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.core.errors import ConfigInvalid
from maspo.core.spoilt import NOTHING, called, parted, under
from maspo.core.verdict import Comparison, Verdict
from maspo.events import FaultsWeighed
from maspo.optimizers.base import Endure
from maspo.optimizers.race.adversary import INPUTS, Adversary
from maspo.optimizers.registry import make_config
from maspo.report.fold import fold
from maspo.report.lines import line_of
from maspo.report.result import result_of
from maspo.runners.faults import plan_of
from maspo.study.job import Job
from maspo.study.resolve import resolve
from maspo.testing.runs import SMALL_ASCENT, Recorder, begin, counted_world, go_on, with_config, world_job

FAULTS = ("missing@solver", "nonsense@solver", "late@solver")
KEYS = tuple(f"k{number}" for number in range(400))


def hardened(worst_case: bool = True, stress: float = 0.5) -> Job:
    """Return a small race in which faults are met on half of the inputs."""
    job = world_job("reflect", 30)
    small = {"passes": 2, "drafts": 1, "edits": 2, "traces": 2, "stages": (3, 6), "union_inputs": 6}
    search = make_config({"method": "race", "worst_case": worst_case, **small})
    runner = job.config.runner.model_copy(update={"options": {"stress": stress}})
    return with_config(job, search=search, runner=runner)


@given(st.text(), st.sampled_from([*FAULTS, NOTHING]))
def test_s01_a_key_under_a_fault_names_both_unless_an_input_is_called_so(key: str, fault: str) -> None:
    met = under(key, fault)
    assert parted(met, {key}) == (key, fault)
    assert parted(met, {key, met}) == (met, "") and parted(key, {key}) == (key, "")
    assert parted(met, set()) == (met, "")
    assert called(met, {key: "first"}) == ("first" if fault == NOTHING else f"first under {fault}")


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_s02_what_costs_more_is_met_more_and_nothing_is_forgotten(costs: list[float]) -> None:
    weights = Adversary(0.5, dict(zip(FAULTS, costs, strict=True))).weights
    assert sum(weights.values()) == pytest.approx(1) and min(weights.values()) > 0.05
    ranked = sorted(FAULTS, key=lambda name: costs[FAULTS.index(name)])
    assert [weights[name] for name in ranked] == sorted(weights.values())


def test_s03_inputs_meet_faults_by_their_weights_on_the_share_that_was_asked_for() -> None:
    adversary = Adversary(0.5, {"missing@solver": 0.0, "nonsense@solver": 0.8, "late@solver": 0.0})
    met = adversary.draw_faults(KEYS, 1, 7)
    assert {parted(one, {key})[0] == key for key, one in met.items()} == {True}
    seen = Counter(parted(one, {key})[1] for key, one in met.items())
    assert 0.42 < 1 - seen[NOTHING] / len(KEYS) < 0.58
    assert seen["nonsense@solver"] > 3 * max(seen["missing@solver"], seen["late@solver"])
    assert met == adversary.draw_faults(KEYS, 1, 7) != adversary.draw_faults(KEYS, 2, 7)


def test_s04_costs_are_of_the_looks_and_a_run_that_failed_tells_nothing() -> None:
    adversary = Adversary(0.5, dict.fromkeys(FAULTS, 0.0))
    looks = adversary.looks({"solver": "S"}, KEYS, 1, 0)
    assert len(looks) == INPUTS * len(FAULTS) == len({one.id for one in looks})

    def answer(request: Endure) -> Comparison:
        verdict = Verdict.LOSS if request.fault == "nonsense@solver" else Verdict.TIE
        return Comparison(request.input_key, verdict, (), verdict, failed=request.fault == "late@solver")

    after, seen = adversary.after([(one, answer(one)) for one in looks])
    assert after.costs == {"missing@solver": 0, "nonsense@solver": INPUTS / (INPUTS + 1), "late@solver": 0}
    assert seen == {"missing@solver": 0, "nonsense@solver": INPUTS / (INPUTS + 1)}
    twice, _ = after.after([])
    assert twice == after  # what was not looked at is as it was
    many = Adversary(0.5, {f"late@a{number}": 0.0 for number in range(300)})
    first, second = ({one.fault for one in many.looks({}, KEYS, number, 0)} for number in (1, 2))
    assert len(first) == len(second) < 300 and first != second


async def test_r01_a_search_for_the_worst_case_tells_what_it_met_and_tests_what_a_mixture_tests(tmp_path: Path) -> None:
    job = hardened()
    study, watcher, model = resolve(job), Recorder(), counted_world(job)
    assert any(note.startswith("search.worst_case: before each round faults (6 in all)") for note in study.plan.notes)
    assert study.problem.faults == tuple(map(str, plan_of(job.system, 0.5, ()).drawn))
    outcome = await begin(job, tmp_path / "run", model, watcher=watcher)
    assert outcome.finished is not None and model.calls <= study.bound.most
    told = [one for one in watcher.events if isinstance(one, FaultsWeighed)]
    assert [one.step for one in told] == [f"r{number}" for number in range(1, len(told) + 1)] and told
    assert all(sum(one.weights.values()) == pytest.approx(1) for one in told)
    assert "before round 1, cost in answers lost: " in line_of(told[0])
    assert result_of(fold(watcher.events)).faults[0].weights == told[0].weights
    # The hold-out is split as ever, and stands the test of a mixture.
    assert study.split == resolve(hardened(worst_case=False)).split
    asked = model.calls
    assert (await go_on(job, tmp_path / "run", model)).finished == outcome.finished and model.calls == asked


def test_r02_without_a_share_there_is_no_worst_case() -> None:
    with pytest.raises(ConfigInvalid, match=r"search\.worst_case: expected a share"):
        resolve(hardened(stress=0.0))
    with pytest.raises(ConfigInvalid, match=r"search\.worst_case"):
        make_config({**SMALL_ASCENT.model_dump(mode="json"), "worst_case": True})
    assert not resolve(replace(hardened(worst_case=False))).problem.faults
