"""What the gateway promises an app, and who pays: G01 to G31."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import json
import socket
import uuid
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import pytest

from maspo.core.errors import BudgetReached, CallFailed, ConfigInvalid
from maspo.gateway.client import Delivery, Response, Upstreams, WireClient, WireRequest, _cut, _secret, address
from maspo.gateway.dialects.base import Incoming
from maspo.gateway.dialects.registry import DIALECTS
from maspo.gateway.ended import EndedCall
from maspo.gateway.gateway import Gateway, LimitReached
from maspo.gateway.wire import RolloutLimits, WireAgent, WireCall
from maspo.models.base import Adapted, Reply, Request
from maspo.models.budget import Ledger, Limits
from maspo.models.endpoint import Endpoint
from maspo.models.prices import PriceBook
from maspo.store.run_store import RunStore
from maspo.testing.models import MemoryStore, check_model_client
from tests.gateway.bodies import EXCHANGES, SYSTEM, TEXT
from tests.gateway.conftest import Bench, Opener
from tests.gateway.upstream import Answer, upstream

CHAT, RESPONSES = EXCHANGES["chat_completions"], EXCHANGES["responses"]
KEY = "sk-secret-of-the-app-0123456789"
PRICES = PriceBook({"gpt-4.1-mini": (1.0, 10.0)})
SOLVER = WireAgent("solver", SYSTEM)


def most_waiting() -> int:
    told = Path("/proc/sys/net/core/somaxconn")
    return int(told.read_text()) if told.exists() else 0


def ask(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": text}], "max_tokens": 50, **more}


def said(text: str, **more: Any) -> bytes:
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": usage, **more}).encode()


async def post(bench: Bench, body: dict[str, Any], root: str = "", **headers: str) -> tuple[int, bytes]:
    named = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **headers}
    async with bench.app.post(
        f"{root or bench.rollout.base_url}/chat/completions", json=body, headers=named
    ) as response:
        return response.status, await response.read()


async def test_g01_equal_requests_of_equal_rollouts_share_their_draws_and_others_do_not(bench: Opener) -> None:
    async with bench([SOLVER]) as found:
        found.upstream.will(*(Answer(said(f"draw {number}")) for number in range(20)))
        texts = []
        for input_key, occurrence in (("a", 0), ("a", 0), ("a", 1), ("b", 0)):
            rollout = found.gateway.open({}, input_key, occurrence)
            for _ in range(2):
                _, body = await post(found, ask("q"), rollout.base_url)
                texts.append(json.loads(body)["choices"][0]["message"]["content"])
            calls = await found.gateway.close(rollout)
            assert [call.cached for call in calls] == [(input_key, occurrence, len(texts)) == ("a", 0, 4)] * 2
        assert texts == [f"draw {number}" for number in (0, 1, 0, 1, 2, 3, 4, 5)]
        assert (found.ledger.calls, found.ledger.usage()["agent"].cached) == (6, 2)


async def test_g02_only_what_a_rewrite_changes_is_asked_again(bench: Opener) -> None:
    async with bench([SOLVER, WireAgent("critic", "You are the critic.")]) as found:
        found.upstream.will(*(Answer(said(f"{number}")) for number in range(9)))
        for prompts in ({}, {"critic": "Be harsh."}, {"solver": "Be quick."}):
            rollout = found.gateway.open(prompts, "a")
            for prompt in (SYSTEM, "You are the critic."):
                await post(found, ask("q", messages=[{"role": "system", "content": prompt}]), rollout.base_url)
        agents = [heard.headers["x-maspo-agent"] for heard in found.upstream.heard]
        assert agents == ["solver", "critic", "critic", "solver"]


async def test_g03_a_recorded_call_is_never_paid_twice_by_another_process_either(bench: Opener, tmp_path: Path) -> None:
    for attempt in range(2):
        opened = RunStore.open(tmp_path / "run.db") if attempt else RunStore.create(tmp_path / "run.db")
        async with opened as store, bench([SOLVER], store=store, ledger=Ledger(book=store)) as found:
            for exchange in (CHAT, EXCHANGES["messages"]):
                path = exchange.stream_path
                found.upstream.will(Answer(exchange.text_stream, kind=exchange.stream_kind))
                sent = json.dumps({**exchange.request, **exchange.stream_flag})
                async with found.app.post(found.root + path, data=sent) as response:
                    assert response.headers["Content-Type"] == "text/event-stream"
                    assert await response.read() == exchange.text_stream
            calls = await found.gateway.close(found.rollout)
            assert [(call.output, call.tokens_in, call.cached) for call in calls] == [(TEXT, 41, bool(attempt))] * 2
            assert len(found.upstream.heard) == (0 if attempt else 2)


@pytest.mark.parametrize(
    "thought", ["<think>hm</think>42", "Well <think>hm", "<|channel|>analysis<|message|>hm", "hm</think>42"]
)
async def test_g33_thoughts_in_a_recorded_reply_are_the_apps_own(bench: Opener, tmp_path: Path, thought: str) -> None:
    said = {"choices": [{"index": 0, "message": {"role": "assistant", "content": thought}, "finish_reason": "stop"}]}
    body = json.dumps(said).encode()
    for attempt in range(2):
        opened = RunStore.open(tmp_path / "run.db") if attempt else RunStore.create(tmp_path / "run.db")
        async with opened as store, bench([SOLVER], store=store, ledger=Ledger(book=store)) as found:
            found.upstream.will(Answer(body))
            sent = json.dumps(CHAT.request)
            async with found.app.post(found.root + CHAT.path, data=sent) as response:
                assert await response.read() == body
            assert len(found.upstream.heard) == (0 if attempt else 1)


async def test_g04_keys_pass_to_the_endpoint_and_stand_in_no_record(bench: Opener, tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    async with RunStore.create(path) as store, bench([SOLVER], store=store, ledger=Ledger(book=store)) as found:
        found.upstream.will(Answer(said(f"your key is {KEY}"), headers=(("Set-Cookie", f"k={KEY}"),)))
        status, body = await post(found, ask(f"is {KEY} mine?"))
        assert (status, KEY in body.decode()) == (200, True)  # byte for byte
        found.upstream.will(Answer(json.dumps({"error": {"message": f"bad key {KEY}"}}).encode(), 401))
        status, body = await post(found, ask("other"))
        assert (status, KEY in body.decode()) == (401, True)
        first, second = await found.gateway.close(found.rollout)
        assert KEY not in f"{first.failed}{second.failed}{second.output}"
        assert "[key]" in second.failed
        heard = found.upstream.heard[0].headers
        assert heard["authorization"] == f"Bearer {KEY}"
        assert heard["host"] == found.upstream.url.removeprefix("http://")
    stored = path.read_bytes()  # closed, so that nothing is left in the log
    assert b"your key is" in stored
    assert b"is [key] mine?" in stored
    assert KEY.encode() not in stored


async def test_g04_nor_a_part_of_a_key_where_an_error_is_quoted_in_part(bench: Opener) -> None:
    coded = base64.b64encode(KEY.encode()).decode()
    async with bench() as found:
        text = "no" * 140 + coded  # a message shows 300 characters
        found.upstream.will(Answer(json.dumps({"error": {"message": text}}).encode(), 401))
        status, body = await post(found, ask("q"))
        assert (status, coded in body.decode()) == (401, True)
        (call,) = await found.gateway.close(found.rollout)
    assert "[key]" in call.failed
    assert coded[:8] not in call.failed


@pytest.mark.parametrize("streamed", [False, True])
async def test_g04_nor_in_what_is_told_of_a_call_or_kept_of_it(bench: Opener, streamed: bool) -> None:
    halves = KEY[:12], KEY[12:]
    pieces = [json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}) for text in ("it is ", *halves)]
    stream = "".join(f"data: {piece}\n\n" for piece in (*pieces, "[DONE]")).encode()
    told: list[EndedCall] = []
    async with bench(on_call=lambda _, ended: told.append(ended)) as found:
        answer = Answer(stream, kind="text/event-stream") if streamed else Answer(said(f"it is {KEY}"))
        found.upstream.will(answer, Answer(json.dumps({"error": {"message": f"bad key {KEY}"}}).encode(), 401))
        messages = [{"role": "system", "content": f"Keep {KEY}."}, {"role": "user", "content": f"what is {KEY}?"}]
        for _ in range(2):
            await post(found, ask("", messages=messages, model=f"m-{KEY}", stream=streamed))
        for ended in told:
            assert (ended.instructions, ended.model) == ("Keep [key].", "m-[key]")
            assert [text.text for text in ended.call.texts] == ["Keep [key].", "what is [key]?"]
            assert ended.call.instructions == ended.instructions
        assert told[0].call.output == "it is [key]"
        assert "[key]" in told[1].call.failed
        assert isinstance(found.store, MemoryStore)
        (kept,) = found.store.replies.values()
        assert "it is" in kept.text and "[key]" in kept.text
        assert not any(half in kept.text for half in halves)


async def test_g04_nor_is_one_kept_after_the_gateway(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(Answer(said("one")))
        await post(found, ask("q"))
        assert _secret.cache_info().currsize
    assert not _secret.cache_info().currsize
    assert not _cut.cache_info().currsize


async def test_g05_beyond_a_cap_the_app_gets_an_error_that_is_not_tried_again(bench: Opener) -> None:
    async with bench(ledger=Ledger(Limits(calls=1))) as found:
        found.upstream.will(Answer(said("one")))
        assert (await post(found, ask("q")))[0] == 200
        for provider, exchange in EXCHANGES.items():
            sent = json.dumps({**exchange.request, **exchange.plain_flag})
            async with found.app.post(found.root + exchange.path, data=sent) as response:
                assert (response.status, response.headers["x-should-retry"]) == (402, "false"), provider
                error = json.loads(await response.read())["error"]
                assert "--max-calls 1" in (error if isinstance(error, str) else error["message"])
        assert len(found.upstream.heard) == 1
        assert isinstance(found.rollout.error, BudgetReached)
        calls = await found.gateway.close(found.rollout)
        assert [bool(call.failed) for call in calls] == [False, *[True] * 5]


async def test_g06_no_cap_in_money_is_passed_with_many_calls_in_flight(bench: Opener) -> None:
    # A call is reserved at its bytes and 64 tokens a message in, and 50 tokens out; it costs 10 and 5.
    async with bench(ledger=Ledger(Limits(usd=0.005), PRICES)) as found:
        found.upstream.will(Answer(said("one")))
        statuses = await asyncio.gather(*(post(found, ask(f"q{number}")) for number in range(120)))
        assert {status for status, _ in statuses} == {200, 402}
        usd = found.ledger.usd
        assert usd is not None
        assert 0.004 < usd <= 0.005
        assert len(found.upstream.heard) == found.ledger.calls


async def test_g07_a_rollout_has_limits_of_its_own(bench: Opener) -> None:
    async with bench(ledger=Ledger(prices=PRICES)) as found:
        found.upstream.will(Answer(said("one")))
        cases = [(RolloutLimits(calls=2), 2), (RolloutLimits(usd=0.00011), 2), (RolloutLimits(seconds=0.0), 0)]
        for limits, served in cases:
            rollout = found.gateway.open(limits=limits)
            statuses = [(await post(found, ask(f"{number} {limits}"), rollout.base_url))[0] for number in range(4)]
            assert statuses == [200] * served + [402] * (4 - served)
            assert isinstance(rollout.error, LimitReached)
        assert (await post(found, ask("another rollout")))[0] == 200


async def test_g08_what_may_pass_is_tried_again_here_and_the_app_sees_one_answer(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(Answer(b"{}", 500), Answer(b"no json at all"), Answer(said("at last")))
        status, body = await post(found, ask("q"))
        assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "at last")
        (call,) = await found.gateway.close(found.rollout)
        assert (call.failed, call.output) == ("", "at last")
        assert (found.ledger.calls, found.ledger.usage()["agent"].failed) == (2, 2)  # refusals count under no cap


async def test_g09_the_last_error_is_the_endpoints_own_and_retries_of_sdks_get_the_same(bench: Opener) -> None:
    refusal = json.dumps({"error": {"message": "slow down", "type": "rate_limit"}}).encode()
    async with bench() as found:
        found.upstream.will(Answer(refusal, 429, headers=(("X-Request-Id", "abc"),)))
        for attempt in range(27):  # as many as one framework sends
            async with found.app.post(
                f"{found.rollout.base_url}/chat/completions",
                json=ask("q"),
                headers={"x-stainless-retry-count": str(attempt % 3)},
            ) as response:
                assert (response.status, await response.read()) == (429, refusal)
                assert (response.headers["x-should-retry"], response.headers["X-Request-Id"]) == ("false", "abc")
        assert len(found.upstream.heard) == 3
        (call,) = await found.gateway.close(found.rollout)
        assert "HTTP 429: slow down" in call.failed


async def test_a_route_that_the_endpoint_has_not_is_named(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(Answer(b"{}", 404))
        asked = {"model": "m", "input": "q"}
        async with found.app.post(f"{found.rollout.base_url}/responses", json=asked) as response:
            assert response.status == 404
        (call,) = await found.gateway.close(found.rollout)
        assert "/responses: check that this endpoint has that route" in call.failed


async def test_g10_a_retry_after_the_apps_own_time_limit_gets_the_answer_of_the_first_attempt(bench: Opener) -> None:
    async with bench() as found:
        gate = asyncio.Event()
        found.upstream.will(Answer(said("slow"), gate=gate), Answer(said("another")))
        impatient = asyncio.create_task(post(found, ask("q")))
        await found.upstream.arrived(1)
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        patient = asyncio.create_task(post(found, ask("q"), **{"x-stainless-retry-count": "1"}))
        await asyncio.sleep(0.01)
        gate.set()
        _, body = await patient
        assert json.loads(body)["choices"][0]["message"]["content"] == "slow"
        assert len(found.upstream.heard) == 1
        # Asked once more it is a question of its own.
        _, body = await post(found, ask("q"))
        assert json.loads(body)["choices"][0]["message"]["content"] == "another"
        assert len(await found.gateway.close(found.rollout)) == 2


async def test_g11_equal_questions_side_by_side_are_questions_of_their_own(bench: Opener) -> None:
    async with bench() as found:
        gate = asyncio.Event()
        found.upstream.will(*(Answer(said(f"{number}"), gate=gate) for number in range(8)))
        asked = [asyncio.create_task(post(found, ask("q"))) for _ in range(8)]
        await found.upstream.arrived(8)
        gate.set()
        texts = {json.loads(body)["choices"][0]["message"]["content"] for _, body in await asyncio.gather(*asked)}
        assert texts == {str(number) for number in range(8)}


async def test_g12_only_who_knows_the_secret_and_speaks_to_this_machine_is_served(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(Answer(said("one")))
        url = found.rollout.base_url
        port = url.split(":")[2].split("/")[0]
        secret = url.split("/")[3]
        bad = [
            (url.replace(secret, "x" * len(secret)), {}),
            (url.replace(f"/{secret}", ""), {}),
            (url.replace("/w/0/", "/w/1/"), {}),
            (url, {"Host": f"evil.example:{port}"}),
            (url, {"Host": "127.0.0.1:1"}),
            (f"http://127.0.0.1:{port}", {}),
        ]
        for address, headers in bad:
            async with found.app.post(f"{address}/chat/completions", json=ask("q"), headers=headers) as response:
                assert (response.status, await response.read()) == (404, b"not found")
        status, _ = await post(found, ask("q"), Host=f"localhost:{port}")
        assert (status, len(found.upstream.heard)) == (200, 1)
        await found.gateway.close(found.rollout)
        assert (await post(found, ask("q")))[0] == 404


async def test_g13_a_kept_conversation_is_known_here_too(bench: Opener) -> None:
    first = {name: value for name, value in RESPONSES.request.items() if name != "input"}
    result = {"type": "function_call_output", "call_id": "call_2", "output": "Paris, since 987"}
    for stateless in (False, True):
        async with bench([SOLVER], stateless=stateless) as found:
            rollout = found.gateway.open({"solver": "Be brief."})
            found.upstream.will(Answer(RESPONSES.tool), Answer(RESPONSES.text))
            async with found.app.post(f"{rollout.base_url}/responses", json={**first, "input": "q"}) as response:
                previous = json.loads(await response.read())["id"]
            second = {**first, "previous_response_id": previous, "input": [result]}
            async with found.app.post(f"{rollout.base_url}/responses", json=second) as response:
                assert await response.read() == RESPONSES.text
            one, two = await found.gateway.close(rollout)
            assert [(text.role, text.text) for text in two.texts] == [
                ("instructions", SYSTEM),
                ("user", "q"),
                ("tool", "Paris, since 987"),
            ]
            assert (one.tools[0].result, one.agent, two.agent) == ("Paris, since 987", "solver", "solver")
            sent = json.loads(found.upstream.heard[1].body)
            assert sent["instructions"] == "Be brief."
            if stateless:
                assert "previous_response_id" not in sent
                assert [item.get("type", item.get("role")) for item in sent["input"]] == [
                    *("user", "function_call", "function_call_output")
                ]
            else:
                assert (sent["previous_response_id"], sent["input"]) == (previous, [result])


async def test_g14_an_endpoint_that_does_not_know_a_conversation_is_sent_the_whole(bench: Opener) -> None:
    async with bench() as found:
        unknown = json.dumps({"error": {"code": "previous_response_not_found", "message": "previous_response_id"}})
        found.upstream.will(Answer(RESPONSES.text), Answer(unknown.encode(), 400), Answer(RESPONSES.text))
        url = f"{found.rollout.base_url}/responses"
        body: dict[str, Any] = {"model": "m", "input": "q"}
        for _ in range(3):
            async with found.app.post(url, json=body) as response:
                assert response.status == 200
                body = {"model": "m", "input": "go on", "previous_response_id": json.loads(await response.read())["id"]}
        sizes = [len(json.loads(heard.body)["input"]) for heard in found.upstream.heard[2:]]
        assert sizes == [3, 5]
        assert [call.failed for call in await found.gateway.close(found.rollout)] == ["", "", ""]


async def test_g15_equal_conversations_share_their_replies_whatever_their_names(bench: Opener) -> None:
    async with bench() as found:
        answers = [RESPONSES.text.replace(b"resp_1", b"resp_%d" % number) for number in range(4)]
        found.upstream.will(*map(Answer, answers))
        seen = []
        for _ in range(2):
            rollout = found.gateway.open(input_key="a")
            body: dict[str, Any] = {"model": "m", "input": "q", "metadata": {"run": rollout.name}}
            for _ in range(2):
                async with found.app.post(f"{rollout.base_url}/responses", json=body) as response:
                    name = json.loads(await response.read())["id"]
                seen.append(name)
                body = {"model": "m", "input": "go on", "previous_response_id": name}
        assert seen == ["resp_0", "resp_1"] * 2
        assert len(found.upstream.heard) == 2


async def test_g15_ids_that_an_app_makes_up_for_calls_are_no_part_of_what_is_asked(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(*[Answer(CHAT.text)] * 9)
        one, other, third = (str(uuid.UUID(int=number)) for number in range(3))
        for calls, answered in (([one], one), ([other], other), ([one, other], one), ([other, third], other)):
            rollout = found.gateway.open(input_key="a")
            said = [{"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}} for id in calls]
            messages = [{"role": "assistant", "content": one, "tool_calls": said}]
            messages += [{"role": "tool", "content": "done", "tool_call_id": answered}]
            body = {"model": "m", "messages": messages}
            async with found.app.post(f"{rollout.base_url}/chat/completions", json=body) as response:
                assert response.status == 200
            await found.gateway.close(rollout)
        assert [len(json.loads(heard.body)["messages"][0]["tool_calls"]) for heard in found.upstream.heard] == [1, 2]
        messages[0]["content"] = other  # a text that holds one is asked as it is
        async with found.app.post(f"{found.gateway.open(input_key='a').base_url}/chat/completions", json=body):
            pass
        assert len(found.upstream.heard) == 3


async def test_g16_a_packed_request_is_read_and_passed_on_as_it_is(bench: Opener) -> None:
    body = gzip.compress(json.dumps({**CHAT.request}).encode())
    async with bench([SOLVER]) as found:
        found.upstream.will(Answer(CHAT.text))
        for prompts in ({}, {"solver": "Be brief."}):
            rollout = found.gateway.open(prompts)
            async with found.app.post(
                f"{rollout.base_url}/chat/completions", data=body, headers={"Content-Encoding": "gzip"}
            ) as response:
                assert response.status == 200
            (call,) = await found.gateway.close(rollout)
            assert call.agent == "solver"
        first, second = found.upstream.heard
        assert (first.body, first.headers["content-encoding"]) == (body, "gzip")
        assert "content-encoding" not in second.headers
        assert json.loads(second.body)["messages"][0]["content"] == "Be brief."


async def test_g17_other_requests_are_passed_on_and_those_that_cost_are_booked(bench: Opener) -> None:
    async with bench(ledger=Ledger(prices=PRICES)) as found:
        embedded = json.dumps({"data": [], "usage": {"prompt_tokens": 7, "total_tokens": 7}}).encode()
        found.upstream.will(Answer(b'{"data": []}'), Answer(embedded))
        async with found.app.get(f"{found.rollout.base_url}/models?limit=3") as response:
            assert await response.read() == b'{"data": []}'
        body = {"model": "gpt-4.1-mini", "input": "x"}
        async with found.app.post(f"{found.rollout.base_url}/embeddings", json=body) as response:
            assert await response.read() == embedded
        assert [heard.line for heard in found.upstream.heard] == [
            "GET /v1/models?limit=3 HTTP/1.1",
            "POST /v1/embeddings HTTP/1.1",
        ]
        (call,) = await found.gateway.close(found.rollout)
        assert (call.dialect, found.ledger.calls, found.ledger.usage()["agent"].tokens_in) == ("other", 1, 7)


async def test_g38_a_fault_of_ours_is_told_to_an_app_that_would_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    class Faulty:
        async def complete(self, request: Request) -> Reply:
            raise ZeroDivisionError

        async def forward(self, request: WireRequest) -> Response:
            raise ZeroDivisionError

    async with Gateway(Faulty(), sender=Faulty()) as gateway, aiohttp.ClientSession() as app:
        url = gateway.open().base_url
        async with app.get(f"{url}/models") as models, app.post(f"{url}/chat/completions", json=ask("q")) as call:
            assert (models.status, call.status) == (500, 500)
    assert [record.exc_info is not None for record in caplog.records] == [True, True]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("responses", {"previous_response_id": {"a": 1}, "input": [1, {"type": ["x"]}], "model": []}),
        ("responses", {"input": [{"role": "user", "content": [{"type": {}}]}], "model": "m"}),
        ("messages", {"system": [1, {"type": []}], "messages": [], "model": "m", "max_tokens": 1}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_g39_a_request_that_cannot_be_read_is_answered(
    bench: Opener, path: str, body: dict[str, object], stream: bool
) -> None:
    async with bench() as found, asyncio.timeout(5):
        found.upstream.will(Answer(b"{}"))
        async with found.app.post(f"{found.rollout.base_url}/{path}", json={**body, "stream": stream}) as response:
            assert response.status
            await response.read()


async def test_g34_a_file_is_passed_on_whole_however_long_it_is(bench: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.gateway.client._LARGEST_REPLY", 1000)
    async with bench() as found:
        found.upstream.will(Answer(b"x" * 5_000_000, kind="application/octet-stream"))
        async with found.app.get(f"{found.rollout.base_url}/files/f/content") as response:
            assert await response.read() == b"x" * 5_000_000


async def test_g35_headers_of_one_connection_are_not_passed_on(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(
            Answer(b"{}", headers=(("Connection", "keep-alive, X-Back"), ("X-Back", "1"), ("X-Stays", "2")))
        )
        sent = {"Connection": "keep-alive, x-hop", "X-Hop": "1", "X-Goes": "2"}
        async with found.app.get(f"{found.rollout.base_url}/models", headers=sent) as response:
            assert "x-back" not in response.headers
            assert response.headers["X-Stays"] == "2"
        (heard,) = found.upstream.heard
        assert "x-hop" not in {name.lower() for name in heard.headers}
        assert {name.lower(): value for name, value in heard.headers.items()}["x-goes"] == "2"


async def test_g36_an_offer_of_http_2_is_passed_over_as_java_makes_it_with_every_first_request(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(Answer(b"{}"))
        offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAA"}
        async with found.app.get(f"{found.rollout.base_url}/models", headers=offer) as response:
            assert (response.status, await response.read()) == (200, b"{}")
        (heard,) = found.upstream.heard
        assert not {"upgrade", "http2-settings", "connection"} & {name.lower() for name in heard.headers}


async def test_g18_a_large_request_passes(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(Answer(said("one")))
        data = io.BytesIO(json.dumps(ask("x" * 3_000_000)).encode())
        async with found.app.post(f"{found.rollout.base_url}/chat/completions", data=data) as response:
            assert response.status == 200
        assert len(found.upstream.heard[0].body) > 3_000_000


async def test_g19_redirects_are_the_apps_affair(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(Answer(b"", 302, headers=(("Location", "http://198.51.100.1/steal"),)))
        async with found.app.post(
            f"{found.rollout.base_url}/chat/completions", json=ask("q"), allow_redirects=False
        ) as response:
            assert (response.status, response.headers["Location"]) == (302, "http://198.51.100.1/steal")


async def test_g20_a_rollout_that_ends_leaves_no_call_behind(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(Answer(said("never"), gate=asyncio.Event()))
        asked = asyncio.create_task(post(found, ask("q")))
        await found.upstream.arrived(1)
        (call,) = await found.gateway.close(found.rollout, grace=0.0)
        assert call.failed == "the rollout ended before the reply came"
        assert (await asked)[0] == 503
        assert found.ledger.in_flight == 0


async def test_g21_nothing_grows_with_the_calls_of_a_long_app(bench: Opener) -> None:
    numbers: list[int] = []
    async with bench(on_call=lambda _, ended: numbers.append(ended.number)) as found:
        found.upstream.will(Answer(said("one")))
        for number in range(50):
            await post(found, ask(f"q{number}"))
        assert numbers == list(range(50))
        assert found.rollout.calls == ()
        assert not found.rollout._attempts
        assert not found.rollout._tasks


async def test_g22_a_rewrite_of_nobody_is_refused(bench: Opener) -> None:
    async with bench([SOLVER]) as found:
        with pytest.raises(ConfigInvalid, match="critic: no such agent; known: solver"):
            found.gateway.open({"critic": "x"})


async def test_g23_an_endpoint_that_does_not_answer_is_named(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(Answer(said("x"), breaks=True))
        status, body = await post(found, ask("q"))
        assert status == 502
        assert found.upstream.url in json.loads(body)["error"]["message"]


async def test_g24_a_socket_for_events_is_refused_in_words(bench: Opener) -> None:
    async with bench() as found:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await found.app.ws_connect(f"{found.rollout.base_url}/responses")
        assert refused.value.status == 400


async def test_g25_what_an_agent_is_shown_can_be_changed_at_an_address_that_was_used_before(bench: Opener) -> None:
    def cut(agent: str | None, calls: tuple[WireCall, ...], text: str) -> str:
        return text.replace("written before", f"[{agent} is not shown what {len(calls)} calls wrote]")

    async with bench([SOLVER]) as found:
        found.upstream.will(Answer(said("one")))
        before = found.gateway.open(name="worker0")
        await found.gateway.close(before)
        rollout = found.gateway.open(name="worker0", edit=cut)
        assert rollout.base_url == before.base_url
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "q: written before"}]
        await post(found, ask("", messages=messages), rollout.base_url)
        await post(found, ask("", messages=messages), rollout.base_url)
        shown = [json.loads(heard.body)["messages"][1]["content"] for heard in found.upstream.heard]
        assert shown == [f"q: [solver is not shown what {number} calls wrote]" for number in range(2)]
        assert [call.texts[1].text for call in rollout.calls] == ["q: written before"] * 2


async def test_g26_a_client_that_asks_before_it_sends_and_one_with_a_long_token_are_served(bench: Opener) -> None:
    async with bench() as found:
        found.upstream.will(Answer(said("one")))
        url = f"{found.rollout.base_url}/chat/completions"
        async with found.app.post(url, json=ask("q"), expect100=True) as response:
            assert response.status == 200
        status, _ = await post(found, ask("r"), Authorization=f"Bearer {'x' * 30_000}")
        assert status == 200
        assert "expect" not in found.upstream.heard[0].headers


async def test_g27_the_small_question_of_an_outage_goes_where_the_app_would_with_its_key() -> None:
    class Kept:
        requests: ClassVar[list[Request]] = []

        async def complete(self, request: Request) -> Reply:
            self.requests.append(request)
            return Reply("200 application/json\n{}")

    async with Gateway(Kept()) as gateway, aiohttp.ClientSession() as app:
        root = gateway.open().base_url.removesuffix("/v1")
        for exchange in EXCHANGES.values():
            sent = json.dumps({**exchange.request, **exchange.stream_flag})
            headers = {"x-api-key": KEY}
            async with app.post(root + exchange.stream_path, data=sent, headers=headers) as response:
                assert await response.read() == b"{}"
    assert len(Kept.requests) == len(EXCHANGES)
    for request in Kept.requests:
        small = request.ready()
        assert isinstance(request, WireRequest)
        assert isinstance(small, WireRequest)
        assert (small.purpose, small.model, small.streamed) == ("other.probe", request.model, False)
        assert ("x-api-key", KEY) in small.headers
        assert b"Reply with the word: ready" in small.body
        assert small.dialect.takes(small.path.split("?")[0])
        assert small.key not in {one.key for one in Kept.requests}
        assert small.delivery is not request.delivery


def wire_request() -> WireRequest:
    return WireRequest(
        *("gpt-4.1-mini", (), "agent"),
        dialect=DIALECTS[0],
        path=CHAT.path,
        body=json.dumps(CHAT.request).encode(),
        headers=(("Content-Type", "application/json"),),
        streamed=False,
        content="x",
        draw=("", 0, 0),
        incoming=Incoming(CHAT.path, CHAT.request),
    )


@pytest.mark.parametrize(
    ("body", "storing"),
    [
        ({"messages": []}, 1.0),
        ({"system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]}, 1.25),
        ({"system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "5m"}}]}, 1.25),
        ({"tools": [{"name": "t", "cache_control": {"ttl": "1h", "type": "ephemeral"}}]}, 2.0),
        ({"messages": [{"role": "user", "content": '"cache_control": {"ttl": "1h"}'}]}, 1.0),
        ({"messages": [{"role": "user", "content": "x", "cache_control": None}]}, 1.0),
        ({"cache_control_injection_points": [{"location": "message", "role": "system"}]}, 1.25),
        ({"cache_control_injection_points": [{"location": "message", "control": {"ttl": "1h"}}]}, 2.0),
        ({"cache_control_injection_points": []}, 1.0),
    ],
)
def test_g40_what_an_app_has_its_endpoint_keep_and_for_how_long_is_read_off_the_request(
    body: dict[str, object], storing: float
) -> None:
    for text in (json.dumps(body), json.dumps(body, separators=(",", ":"))):
        assert replace(wire_request(), body=text.encode()).storing == storing


async def test_g28_the_client_of_the_wire_keeps_the_contract_of_every_client(bench: Opener) -> None:
    async with bench() as found, WireClient(Upstreams(f"{found.upstream.url}/v1")) as client:
        found.upstream.will(Answer(CHAT.text))
        request = wire_request()
        await check_model_client(client, request)
        with pytest.raises(TypeError, match="no request of the wire"):
            await client.complete(Request("m", (), "agent"))
        # Whichever layer asks again: an app gets one reply.
        streamed, asked = replace(request, streamed=True, delivery=Delivery()), len(found.upstream.heard)
        await client.complete(streamed)
        with pytest.raises(CallFailed, match="has a reply to this request already"):
            await client.complete(streamed)
        assert len(found.upstream.heard) == asked + 1


@pytest.mark.parametrize(
    ("path", "reached"),
    [
        ("/v1/chat/completions", "https://models.example/chat/completions"),
        ("/v1?list=1", "https://models.example/?list=1"),
        ("/chat/completions", "https://models.example/chat/completions"),
        ("/v1beta/models", "https://models.example/v1beta/models"),
        ("/v1@other.example/models", "https://models.example/v1@other.example/models"),
    ],
)
def test_g29_no_path_of_an_app_names_another_host(path: str, reached: str) -> None:
    found = address(Endpoint("https://models.example", ""), "openai", path)
    assert (str(found), found.host) == (reached, "models.example")


async def test_g30_calls_go_on_under_v1_where_the_address_as_it_was_given_has_none() -> None:
    async with upstream() as found, WireClient(Upstreams(found.url)) as client:
        request = wire_request()
        not_here = Answer(b'{"error": {"message": "not found"}}', 404)
        found.will(not_here, Answer(CHAT.text))
        with pytest.raises(Adapted, match="no model calls are answered there"):
            await client.complete(request)
        reply = await client.complete(replace(request, delivery=Delivery()))
        assert reply.adapted.startswith(f"--base-url {found.url}: no model calls")
        assert not (await client.complete(replace(request, delivery=Delivery()))).adapted, "it is said once"
        assert [one.line.split()[1] for one in found.heard] == ["/chat/completions", *["/v1/chat/completions"] * 2]
        found.will(not_here)
        with pytest.raises(CallFailed, match="404"):  # a model that is not there, at an address that is
            await client.complete(replace(request, delivery=Delivery()))
    async with upstream() as found, WireClient(Upstreams(found.url)) as client:
        found.will(not_here)
        with pytest.raises(Adapted):
            await client.complete(request)
        for path in ("/v1/chat/completions", "/chat/completions"):
            with pytest.raises(CallFailed, match="not found"):
                await client.complete(replace(request, delivery=Delivery()))
            assert found.heard[-1].line.split()[1] == path


@pytest.mark.skipif(most_waiting() < 512, reason="the kernel holds fewer connections that wait")
async def test_g31_hundreds_of_apps_that_connect_in_one_moment_are_all_there(bench: Opener) -> None:
    async with bench() as found:
        port = int(found.root.partition("://")[2].partition("/")[0].rpartition(":")[2])
        with ExitStack() as apps:
            for _ in range(300):  # nothing is taken meanwhile: this is the gateway's own thread
                app = apps.enter_context(socket.socket())
                app.settimeout(20)
                app.connect(("127.0.0.1", port))
