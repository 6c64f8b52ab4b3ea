"""Performing requests: which texts go to the judge and the proposer, and which calls are not made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import pytest

from maspo.core.errors import CallFailed
from maspo.core.prompts import Prompts
from maspo.core.trace import Call, ToolUse, Trace
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.data.inputs import Input, make_inputs
from maspo.judges.pairwise import PairwiseJudge
from maspo.models.base import Request, RoleSettings
from maspo.models.budget import Ledger
from maspo.models.scripted import ScriptedModel
from maspo.optimizers.base import (
    AblateEdge,
    Answered,
    AskModel,
    Case,
    Compare,
    Drafts,
    Problem,
    Propose,
    Result,
    Scored,
    ScoreOutput,
    ShownText,
    Vet,
)
from maspo.proposers.rewrite import RewriteProposer
from maspo.runners.messages import NO_OUTPUT
from maspo.runners.prompt_graph import PromptGraph
from maspo.scoring.base import Sample, Scorer
from maspo.scoring.base import Score as Found
from maspo.study.asking import Asker
from maspo.study.executor import LocalExecutor
from maspo.team import Agent, System
from maspo.team.app import App

SYSTEM = System(
    (
        Agent("a", "A", description="begins"),
        Agent("b", "B", ("a",)),
        Agent("c", "C", ("a",)),
        Agent("d", "D", ("b", "c")),
    ),
    final_answer="tag:answer",
)
ROWS = make_inputs([{"input": "one", "answer": "1"}, {"input": "two"}]).rows
KEY, UNLABELLED = ROWS[0].key, ROWS[1].key
WIN, LOSS, TIE, UNDECIDED = Verdict.WIN, Verdict.LOSS, Verdict.TIE, Verdict.UNDECIDED


class Performer(LocalExecutor):
    """An executor whose results are looked at without their traces."""

    async def result(self, request: AblateEdge | AskModel | Compare | Propose | ScoreOutput | Vet) -> Result:
        return (await self.perform(request)).result


def performer_of(
    script: Callable[[Request], Any],
    labels: Literal["ignore", "use"] = "ignore",
    rows: Sequence[Input] = ROWS,
    scorer: Scorer | None = None,
) -> tuple[Performer, ScriptedModel]:
    model = ScriptedModel(script)
    runner = PromptGraph(SYSTEM, {row.key: row for row in rows}, model, RoleSettings("m"))
    judge, proposer = PairwiseJudge(model, RoleSettings("j")), RewriteProposer(model, RoleSettings("p"))
    asker = Asker(model, RoleSettings("p", max_tokens=900), shown_characters=60)
    return Performer(SYSTEM, rows, runner, judge, proposer, proposer, asker, Ledger(), labels, 500, scorer), model


def world(prefer: str = "1", answer: str = "new") -> Callable[[Request], str]:
    """Agents write who they are and what they were told; the judge likes one position."""

    def script(request: Request) -> str:
        if request.purpose == "agent":
            told = "new" if any("NEW" in message.content for message in request.messages) else "old"
            return (
                f"{request.agent} was {told} NEW" * (told == "new")
                + f"<answer>{answer if told == 'new' else 'old'}</answer>"
            )
        return f"<verdict>{prefer}</verdict>" if request.purpose.startswith("judge") else "<prompt>A better</prompt>"

    return script


def compare(agent: str = "a", key: str = KEY, **given: Any) -> Compare:
    asked = Compare("w", SYSTEM.prompts, {agent: f"{agent} NEW"}, key, candidate_first=True)
    return replace(asked, **given)


def purposes(model: ScriptedModel) -> Counter[str]:
    return Counter(request.purpose for request in model.requests)


async def test_w01_three_levels_are_judged_and_only_downstream_runs_again() -> None:
    performer, model = performer_of(world())
    result = await performer.result(compare())
    assert result == Comparison(KEY, WIN, (("b", WIN), ("c", WIN)), WIN)
    assert purposes(model) == {"agent": 8, "judge.local": 1, "judge.lookahead": 2, "judge.global": 1}
    judged = {(request.purpose, request.agent) for request in model.requests if request.purpose != "agent"}
    assert judged == {("judge.local", "a"), ("judge.lookahead", "b"), ("judge.lookahead", "c"), ("judge.global", "a")}


async def test_w02_for_the_output_agent_local_and_global_are_one_judgment() -> None:
    performer, model = performer_of(world())
    assert await performer.result(compare("d")) == Comparison(KEY, WIN, (), WIN)
    assert purposes(model) == {"agent": 5, "judge.global": 1}


async def test_w03_the_side_of_the_candidate_decides_what_a_verdict_means() -> None:
    performer, _ = performer_of(world("1"))
    assert await performer.result(compare(candidate_first=False)) == Comparison(
        KEY, LOSS, (("b", LOSS), ("c", LOSS)), LOSS
    )


async def test_w04_equal_final_answers_are_a_global_tie_without_a_call() -> None:
    performer, model = performer_of(world(answer="old"))
    result = await performer.result(compare())
    assert isinstance(result, Comparison)
    assert (result.local, result.glob, result.same_answer) == (WIN, TIE, True)
    assert purposes(model)["judge.global"] == 0


async def test_w04b_two_final_answers_of_which_enough_was_said_are_not_judged_again() -> None:
    performer, model = performer_of(world())
    first = await performer.result(compare("d", orders=2))
    assert isinstance(first, Comparison)
    assert first.answers is not None
    assert not first.settled
    assert first.answers[0] != first.answers[1]
    asked = purposes(model)["judge.global"]
    settled = compare("a", orders=2, settled=((first.answers, LOSS),))
    found = await performer.result(settled)
    assert isinstance(found, Comparison)
    assert (found.answers, found.glob, found.settled) == (first.answers, LOSS, True)
    assert (purposes(model)["judge.global"], purposes(model)["judge.local"]) == (asked, 1), "the others are asked"
    problem = Problem(SYSTEM.team, SYSTEM.prompts, (KEY,), 0)
    assert settled.price(problem, found).judge == settled.price(problem).judge - 2
    other = await performer.result(compare("a", settled=((first.answers[::-1], LOSS),)))
    assert isinstance(other, Comparison)
    assert (other.glob, other.settled) == (WIN, False), "what is known of them the other way round is for it to say"


async def test_w04c_a_label_decides_whatever_is_known_of_two_final_answers() -> None:
    performer, _ = performer_of(world(answer="1"), labels="use")
    first = await performer.result(compare("d"))
    assert isinstance(first, Comparison)
    found = await performer.result(compare("d", settled=((first.answers or ("", ""), LOSS),)))
    assert isinstance(found, Comparison)
    assert (found.glob, found.settled) == (WIN, False)


@dataclass
class Rollouts:
    """An app's rollouts as they were told, by the prompt of its reviewer."""

    told: Mapping[str, Sequence[Call]]

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        calls = tuple(self.told[prompts["b"]])
        return Trace(input_key, calls, calls[-1].output)


