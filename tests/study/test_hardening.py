"""A search under stress is told which plan keeps clean answers, before anything is paid, unless it has its own."""

from __future__ import annotations

import re
from typing import Literal

import pytest

from maspo.optimizers.registry import make_config
from maspo.study.job import Job
from maspo.study.resolve import planned_search, resolve, team_of
from maspo.testing.runs import SMALL_ASCENT, with_config, world_job


def hardened(share: float, labels: Literal["use", "ignore"] = "ignore", **search: object) -> Job:
    """Return a race of the usual plan, unless another is given, in which a share of the inputs meets a fault."""
    job = world_job("reflect", 60)
    runner = job.config.runner.model_copy(update={"options": {"stress": share} if share else {}})
    return with_config(job, search=make_config({"method": "race", **search}), runner=runner, labels=labels)


def told(job: Job) -> list[str]:
    """Return what is said of stress."""
    return [note for note in resolve(job).plan.notes if note.startswith("runner.options.stress")]


@pytest.mark.parametrize("labels", ["ignore", "use"])
@pytest.mark.parametrize("share", [0.05, 0.25, 0.4, 0.9])
def test_s01_the_plan_that_is_named_has_as_many_calls_for_clean_inputs_as_one_without_faults(
    share: float, labels: Literal["use", "ignore"]
) -> None:
    (note,) = told(hardened(share, labels))
    assert f"met on {share:.0%} of the inputs" in note
    found = re.search(r"--set search\.calls_per_agent=(\d+)$", note)
    assert found is not None
    larger = hardened(share, labels, calls_per_agent=int(found[1]))
    clean = hardened(0, labels)
    planned, usual = (planned_search(one).planned_calls(team_of(one)) for one in (larger, clean))
    assert planned is not None and usual is not None
    assert (1 - share) * planned == pytest.approx(usual, abs=1)
    assert not told(larger) and not told(clean)


def test_s02_who_plans_calls_or_searches_otherwise_is_told_nothing() -> None:
    assert not told(hardened(0.4, calls=900)) and not told(hardened(0.4, calls_per_agent=700))
    assert not told(with_config(hardened(0.4), search=SMALL_ASCENT))


def test_s03_where_no_input_is_clean_no_plan_helps() -> None:
    assert told(hardened(1)) == [
        "runner.options.stress: a fault is met on every input, so nothing shows what becomes of clean answers"
    ]
