"""``maspo doctor`` tells endpoints apart and shows keys by name only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from maspo.cli.doctor import Answer, Place, Probe, probe_all, remarks_on
from maspo.cli.prepare import retired_models
from maspo.config import ModelSettings
from maspo.core.errors import EXIT_PROVIDER, EXIT_USAGE
from maspo.models.retired import retirement
from maspo.sandbox.selftest import Finding, choose_level
from maspo.testing.provider import Body, Exchange, Fault, Refuse, Rule, Spoiled, Unless, fake_provider
from maspo.world.spec import WorldSpec

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@asynccontextmanager
async def served(application: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def server(status: int, body: str) -> AsyncIterator[tuple[str, list[str]]]:
    seen: list[str] = []

    async def models(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.Response(status=status, text=body)

    application = web.Application()
    application.router.add_get("/v1/models", models)
    async with served(application) as url:
        yield url, seen


@pytest.mark.parametrize(
    ("status", "body", "answer"),
    [
        (200, '{"data": [{"id": "one"}]}', "answers"),
        (200, '{"data": []}', "answers"),
        (200, "<html>", "unexpected"),
        (200, '{"data": [1]}', "unexpected"),
        (404, "", "unexpected"),
        (302, "", "unexpected"),
        (401, "", "refuses the key"),
        (403, "", "refuses the key"),
    ],
)
async def test_answers_are_told_apart(status: int, body: str, answer: Answer) -> None:
    async with server(status, body) as (url, seen):
        (probe,) = await probe_all([Place("here", url, "sk-key", 5.0)])
    assert probe.answer == answer
    assert (seen[0], set(seen[1:]) <= {""}) == ("Bearer sk-key", True), "then once without, to see whether it matters"
    assert "sk-key" not in probe.detail


async def test_nothing_listens_and_nothing_answers_in_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    places = [Place("silent", f"http://127.0.0.1:{port}/v1", seconds=0.1), Place("none", "http://127.0.0.1:9/v1")]
    async with listening:
        silent_probe, none = await probe_all(places)
    assert (silent_probe.answer, silent_probe.detail) == ("unreachable", "no answer within 0.1 s")
    assert (none.answer, none.detail) == ("unreachable", "nothing listens there")


async def test_no_key_is_sent_where_there_is_none() -> None:
    async with server(401, "") as (url, seen):
        (probe,) = await probe_all([Place("here", url, seconds=5.0)])
    assert seen == [""]
    assert probe.detail == "HTTP 401: no key"


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    yield "sk-very-secret"


def test_keys_are_shown_by_name_only(maspo: Run, key: str) -> None:
    said = maspo("doctor", "--no-local", "--base-url", "http://127.0.0.1:9/v1", "--json")
    assert said.code == EXIT_PROVIDER, "the endpoint that was named is dead"
    assert said.json["keys"] == {"OPENAI_API_KEY": True}
    assert said.json["endpoints"][0]["answer"] == "unreachable"
    assert "OPENAI_API_KEY set" in said.err
    assert key not in said.out + said.err


def test_settings_that_cannot_be_used_hide_nothing_of_the_machine(maspo: Run) -> None:
    Path("maspo.toml").write_text("[search]\nbeam = 3\n[caps]\nusd = -1\n")
    said = maspo("doctor", "--no-local")
    assert said.code == EXIT_USAGE
    assert "Sandbox " in said.err + said.out
    assert "unknown setting 'beam'" in said.err
    assert "caps.usd: -1 is given" in said.err, "all faults are told at once"


@pytest.mark.parametrize(
    ("status", "answer"), [(400, "answers"), (422, "answers"), (401, "refuses the key"), (404, "unexpected")]
)
async def test_an_endpoint_without_a_list_of_models_is_asked_for_a_chat_that_costs_nothing(
    status: int, answer: Answer
) -> None:
    bodies: list[object] = []

    async def chat(request: web.Request) -> web.Response:
        bodies.append(await request.json())
        return web.json_response({"error": {"message": "model: field required"}}, status=status)

    application = web.Application()
    application.router.add_post("/v1/chat/completions", chat)
    async with served(application) as url:
        (probe,) = await probe_all([Place("here", url, seconds=5.0)])
    assert (probe.answer, bodies) == (answer, [{}])


async def test_a_model_that_the_endpoint_does_not_list_is_told_and_one_that_answers_is_no_error(
    maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASPO_AGENT_MODEL", "gone")
    async with server(200, '{"data": [{"id": "one"}]}') as (url, _):
        said = await asyncio.to_thread(maspo, "doctor", "--no-local", "--base-url", url, "--json")
    assert said.code == 0
    (remark,) = said.json["notes"]
    assert remark.startswith(f"gone is not among the 1 model that {url} lists: did you mean one?")


async def test_a_local_server_that_is_the_configured_one_is_asked_and_told_once(
    maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(200, '{"data": [{"id": "m"}]}') as (url, _):
        monkeypatch.setattr("maspo.cli.doctor.LOCAL_PLACES", (Place("a local one", url),))
        named = await asyncio.to_thread(maspo, "doctor", "--base-url", url, "--json")
        assert [one["name"] for one in named.json["endpoints"]] == ["configured"]
        assert named.err.count("Ready") == 1
        found = await asyncio.to_thread(maspo, "doctor", "--base-url", "http://127.0.0.1:9/v1", "--json")
        assert [one["name"] for one in found.json["endpoints"]] == ["configured", "a local one"]


async def test_each_server_of_a_model_is_asked_and_one_that_does_not_answer_is_told(maspo: Run) -> None:
    gone = "http://127.0.0.1:9/v1"
    async with server(200, '{"data": [{"id": "m"}]}') as (one, _), server(200, '{"data": [{"id": "m"}]}') as (two, _):
        said = await asyncio.to_thread(maspo, "doctor", "--no-local", "--base-url", f"{one},{gone},{two}", "--json")
    assert said.code == EXIT_PROVIDER
    assert {each["base_url"]: each["answer"] for each in said.json["endpoints"]} == {
        one: "answers",
        gone: "unreachable",
        two: "answers",
    }
    assert f"Ready: --base-url {one},{two} --agent-model m" in said.err


def test_a_model_without_a_price_is_told_where_one_is_paid_for() -> None:
    probe = Probe(Place("configured", "https://models.example/v1"), "answers", "")
    models = ModelSettings(agent="nobody-knows-this-model", base_url="https://models.example/v1")
    (remark,) = remarks_on(probe, models)
    assert remark.startswith("no price is known for nobody-knows-this-model: ")
    priced = models.model_copy(update={"prices": {"nobody-knows-this-model": (1.0, 2.0)}})
    assert remarks_on(probe, priced) == []


@pytest.mark.parametrize(
    ("model", "today", "told", "said"),
    [
        ("gpt-4.1-mini", date(2026, 12, 1), "", "is retired on 14 January 2027 (OpenAI's page on deprecations, as of"),
        ("gpt-4o-2024-08-06", date(2027, 1, 14), "", "has been retired since 14 January 2027"),
        ("openai/gpt-4o", date(2026, 12, 1), "", "openai/gpt-4o is retired on 14 January 2027"),
        ("claude-opus-4-20250514", date(2026, 12, 1), "", "has been retired since 15 June 2026 (Anthropic's page"),
        ("m", date(2026, 12, 1), "2027-03-04", "m is retired on 4 March 2027 (the endpoint's list of models)"),
        ("gpt-4o", date(2026, 12, 1), "2027-03-04T00:00:00Z", "is retired on 4 March 2027 (the endpoint's list"),
        ("gpt-4o-audio-preview", date(2026, 12, 1), "", ""),
        ("claude-opus-4-5", date(2026, 12, 1), "", ""),
        ("qwen3:8b", date(2026, 12, 1), "soon", ""),
    ],
)
def test_a_model_that_is_retired_is_told_with_date_and_source(model: str, today: date, told: str, said: str) -> None:
    found = retirement(model, today, told)
    assert said in found
    assert bool(found) == bool(said)


async def test_what_the_list_of_models_tells_of_its_end_goes_before_the_table(maspo: Run) -> None:
    async with server(200, '{"data": [{"id": "gpt-4o", "shutdown_date": "2031-02-03"}, {"id": "n"}]}') as (url, _):
        (probe,) = await probe_all([Place("here", url, seconds=5.0)])
    assert dict(probe.ends) == {"gpt-4o": "2031-02-03"}
    away = ModelSettings(agent="gpt-4o", base_url="https://models.example/v1", judge="gpt-4.1")
    first, second = retired_models(away, told=probe.ends)
    assert "3 February 2031" in first and "14 January 2027" in second
    assert retired_models(away.model_copy(update={"base_url": url}), told=probe.ends) == (), "near by nobody retires it"


@pytest.mark.parametrize("command", ["check", "estimate"])
def test_a_retired_model_is_told_before_anything_is_paid(maspo: Run, command: str) -> None:
    said = maspo(command, "system.yaml", "--inputs", "inputs.jsonl", "--agent-model", "gpt-4.1-mini")
    assert "gpt-4.1-mini" in said.err and "14 January 2027" in said.err
    said = maspo("doctor", "--no-local", "--json", "--config", "/dev/null")
    assert said.json["notes"] == []


def test_the_default_endpoint_is_not_asked_without_a_key(maspo: Run) -> None:
    said = maspo("doctor", "--no-local", "--json")
    assert said.json["endpoints"] == []
    assert "Not asked: https://api.openai.com/v1, because OPENAI_API_KEY is not set" in said.err


def test_the_sandbox_shown_is_the_one_that_holds(maspo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    said = maspo("doctor", "--no-local", "--json")
    assert said.json["sandbox"]["level"] == choose_level()
    assert f"Sandbox    {choose_level()}; attacks were tried" in said.err

    monkeypatch.setattr("maspo.sandbox.selftest.examine", lambda level: Finding(level, "an attack succeeded"))
    said = maspo("doctor", "--no-local", "--json")
    assert said.json["sandbox"]["level"] == "none"
    assert "Sandbox    none; code of models is not run" in said.err
    assert "prelude: an attack succeeded" in said.err


async def asked_of(maspo: Run, fault: Fault) -> tuple[int, dict[str, Any], str]:
    async with fake_provider([Rule(fault)], tells={"/v1/models": {"data": [{"id": "m", "max_model_len": 512}]}}) as one:
        given = ("doctor", "--no-local", "--ask", "--base-url", one.base_url, "--json")
        said = await asyncio.to_thread(maspo, *given)
    (lesson,) = said.json["asked"]
    return said.code, lesson, said.err


async def test_what_a_model_teaches_is_told_with_one_question_to_each(
    maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASPO_AGENT_MODEL", "m")

    def answer(found: dict[str, Any]) -> None:
        found["choices"][0]["message"] = {"content": "It is <answer>7</answer>.", "reasoning_content": "Hm."}
        found["usage"] = None

    picky = Unless(lambda wanted: "seed" not in wanted, Refuse(400, "seed is not supported"))
    code, lesson, out = await asked_of(maspo, Both(picky, Spoiled(answer)))
    assert code == 0
    assert (lesson["roles"], lesson["answers"]) == (["agent", "judge", "proposer"], True)
    told = " ".join(lesson["told"])
    for words in ("takes no seed", "tells no tokens", "thinks before it answers", "its context is 512 tokens"):
        assert words in told and words in out
    assert "follows instructions badly" not in told


async def test_an_endpoint_that_answers_a_question_is_alive_whatever_its_list_of_models_is(
    maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASPO_AGENT_MODEL", "m")
    async with fake_provider([], WorldSpec(seed=7)) as provider:  # no list, and HTTP 500 for a chat without messages
        said = await asyncio.to_thread(maspo, "doctor", "--ask", "--no-local", "--base-url", provider.base_url)
    assert (said.code, "No endpoint answers" in said.out) == (0, False), said
    assert f"Ready: --base-url {provider.base_url}" in said.out


async def test_a_model_that_refuses_the_question_is_told_with_exit_code_5(
    maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASPO_AGENT_MODEL", "m")
    code, lesson, _ = await asked_of(maspo, Refuse(404, "The model `m` does not exist"))
    assert (code, lesson["answers"]) == (EXIT_PROVIDER, False)
    assert "does not exist" in lesson["told"][0]


@pytest.mark.parametrize(
    "fault", [Refuse(500, "Server got itself in trouble"), Body(b'data: {"choices": []}\n\n', 200, "text/event-stream")]
)
async def test_an_endpoint_whose_streams_fail_is_asked_for_a_whole_reply_as_a_run_asks_it(
    maspo: Run, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    monkeypatch.setenv("MASPO_AGENT_MODEL", "m")
    code, lesson, _ = await asked_of(maspo, Unless(lambda wanted: not wanted.get("stream"), fault))
    assert (code, lesson["answers"]) == (0, True)
    assert lesson["told"][0].startswith("no streams, they fail there")


@dataclass(frozen=True)
class Both:
    """Two faults, the first that answers."""

    one: Fault
    other: Fault

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        return await self.one.answer(asked) or await self.other.answer(asked)


async def test_the_models_of_the_flags_are_looked_at_and_one_that_nobody_named_is_not(maspo: Run) -> None:
    async with server(200, '{"data": [{"id": "one-large"}, {"id": "two"}]}') as (url, _):
        given = ("doctor", "--no-local", "--base-url", url, "--json")
        unnamed = await asyncio.to_thread(maspo, *given, "--ask")
        named = await asyncio.to_thread(maspo, *given, "--agent-model", "two", "--judge-model", "one-lage")
    assert unnamed.code == 0 and unnamed.json["asked"] == []
    assert unnamed.json["notes"] == [
        "--ask: no model is named, so none was asked; name one with --agent-model (there are one-large, two)"
    ]
    (remark,) = named.json["notes"]
    assert remark.startswith("one-lage is not among the 2 models") and remark.endswith("did you mean one-large?")


async def test_the_only_model_of_an_endpoint_is_asked_and_a_simulated_one_is_not_judged(maspo: Run) -> None:
    def answer(found: dict[str, Any]) -> None:
        found["choices"][0]["message"] = {"content": "Whatever."}
        found["system_fingerprint"] = "simulated"

    code, lesson, _ = await asked_of(maspo, Spoiled(answer))
    told = " ".join(lesson["told"])
    assert (code, lesson["model"]) == (0, "m")
    assert "the endpoint is simulated" in told and "follows instructions badly" not in told


@asynccontextmanager
async def keyed(right: str, lists: bool = True, body_first: bool = False) -> AsyncIterator[str]:
    """Serve models to everybody, if at all, and chats to who has the key; the body may be looked at before the key."""

    async def models(request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "m"}]}, status=200 if lists else 404)

    async def chat(request: web.Request) -> web.Response:
        wanted = await request.json()
        if body_first and not wanted.get("messages"):
            return web.json_response({"error": {"message": "messages: field required"}}, status=422)
        if right and request.headers.get("Authorization") != f"Bearer {right}":
            return web.json_response({"error": {"message": "bad key"}}, status=401)
        if not wanted.get("messages"):
            return web.json_response({"error": {"message": "messages: field required"}}, status=400)
        said = {"role": "assistant", "content": "<answer>7</answer>"}
        return web.json_response({"choices": [{"message": said, "finish_reason": "stop"}]})

    application = web.Application()
    application.router.add_get("/v1/models", models)
    application.router.add_post("/v1/chat/completions", chat)
    async with served(application) as url:
        yield url


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize(
    ("right", "body_first", "given", "answer", "tried"),
    [
        ("k-right-0123456789", False, "k-right-0123456789", "answers", True),
        ("k-right-0123456789", False, "k-wrong-0123456789", "refuses the key", True),
        ("k-right-0123456789", True, "k-wrong-0123456789", "answers", False),
        ("", False, "k-wrong-0123456789", "answers", False),
        ("", False, "", "answers", True),
    ],
    ids=["right", "wrong", "wrong, unseen", "nobody looks", "none"],
)
async def test_a_key_that_the_list_of_models_does_not_need_is_tried_for_nothing_or_said_to_be_untried(
    lists: bool, right: str, body_first: bool, given: str, answer: Answer, tried: bool
) -> None:
    async with keyed(right, lists, body_first) as url:
        (probe,) = await probe_all([Place("here", url, given, 5.0)])
    assert (probe.answer, probe.key_tried) == (answer, tried)


async def test_a_key_that_is_refused_is_said_once_and_not_that_nobody_answers(
    maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k-wrong-0123456789")
    async with keyed("k-right-0123456789", body_first=False) as url:
        said = await asyncio.to_thread(maspo, "doctor", "--no-local", "--base-url", url)
    assert said.code == EXIT_PROVIDER
    assert f"{url}: the key in OPENAI_API_KEY is refused" in said.out
    assert "No endpoint answers" not in said.out


async def test_ready_is_not_said_of_a_key_that_nobody_has_looked_at(
    maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k-wrong-0123456789")
    async with keyed("k-right-0123456789", body_first=True) as url:
        command = ("doctor", "--no-local", "--base-url", url)
        unasked = await asyncio.to_thread(maspo, *command)
        asked = await asyncio.to_thread(maspo, *command, "--ask")
        monkeypatch.setenv("OPENAI_API_KEY", "k-right-0123456789")
        right = await asyncio.to_thread(maspo, *command, "--ask")
    assert unasked.code == 0
    assert f"Ready, but for the key, which was not tried: --base-url {url}" in unasked.out
    assert "the key in OPENAI_API_KEY" in unasked.err
    assert "--ask" in unasked.err
    assert asked.code == EXIT_PROVIDER
    assert "Ready" not in asked.out
    assert right.code == 0
    assert f"Ready: --base-url {url}" in right.out


async def test_a_header_that_lets_in_is_sent_as_a_run_sends_it() -> None:
    seen: list[str] = []

    async def models(request: web.Request) -> web.Response:
        seen.append(request.headers.get("api-key", ""))
        return web.json_response({"data": [{"id": "m"}]}, status=200 if seen[-1] else 401)

    application = web.Application()
    application.router.add_get("/v1/models", models)
    async with served(application) as url:
        (probe,) = await probe_all([Place("here", url, seconds=5.0, headers={"api-key": "k-0123456789"})])
    assert (probe.answer, probe.key_tried, seen) == ("answers", True, ["k-0123456789", ""])


async def test_an_endpoint_that_answers_under_v1_alone_is_found_there(maspo: Run) -> None:
    async with server(200, '{"data": [{"id": "m"}]}') as (url, _):
        said = await asyncio.to_thread(maspo, "doctor", "--no-local", "--base-url", url.removesuffix("/v1"))
    assert said.code == 0
    assert f"Ready: --base-url {url} --agent-model m" in said.out
    assert f"(under /v1, not at {url.removesuffix('/v1')})" in said.out


async def test_a_refusal_without_a_word_is_told_once(maspo: Run) -> None:
    wordless = Unless(lambda wanted: "temperature" not in wanted, Refuse(400, "Bad Request"))
    code, lesson, _ = await asked_of(maspo, wordless)
    assert (code, lesson["answers"]) == (0, True)
    assert "takes requests with no temperature" in lesson["told"][0]
    assert all(lesson["told"]), "what was tried in vain is nothing to tell"


async def test_who_is_not_let_in_is_told_why() -> None:
    reason = {"error": {"message": "Country, region, or territory not supported for sk-canary-0123456789"}}
    async with server(403, json.dumps(reason)) as (url, _):
        (probe,) = await probe_all([Place("here", url, "sk-canary-0123456789", 5.0)])
    assert probe.detail == "HTTP 403: Country, region, or territory not supported for [key]"


async def test_an_address_with_a_version_is_ready_with_it(maspo: Run) -> None:
    async with server(200, '{"data": [{"id": "m"}]}') as (url, _):
        said = await asyncio.to_thread(maspo, "doctor", "--no-local", "--base-url", f"{url}?api-version=2024-10-21")
    assert f"Ready: --base-url {url}?api-version=… --agent-model m" in said.out.replace(
        ", but for the key, which was not tried", ""
    )


async def test_thoughts_alone_are_told_as_such(maspo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASPO_AGENT_MODEL", "m")

    def think(found: dict[str, Any]) -> None:
        found["choices"][0]["message"] = {"content": "", "reasoning_content": "Hm."}

    code, lesson, out = await asked_of(maspo, Spoiled(think))
    assert (code, lesson["answers"]) == (EXIT_PROVIDER, False)
    assert "no text: thoughts alone" in " ".join(lesson["told"])
    assert "no answer" in out


async def test_an_answer_that_was_cut_is_told_as_such(maspo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASPO_AGENT_MODEL", "m")

    def cut(found: dict[str, Any]) -> None:
        found.pop("system_fingerprint")  # which says that it is simulated
        found["choices"][0] |= {"message": {"content": "Three and"}, "finish_reason": "length"}

    code, lesson, _ = await asked_of(maspo, Spoiled(cut))
    assert (code, lesson["answers"]) == (0, True)
    told = " ".join(lesson["told"])
    assert "was cut" in told and "instructions" not in told


async def test_a_limit_that_is_soon_reset_is_waited_for(maspo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MASPO_AGENT_MODEL", "m")
    limit = Refuse(429, "Too fast", headers={"Retry-After": "0.01"})
    met: list[int] = []

    class AtFirst:
        async def answer(self, asked: Exchange) -> web.StreamResponse | None:
            met.append(asked.seen.number)
            return await limit.answer(asked) if len(met) == 1 else None

    code, lesson, _ = await asked_of(maspo, AtFirst())
    assert (code, lesson["answers"], len(met)) == (0, True, 2)
    code, lesson, _ = await asked_of(maspo, Refuse(429, "Daily limit", headers={"Retry-After": "3600"}))
    assert (code, lesson["answers"]) == (EXIT_PROVIDER, False)


async def test_a_reply_without_a_text_is_asked_for_again_as_a_run_asks(
    maspo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASPO_AGENT_MODEL", "m")
    came = 0

    def empty_at_first(found: dict[str, Any]) -> None:
        nonlocal came
        came += 1
        if came == 1:
            found["choices"][0]["message"] = {"content": ""}

    code, lesson, _ = await asked_of(maspo, Spoiled(empty_at_first))
    assert (code, lesson["answers"], came) == (0, True, 2)


async def test_another_models_name_is_told(maspo: Run) -> None:
    def answer(found: dict[str, Any]) -> None:
        found["model"] = "tiny-1b"

    _, lesson, _ = await asked_of(maspo, Spoiled(answer))
    assert "replies say that tiny-1b wrote them" in lesson["told"][0]