@pytest.mark.parametrize("shared", [True, False])
async def test_w26_an_app_counts_the_calls_that_it_made_and_not_the_most_that_it_may_make(shared: bool) -> None:
    looked_up = (ToolUse("look_up", "{}", "nothing"),)
    writer = Call("a", "<answer>1</answer>", key="k1", tools=looked_up)
    anew = writer if shared else replace(writer, key="k0")
    approved = (writer, Call("b", "APPROVED", (0,), key="k2"), Call("d", "<answer>1</answer>", (0, 1), key="k3"))
    revised = (anew, Call("b", "REVISE", (0,), key="k4"), Call("d", "<answer>2</answer>", (0, 1), key="k5"))
    agents = tuple(agent for agent in SYSTEM.agents if agent.name != "c")
    agents = tuple(replace(agent, reads=tuple(name for name in agent.reads if name != "c")) for agent in agents)
    system = replace(SYSTEM, agents=agents, app=App("team:answer"))
    performer, _ = performer_of(world())
    runner: Any = Rollouts({"B": approved, "b NEW": revised})
    performer.system, performer.runner = system, runner
    result = await performer.result(replace(compare("b"), reference=system.prompts))
    assert isinstance(result, Comparison)
    assert result.calls == (4, 2 if shared else 4), "what a model was asked before is answered from the record"


