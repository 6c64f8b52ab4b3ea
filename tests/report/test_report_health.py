"""What came back otherwise than asked for is counted and told, with what can be done about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from maspo.core.usage import Usage
from maspo.events import CallLost, Event, Warned
from maspo.models.base import Message, Reply, Request
from maspo.report import phrases, sentences
from maspo.report.document.of_view import document_of
from maspo.report.evaluation import summary as evaluation_summary
from maspo.report.fold import JudgeTally, fold
from maspo.report.folder import look
from maspo.report.result import result_of
from maspo.report.text import summary
from maspo.store import RunStore
from maspo.study.attention import Attention
from maspo.study.evaluation.evaluate import evaluate
from maspo.testing.runs import Recorder
from maspo.world import World
from tests.report.conftest import HOLDOUT, finished, search_events
from tests.report.pages import told
from tests.report.test_golden_json import small

USAGE = {
    "agent": Usage(100, 0, 2, 900, 90, 0, 1.0, cut=12),
    "judge.global": Usage(50, 0, 0, 900, 90, 4, 1.0, cut=1),
    "proposer": Usage(5, 0, 0, 90, 9, 0, 1.0),
}
LOST: list[Event] = [
    CallLost("agent", "algebra", "m: refused by a content filter (agent)", 1, outcome="refused"),
    CallLost("judge.local", "algebra", "m: refused by the model (judge.local)", 1, outcome="refused"),
    CallLost("agent", "algebra", "m: a reply without an answer", 2, outcome="empty"),
    CallLost("agent", "algebra", "HTTP 503", 6),
]
EVENTS = [*search_events(), *LOST, replace(finished(), usage=USAGE, holdout=replace(HOLDOUT, contradicted=6))]
TOLD = (
    "13 replies were cut at the limit of tokens (agent 12, judge.global 1): they count as they are, often as wrong; "
    "allow more with --set models.max_tokens=…",
    "2 calls were refused by the model or a content filter (agent 1, judge.local 1)",
    "1 call was given up without a text (agent 1)",
    "3 replies of the judge held no verdict",
    "4 calls came back without believable token counts",
)


def test_h01_calls_without_a_text_say_why_most_of_them_had_none() -> None:
    tool = "m: a reply without an answer: it asks for a tool instead; give a model that answers in text"
    cut = "m: a reply without an answer: it ended at the limit of 9 tokens before any text"
    lost = [CallLost("agent", "algebra", reason, 2, outcome="empty") for reason in (cut, tool, tool)]
    for events, said in ((lost, "most often, it asks for a tool instead"), (lost[1:], "it asks for a tool instead")):
        told = sentences.describe_health(fold([*search_events(), *events]))
        assert any(f"given up without a text (agent {len(events)}): {said}; give a model" in line for line in told)
        assert "reasoning_tokens" not in str(told)


def test_h01_every_kind_is_counted_in_the_result() -> None:
    assert result_of(fold(EVENTS, judged=JudgeTally(3, 7))).health.dump() == {
        "cut": 13,
        "broken": 0,
        "silent": 0,
        "lost": 0,
        "unreadable_verdicts": 3,
        "empty": 1,
        "refused": 2,
        "unmetered": 4,
        "contradicted": 7,
        "replaced": 0,
        "warned": [],
    }
    assert result_of(fold(EVENTS)).health.contradicted == 6, "the hold-out's own, when nothing else is known"


@pytest.mark.parametrize("line", TOLD)
def test_h02_every_kind_is_told_in_the_summary_and_in_the_report(line: str) -> None:
    view = fold(EVENTS, judged=JudgeTally(3, 7))
    assert line in summary(view)
    assert line[0].upper() + line[1:] in told(view)


def test_h03_a_healthy_run_is_told_nothing() -> None:
    whole = [*search_events(), replace(finished(), usage={"agent": Usage(5, 0, 0, 9, 9, 0, 1.0)})]
    assert sentences.describe_health(fold(whole)) == []


async def test_h04_verdicts_that_cannot_be_read_are_counted_from_the_record(tmp_path: Path) -> None:
    asked = {"judge.local": "end with <verdict>1</verdict>", "judge.other": "who is better?", "agent": "<verdict>"}
    replies = ("Both are fine.", "<verdict>2</verdict>", "<verdict>maybe</verdict>")
    async with RunStore.create(tmp_path / "run.db") as store:
        for number, text in enumerate(replies):
            for purpose, question in asked.items():
                messages = (Message("user", f"{number} {question}"),)
                await store.put(Request("m", messages, purpose), Reply(text, 1, 1, 0.0, truncated=number == 0))
    looked = look(tmp_path)
    health = result_of(looked.view).health
    assert (health.unreadable_verdicts, health.replies.cut) == (2, 3)


def test_h06_what_a_retry_has_cured_is_told_once_per_occurrence() -> None:
    usage = {
        "agent": Usage(9, 0, 6, 9, 9, usd=1.0, refused=1, broken=2, silent=1, lost=2),
        "judge.local": Usage(3, 0, 1, 9, 9, usd=1.0, broken=1),
    }
    view = fold([*search_events(), replace(finished(), usage=usage)])
    said = summary(view)
    assert "3 replies ended with an error of the endpoint (agent 2, judge.local 1)" in said
    assert "1 reply held no text (agent 1)" in said
    assert "2 attempts brought nothing of use (agent 2)" in said
    replies = result_of(view).health.replies
    assert (replies.cut, replies.broken, replies.silent, replies.lost) == (0, 3, 1, 2)
    for line in phrases.describe_replies(usage):
        assert line[0].upper() + line[1:] in told(view)


@pytest.mark.parametrize(
    ("thought", "untold", "said", "figure"),
    [(0, 0, "", 0), (80, 0, "80 out", 80), (80, 2, "≥ 80 out", 80), (0, 2, "not reported", None)],
)
def test_h07_tokens_of_thoughts_that_nobody_reported_are_no_0(
    thought: int, untold: int, said: str, figure: int | None
) -> None:
    usage = {"agent": Usage(9, 0, 0, 900, 100, usd=1.0, tokens_thought=thought, thoughts_untold=untold)}
    view = fold([*search_events(), replace(finished(), usage=usage)])
    row = next((line for line in summary(view).splitlines() if "of these thoughts" in line), "")
    assert row.split("thoughts")[-1].strip() == said
    assert result_of(view).tokens.thoughts == figure
    assert document_of(view).cost.thoughts == phrases.thoughts(usage["agent"]) == said.removesuffix(" out")


async def test_h05_replies_that_were_cut_are_told_after_an_evaluation(tmp_path: Path) -> None:
    evaluation = replace(small(before=None), world=World().spec)
    found = await evaluate(evaluation, tmp_path / "out", Attention(Recorder()))
    assert "were cut" not in evaluation_summary(found)
    cut = replace(found, usage={"agent": replace(found.usage["agent"], cut=3)})
    assert "3 replies were cut at the limit of tokens (agent 3)" in evaluation_summary(cut)


def test_h09_agents_that_are_never_called_are_told_in_one_line() -> None:
    warned = [Warned("uncalled", f"{agent} was called on none", 43, agent) for agent in ("privacy", "returns")]
    judge = Warned("judge", "it may be a coin", 20)
    (line,) = [one for one in sentences.describe_health(fold([*search_events(), *warned[:1], judge])) if "43" in one]
    assert line == "seen after 43 calls: privacy was called on none"
    view = fold([*search_events(), *warned, judge])
    told_of = [one for one in sentences.describe_health(view) if one.startswith("seen after")]
    assert len(told_of) == 2 and "privacy, returns were each called on none of the inputs" in told_of[1]
    assert result_of(view).health.warned == ("uncalled", "judge")
