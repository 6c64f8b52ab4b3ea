"""Contexts: what does not fit is told before a run, refused where a server would cut it, and asked for with less."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from maspo.config import RunConfig
from maspo.core.quoting import tagged
from maspo.core.verdict import Level, Verdict
from maspo.data.inputs import make_inputs
from maspo.events import CallLost, DidNotFit, Event
from maspo.judges.base import Question
from maspo.judges.pairwise import PairwiseJudge, fitting, request_for
from maspo.models import Endpoint, Message, Request
from maspo.models.base import JUDGE_GLOBAL, DoesNotFit, RoleSettings
from maspo.models.chat_completions import ChatClient
from maspo.models.context import most_bytes
from maspo.models.scripted import Scripted, ScriptedModel
from maspo.models.surroundings import Surroundings
from maspo.study.calls import LossReporter
from maspo.study.fit import remarks_on_fit, told_contexts
from maspo.study.job import Job
from maspo.team import Agent, System
from maspo.testing.provider import Refuse, Rule, Spoiled, Unless, fake_provider

TEAM = System(
    name="team",
    agents=(
        Agent("solver", "Solve the problem."),
        Agent("critic", "Check the solution.", reads=("solver",), model="other"),
    ),
    output="critic",
)
ROWS = [{"input": "How many?"}, {"input": "How many? " * 800}]
LLAMA = {"/props": {"total_slots": 2, "default_generation_settings": {"n_ctx": 512}}}
VLLM = {"/v1/models": {"object": "list", "data": [{"id": "m", "max_model_len": 512}, {"id": "other"}]}}
OPENROUTER = {"/v1/models": {"data": [{"id": "m", "context_length": 512}, {"id": "other", "context_length": 10**6}]}}
LM_STUDIO = {"/v1/models": {"data": [{"id": "m", "loaded_context_length": 9, "max_context_length": 512}]}}
OLLAMA = {"/api/ps": {"models": [{"name": "m:latest", "context_length": 512}]}}
ODD = {"/v1/models": {"data": [None, {"id": "m", "context_length": "many"}, {"id": "m", "max_model_len": True}]}}


def job(**models: object) -> Job:
    given = {"agent": "m", **models}
    return Job(TEAM, make_inputs(ROWS), RunConfig.model_validate({"models": given}))


@pytest.mark.parametrize(
    ("tells", "contexts"),
    [
        (LLAMA, {"m": 512, "other": 512}),
        (VLLM, {"m": 512, "other": 0}),
        (OPENROUTER, {"m": 512, "other": 10**6}),
        (LM_STUDIO, {"m": 512, "other": 0}),
        (OLLAMA, {"m": 512, "other": 0}),
        (ODD, {"m": 0, "other": 0}),
        ({}, {"m": 0, "other": 0}),
    ],
)
async def test_k01_servers_tell_contexts_each_in_its_way(
    tells: Mapping[str, object], contexts: Mapping[str, int]
) -> None:
    async with fake_provider(tells=tells) as provider:
        asked = job(base_url=provider.base_url)
        told = (await told_contexts(asked.config.models, asked.system))[""]
        assert [one.path for one in provider.seen if one.path != "/api/show"] == [], "no model is called"
    assert {name: told.context_of(name) for name in contexts} == contexts


def test_k02_what_does_not_fit_is_told_with_agents_sizes_and_inputs() -> None:
    told = {"": Surroundings(contexts={"m": 512, "other": 10**6})}
    solver, judge, proposer = remarks_on_fit(job(), told)
    assert solver.startswith("agents.solver: prompt, input and what it reads are about 2,004 tokens at the longest")
    assert "the context of m is 512: on 1 of 2 inputs they do not fit, and these calls will fail" in solver
    assert judge.startswith("the judge: ")
    assert proposer.startswith("the proposer: ")
    assert remarks_on_fit(job(), {}) == []
    assert remarks_on_fit(job(), {"": Surroundings(context=10**6)}) == []


def test_k03_a_context_that_the_settings_give_goes_before_what_a_server_tells() -> None:
    assert remarks_on_fit(job(context=10**6), {"": Surroundings(context=512)}) == []
    (judge,) = remarks_on_fit(judged(900), {})
    assert judge.startswith("the judge: ")


def judged(context: int) -> Job:
    return job(roles={"judge": {"context": context}})


def question() -> Question:
    read = "\n".join([tagged("input", "What is 3 + 4?"), *(tagged("read", f"draft of {n}", n) for n in ("a", "b"))])
    return Question(Level.LOCAL, "critic", "checks solutions", read, "7", "8", candidate_first=True)


def parts_in(request: Request) -> str:
    text = request.messages[0].content
    parts = {"a": "draft of a", "b": "draft of b", "r": "checks solutions", "i": "What is 3 + 4?", "o": "\n7\n"}
    return "".join(name for name, words in parts.items() if words in text)


@pytest.mark.parametrize("longest", ["abrio", "ario", "rio", "io", "o"])
async def test_k04_a_judge_is_shown_less_in_a_stated_order_and_never_a_cut_text(longest: str) -> None:
    def answer(request: Request) -> Scripted:
        return "<verdict>1</verdict>" if len(parts_in(request)) <= len(longest) else DoesNotFit("800 tokens")

    model = ScriptedModel(answer)
    judge = PairwiseJudge(model, RoleSettings("m"))
    assert await judge.compare(question()) is Verdict.WIN
    assert parts_in(model.requests[-1]) == longest
    assert [parts_in(request) for request in model.requests] == ["abrio", "ario", "rio", "io", "o"][
        : len(model.requests)
    ]
    left = 5 - len(longest)
    assert model.requests[-1].messages[0].content.count("(left out: too long to be shown)") == left


async def test_k05_a_question_that_never_fits_is_undecided() -> None:
    model = ScriptedModel(lambda _: DoesNotFit("800 tokens"))
    assert await PairwiseJudge(model, RoleSettings("m")).compare(question()) is Verdict.UNDECIDED
    assert len(model.requests) == 5
    assert len({request.key for request in model.requests}) == 5


def test_k06_a_global_question_has_no_role_to_leave_out() -> None:
    asked = replace(question(), level=Level.GLOBAL, read=tagged("input", "What is 3 + 4?"))
    shown = [request_for(one, RoleSettings("m")).messages[0].content for one in fitting(asked)]
    assert ["What is 3 + 4?" in text for text in shown] == [True, False]


async def test_k07_what_is_asked_with_less_is_told_once_and_is_no_lost_call() -> None:
    told: list[Event] = []

    async def publish(event: Event) -> None:
        told.append(event)

    reporter = LossReporter(ScriptedModel(lambda _: DoesNotFit("800 tokens, context 512")), publish)
    for purpose in (JUDGE_GLOBAL, JUDGE_GLOBAL, "agent"):
        with pytest.raises(DoesNotFit):
            await reporter.complete(Request("m", (Message("user", "…"),), purpose, "critic"))
    assert [type(event) for event in told] == [DidNotFit, CallLost]


def counted(tokens_a_byte: float, most: int) -> Spoiled:
    """A server that cuts prompts beyond its context without a word, as Ollama does."""

    def change(found: dict[str, Any]) -> None:
        found["usage"] = {"prompt_tokens": min(most, int(found["usage"]["prompt_tokens"])), "completion_tokens": 1}

    return Spoiled(change)


async def test_k08_a_prompt_that_a_server_would_cut_is_not_sent() -> None:
    def ask(words: int) -> Request:
        return Request("m", (Message("user", "How many? " * words),), "agent", max_tokens=100)

    async with (
        fake_provider([Rule(counted(0.25, 512))], tells=LLAMA) as provider,
        ChatClient(Endpoint(provider.base_url)) as client,
    ):
        await client.surroundings()
        assert (await client.complete(ask(2000))).tokens_in == 512, "nothing is known of this model's tokens yet"
        await client.complete(ask(150))
        before = len(provider.seen)
        with pytest.raises(DoesNotFit, match=r"longer than [\d,]+ tokens, more than the context of 512.*not sent"):
            await client.complete(ask(2000))
        assert len(provider.seen) == before
        await client.complete(ask(160))


@pytest.mark.parametrize(
    ("words", "learned", "told"),
    [
        ("Request body too large. Limit is 2000 bytes.", 2000, "it takes at most 2,000, with HTTP 413"),
        ("Maximum request body size 2048 exceeded, actual body size 4159", 2048, "at most 2,048"),
        ("body is larger than 2 KB", 2048, "at most 2,048"),
        ("413 Request Entity Too Large", None, "it refused one of"),
    ],
)
async def test_k10_a_size_that_an_endpoint_refuses_is_learned_and_told_once(
    words: str, learned: int | None, told: str
) -> None:
    def ask(letters: int) -> Request:
        return Request("m", (Message("user", "x" * letters),), "agent", max_tokens=100)

    too_large = Unless(lambda wanted: len(json.dumps(wanted)) <= 2000, Refuse(413, words))
    async with fake_provider([Rule(too_large)]) as provider, ChatClient(Endpoint(provider.base_url)) as client:
        await client.complete(ask(200))
        with pytest.raises(DoesNotFit, match=told) as found:
            await client.complete(ask(4000))
        assert "it takes no request" in found.value.said
        with pytest.raises(DoesNotFit, match="not sent") as found:
            await client.complete(ask(4000 if learned is None else 2100))
        assert not found.value.said
        assert len(provider.seen) == 2
        await client.complete(ask(1700))
        assert len(provider.seen) == 3


@pytest.mark.parametrize(
    "words",
    [
        '{"code": 413, "message": "payload too large"}',
        "max size: 200 tokens",
        "limit is 90000 bytes",
        "error 413, see https://example.org/limits/7001",
    ],
)
def test_k11_a_number_that_is_no_size_below_what_was_sent_is_none(words: str) -> None:
    assert most_bytes(words, 8000) == 0


def test_k09_the_settings_of_a_file_may_say_a_context() -> None:
    config = RunConfig.model_validate({"models": {"context": 4096, "roles": {"judge": {"context": 8192}}}})
    assert config.models.has_own("judge")
    assert json.loads(config.model_dump_json())["models"]["context"] == 4096