async def test_w05_only_levels_that_are_asked_for_are_paid_for() -> None:
    performer, model = performer_of(world())
    result = await performer.result(compare(levels=(Level.GLOBAL,)))
    assert result == Comparison(KEY, UNDECIDED, (), WIN)
    assert purposes(model) == {"agent": 8, "judge.global": 1}


async def test_w06_a_failed_agent_makes_every_level_undecided() -> None:
    performer, _ = performer_of(lambda request: CallFailed("lost") if request.agent == "c" else world()(request))
    lost = await performer.result(compare())
    readers = (("b", UNDECIDED), ("c", UNDECIDED))
    assert lost == Comparison(KEY, UNDECIDED, readers, UNDECIDED, failed=True, failed_run="reference")


async def test_w07_a_failed_judge_makes_its_level_undecided() -> None:
    def script(request: Request) -> Any:
        return CallFailed("lost") if request.purpose == "judge.lookahead" else world()(request)

    performer, _ = performer_of(script)
    assert await performer.result(compare()) == Comparison(KEY, WIN, (("b", UNDECIDED), ("c", UNDECIDED)), WIN)


@pytest.mark.parametrize(("answer", "verdict"), [("1", WIN), ("2", TIE)])
async def test_w08_a_label_decides_where_there_is_one(answer: str, verdict: Verdict) -> None:
    performer, model = performer_of(world(answer=answer), "use")
    result = await performer.result(compare())
    assert isinstance(result, Comparison)
    assert (result.glob, purposes(model)["judge.global"]) == (verdict, 0)
    await performer.result(compare(key=UNLABELLED))
    assert purposes(model)["judge.global"] == 1


async def test_w09_the_judge_is_never_shown_a_label() -> None:
    rows = make_inputs([{"input": "a question", "answer": "SECRET"}]).rows
    performer, model = performer_of(world(), rows=rows)
    await performer.result(compare(key=rows[0].key))
    await performer.result(Propose("p", "a", SYSTEM.prompts, (rows[0].key,), (), 1))
    assert not any("SECRET" in message.content for request in model.requests for message in request.messages)


async def test_w10_a_proposal_shows_traces_readers_and_misalignment_cases() -> None:
    performer, model = performer_of(world())
    case = Case(KEY, "a", "A NEW", SYSTEM.prompts, "s", ("b",))
    drafts = await performer.result(Propose("p1", "a", SYSTEM.prompts, (KEY, UNLABELLED), (case,), 1))
    assert isinstance(drafts, Drafts) and [draft.text for draft in drafts.drafts] == ["A better"]
    text = model.requests[-1].messages[0].content
    assert text.count("<trace>") == 1, "a hard case is not shown twice"
    assert text.count("<misaligned_trace>") == 1
    assert "- b: B" in text and "- c: C" in text and "begins" in text
    assert model.requests[-1].identity == "p1"


async def test_w11_a_proposal_without_any_trace_still_asks() -> None:
    performer, model = performer_of(lambda request: CallFailed("x") if request.purpose == "agent" else world()(request))
    drafts = await performer.result(Propose("p", "a", SYSTEM.prompts, (KEY,), (), 1))
    assert isinstance(drafts, Drafts) and not drafts.drafts[0].rejected
    assert "<trace>" not in model.requests[-1].messages[0].content


def question(**shown: ShownText) -> AskModel:
    said = " ".join(shown) or "Anything?"
    return AskModel("q1", (("system", "Be brief."), ("user", said)), shown, agent="b", max_tokens=50)


async def test_w20_a_question_of_the_optimizer_is_asked_in_its_words_with_texts_of_runs_in_it() -> None:
    def script(request: Request) -> Any:
        return "<think>of m1</think> m2 &lt;prompt>" if request.purpose == "proposer.asked" else world()(request)

    performer, model = performer_of(script)
    prompts = {**SYSTEM.prompts, "b": "b NEW"}
    shown = {
        "m1": ShownText(prompts, KEY, "input"),
        "m10": ShownText(prompts, KEY, agent="b"),
        "m2": ShownText(prompts, KEY, "read", "b"),
        "m3": ShownText(prompts, KEY),
    }
    assert await performer.result(question(**shown)) == Answered("m2 <prompt>")
    (asked,) = [request for request in model.requests if request.purpose == "proposer.asked"]
    assert [message.role for message in asked.messages] == ["system", "user"]
    text = asked.messages[1].content
    assert text.startswith("one b was new NEW"), "a mark that begins as another does is not taken for it"
    assert "Output of a:" in text
    assert (asked.agent, asked.identity, asked.model, asked.max_tokens) == ("b", "q1", "p", 50)
    assert purposes(model)["agent"] == 4, "a run of the team is made once, whatever of it is shown"


