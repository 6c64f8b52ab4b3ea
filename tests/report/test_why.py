"""Why a prompt is as it is: every line is what the record holds, and leaving out is bounded and told."""

from __future__ import annotations

from pathlib import Path

from maspo.config import HoldoutSettings
from maspo.core.verdict import Comparison, Verdict
from maspo.events import LeftOut, PromptChanged
from maspo.report.folder import look
from maspo.report.result import result_of
from maspo.report.why import Acceptance, tried_by_step
from maspo.store import RecordedResult
from maspo.study.resolve import resolve
from maspo.testing.runs import SMALL_RACE, Recorder, begin, counted_world, with_config, world_job
from maspo.world.spec import WorldSpec

JOB = with_config(
    world_job(inputs=24, spec=WorldSpec(seed=3)), search=SMALL_RACE, holdout=HoldoutSettings(leave_one_out=True)
)


async def test_y01_each_change_has_a_line_and_the_hold_out_says_what_happens_without(tmp_path: Path) -> None:
    watcher, model = Recorder(), counted_world(JOB)
    await begin(JOB, tmp_path / "run", model, watcher=watcher)
    view = look(tmp_path / "run").view
    assert model.calls <= resolve(JOB).bound.most
    for agent in view.agents:
        told = result_of(view).agents[agent.name].why
        changes = [one for one in watcher.events if isinstance(one, PromptChanged) and one.agent == agent.name]
        left = [one for one in watcher.events if isinstance(one, LeftOut) and one.agent == agent.name]
        assert len(told) == len(changes) + len(left) and len(left) == agent.rewritten
        assert all("the final answer was better on" in line and ", worse on " in line for line in told[: len(changes)])
        assert all(line.startswith("without it, on") for line in told[len(changes) :])
        # No case was known when the drafts of the first round were written, whatever was found with them.
        assert all("written after a look at ordinary runs;" in line for line in told if line.startswith("round 1:"))
    assert any(agent.rewritten for agent in view.agents), "the seed of this test finds something"


def test_y02_only_the_comparisons_of_what_was_accepted_count() -> None:
    from maspo.core.prompts import prompts_id

    changes = [PromptChanged("r1/a", "a", "old", "new", ""), PromptChanged("r1/b", "b", "old", "newer", "")]
    accepted, other = prompts_id({"a": "new", "b": "newer"}), prompts_id({"a": "new"})

    def met(request: str, key: str, verdict: Verdict) -> RecordedResult:
        return RecordedResult(request, Comparison(key, verdict, (), verdict))

    results = [
        met(f"r1/unite/1/0/{accepted}/k1", "k1", Verdict.WIN),
        met(f"r1/unite/1/0/{accepted}/k2", "k2", Verdict.LOSS),
        met(f"r1/unite/1/0/{accepted}/k3", "k3", Verdict.TIE),
        met(f"r1/unite/2/0/{other}/k4", "k4", Verdict.WIN),
        met(f"r2/unite/1/0/{accepted}/k5", "k5", Verdict.WIN),
    ]
    expected = Acceptance(("first",), ("k2",), 3)
    assert tried_by_step(changes, results, {"k1": "first"}) == {"r1/a": expected, "r1/b": expected}
