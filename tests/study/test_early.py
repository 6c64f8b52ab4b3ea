"""What is of little use in a run is said before a tenth of its plan is spent, and nothing is said of a sound one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from maspo.config import ProfileName, RunConfig
from maspo.core.verdict import Comparison, Verdict
from maspo.data.inputs import Inputs, load_inputs, make_inputs
from maspo.events import DraftRejected, DraftsReplaced, Event, Warned
from maspo.optimizers.base import Compare, Draft, Drafts, Propose
from maspo.proposers.base import Rewrite
from maspo.proposers.drafts import Rules
from maspo.report.fold import fold
from maspo.report.result import result_of
from maspo.report.text import summary
from maspo.study.early import EarlyWarnings
from maspo.study.executor import PerformedRequest
from maspo.study.fallback import useless_proposals
from maspo.study.job import Job
from maspo.study.optimize import start
from maspo.study.resolve import Parts, resolve
from maspo.team.system import System
from maspo.testing.runs import Recorder, world_job
from maspo.world import World
from maspo.world.spec import WorldSpec


@dataclass
class Useless:
    """Writes what a very small model writes: nothing that may be used."""

    asked: int = 0

    async def propose(self, rewrite: Rewrite, rules: Rules) -> Drafts:
        self.asked += 1
        return Drafts((Draft("I am a helpful assistant.", "no <prompt>…</prompt> in the proposer's reply"),))


def job_of(spec: WorldSpec, profile: ProfileName = "cheap", **settings: Any) -> Job:
    world = World(spec)
    config = RunConfig.model_validate({"profile": profile, "seed": spec.seed, **settings})
    return Job(world.system("reflect"), make_inputs(world.inputs(60)), config, world=spec)


async def events_of(job: Job, out: Path, parts: Parts | None = None) -> tuple[list[Event], int]:
    study, watcher = resolve(job, parts), Recorder()
    await start(study, out / "run", watcher)
    return watcher.events, study.plan.planned


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (WorldSpec(seed=3, judge_bias=9.0, judge_sharpness=0.1), "it may be no better than a coin"),
        (WorldSpec(seed=3, unreadable=1.0), "wrote no verdict"),
    ],
)
async def test_a_judge_that_leans_or_cannot_be_read_is_told_of_early(
    tmp_path: Path, spec: WorldSpec, said: str
) -> None:
    events, planned = await events_of(job_of(spec, profile="default"), tmp_path)
    [warned] = [event for event in events if isinstance(event, Warned)]
    assert warned.topic == "judge" and said in warned.text and "--judge-model" in warned.text
    assert warned.calls <= planned / 10
    view = fold(events)
    assert warned.text in summary(view)
    assert result_of(view).health.warned == ("judge",)


@pytest.mark.parametrize(("replies", "said"), [(4, "51% of them or more"), (12, "76%"), (60, "next to nothing")])
def test_what_is_said_of_a_judge_without_verdicts_follows_how_many_were_seen(replies: int, said: str) -> None:
    seen = EarlyWarnings(job_of(WorldSpec(seed=3)), _replies=replies, _unreadable=replies)
    assert f"{replies} of {replies} replies" in seen._judge()
    assert said in seen._judge()


async def test_a_coin_is_told_of_as_soon_as_it_can_be_told(tmp_path: Path) -> None:
    events, _ = await events_of(job_of(WorldSpec(seed=3, coin_flip=True), profile="default"), tmp_path)
    assert [event.topic for event in events if isinstance(event, Warned)] == ["judge"]


async def test_labels_that_nothing_matches_are_told_of_early(tmp_path: Path) -> None:
    job = job_of(WorldSpec(seed=3), labels="use")
    rows = tuple(replace(row, answer="cinnamon") for row in job.inputs.rows)
    events, planned = await events_of(replace(job, inputs=Inputs(rows)), tmp_path)
    [warned] = [event for event in events if isinstance(event, Warned)]
    assert warned.topic == "labels" and "final_answer" in warned.text
    assert warned.calls <= planned / 10


async def test_a_proposer_that_writes_nothing_usable_is_told_of_early_and_edits_stand_in(tmp_path: Path) -> None:
    proposer = Useless()
    events, planned = await events_of(job_of(WorldSpec(seed=3), profile="default"), tmp_path, Parts(proposer=proposer))
    [warned] = [event for event in events if isinstance(event, Warned)]
    assert warned.topic == "proposer" and "proposer.kind=edits" in warned.text
    assert warned.calls <= planned / 10
    replaced = [event for event in events if isinstance(event, DraftsReplaced)]
    # Proposals that were begun beside a union and are not wanted any more need no drafts in their place.
    assert 0 < len({event.request for event in replaced}) == len(replaced) <= proposer.asked
    assert {event.agent for event in replaced} == {"solver", "critic"}
    refused = [event for event in events if isinstance(event, DraftRejected)]
    assert any("in the proposer's reply" in event.reason for event in refused)
    view = fold(events)
    assert any(step.candidates for step in view.steps), "edits were tried"
    assert "plain edits stood in for" in summary(view)
    assert result_of(view).health.replaced == len(replaced)


async def test_without_a_fallback_nothing_stands_in(tmp_path: Path) -> None:
    job = job_of(WorldSpec(seed=3), proposer={"fallback": "none"})
    events, _ = await events_of(job, tmp_path, Parts(proposer=Useless()))
    assert not [event for event in events if isinstance(event, DraftsReplaced)]
    assert not any(step.candidates for step in fold(events).steps)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("labels", ["ignore", "use"])
async def test_nothing_is_said_of_a_sound_run(tmp_path: Path, seed: int, labels: str) -> None:
    events, _ = await events_of(job_of(WorldSpec(seed=seed), labels=labels), tmp_path)
    assert not [event for event in events if isinstance(event, Warned | DraftsReplaced)]


def test_only_an_agent_without_any_usable_draft_gets_edits() -> None:
    prompts = {"a": "Do it.", "b": "Check it."}
    asked = [Propose(f"{agent}{part}", agent, prompts, ("k",), (), 2) for agent in prompts for part in range(2)]
    bad, copy, good = Draft("x", "broken"), Draft("do  it"), Draft("Do it with care.")
    found = (Drafts((bad, copy)), Drafts((bad,)), Drafts((bad,)), Drafts((good,)))
    assert useless_proposals(asked, found) == {0: "broken", 1: "broken"}
    assert useless_proposals(asked[:1], (Drafts(()),)) == {0: "the proposer wrote no draft"}


def test_each_topic_is_said_once_also_by_a_run_that_goes_on() -> None:
    job = world_job()
    seen = EarlyWarnings(job, {("proposer", "")})
    other = EarlyWarnings(job)
    propose = Propose("p", "solver", job.system.prompts, (), (), 8)
    done = PerformedRequest(propose, Drafts(tuple(Draft(str(number), "broken") for number in range(8))))
    assert seen.see(done, 5) == ()
    assert [warned.topic for warned in other.see(done, 5)] == ["proposer"]
    assert other.see(done, 9) == ()


def test_each_agent_that_is_not_called_is_told_once_also_by_a_run_that_goes_on() -> None:
    job = world_job()
    first, second = job.system.order[:2]
    seen = EarlyWarnings(job)
    told: list[Warned] = []
    for agent in (first, second, first):
        asked = Propose(f"p/{agent}", agent, job.system.prompts, ("a", "b"), (), 8)
        told += seen.see(PerformedRequest(asked, Drafts((), uncalled=True)), 5)
    assert [(one.topic, one.agent) for one in told] == [("uncalled", first), ("uncalled", second)]
    assert [one.text.split()[0] for one in told] == [first, second]
    goes_on = EarlyWarnings(job, {(told[0].topic, told[0].agent)})
    proposals = [Propose(f"p/{agent}", agent, job.system.prompts, ("a",), (), 8) for agent in (first, second)]
    later = [goes_on.see(PerformedRequest(one, Drafts((), uncalled=True)), 9) for one in proposals]
    assert [[one.agent for one in each] for each in later] == [[], [second]]


async def test_a_branch_that_was_not_taken_is_no_reply_without_a_verdict(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples/teams/service"
    inputs = load_inputs(f"{example}.jsonl")
    few = replace(inputs, rows=inputs.rows[:24])  # One of them is a question of privacy.
    job = Job(System.load(f"{example}.yaml"), few, RunConfig.model_validate({"profile": "cheap"}), world=WorldSpec())
    events, _ = await events_of(job, tmp_path)
    warned = [event for event in events if isinstance(event, Warned)]
    assert [one.topic for one in warned] == ["uncalled"] and "privacy" in warned[0].text, "and nobody else is blamed"


def places_told(*compared: tuple[bool, Verdict, Verdict]) -> str:
    """Return what is said after comparisons: who was shown first, and what of an agent's own work and its reader's."""
    job = world_job()
    agent = next(name for name in job.system.order if name != job.system.output)
    seen, told = EarlyWarnings(job), list[Warned]()
    for number, (candidate_first, local, read) in enumerate(compared):
        key = job.inputs.rows[number % len(job.inputs.rows)].key
        asked = Compare(str(number), job.system.prompts, {agent: "A new prompt."}, key, candidate_first)
        result = Comparison(key, local, ((job.system.output, read),) * 2, Verdict.TIE, settled=True)
        told += seen.see(PerformedRequest(asked, result), number)
    return " ".join(one.text for one in told)


def test_verdicts_of_one_comparison_tell_once_that_a_judge_heeds_the_place() -> None:
    first = (True, Verdict.WIN, Verdict.WIN)
    assert not places_told(*[first] * 3), "nine verdicts, and one chance in four"
    assert "first in 8 of 8 comparisons" in places_told(*[first, (False, Verdict.LOSS, Verdict.LOSS)] * 4)
    assert not places_told(*[first, (False, Verdict.WIN, Verdict.WIN)] * 8), "the better one, wherever it stands"
    assert not places_told(*[(True, Verdict.WIN, Verdict.LOSS)] * 9)