async def test_w21_what_is_shown_opens_no_tag_brings_no_mark_to_life_and_is_not_endless() -> None:
    def script(request: Request) -> Any:
        return "m1 </trace><prompt>" + 500 * "x" if request.purpose == "agent" else "fine"

    performer, model = performer_of(script)
    await performer.result(question(m1=ShownText(SYSTEM.prompts, KEY, "input"), m2=ShownText(SYSTEM.prompts, KEY)))
    text = model.requests[-1].messages[1].content
    assert text.startswith("one m1 &lt;/trace>&lt;prompt>xxx"), "a mark in a text stays a text"
    assert "characters left out" in text


async def test_w22_a_question_without_an_answer_fails_alone_and_a_failed_run_is_shown_as_such() -> None:
    performer, _ = performer_of(lambda _: CallFailed("lost"))
    assert await performer.result(question(m1=ShownText(SYSTEM.prompts, KEY))) == Answered("", "lost")
    performer, model = performer_of(lambda request: CallFailed("x") if request.purpose == "agent" else "fine")
    assert await performer.result(question(m1=ShownText(SYSTEM.prompts, KEY))) == Answered("fine")
    assert model.requests[-1].messages[1].content == NO_OUTPUT


async def test_w23_texts_are_vetted_by_the_rules_of_drafts_without_a_call() -> None:
    performer, model = performer_of(world())
    found = await performer.result(Vet("v", "a", SYSTEM.prompts, ("A", "Better.", "B" * 501, "Keep {input}.")))
    assert isinstance(found, Drafts)
    assert [bool(draft.rejected) for draft in found.drafts] == [True, False, True, True]
    assert model.requests == []


def final(winners: Prompts) -> Compare:
    """Ask for final answers alone, as the hold-out test does."""
    return compare("d", changes={"d": winners["d"], **winners}, levels=(Level.GLOBAL,), orders=2)


async def test_w12_the_final_test_asks_in_both_orders_and_returns_both_traces() -> None:
    performer, model = performer_of(world("1"))
    winners = {**SYSTEM.prompts, "a": "a NEW"}
    done = await performer.perform(final(winners))
    assert isinstance(done.result, Comparison)
    assert done.result.glob is Verdict.CONTRADICTED, "a judge that follows the position cancels itself out"
    assert purposes(model)["judge.global"] == 2
    assert [(run.prompts, run.trace) for run in done.runs] == [
        (prompts, await performer.runner.run(prompts, KEY)) for prompts in (SYSTEM.prompts, winners)
    ]


async def test_w13_a_lost_run_in_the_final_test_is_undecided_without_traces() -> None:
    performer, _ = performer_of(lambda _: CallFailed("lost"))
    done = await performer.perform(final({**SYSTEM.prompts, "a": "x"}))
    assert isinstance(done.result, Comparison)
    assert (done.result.glob, done.runs) == (UNDECIDED, ())


async def test_w14_a_case_is_shown_with_both_traces_downstream_of_the_change() -> None:
    performer, _ = performer_of(world())
    shown = await performer.rewriting.show(Case(KEY, "b", "b NEW", SYSTEM.prompts, "s", ("d", "global")))
    assert set(shown.candidate_outputs) == set(shown.reference_outputs) == {"b", "d"}
    assert (shown.candidate_prompt, shown.reference_prompt, shown.lost) == ("b NEW", "B", ("d", "global"))
    assert "was new" in shown.candidate_outputs["b"] and "was new" not in shown.reference_outputs["b"]


