"""Streams as endpoints send them: passed on byte for byte, recorded whole or as failed: S01 to S14."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from maspo.gateway import gateway
from maspo.gateway.client import Upstreams, WireClient
from maspo.gateway.gateway import Gateway
from maspo.models.budget import Ledger, Limits
from maspo.models.layers.compose import compose
from maspo.models.layers.limited import AS_ASKED
from maspo.models.layers.retried import RetryPolicy
from maspo.models.prices import PriceBook
from maspo.testing.models import MemoryStore
from tests.gateway.bodies import EXCHANGES, TEXT
from tests.gateway.conftest import Bench, Opener
from tests.gateway.upstream import Answer, upstream
from tests.lengths import length

NOISE = (b": keep-alive\n\n", b":\n\n", b"\n", b"event: ping\ndata: {}\n\n", b": OPENROUTER PROCESSING\r\n\r\n")
ERROR = {"error": {"message": "overloaded", "type": "server_error"}}


async def stream(bench: Bench, path: str, body: bytes, **headers: str) -> tuple[bytes, bool]:
    """Return the bytes that an app gets, and whether their end was told."""
    got = bytearray()
    try:
        async with bench.app.post(bench.root + path, data=body, headers=headers) as response:
            assert response.status == 200
            async for chunk in response.content.iter_any():
                got += chunk
    except aiohttp.ClientPayloadError:
        return bytes(got), False
    return bytes(got), True


async def test_s01_fuzzed_streams_pass_byte_for_byte_and_are_recorded_whole_or_as_failed(bench: Opener) -> None:
    drawn = random.Random(1)
    counted = {"whole": 0, "failed": 0}
    async with bench() as found:
        for number in range(length(100, 1000)):
            exchange = drawn.choice(list(EXCHANGES.values()))
            body = drawn.choice([exchange.text_stream, exchange.tool_stream])
            sse = exchange.stream_kind == "text/event-stream"
            ends = b"\n\n" if sse else b"\n"
            events = [event + ends for event in body.split(ends)[:-1]]
            noise = NOISE if sse else (b"\n", b" \n")
            for _ in range(drawn.randrange(4)):
                events.insert(drawn.randrange(len(events) + 1), drawn.choice(noise))
            told = drawn.random() < 0.15
            if told:
                error = json.dumps({"type": "error", **ERROR}).encode()
                error = b"data: " + error + ends if sse else error + ends
                events = [*events[: drawn.randrange(len(events))], error]
            sent = b"".join(events)
            if sse and drawn.random() < 0.2:
                sent = sent.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            packed = drawn.random() < 0.2
            if packed:
                sent = gzip.compress(sent)
            framing = drawn.choice(["chunked", "length", "close"])
            cut = drawn.random() < 0.2
            if cut:
                sent = sent[: drawn.randrange(len(sent) // 2)]
            many = (
                range(1, len(sent)) if drawn.random() < 0.2 else drawn.sample(range(len(sent) + 1), min(9, len(sent)))
            )
            headers = (("Content-Encoding", "gzip"),) if packed else ()
            found.upstream.will(
                Answer(
                    sent, 200, exchange.stream_kind, headers, tuple(many), framing, breaks=cut and framing != "close"
                )
            )
            asked = {**exchange.request, **exchange.stream_flag, "number": number}
            got, ended = await stream(found, exchange.stream_path, json.dumps(asked).encode())
            assert got == sent, (number, exchange.dialect, framing)
            assert ended == (not cut or framing == "close"), (number, framing)
            call = found.rollout.calls[-1]
            assert call.number == number
            assert bool(call.failed) == (cut or told), (number, exchange.dialect, call.failed)
            counted["failed" if call.failed else "whole"] += 1
            if not call.failed:
                assert call.output == TEXT or call.tools[0].name == "look_up"
                assert (call.tokens_in, call.tokens_out) == (41, 7)
        assert min(counted.values()) > length(15, 200), counted
        assert found.ledger.in_flight == 0
        assert found.ledger.usage()["agent"].failed >= counted["failed"]


async def test_s02_what_has_come_is_passed_on_before_the_rest_is_there(bench: Opener) -> None:
    one = EXCHANGES["chat_completions"]
    gate = asyncio.Event()
    async with bench() as found:
        first = one.text_stream.index(b"\n\n") + 2
        found.upstream.will(Answer(one.text_stream, 200, one.stream_kind, (), (first,), "chunked", between=gate))
        sent = json.dumps({**one.request, **one.stream_flag})
        async with found.app.post(found.root + one.path, data=sent) as response:
            assert await response.content.readany() == one.text_stream[:first]
            assert not found.rollout.calls
            gate.set()
            assert await response.content.read() == one.text_stream[first:]
        assert found.rollout.calls[0].output == TEXT


async def test_s03_a_stream_that_breaks_off_is_charged_at_its_worst_and_not_tried_again(bench: Opener) -> None:
    one = EXCHANGES["chat_completions"]
    ledger = Ledger(Limits(usd=1.0), PriceBook({"gpt-4.1-mini": (1.0, 10.0)}))
    async with bench(ledger=ledger) as found:
        found.upstream.will(Answer(one.text_stream[:200], 200, one.stream_kind, (), (), "chunked", breaks=True))
        sent = json.dumps({**one.request, **one.stream_flag}).encode()
        got, ended = await stream(found, one.path, sent)
        assert (got, ended) == (one.text_stream[:200], False)
        assert len(found.upstream.heard) == 1
        usage = ledger.usage()["agent"]
        assert (usage.calls, usage.failed) == (1, 1)
        assert usage.usd is not None
        assert usage.usd >= 200 * 10e-6  # all the tokens that it might have written
        # Who asks again asks anew.
        found.upstream.will(Answer(one.text_stream, 200, one.stream_kind, (), (), "chunked"))
        assert await stream(found, one.path, sent) == (one.text_stream, True)
        assert [bool(call.failed) for call in found.rollout.calls] == [True, False]


async def test_s04_an_error_before_the_first_byte_is_tried_again(bench: Opener) -> None:
    one = EXCHANGES["messages"]
    async with bench() as found:
        found.upstream.will(Answer(b"{}", 529), Answer(one.text_stream, 200, one.stream_kind, (), (), "chunked"))
        sent = json.dumps({**one.request, **one.stream_flag}).encode()
        assert await stream(found, one.path, sent) == (one.text_stream, True)
        assert [call.failed for call in found.rollout.calls] == [""]


async def test_s05_a_stream_that_the_app_leaves_is_read_to_its_end_and_kept_for_its_retry(bench: Opener) -> None:
    one = EXCHANGES["chat_completions"]
    gate = asyncio.Event()
    async with bench() as found:
        first = one.text_stream.index(b"\n\n") + 2
        found.upstream.will(Answer(one.text_stream, 200, one.stream_kind, (), (first,), "chunked", between=gate))
        sent = json.dumps({**one.request, **one.stream_flag}).encode()
        async with found.app.post(found.root + one.path, data=sent) as response:
            await response.content.readany()
            response.close()
        again = asyncio.create_task(stream(found, one.path, sent, **{"x-stainless-retry-count": "1"}))
        await asyncio.sleep(0.01)
        gate.set()
        assert await again == (one.text_stream, True)
        assert len(found.upstream.heard) == 1
        (call,) = await found.gateway.close(found.rollout)
        assert (call.output, call.failed) == (TEXT, "")


async def test_s06_a_plain_answer_where_a_stream_was_asked_for_is_read(bench: Opener) -> None:
    for exchange in EXCHANGES.values():
        async with bench() as found:
            found.upstream.will(Answer(exchange.text))
            sent = json.dumps({**exchange.request, **exchange.stream_flag}).encode()
            assert await stream(found, exchange.stream_path, sent) == (exchange.text, True)
            assert [(call.output, call.failed) for call in found.rollout.calls] == [(TEXT, "")]


async def test_s07_rollouts_that_ask_the_same_at_once_share_one_stream(bench: Opener) -> None:
    one = EXCHANGES["chat_completions"]
    gate = asyncio.Event()
    async with bench() as found:
        first = one.text_stream.index(b"\n\n") + 2
        found.upstream.will(Answer(one.text_stream, 200, one.stream_kind, (), (first,), "chunked", between=gate))
        sent = json.dumps({**one.request, **one.stream_flag})
        rollouts = [found.gateway.open(input_key="a") for _ in range(3)]

        async def ask(url: str) -> bytes:
            async with found.app.post(f"{url}/chat/completions", data=sent) as response:
                return await response.read()

        asked = [asyncio.create_task(ask(rollout.base_url)) for rollout in rollouts]
        await found.upstream.arrived(1)
        gate.set()
        assert await asyncio.gather(*asked) == [one.text_stream] * 3
        assert len(found.upstream.heard) == 1
        calls = [call for rollout in rollouts for call in await found.gateway.close(rollout)]
        assert sorted(call.cached for call in calls) == [False, True, True]
        assert {call.output for call in calls} == {TEXT}


async def test_s08_a_stream_that_falls_silent_is_ended_and_one_in_many_pieces_is_not(bench: Opener) -> None:
    one = EXCHANGES["chat_completions"]
    never = asyncio.Event()
    async with bench(silence=0.2) as found:
        sent = json.dumps({**one.request, **one.stream_flag}).encode()
        for framing in ("chunked", "close"):
            found.upstream.will(Answer(one.text_stream, 200, one.stream_kind, (), (50,), framing, between=never))
            got, ended = await stream(found, one.path, sent)
            assert (got, ended) == (one.text_stream[:50], False)
            assert "silence for" in found.rollout.calls[-1].failed
        never.set()
        found.upstream.will(Answer(one.text_stream, 200, one.stream_kind, (), tuple(range(1, 400)), "chunked"))
        assert await stream(found, one.path, sent) == (one.text_stream, True)
        assert not found.rollout.calls[-1].failed


async def test_s09_a_short_reply_that_reads_as_an_error_is_passed_on_once(bench: Opener) -> None:
    piece = {"index": 0, "delta": {"content": "Unauthorized"}, "finish_reason": "stop"}
    whole = {"index": 0, "message": {"role": "assistant", "content": "Unauthorized"}, "finish_reason": "stop"}
    streamed = b"data: " + json.dumps({"choices": [piece]}).encode() + b"\n\ndata: [DONE]\n\n"
    plain = json.dumps({"choices": [whole]}).encode()
    for sent, kind, streams in ((streamed, "text/event-stream", True), (plain, "application/json", False)):
        async with bench() as found:
            found.upstream.will(Answer(sent, 200, kind))
            for number in range(7):
                asked = {"model": "m", "stream": streams, "messages": [{"role": "user", "content": f"Class {number}?"}]}
                got = await stream(found, "/v1/chat/completions", json.dumps(asked).encode())
                assert got == (sent, True)
                assert len(found.upstream.heard) == number + 1
            assert {(call.output, call.failed) for call in found.rollout.calls} == {("Unauthorized", "")}
            assert found.rollout.error is None


async def test_s10_the_end_of_a_stream_is_told_to_an_app_of_http_1_0_that_would_keep_its_connection(
    bench: Opener,
) -> None:
    one = EXCHANGES["chat_completions"]
    async with bench() as found:
        found.upstream.will(Answer(one.text_stream, 200, one.stream_kind, (), (), "chunked"))
        host, _, path = found.rollout.base_url.removeprefix("http://").partition("/")
        body = json.dumps({**one.request, **one.stream_flag}).encode()
        head = f"POST /{path}/chat/completions HTTP/1.0\r\nHost: {host}\r\nConnection: keep-alive\r\n"
        reader, writer = await asyncio.open_connection(*host.split(":"))
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        async with asyncio.timeout(20):
            got = await reader.read()
        writer.close()
        await writer.wait_closed()
        told, _, passed = got.partition(b"\r\n\r\n")
        assert passed == one.text_stream
        assert b"keep-alive" not in told.lower()


async def test_s11_an_app_that_reads_no_more_holds_no_place_for_ever(
    bench: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = EXCHANGES["chat_completions"]
    monkeypatch.setattr(gateway, "_PATIENCE", 0.2)
    monkeypatch.setattr(gateway._Attempt, "leave", lambda *_: None)  # how long a reply goes on is another test's
    async with bench() as found:
        found.upstream.will(Answer(b": " + bytes(16_000_000) + b"\n\n" + one.text_stream, 200, one.stream_kind))
        host, _, path = found.rollout.base_url.removeprefix("http://").partition("/")
        body = json.dumps({**one.request, **one.stream_flag}).encode()
        head = f"POST /{path}/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        with socket.socket() as app:
            app.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            app.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(app, ("127.0.0.1", int(host.rpartition(":")[2])))
            await loop.sock_sendall(app, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await found.upstream.arrived(1)
            (call,) = await found.gateway.close(found.rollout, grace=60)  # what it asked is read to its end
        assert (call.output, call.failed) == (TEXT, "")


async def test_s12_an_app_that_leaves_while_its_call_waits_for_a_place_holds_up_nobody() -> None:
    one = EXCHANGES["chat_completions"]
    gate = asyncio.Event()
    gated = Answer(one.text_stream, 200, one.stream_kind, (), (), "chunked", gate=gate)
    async with upstream() as endpoint, WireClient(Upstreams(f"{endpoint.url}/v1")) as client:
        model = compose(client, MemoryStore(), Ledger(), RetryPolicy(), 1, pacing=AS_ASKED)
        endpoint.will(gated)
        async with Gateway(model) as opened, aiohttp.ClientSession() as app:
            rollout = opened.open()

            async def ask(question: str) -> bytes:
                body = {**one.request, **one.stream_flag, "messages": [{"role": "user", "content": question}]}
                async with app.post(f"{rollout.base_url}/chat/completions", json=body) as response:
                    return await response.read()

            first = asyncio.create_task(ask("first"))
            await endpoint.arrived(1)
            leaves = asyncio.create_task(ask("leaves"))
            while rollout.sent < 2:  # noqa: ASYNC110 (no event tells it)
                await asyncio.sleep(0.01)
            last = asyncio.create_task(ask("last"))
            leaves.cancel()
            await asyncio.gather(leaves, return_exceptions=True)
            gate.set()
            assert await first == await last == one.text_stream
            calls = await opened.close(rollout, grace=60)
        assert [call.output for call in calls] == [TEXT] * 3


async def test_s13_who_waits_for_the_reply_of_a_rollout_that_ends_asks_itself(bench: Opener) -> None:
    one = EXCHANGES["chat_completions"]
    gate = asyncio.Event()
    async with bench() as found:
        found.upstream.will(Answer(one.text_stream, 200, one.stream_kind, (), (), "chunked", gate=gate))
        sent = json.dumps({**one.request, **one.stream_flag})
        leads, waits = (found.gateway.open(input_key="a") for _ in range(2))

        async def ask(url: str) -> tuple[int, bytes]:
            async with found.app.post(f"{url}/chat/completions", data=sent) as response:
                return response.status, await response.read()

        left = asyncio.create_task(ask(leads.base_url))
        await found.upstream.arrived(1)
        stays = asyncio.create_task(ask(waits.base_url))
        while not waits.sent:  # noqa: ASYNC110 (no event tells it)
            await asyncio.sleep(0.01)
        (ended,) = await found.gateway.close(leads, grace=0.0)
        await found.upstream.arrived(2)
        gate.set()
        assert (await left)[0] == 503
        assert await stays == (200, one.text_stream)
        assert "the rollout ended" in ended.failed
        assert [(call.output, call.cached) for call in await found.gateway.close(waits, grace=60)] == [(TEXT, False)]


@pytest.mark.parametrize("streams", [True, False])
async def test_s14_an_endpoint_that_keeps_awake_for_ever_holds_no_place_once_its_app_has_left(
    monkeypatch: pytest.MonkeyPatch, streams: bool
) -> None:
    one = EXCHANGES["chat_completions"]
    monkeypatch.setattr(gateway, "_PATIENCE", 0.2)
    kind, noise = (one.stream_kind, b": working\n\n") if streams else ("application/json", b"\n")
    asked, said = ({**one.request, **one.stream_flag}, one.text_stream) if streams else (one.request, one.text)
    async with awake(kind, noise, said) as (url, known), WireClient(Upstreams(url)) as client:
        model = compose(client, MemoryStore(), Ledger(), RetryPolicy(), 1, pacing=AS_ASKED)  # one place
        async with Gateway(model) as opened, aiohttp.ClientSession() as app:
            rollout = opened.open()
            address = f"{rollout.base_url}/chat/completions"
            leaves = asyncio.create_task(post(app, address, asked))
            while not known.heard:  # noqa: ASYNC110 (no event tells it)
                await asyncio.sleep(0.01)
            leaves.cancel()
            await asyncio.gather(leaves, return_exceptions=True)
            async with asyncio.timeout(60):
                assert await post(app, address, {**asked, "max_tokens": 7}) == said
                # What was given up is asked anew.
                assert await post(app, address, asked) == said
            first, *others = await opened.close(rollout)
        assert first.failed == "the app went away, and its reply had not come to its end 0.2 s later"
        assert [(call.output, call.failed) for call in others] == [(TEXT, "")] * 2


async def post(app: aiohttp.ClientSession, address: str, asked: object, **headers: str) -> bytes:
    async with app.post(address, json=asked, headers=headers) as response:
        return await response.read()


@dataclass
class Heard:
    """What an endpoint was asked."""

    heard: int = 0


@asynccontextmanager
async def awake(kind: str, noise: bytes, said: bytes) -> AsyncIterator[tuple[str, Heard]]:
    """Yield the address of an endpoint that sends noise for ever at first, and answers whoever asks after that."""
    known = Heard()

    async def answer(request: web.Request) -> web.StreamResponse:
        known.heard += 1
        if known.heard > 1:
            return web.Response(body=said, content_type=kind.partition(";")[0])
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        while True:
            await response.write(noise)
            await asyncio.sleep(0.01)

    server = web.Application()
    server.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1", known
    finally:
        await runner.cleanup()
