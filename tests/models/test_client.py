"""The client against a local server that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import pytest
from aiohttp import web

from maspo.core.errors import BudgetReached, CallFailed, ConfigInvalid, ProviderError
from maspo.models import Endpoint, Ledger, Limits, Message, ModelClient, PriceBook, Request, RetryPolicy, compose
from maspo.models.base import Adapted, NoCompletion, Refused, Stage, Transient, ready_question
from maspo.models.chat_completions import ChatClient
from maspo.testing.models import MemoryStore, check_model_client
from maspo.testing.provider import Exchange, Refuse, Rule, Unless, When, fake_provider, in_pieces

KEY = "sk-secret-0123456789"
ASK = Request("m", (Message("system", "Be brief."), Message("user", "Hi")), purpose="agent", agent="solver")
FAST = RetryPolicy(attempts=4, deadline=5.0, base=0.001, cap=0.002)

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


def says(text: object, **more: object) -> dict[str, object]:
    return {
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
        **more,
    }


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Handler:
    async def handle(_: web.Request) -> web.Response:
        text = body if isinstance(body, str) else json.dumps(body)
        return web.Response(text=text, status=status, headers=headers)

    return handle


def refuse(message: str, status: int, **headers: str) -> Handler:
    return answer({"error": {"message": message}}, status, {name.replace("_", "-"): v for name, v in headers.items()})


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


@dataclass
class Server:
    """Answers with its handlers in turn, then for ever with the last; keeps what it was sent."""

    handlers: list[Handler]
    base_url: str = ""
    paths: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path_qs)
        self.headers.append(request.headers)
        self.bodies.append(await request.json())
        handler = self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]
        return await handler(request)


@asynccontextmanager
async def serving(*handlers: Handler) -> AsyncIterator[Server]:
    server = Server(list(handlers))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.base_url = f"http://{host}:{port}/v1"
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def asking(server: Server, **more: Any) -> AsyncIterator[ChatClient]:
    async with ChatClient(Endpoint(server.base_url, KEY, run="r1", **more)) as client:
        yield client


def layered(client: ModelClient, ledger: Ledger | None = None, policy: RetryPolicy = FAST) -> ModelClient:
    return compose(client, MemoryStore(), ledger or Ledger(), policy, 8)


async def fault(handler: Handler, **more: Any) -> ProviderError:
    async with serving(handler) as server, asking(server, **more) as client:
        with pytest.raises(ProviderError) as caught:
            await client.complete(ASK)
    assert KEY not in str(caught.value)
    return caught.value


async def test_i01_a_request_carries_the_contract() -> None:
    async with serving(answer(says("Hello"))) as server, asking(server) as client:
        reply = await client.complete(ASK)
    assert (reply.text, reply.tokens_in, reply.tokens_out, reply.truncated) == ("Hello", 7, 3, False)
    assert reply.usd is None
    assert server.bodies == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
            "temperature": 0.0,
            "max_tokens": 4096,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ]
    sent = server.headers[0]
    assert sent["Authorization"] == f"Bearer {KEY}"
    assert (sent["X-Maspo-Purpose"], sent["X-Maspo-Agent"], sent["X-Maspo-Run"]) == ("agent", "solver", "r1")


async def test_i02_attribution_can_be_switched_off_and_no_key_means_no_authorization() -> None:
    async with serving(answer(says("Hello"))) as server:
        endpoint = Endpoint(server.base_url, attribution=False)
        async with ChatClient(endpoint) as client:
            await client.complete(ASK)
    assert not [name for name in server.headers[0] if name.lower().startswith(("x-maspo", "authorization"))]


@pytest.mark.parametrize("agent", ["Prüfer 1", "a\r\nX-Evil: 1", "a\0", "50%", "\ud800"])
async def test_i03_no_agent_name_can_break_a_header(agent: str) -> None:
    async with serving(answer(says("Hello"))) as server, asking(server) as client:
        await client.complete(replace(ASK, agent=agent))
    sent = server.headers[0]["X-Maspo-Agent"]
    assert sent.isascii()
    assert sent.isprintable()
    assert " " not in sent
    assert "X-Evil" not in server.headers[0]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("/chat/completions", "/v1/chat/completions"),
        ("/x?api-version=1", "/v1/x/chat/completions?api-version=1"),
    ],
)
async def test_i04_the_address_is_taken_as_given(given: str, path: str) -> None:
    async with serving(answer(says("Hello"))) as server, ChatClient(Endpoint(server.base_url + given)) as client:
        await client.complete(ASK)
    assert server.paths == [path]


@pytest.mark.parametrize("url", ["", "api.openai.com/v1", "ftp://x/v1", "http://", "http://[::1", "http://u:p@x/v1"])
def test_i05_an_address_that_is_none_is_a_usage_error(url: str) -> None:
    with pytest.raises(ConfigInvalid, match="base-url"):
        Endpoint(url)


def test_i06_a_key_never_shows() -> None:
    assert KEY not in repr(Endpoint("http://x/v1", KEY))
    with pytest.raises(ConfigInvalid) as caught:
        Endpoint("http://x/v1", KEY + "\nX-Evil: 1")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (says(None), ""),
        (says([{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]), "ab"),
        ({"choices": [{"message": {"content": None, "refusal": "No."}}]}, "No."),
        (says("half \ud83d"), "half \ufffd"),
        (says("whole 🙂 \0"), "whole 🙂 \0"),
    ],
)
async def test_i07_content_in_all_its_shapes(body: object, text: str) -> None:
    async with serving(answer(body)) as server, asking(server) as client:
        assert (await client.complete(ASK)).text == text


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -1, "completion_tokens": 2**70}, [1], "no"])
async def test_i08_usage_that_is_missing_or_absurd_is_unknown(usage: object) -> None:
    async with serving(answer({"choices": says("x")["choices"], "usage": usage})) as server, asking(server) as client:
        reply = await client.complete(ASK)
    assert (reply.tokens_in, reply.tokens_out) == (None, None)


async def test_i09_a_reply_cut_at_the_token_limit_says_so() -> None:
    body = {"choices": [{"message": {"content": "x"}, "finish_reason": "length"}]}
    async with serving(answer(body)) as server, asking(server) as client:
        assert (await client.complete(ASK)).truncated


@pytest.mark.parametrize(
    "garbage",
    ["", "<html>", "null", "[]", "{}", '{"choices": []}', '{"choices": [{"message": {"content": 5}}]}', "[" * 200_000],
)
async def test_i10_what_is_no_completion_is_worth_another_attempt(garbage: str) -> None:
    error = await fault(answer(garbage))
    assert isinstance(error, NoCompletion)
    assert error.stage is (Stage.REFUSED if garbage == "<html>" else Stage.LOST), "a website charges nothing"


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 529])
async def test_i11_transient_statuses(status: int) -> None:
    error = await fault(refuse("later", status, Retry_After="1.5"))
    assert isinstance(error, Transient)
    assert (error.stage, error.retry_after) == (Stage.LIMITED if status == 429 else Stage.REFUSED, 1.5)


@pytest.mark.parametrize("status", [301, 401, 402, 403, 404, 405])
async def test_i12_statuses_that_every_call_would_meet(status: int) -> None:
    error = await fault(refuse(f"bad key {KEY}", status, Location="http://127.0.0.1:1/"))
    assert not isinstance(error, CallFailed)
    assert f"HTTP {status}" in str(error)


@pytest.mark.parametrize(("status", "code"), [(429, "insufficient_quota"), (400, "API_KEY_INVALID")])
async def test_i13_no_money_and_no_key_end_the_run_whatever_their_status(status: int, code: str) -> None:
    error = await fault(answer({"error": {"message": "no", "code": code}}, status))
    assert not isinstance(error, CallFailed)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This model's maximum context length is 8192 tokens; max_tokens is not supported at 9000"),
        (400, "content_filter"),
        (403, "your input was flagged"),
        (413, "too much"),
        (422, "no"),
    ],
)
async def test_i14_refusals_of_one_call(status: int, message: str) -> None:
    error = await fault(refuse(message, status))
    assert isinstance(error, CallFailed)
    assert not isinstance(error, Transient)


@pytest.mark.parametrize("body", [[{"error": {"message": "why"}}], {"detail": "why"}, {"error": "why"}, "why"])
async def test_i15_the_reason_is_found_in_every_shape_of_error(body: object) -> None:
    assert str(await fault(answer(body, 400))).endswith("HTTP 400: why")


async def test_i16_error_text_is_short_and_printable_and_hides_the_key_at_the_cut() -> None:
    error = await fault(answer("\x1b[31m\u202e" + "x" * 290 + KEY + "y" * 9000, 400))
    assert str(error).isprintable()
    assert len(str(error)) < 400
    assert KEY[:5] not in str(error)


async def test_i17_dropped_connections_and_timeouts_are_lost() -> None:
    dropped = await fault(drop)
    slow = await fault(hang, timeout=0.05)
    for error in (dropped, slow):
        assert isinstance(error, Transient)
        assert error.stage is Stage.LOST
    assert "models.timeout" in str(slow)


async def test_i18_nobody_there_is_a_provider_error_after_the_attempts() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ledger = Ledger()
    async with ChatClient(Endpoint(f"http://127.0.0.1:{port}/v1")) as client:
        with pytest.raises(ProviderError, match="unreachable: http://") as caught:
            await layered(client, ledger).complete(ASK)
    assert not isinstance(caught.value, CallFailed)
    assert ledger.usage()["agent"].calls == FAST.unreached


OPENAI_TOKENS = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
OPENAI_TEMPERATURE = "Unsupported value: 'temperature' does not support 0.0 with this model."


async def test_i19_parameters_that_a_model_refuses_are_learned_once() -> None:
    handlers = (refuse(OPENAI_TOKENS, 400), refuse(OPENAI_TEMPERATURE, 400), answer(says("ok")))
    ledger = Ledger()
    one_attempt = replace(FAST, attempts=1)
    async with serving(*handlers) as server, asking(server) as client:
        model = layered(client, ledger, one_attempt)
        first = await model.complete(ASK)
        second = await model.complete(replace(ASK, identity="2"))
    assert (first.text, first.attempts, second.attempts) == ("ok", 3, 1)
    assert ledger.usage()["agent"].calls == len(server.bodies) == 4
    assert server.bodies[-1].keys() == {
        *("model", "messages", "max_completion_tokens", "seed"),
        *("stream", "stream_options"),
    }


async def no_streams(request: web.Request) -> web.StreamResponse:
    return await (refuse("oops", 500) if "stream" in await request.json() else answer(says("whole")))(request)


async def test_i36_where_streams_fail_from_the_start_replies_are_asked_for_whole_and_that_is_told() -> None:
    async with serving(no_streams) as server, asking(server) as client:
        model = layered(client)
        first, second = await model.complete(ASK), await model.complete(replace(ASK, identity="2"))
    assert (first.text, first.attempts, second.text, second.attempts) == ("whole", 3, "whole", 1)
    assert ["stream" in body for body in server.bodies] == [True, True, False, False]
    assert "no streams" in first.adapted
    assert not second.adapted


STREAM_UNASKED = (
    b'data: {"choices": [{"index": 0, "delta": {"content": "pieces"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
)


async def test_i36_streams_that_fail_are_not_asked_for_again_where_a_reply_without_usage_came_in_pieces() -> None:
    async def only_unasked(request: web.Request) -> web.StreamResponse:
        if "stream" in await request.json():
            return await refuse("oops", 500)(request)
        return web.Response(body=STREAM_UNASKED, headers={"Content-Type": "text/event-stream"})

    async with serving(only_unasked) as server, asking(server) as client:
        model = layered(client)
        replies = [await model.complete(replace(ASK, identity=str(number))) for number in range(3)]
    assert [reply.text for reply in replies] == ["pieces"] * 3
    assert ["stream" in body for body in server.bodies] == [True, True, False, False, False]


@pytest.mark.parametrize(
    ("handlers", "streamed"),
    [
        ((refuse("oops", 500),), [True, True, False, True]),
        ((refuse("busy", 503),), [True] * 4),
        ((answer(says("ok")), refuse("oops", 500)), [True] * 5),
        (
            (refuse("oops", 500), refuse("oops", 500), refuse("slow", 429), answer(says("ok"))),
            [True, True, *[False] * 3],
        ),
        (
            (refuse("oops", 500), refuse("oops", 500), refuse(OPENAI_TEMPERATURE, 400), answer(says("ok"))),
            [True, True, *[False] * 3],
        ),
    ],
    ids=["everything fails", "busy", "streams came before", "a limit in between", "a parameter in between"],
)
async def test_i37_a_whole_reply_is_tried_once_and_only_where_no_stream_ever_came(
    handlers: tuple[Handler, ...], streamed: list[bool]
) -> None:
    async with serving(*handlers) as server, asking(server) as client:
        model = layered(client)
        for identity in ("1", "2"):
            with contextlib.suppress(CallFailed):
                await model.complete(replace(ASK, identity=identity))
    assert ["stream" in body for body in server.bodies][: len(streamed)] == streamed
    assert "stream" in server.bodies[-1] or streamed[-1] is False


async def test_i20_an_endpoint_that_refuses_everything_is_not_asked_for_ever() -> None:
    refusal = refuse("max_tokens max_completion_tokens temperature unsupported", 400)
    async with serving(refusal) as server, asking(server) as client:
        with pytest.raises(CallFailed) as caught:
            await layered(client).complete(ASK)
    assert not isinstance(caught.value, Adapted)
    assert caught.value.attempts == len(server.bodies) == 4


async def test_i21_faults_in_a_row_end_in_an_answer_and_each_attempt_counts() -> None:
    handlers = (refuse("busy", 429, retry_after_ms="1"), refuse("oops", 500), drop, answer(says("at last")))
    ledger = Ledger()
    async with serving(*handlers) as server, asking(server) as client:
        reply = await layered(client, ledger).complete(ASK)
    assert (reply.text, reply.attempts) == ("at last", 4)
    usage = ledger.usage()["agent"]
    assert (usage.calls, usage.failed, usage.tokens_in) == (4, 3, 7)
    assert ledger.in_flight == 0


async def test_i22_the_time_cap_cuts_a_call_that_hangs() -> None:
    ledger = Ledger(Limits(seconds=0.1))
    async with serving(hang) as server, asking(server) as client:
        with pytest.raises(BudgetReached, match="--max-minutes"):
            await layered(client, ledger).complete(ASK)
    assert ledger.in_flight == 0


async def test_i23_the_client_and_its_layers_keep_the_contract_of_a_model() -> None:
    async with serving(answer(says("Hello"))) as server, asking(server) as client:
        await check_model_client(client, ASK)
        await check_model_client(layered(client), ASK)


async def test_i24_a_closed_client_says_how_to_open_it() -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await ChatClient(Endpoint("https://x/v1")).complete(ASK)


def test_i25_the_environments_proxy_is_used_only_when_asked_and_never_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")

    def proxy(url: str, use_proxy: bool) -> str | None:
        return ChatClient(Endpoint(url, use_proxy=use_proxy))._proxy

    assert proxy("https://api.example/v1", False) is None
    assert proxy("https://api.example/v1", True) == "http://proxy.example:3128"
    assert proxy("https://inside.example/v1", True) is None
    assert proxy("http://127.0.0.1:1/v1", True) is None


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 90}, (7, 83, 0)),
        ({"input_tokens": "7", "output_tokens": 3.0, "input_tokens_details": {"cached_tokens": 5}}, (7, 3, 5)),
    ],
)
async def test_i26_usage_is_read_in_every_form(usage: object, tokens: tuple[int, int, int]) -> None:
    async with serving(answer(says("x", usage=usage))) as server, asking(server) as client:
        reply = await client.complete(ASK)
    assert (reply.tokens_in, reply.tokens_out, reply.tokens_cached) == tokens


def ended(reason: object, text: str | None = "Half an answer", **message: object) -> dict[str, object]:
    body = {"message": {"content": text, **message}, "finish_reason": reason}
    return says("", choices=[body])


@pytest.mark.parametrize("reason", ["content_filter", "content-filter", "SAFETY", "recitation"])
async def test_i27_what_a_filter_ended_is_refused_once_for_good_whatever_its_text(reason: str) -> None:
    store, ledger = MemoryStore(), Ledger()
    async with serving(answer(ended(reason))) as server, asking(server) as client:
        model = compose(client, store, ledger, FAST, 8)
        with pytest.raises(Refused, match=r"^m: refused by a content filter \(agent\)") as caught:
            await model.complete(ASK)
    assert (caught.value.outcome, len(server.bodies), store.replies) == ("refused", 1, {})
    assert ledger.usage()["agent"].tokens_in == 7, "it was paid for as told"


@pytest.mark.parametrize("body", [ended("stop", None, refusal="I cannot."), ended("refusal", "I cannot.")])
async def test_i28_a_refusal_of_the_model_is_no_answer(body: object) -> None:
    async with serving(answer(body)) as server, asking(server) as client:
        with pytest.raises(Refused, match="refused by the model"):
            await layered(client).complete(ASK)


async def test_i29_a_filter_that_answers_with_a_status_is_a_refusal_too() -> None:
    error = await fault(refuse("The prompt triggered our content management policy.", 400))
    assert isinstance(error, Refused)
    assert not isinstance(await fault(refuse("maximum context length", 400)), Refused)


async def test_i30_a_reply_that_ends_in_an_error_is_an_attempt_that_failed() -> None:
    store, ledger = MemoryStore(), Ledger()
    async with serving(answer(ended("error")), answer(says("whole"))) as server, asking(server) as client:
        reply = await compose(client, store, ledger, FAST, 8).complete(ASK)
    assert (reply.text, reply.attempts, len(store.replies)) == ("whole", 2, 1)
    async with serving(answer(ended("error"))) as server, asking(server) as client:
        with pytest.raises(CallFailed, match=r"finish_reason: error\) \(4 attempts failed"):
            await layered(client).complete(ASK)


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS"])
async def test_i31_a_reply_cut_at_the_limit_is_kept_and_counted(reason: str) -> None:
    ledger = Ledger()
    async with serving(answer(ended(reason))) as server, asking(server) as client:
        reply = await layered(client, ledger).complete(ASK)
    assert (reply.text, reply.truncated, ledger.usage()["agent"].cut) == ("Half an answer", True, 1)


async def test_i32_without_a_limit_of_tokens_a_cap_in_money_ends_the_run_before_anything_is_paid() -> None:
    handlers = (
        refuse(OPENAI_TOKENS, 400),
        refuse("max_completion_tokens is not supported", 400),
        answer(says("ok")),
    )
    ledger = Ledger(Limits(usd=1.0), PriceBook({"m": (1.0, 1.0)}))
    async with serving(*handlers) as server, asking(server) as client:
        with pytest.raises(ProviderError, match="takes no limit of tokens") as caught:
            await layered(client, ledger).complete(ASK)
    assert not isinstance(caught.value, CallFailed)
    assert (ledger.usd, ledger.in_flight) == (0.0, 0)


async def test_i33_thinking_that_only_the_total_tells_stays_within_a_cap_and_one_reply_more() -> None:
    thinking = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 100_010}
    ledger = Ledger(Limits(usd=3.0), PriceBook({"m": (0.4, 1.6)}))
    async with serving(answer(says("x", usage=thinking))) as server, asking(server) as client:
        model = layered(client, ledger)
        with pytest.raises(BudgetReached):
            for number in range(1000):
                await model.complete(replace(ASK, identity=str(number)))
    billed = len(server.bodies) * (7 * 0.4 + 100_003 * 1.6) / 1e6
    assert ledger.usd == pytest.approx(billed)
    assert billed <= 3.0


OWN: Mapping[str, object] = {"top_p": 0.5, "chat_template_kwargs": {"enable_thinking": False}, "temperature": 0.3}


@pytest.mark.parametrize(
    ("refusals", "form"),
    [
        ((), {"system", "max_tokens", "stream"}),
        ((OPENAI_TOKENS,), {"system", "max_completion_tokens", "stream"}),
        ((OPENAI_TOKENS, "max_completion_tokens is not supported"), {"system", "stream"}),
        (("Unsupported value: 'messages[0].role' does not support 'system'",), {"developer", "max_tokens", "stream"}),
        (("System role not supported",), {"max_tokens", "stream"}),
        (("unknown parameter: stream_options",), {"system", "max_tokens", "stream"}),
        (("streaming is not supported",), {"system", "max_tokens"}),
    ],
)
async def test_i34_parameters_of_ones_own_reach_the_wire_in_every_dialect(
    refusals: tuple[str, ...], form: set[str]
) -> None:
    handlers = (*(refuse(one, 400) for one in refusals), answer(says("ok")))
    async with serving(*handlers) as server, asking(server, extra=OWN) as client:
        assert (await layered(client).complete(ASK)).text == "ok"
    body = server.bodies[-1]
    assert form == {"system", "developer", "max_tokens", "max_completion_tokens", "stream"}.intersection(
        {*body, body["messages"][0]["role"]}
    )
    assert len(server.bodies) == len(refusals) + 1
    for body in server.bodies:
        assert {name: body[name] for name in OWN} == OWN, "with every attempt, over what maspo would say itself"


async def test_i35_a_parameter_of_ones_own_without_a_value_is_left_out() -> None:
    async with serving(answer(says("ok"))) as server, asking(server, extra={"temperature": None}) as client:
        await client.complete(ASK)
    assert "temperature" not in server.bodies[0]


@dataclass(frozen=True)
class Written:
    """A stream written line by line, at a pace; then again and again the last line, or nothing, for ever."""

    lines: Callable[[bytes], Sequence[bytes]]
    pause: float = 0.0
    again: bool = False

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(asked.request)
        lines = self.lines(asked.body)
        for line in lines:
            await response.write(line)
            await asyncio.sleep(self.pause)
        while self.again:
            await response.write(lines[-1])
            await asyncio.sleep(self.pause)
        await asyncio.Event().wait()
        return response


NO_TEXT = b'data: {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": null}]}\n\n'
QUEUED = b'event: status\ndata: {"status": "queued", "position": 3}\n\n'


@pytest.mark.parametrize("beside", [b"", b'data: {"choices": [], "usage": {"prompt_tokens": 7}}\n\n'])
async def test_a_stream_is_over_at_its_last_piece_though_its_connection_stays_open(
    monkeypatch: pytest.MonkeyPatch, beside: bytes
) -> None:
    monkeypatch.setattr("maspo.models.incoming._AFTER_DONE", 0.01)
    at_once = Written(lambda body: [b"".join(in_pieces(json.loads(body))) + beside])
    async with fake_provider([Rule(at_once)]) as provider, ChatClient(Endpoint(provider.base_url)) as client:
        async with asyncio.timeout(5):
            assert (await client.complete(ready_question("m"))).text


@pytest.mark.parametrize("line", [b": queued\n\n", b"\n", b'data: {"type": "ping"}\n\n', QUEUED, NO_TEXT])
async def test_what_only_keeps_a_connection_awake_is_no_part_of_a_reply(line: bytes) -> None:
    for_ever = Written(lambda _: [line], pause=0.001, again=True)
    async with (
        fake_provider([Rule(for_ever)]) as provider,
        ChatClient(Endpoint(provider.base_url, timeout=0.1)) as client,
    ):
        async with asyncio.timeout(5):
            with pytest.raises(Transient, match=r"no reply within .* \(models.timeout is 0.1 s\)"):
                await client.complete(ready_question("m"))


async def test_a_reply_that_comes_a_byte_at_a_time_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.models.incoming.WHOLE", 0.1)
    monkeypatch.setattr("maspo.models.incoming._SLOWEST", 0.1)
    for_ever = Written(lambda _: [b'data: {"choices": [{"delta": {"content": "', b"x"], pause=0.001, again=True)
    async with (
        fake_provider([Rule(for_ever)]) as provider,
        ChatClient(Endpoint(provider.base_url, timeout=4)) as client,
    ):
        async with asyncio.timeout(60):
            with pytest.raises(Transient, match=r"still being written, longer than its tokens may take, after \d+ s"):
                await client.complete(replace(ready_question("m"), max_tokens=1))


async def test_where_streams_fail_whole_replies_are_asked_for_until_one_comes() -> None:
    streams = Unless(lambda wanted: not wanted.get("stream"), Refuse(500, "Server got itself in trouble"))
    script = [Rule(streams), Rule(Refuse(500, "Busy"), When(numbers=frozenset({3})))]
    async with fake_provider(script) as provider, ChatClient(Endpoint(provider.base_url)) as client:
        for _ in range(5):
            with pytest.raises(Transient):
                await client.complete(ready_question("m"))
        assert (await client.complete(ready_question("m"))).text


async def test_a_place_in_a_queue_is_waited_for_longer_than_a_silence() -> None:
    queue = Written(lambda body: [*[QUEUED] * 6, *in_pieces(json.loads(body))], pause=0.02)
    async with (
        fake_provider([Rule(queue)]) as provider,
        ChatClient(Endpoint(provider.base_url, timeout=0.1)) as client,
    ):
        assert (await client.complete(ready_question("m"))).text