def with_or_without(request: Request) -> str:
    """Answer 1 where somebody was left without an output on the way, else 0."""
    if request.purpose.startswith("judge"):
        return "<verdict>1</verdict>" if "<answer>1</answer>" in _first_output(request) else "<verdict>2</verdict>"
    found = any(NO_OUTPUT in message.content or "<answer>1" in message.content for message in request.messages)
    return f"<answer>{int(found)}</answer>"


def _first_output(request: Request) -> str:
    return request.messages[0].content.partition("<output_1 ")[2].partition("</output_1>")[0]


async def test_w15_an_edge_withheld_is_judged_by_final_answers_in_both_orders() -> None:
    performer, model = performer_of(with_or_without)
    result = await performer.result(AblateEdge("w", SYSTEM.prompts, UNLABELLED, "a", "b"))
    assert result == Comparison(UNLABELLED, WIN, (), WIN), "seen from the team without the edge"
    assert purposes(model) == {"agent": 6, "judge.global": 2}


async def test_w16_an_edge_that_changes_nothing_is_a_tie_without_a_call() -> None:
    performer, model = performer_of(lambda request: f"<answer>{request.purpose}</answer>")
    result = await performer.result(AblateEdge("w", SYSTEM.prompts, KEY, "b", "d"))
    assert result == Comparison(KEY, TIE, (), TIE, same_answer=True)
    assert purposes(model) == {"agent": 5}


async def test_w17_a_label_decides_for_an_edge_as_well() -> None:
    performer, model = performer_of(with_or_without, "use")
    result = await performer.result(AblateEdge("w", SYSTEM.prompts, KEY, "a", "b"))
    assert isinstance(result, Comparison)
    assert (result.glob, purposes(model)["judge.global"]) == (WIN, 0)


async def test_w18_a_lost_run_without_an_edge_says_so() -> None:
    def script(request: Request) -> Any:
        lost = any(NO_OUTPUT in message.content for message in request.messages)
        return CallFailed("lost") if lost else world()(request)

    performer, _ = performer_of(script)
    result = await performer.result(AblateEdge("w", SYSTEM.prompts, KEY, "a", "b"))
    assert result == Comparison(KEY, UNDECIDED, (), UNDECIDED, failed=True)


# ── several agents at once, and scores ───────────────────────────────────────────────────────────────────────────────


async def test_w19_a_comparison_may_change_several_agents_and_is_told_of_the_first() -> None:
    performer, model = performer_of(world())
    done = await performer.perform(compare(changes={"c": "c NEW", "b": "b NEW"}))
    assert done.result == Comparison(KEY, WIN, (("d", WIN),), WIN)
    assert purposes(model) == {"agent": 4 + 3, "judge.local": 1, "judge.lookahead": 1, "judge.global": 1}
    judged = {(request.purpose, request.agent) for request in model.requests if request.purpose != "agent"}
    assert judged == {("judge.local", "c"), ("judge.lookahead", "d"), ("judge.global", "c")}
    assert [run.prompts for run in done.runs] == [SYSTEM.prompts, {**SYSTEM.prompts, "b": "b NEW", "c": "c NEW"}]
    rerun = done.runs[1].trace
    assert {name for name in SYSTEM.order if "was new" in rerun.written_by(name)} == {"b", "c", "d"}


async def test_w20_a_lost_run_of_several_changes_is_undecided_for_the_readers_of_the_first() -> None:
    performer, _ = performer_of(lambda request: CallFailed("lost") if request.agent == "c" else world()(request))
    lost = await performer.result(compare(changes={"b": "b NEW", "a": "a NEW"}))
    assert lost == Comparison(KEY, UNDECIDED, (("d", UNDECIDED),), UNDECIDED, failed=True, failed_run="reference")


@pytest.mark.parametrize("changed", [("b",), SYSTEM.order], ids=["one", "all"])
@pytest.mark.parametrize("failed", ["reference", "candidate", "both"])
async def test_w26_a_comparison_says_whose_run_failed(changed: Sequence[str], failed: str) -> None:
    def script(request: Request) -> Any:
        new = any("NEW" in message.content for message in request.messages)
        lost = request.agent == "d" and failed in ("both", "candidate" if new else "reference")
        return CallFailed("lost") if lost else world()(request)

    performer, _ = performer_of(script)
    found = await performer.result(compare(changes={name: f"{name} NEW" for name in changed}))
    assert isinstance(found, Comparison)
    # With one change the candidate is run after the reference, and not after one that failed.
    told = "reference" if failed == "both" and len(changed) == 1 else failed
    assert (found.failed, found.failed_run, found.glob) == (True, told, UNDECIDED)


