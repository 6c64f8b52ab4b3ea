"""What a summary says of how far a run came: still worked on or stopped, and what speaks for more calls."""

from __future__ import annotations

from pathlib import Path

from maspo.events import PromptChanged
from maspo.report import sentences
from maspo.report.folder import JOURNAL, look
from maspo.report.text import summary
from maspo.store import RunStore
from maspo.store.codec import encode
from maspo.testing.runs import SMALL, begin, with_config, world_job
from maspo.world.spec import WorldSpec
from tests.report.conftest import started


async def test_s01_a_run_that_no_process_works_on_has_stopped(tmp_path: Path) -> None:
    async with RunStore.create(tmp_path / JOURNAL) as store:
        await store.append([encode(started())])
        assert look(tmp_path).view.state == "running"
        assert sentences.STOPPED not in summary(look(tmp_path).view)
    assert look(tmp_path).view.state == "stopped"
    assert sentences.STOPPED in summary(look(tmp_path).view)


async def test_s02_a_race_says_why_it_ended_and_what_speaks_for_more_calls(tmp_path: Path) -> None:
    for seed in range(3):
        job = with_config(world_job("reflect", 14, WorldSpec(seed=seed)), search=SMALL["race"])
        await begin(job, tmp_path / str(seed))
        view = look(tmp_path / str(seed)).view
        text, why = sentences.describe_end(view)
        assert view.ended is not None and view.ended.reason in why
        assert why in summary(view) and text in summary(view)
        changed = [step.label for step in view.steps if isinstance(step.decision, PromptChanged)]
        last = max(view.steps, key=lambda step: step.started.pass_ if step.started else 0).label
        assert ("more calls may find more" in text) == (last in changed)
        assert ("little speaks for more calls" in text) == (last not in changed)
    paper = with_config(world_job("reflect", 14, WorldSpec()), search=SMALL["ascent"])
    await begin(paper, tmp_path / "paper")
    assert sentences.describe_end(look(tmp_path / "paper").view) == ()
