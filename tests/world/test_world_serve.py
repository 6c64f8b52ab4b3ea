"""The world over HTTP: the same replies, and the faults that were asked for."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from maspo.core.errors import ConfigInvalid, ProviderError
from maspo.gateway.dialects.responses import Responses
from maspo.models.base import Message, Request
from maspo.models.replies import read_reply
from maspo.world import World, WorldSpec
from maspo.world.serve import Address, Faults, purpose_of, read_request, serve, start_server

BODY: dict[str, Any] = {"model": "any", "messages": [{"role": "system", "content": "You solve."}]}


def _body(user: str, **more: object) -> dict[str, Any]:
    return {**BODY, "messages": [*BODY["messages"], {"role": "user", "content": user}], **more}


async def _post(base_url: str, body: object, headers: dict[str, str] | None = None) -> tuple[int, Any, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{base_url}/chat/completions", json=body, headers=headers) as response,
    ):
        return response.status, await response.json(), response.headers


async def test_i71_http_gives_the_replies_of_the_world() -> None:
    messages = (Message("system", "You solve."), Message("user", "[sim input 0003]"))
    expected = World(WorldSpec(seed=5)).reply(Request("any", messages, "agent"))
    async with start_server(WorldSpec(seed=5)) as base_url:
        status, reply, _ = await _post(base_url, _body("[sim input 0003]"))
    assert status == 200
    assert reply["choices"][0]["message"]["content"] == expected.text
    assert reply["system_fingerprint"] == "simulated"
    assert reply["usage"]["prompt_tokens"] == expected.tokens_in
    assert reply["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("tells", [True, False])
async def test_i86_a_stream_says_what_a_whole_reply_says(tells: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if tells else {}
    async with start_server() as base_url, aiohttp.ClientSession() as session:
        _, whole, _ = await _post(base_url, _body("[sim input 0003]"))
        body = _body("[sim input 0003]", stream=True, **options)
        async with session.post(f"{base_url}/chat/completions", json=body) as response:
            assert response.content_type == "text/event-stream"
            reply = read_reply(await response.read(), 0.0, "here")
    assert reply.text == whole["choices"][0]["message"]["content"]
    assert reply.simulated
    assert reply.tokens_out == (whole["usage"]["completion_tokens"] if tells else None)


async def test_i72_models_and_health_answer() -> None:
    async with start_server() as base_url, aiohttp.ClientSession() as session:
        async with session.get(f"{base_url}/models") as response:
            assert [model["id"] for model in (await response.json())["data"]] == ["maspo-world"]
        async with session.get(base_url.removesuffix("/v1") + "/healthz") as response:
            assert (await response.json())["status"] == "ok"


async def test_i73_a_required_key_is_checked_and_never_echoed() -> None:
    async with start_server(faults=Faults(api_key="sk-secret")) as base_url:
        status, reply, _ = await _post(base_url, _body("q"))
        assert status == 401
        assert "sk-secret" not in str(reply)
        assert (await _post(base_url, _body("q"), {"Authorization": "Bearer sk-wrong"}))[0] == 401
        assert (await _post(base_url, _body("q"), {"Authorization": "Bearer sk-secret"}))[0] == 200


async def test_i74_faults_repeat_by_request_number() -> None:
    async def statuses() -> list[int]:
        async with start_server(WorldSpec(seed=1), Faults(error_rate=0.4, retry_after=3)) as base_url:
            replies = [await _post(base_url, _body("q")) for _ in range(30)]
        assert all(headers["Retry-After"] == "3" for status, _, headers in replies if status == 429)
        return [status for status, _, _ in replies]

    first = await statuses()
    assert set(first) == {200, 429, 500}
    assert first == await statuses()


async def test_i75_repeated_sampling_over_http_draws_anew() -> None:
    async with start_server() as base_url:
        sampled = [(await _post(base_url, _body("q", temperature=0.7)))[1] for _ in range(4)]
        fixed = [(await _post(base_url, _body("q", temperature=0)))[1] for _ in range(4)]
    assert len({reply["choices"][0]["message"]["content"] for reply in sampled}) > 1
    assert len({reply["choices"][0]["message"]["content"] for reply in fixed}) == 1


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"messages": []},
        {"messages": [1]},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": "user", "content": 3}]},
        {**_body("q"), "temperature": "warm"},
    ],
)
async def test_i76_a_body_that_is_no_chat_is_refused(body: object) -> None:
    async with start_server() as base_url:
        status, reply, _ = await _post(base_url, body)
    assert status == 400
    assert reply["error"]["message"]


def test_i77_tags_tell_the_purpose_when_there_are_no_headers() -> None:
    def purpose(text: str) -> str:
        return purpose_of((Message("user", text),))

    assert purpose("<output_1>a</output_1><output_2>b</output_2>") == "judge.global"
    assert purpose("<current_prompt>p</current_prompt>") == "proposer"
    assert purpose("An ordinary question.") == "agent"
    headers = {"X-Maspo-Purpose": "judge.local", "X-Maspo-Agent": "pr%C3%BCfer"}
    request = read_request(_body("q"), headers)
    assert (request.purpose, request.agent) == ("judge.local", "prüfer")
    parts = {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}
    assert read_request(parts, {}).messages == (Message("user", "ab"),)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.org", "::"])
def test_i78_other_hosts_must_be_allowed(host: str) -> None:
    with pytest.raises(ConfigInvalid, match="other machines"):
        Address(host)
    assert Address(host, public=True).host == host
    assert Address("localhost").port == 0


async def test_i79_a_taken_port_is_named() -> None:
    async with start_server() as base_url:
        port = int(base_url.removesuffix("/v1").rpartition(":")[2])
        with pytest.raises(ProviderError, match=str(port)):
            async with start_server(address=Address(port=port)):
                pass


async def test_i80_serve_says_where_and_stops_when_told() -> None:
    stop, told = asyncio.Event(), asyncio.Queue[str]()
    running = asyncio.create_task(serve(WorldSpec(), Faults(), Address(), stop, told.put_nowait))
    base_url = await told.get()
    assert (await _post(base_url, _body("q")))[0] == 200
    stop.set()
    await running
    with pytest.raises(aiohttp.ClientConnectionError):
        await _post(base_url, _body("q"))


async def test_i81_latency_is_kept() -> None:
    async with start_server(faults=Faults(latency_ms=30)) as base_url:
        started = asyncio.get_running_loop().time()
        await _post(base_url, _body("q"))
    assert asyncio.get_running_loop().time() - started >= 0.03
    with pytest.raises(ConfigInvalid, match="error rate"):
        Faults(error_rate=2)


async def test_a_route_that_is_none_is_told_with_those_that_are() -> None:
    async with (
        start_server() as base_url,
        aiohttp.ClientSession() as session,
        session.post(f"{base_url}/completions", json={}) as response,
    ):
        assert response.status == 404
        told = (await response.json())["error"]["message"]
        assert "no route POST /v1/completions" in told and "POST /v1/chat/completions" in told


SPOKEN = {"model": "any", "instructions": "You solve."}


async def _respond(base_url: str, body: object) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.post(f"{base_url}/responses", json=body) as response:
        return response.status, await response.read()


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize(
    "given",
    [
        "[sim input 0003]",
        [{"role": "user", "content": "[sim input 0003]"}],
        [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "[sim input 0003]"}]}],
    ],
)
async def test_a_response_says_what_a_chat_completion_says(given: object, streams: bool) -> None:
    async with start_server() as base_url:
        _, chat, _ = await _post(base_url, _body("[sim input 0003]"))
        status, told = await _respond(base_url, {**SPOKEN, "input": given, "stream": streams})
    reply = Responses().read_reply(told, streams)
    assert status == 200 and reply.whole and not reply.failure
    assert reply.text == chat["choices"][0]["message"]["content"]
    assert (reply.tokens_in, reply.tokens_out) == (chat["usage"]["prompt_tokens"], chat["usage"]["completion_tokens"])
    if streams:
        events = [json.loads(line[6:]) for line in told.decode().splitlines() if line.startswith("data: ")]
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        assert "".join(one["delta"] for one in events if one["type"] == "response.output_text.delta") == reply.text


@pytest.mark.parametrize("streams", [False, True])
async def test_a_tool_is_asked_for_and_answered_in_a_response(streams: bool) -> None:
    look_up = {"description": "Looks a word up.", "parameters": {"type": "object"}, "name": "look_up"}
    text = "[sim input 0003]"
    async with start_server() as base_url:
        offered = {**SPOKEN, "tools": [{"type": "function", **look_up}], "stream": streams}
        _, told = await _respond(base_url, {**offered, "input": text})
        reply = Responses().read_reply(told, streams)
        _, chat, _ = await _post(base_url, _body(text, tools=[{"type": "function", "function": look_up}]))
        asked = chat["choices"][0]["message"].get("tool_calls") or []
        assert [(one.name, one.arguments) for one in reply.tools] == [
            (one["function"]["name"], one["function"]["arguments"]) for one in asked
        ]
        assert reply.tools
        items = [{"role": "user", "content": text}, *reply.items]
        items += [{"type": "function_call_output", "call_id": one.id, "output": "a word"} for one in reply.tools]
        status, told = await _respond(base_url, {**offered, "input": items})
    assert status == 200
    assert Responses().read_reply(told, streams).text


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"previous_response_id": "r1"}, "previous_response_id"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "item_reference"),
        ({"input": [3]}, "not a JSON object"),
        ({"input": 3}, "neither a text nor a list"),
    ],
)
async def test_a_conversation_that_was_not_kept_is_refused_with_the_reason(more: dict[str, Any], why: str) -> None:
    async with start_server() as base_url:
        status, told = await _respond(base_url, {**SPOKEN, "input": "x", **more})
    assert status == 400 and why in json.loads(told)["error"]["message"]