class ByQuestion:
    """A scorer that finds answers to `one` right, and cannot decide others."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    async def score(self, samples: Sequence[Sample]) -> Sequence[Found]:
        self.samples += samples
        return [Found(one.id, "correct" if one.question == "one" else "failed") for one in samples]


async def test_w21_a_scorer_that_is_given_decides_alone() -> None:
    scorer = ByQuestion()
    performer, model = performer_of(world(), "use", scorer=scorer)
    done = await performer.perform(ScoreOutput("s", SYSTEM.prompts, KEY))
    assert done.result == Scored(KEY, 1.0)
    assert [run.prompts for run in done.runs] == [SYSTEM.prompts]
    assert await performer.result(ScoreOutput("t", SYSTEM.prompts, UNLABELLED)) == Scored(UNLABELLED, None), "it failed"
    assert scorer.samples == [
        Sample(KEY, "<answer>old</answer>", "1", question="one"),
        Sample(UNLABELLED, "<answer>old</answer>", None, question="two"),
    ]
    assert purposes(model) == {"agent": 8}


@pytest.mark.parametrize(("answer", "value"), [("1", 1.0), ("2", 0.0)])
async def test_w22_a_label_scores_where_labels_are_used_and_there_is_one(answer: str, value: float) -> None:
    performer, model = performer_of(world(answer=answer), "use")
    prompts = {**SYSTEM.prompts, "a": "a NEW"}
    assert await performer.result(ScoreOutput("s", prompts, KEY)) == Scored(KEY, value)
    assert await performer.result(ScoreOutput("t", prompts, UNLABELLED)) == Scored(UNLABELLED, None)
    assert purposes(model) == {"agent": 8}


async def test_w23_without_a_scorer_and_without_labels_it_is_not_told() -> None:
    performer, _ = performer_of(world(answer="1"))
    assert await performer.result(ScoreOutput("s", {**SYSTEM.prompts, "a": "a NEW"}, KEY)) == Scored(KEY, None)


async def test_w24_a_lost_run_has_no_score() -> None:
    performer, _ = performer_of(lambda _: CallFailed("lost"), scorer=ByQuestion())
    done = await performer.perform(ScoreOutput("s", SYSTEM.prompts, KEY))
    assert (done.result, done.runs) == (Scored(KEY, None), ())


@pytest.mark.parametrize("labels", ["ignore", "use"])
@pytest.mark.parametrize("changes", [("a",), ("d",), ("c", "b"), ("d", "a"), ("a", "b", "c", "d")])
async def test_w25_what_is_performed_takes_what_it_was_priced_at(
    labels: Literal["ignore", "use"], changes: tuple[str, ...]
) -> None:
    labelled = frozenset({KEY}) if labels == "use" else frozenset[str]()
    problem = Problem(SYSTEM.team, SYSTEM.prompts, (KEY, UNLABELLED), 0, labelled=labelled)
    levels = [(Level.GLOBAL,), (Level.LOCAL,), (Level.LOOKAHEAD,), tuple(Level)]
    choices = product(levels, (1, 2), (True, False), ("labels", "judge"), (KEY, UNLABELLED), ("new", "old"))
    for asked, orders, differing, decided_by, key, answer in choices:
        request = compare(
            changes={name: f"{name} NEW" for name in changes},
            key=key,
            levels=asked,
            orders=orders,
            when_differing=differing,
            decided_by=decided_by,
        )
        performer, model = performer_of(world(answer=answer), labels)
        price, found = request.price(problem, await performer.result(request)), purposes(model)
        assert found.total() - found["agent"] == price.judge, request
        assert found["agent"] == sum(len(rollout.agents) for rollout in price.rollouts)
        assert price.judge <= request.price(problem).judge
