"""With labels the judge is measured in passing; without them its preference is all that is claimed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from maspo.core.verdict import Verdict
from maspo.data.inputs import Inputs
from maspo.events import JudgeChecked
from maspo.models.base import JUDGE_GLOBAL
from maspo.report.folder import look
from maspo.report.result import result_of
from maspo.report.text import summary
from maspo.study.holdout import conclude, tally
from maspo.testing.runs import Recorder, begin, counted_world, go_on, with_config, world_job
from maspo.world import WorldSpec
from tests.report.pages import document


async def test_l01_labels_decide_and_the_judge_is_measured_on_the_holdout(tmp_path: Path) -> None:
    job = with_config(world_job(inputs=40, spec=WorldSpec(seed=2)), labels="use")
    model, watcher = counted_world(job), Recorder()
    outcome = await begin(job, tmp_path, model, watcher=watcher)
    assert outcome.finished is not None
    checked = [event for event in watcher.events if isinstance(event, JudgeChecked)]
    assert len(checked) == 1
    readings = checked[0].readings
    assert model.purposes[JUDGE_GLOBAL] == 2 * len(readings) > 0
    assert len({reading.pair for reading in readings}) == len(readings)
    holdout = outcome.finished.holdout
    assert sum(reading.truth is Verdict.WIN for reading in readings) <= holdout.wins
    view = look(tmp_path).view
    found = result_of(view).dump()["judge_check"]
    assert isinstance(found, dict)
    assert found["pairs"] == len(readings)
    assert "beyond chance" in summary(view)
    assert document(view)["judge"]["source"] == "labels"
    assert "preferred by the judge" not in outcome.finished.why


async def test_l02_resuming_asks_nothing_again(tmp_path: Path) -> None:
    job = with_config(world_job(inputs=20), labels="use")
    await begin(job, tmp_path)
    model = counted_world(job)
    await go_on(job, tmp_path, model)
    assert model.purposes[JUDGE_GLOBAL] == 0


async def test_l03_without_labels_nothing_is_measured_and_a_preference_is_claimed(tmp_path: Path) -> None:
    job = world_job(inputs=40)
    outcome = await begin(job, tmp_path)
    assert outcome.finished is not None
    view = look(tmp_path).view
    assert result_of(view).dump()["judge_check"] is None
    assert document(view)["judge"]["source"] == "none"


def test_l05_a_judge_prefers_and_labels_prove() -> None:
    better, worse = tally([Verdict.WIN] * 9), tally([Verdict.LOSS] * 9)
    assert "the new prompts are preferred by the judge" in conclude(better, "better", changed=True).why
    assert "the seed prompts are preferred by the judge" in conclude(worse, "better", changed=True).why
    for result, claim in ((better, "the new prompts are better"), (worse, "the new prompts are worse")):
        why = conclude(result, "better", changed=True, decided_by="labels").why
        assert claim in why
        assert "preferred" not in why


async def test_l04_one_row_without_a_label_leaves_the_claim_with_the_judge(tmp_path: Path) -> None:
    job = with_config(world_job(inputs=20), labels="use")
    first, *rest = job.inputs.rows
    bare = replace(job, inputs=Inputs((replace(first, answer=None), *rest)))
    watcher = Recorder()
    await begin(bare, tmp_path, watcher=watcher)
    started = look(tmp_path).view.started
    assert started is not None
    assert started.decided_by == "judge"
