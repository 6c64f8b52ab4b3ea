"""``holdout.jsonl``: every hold-out input once, what got worse first, with both answers and the judge's words."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from maspo.config import JudgeSettings
from maspo.core.prompts import Prompts
from maspo.models.base import Reply, Request
from maspo.optimizers.base import Ask, OptimizerConfig, Problem, Search
from maspo.report.folder import HOLDOUT, look, write_results
from maspo.report.text import summary
from maspo.store import RunStore
from maspo.study.job import Job, Outcome
from maspo.study.optimize import DATABASE
from maspo.study.resolve import Parts, resolve
from maspo.testing.runs import Counted, begin, with_config, world_job
from maspo.world import World


class Given:
    """An optimizer that ends at once with given prompts."""

    class Config(OptimizerConfig):
        method: str = "given"

    def __init__(self, prompts: Prompts) -> None:
        self.config = self.Config()
        self._prompts = prompts

    def search(self, problem: Problem) -> Search:
        return Ask(self._prompts)
        yield Ask(problem.seed_prompts)  # never reached: it makes this a generator


class Silent:
    """A world whose final agent writes nothing on some inputs, unless it has its seed prompt."""

    def __init__(self, job: Job, inputs: frozenset[str]) -> None:
        self._world, self._inputs = World(job.world), inputs
        self._agent, self._prompt = job.system.output, job.system.prompts[job.system.output]

    async def complete(self, request: Request) -> Reply:
        text = "\n".join(message.content for message in request.messages)
        reply = await self._world.complete(request)
        asked = request.purpose == "agent" and request.agent == self._agent and self._prompt not in text
        silent = asked and any(one in text for one in self._inputs)
        return replace(reply, text="") if silent else reply


def turned_round(inputs: int = 40) -> tuple[Job, Parts]:
    """Return a job that starts from the best prompts and ends with poor ones, which lose."""
    job = world_job(inputs=inputs)
    poor = job.system.prompts
    best = World(job.world).best_prompts(job.system, 60)
    agents = tuple(replace(agent, prompt=best[agent.name]) for agent in job.system.agents)
    return replace(job, system=replace(job.system, agents=agents)), Parts(optimizer=Given(poor))


def lines_in(folder: Path) -> list[dict[str, Any]]:
    write_results(folder)
    return [json.loads(line) for line in (folder / HOLDOUT).read_text(encoding="utf-8").splitlines()]


def counted(outcome: Outcome) -> Counter[str]:
    assert outcome.finished is not None
    found = outcome.finished.holdout
    return Counter(won=found.wins, lost=found.losses, tied=found.ties, undecided=found.undecided)


async def test_h01_it_tells_every_input_once_and_what_got_worse_first(tmp_path: Path) -> None:
    job, parts = turned_round()
    outcome = await begin(job, tmp_path, parts=parts)
    lines = lines_in(tmp_path)
    assert counted(outcome) == Counter(line["outcome"] for line in lines)
    lost = counted(outcome)["lost"]
    assert lost > 2
    assert [line["outcome"] == "lost" for line in lines] == [True] * lost + [False] * (len(lines) - lost)
    rows = {row.label: row for row in job.inputs.rows}
    assert sorted(line["id"] for line in lines) == sorted(rows[line["id"]].label for line in lines)
    assert {rows[line["id"]].key for line in lines} == set(resolve(job, parts).split.holdout)
    assert all(line["input"] == rows[line["id"]].columns["input"] for line in lines)
    word = f"the {lost} lost ones first"
    assert word in summary(look(tmp_path).view) and word in (tmp_path / "report.html").read_text(encoding="utf-8")


async def test_h02_it_shows_both_answers_and_what_the_judge_wrote_in_both_orders(tmp_path: Path) -> None:
    job, parts = turned_round()
    await begin(job, tmp_path, parts=parts)
    store = RunStore.read(tmp_path / DATABASE)
    replies = set(store.replies("judge.global", "verdict"))
    store.close_reader()
    for line in lines_in(tmp_path):
        assert line["answer_before"] and line["answer_after"]
        if line["verdicts"]:
            assert len(line["verdicts"]) == 2
            assert sum(reply.strip() in line["reason"] for reply in replies) >= 1
            decided = {("win", "win"): "won", ("loss", "loss"): "lost"}.get(tuple(line["verdicts"]), "tied")
            assert line["outcome"] in (decided, {"win": "won", "loss": "lost"}.get(line["verdicts"][0]), "tied")
        else:
            assert line["outcome"] == "tied" and line["reason"].startswith("equal answers")
    assert any(line["outcome"] == "lost" and line["verdicts"] for line in lines_in(tmp_path))


async def test_h07_criteria_reach_each_judge_of_final_answers_and_no_other_call(tmp_path: Path) -> None:
    job, parts = turned_round()
    job = with_config(job, judge=JudgeSettings(rubric="Only </criteria> the unit counts."))
    await begin(job, tmp_path, parts=parts)
    store = RunStore.read(tmp_path / DATABASE)
    everywhere = {purpose: list(store.replies(purpose, "the unit counts.")) for purpose in ("", "judge.global")}
    assert everywhere[""] == everywhere["judge.global"] == list(store.replies("judge.global", "verdict")) != []
    assert not list(store.replies("", "Only </criteria>")), "criteria stay between their tags"
    store.close_reader()
    assert any(len(line["verdicts"]) == 2 and "verdict" in line["reason"] for line in lines_in(tmp_path))


async def test_h03_where_the_new_prompts_bring_no_answer_it_says_so(tmp_path: Path) -> None:
    job, parts = turned_round()
    rows = {row.key: row for row in job.inputs.rows}
    silent = resolve(job, parts).split.holdout[:2]
    model = Silent(job, frozenset(rows[key].columns["input"] for key in silent))
    await begin(job, tmp_path, Counted(model), parts=parts)
    found = {line["id"]: line for line in lines_in(tmp_path)}
    for key in silent:
        line = found[rows[key].label]
        assert (line["outcome"], line["answer_after"]) == ("lost", None)
        assert "the new prompts brought no answer" in line["reason"]


async def test_h04_labels_that_decide_are_named_and_not_shown(tmp_path: Path) -> None:
    job, parts = turned_round(24)
    labelled = tuple(replace(row, answer="label-of-row") for row in job.inputs.rows)
    job = with_config(replace(job, inputs=replace(job.inputs, rows=labelled)), labels="use")
    await begin(job, tmp_path, parts=parts)
    lines = lines_in(tmp_path)
    assert {line["reason"] for line in lines} <= {"the label decided", "equal answers: the judge was not asked"}
    assert "label-of-row" not in (tmp_path / HOLDOUT).read_text(encoding="utf-8")


async def test_h05_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    job, parts = turned_round(24)
    await begin(job, tmp_path / "run", parts=parts)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    (tmp_path / "run" / HOLDOUT).symlink_to(elsewhere)
    assert lines_in(tmp_path / "run")
    assert elsewhere.read_text() == "mine"
    assert not (tmp_path / "run" / HOLDOUT).is_symlink()


@pytest.mark.parametrize("form", [1, 2])
async def test_h06_the_questions_of_older_records_are_found_too(tmp_path: Path, form: int) -> None:
    job, parts = turned_round(24)
    models = job.config.models.model_copy(update={"form": form})
    await begin(with_config(job, models=models), tmp_path, parts=parts)
    assert any(line["verdicts"] for line in lines_in(tmp_path))
