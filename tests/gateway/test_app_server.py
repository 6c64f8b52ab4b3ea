"""What the server promises apps, whatever they send and however: W01 to W14."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.gateway.app_server import AppServer, Exchange
from maspo.gateway.connections import Taker
from maspo.gateway.request_reader import RequestHead

MOST: Final = 1000
LAST: Final = b"GET /last HTTP/1.1\r\nConnection: close\r\n\r\n"
"""After it the server closes."""
DATED: Final = (("Date", "today"), ("X-One", "\xe9"))


def post(path: str, body: bytes, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def said(body: bytes, *more: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Date: today", "X-One: \xe9", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


LAST_SAID: Final = said(b"GET /last ", "Connection: close")


def echo(exchange: Exchange) -> None:
    exchange.answer(200, DATED, f"{exchange.head.method} {exchange.head.path} ".encode() + exchange.body)


def admit(take: Callable[[Exchange], None]) -> Callable[[RequestHead], Callable[[Exchange], None] | None]:
    return lambda head: None if head.path.startswith("/secret") else take


async def talk(pieces: Iterable[bytes], take: Callable[[Exchange], None] = echo, pause: float = 0.0) -> bytes:
    """Return all that a server answers until it closes."""
    async with AppServer(admit(take), MOST, 10.0) as server, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        answered = await reader.read()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    return answered


@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, 300), max_size=8), later=st.booleans())
def test_w01_requests_are_answered_in_their_order_however_they_come(cuts: list[int], later: bool) -> None:
    def take(exchange: Exchange) -> None:
        if later:
            asyncio.get_running_loop().call_later(0.001, echo, exchange)
        else:
            echo(exchange)

    chunked = b"POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    raw = post("/a", b"one") + chunked + post("/c", b"") + LAST
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    answered = asyncio.run(talk([raw[a:b] for a, b in pairwise(edges)], take))
    assert answered == said(b"POST /a one") + said(b"POST /b hello") + said(b"POST /c ") + LAST_SAID


async def test_w02_an_app_that_asks_thousands_ahead_is_answered_one_by_one() -> None:
    answered = await talk([post("/a", b"x" * 100) * 3000 + LAST])
    assert answered == said(b"POST /a " + b"x" * 100) * 3000 + LAST_SAID


async def test_w03_who_does_not_belong_here_learns_nothing_and_what_is_too_long_is_not_held() -> None:
    async def status(raw: bytes) -> bytes:
        taken: list[Exchange] = []
        answered = await talk([raw, LAST], lambda one: (taken.append(one), echo(one))[1])  # type: ignore[func-returns-value]
        assert answered.endswith(LAST_SAID)  # the connection is where the next request begins
        assert [one.head.path for one in taken] == ["/last"]
        return answered[:12]

    assert await status(post("/secret", b"x" * 100)) == b"HTTP/1.1 404"
    assert await status(post("/a", b"x" * (MOST + 1))) == b"HTTP/1.1 413"
    chunked = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"64\r\n" + b"x" * 100 + b"\r\n"
    assert await status(chunked + (b"64\r\n" + b"x" * 100 + b"\r\n") * 10 + b"0\r\n\r\n") == b"HTTP/1.1 413"
    assert (await talk([post("/a", b"x" * MOST), LAST])).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "raw", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"GET / HTTP/3\r\n\r\n"]
)
async def test_w04_what_is_no_request_ends_the_connection(raw: bytes) -> None:
    answered = await talk([post("/a", b"one") + raw])
    assert answered.startswith(said(b"POST /a one") + b"HTTP/1.1 400 Bad Request\r\n")


async def test_w05_who_asks_before_sending_is_told_to_go_on_or_that_nobody_is_there() -> None:
    asked = post("/a", b"hello", "Expect: 100-Continue")
    assert await talk([asked[:-5], asked[-5:], LAST], pause=0.05) == (
        b"HTTP/1.1 100 Continue\r\n\r\n" + said(b"POST /a hello") + LAST_SAID
    )
    assert await talk([asked, LAST]) == said(b"POST /a hello") + LAST_SAID  # it did not wait
    refused = await talk([post("/secret", b"hello", "Expect: 100-continue")[:-5]])
    assert refused.startswith(b"HTTP/1.1 404")
    assert b"Connection: close" in refused


async def test_w06_apps_of_http_1_0_are_answered_in_it_and_kept_where_they_ask_for_it() -> None:
    old = post("/a", b"one").replace(b"1.1", b"1.0")
    assert await talk([old]) == said(b"POST /a one", "Connection: close").replace(b"1.1", b"1.0")
    kept = post("/a", b"one", "Connection: keep-alive").replace(b"1.1", b"1.0")
    answer = said(b"POST /a one", "Connection: keep-alive").replace(b"1.1", b"1.0")
    assert await talk([kept, LAST]) == answer + LAST_SAID


async def test_w07_an_answer_without_a_body_has_none() -> None:
    def take(exchange: Exchange) -> None:
        if exchange.head.path == "/none":
            exchange.answer(204, DATED, b"")
        else:
            echo(exchange)

    bare = b"HTTP/1.1 %b\r\nDate: today\r\nX-One: \xe9\r\n\r\n"
    asked = b"HEAD /a HTTP/1.1\r\n\r\n" + post("/none", b"") + LAST
    assert await talk([asked], take) == bare % b"200 OK" + bare % b"204 No Content" + LAST_SAID


@pytest.mark.parametrize("version", [0, 1])
async def test_w08_a_stream_passes_piece_by_piece_and_its_end_is_told(version: int) -> None:
    def take(exchange: Exchange) -> None:
        if exchange.head.path == "/last":
            return echo(exchange)
        taker = exchange.begin(200, DATED, b"one")
        assert taker is not None
        assert taker.put(b"two")
        assert exchange.waits
        return exchange.end()

    asked = post("/a", b"").replace(b"1.1", b"1.%d" % version) + (LAST if version else b"")
    head, _, body = (await talk([asked], take)).partition(b"\r\n\r\n")
    if version:
        assert b"\r\nTransfer-Encoding: chunked" in head
        assert body == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n" + LAST_SAID
    else:
        assert b"\r\nConnection: close" in head
        assert body == b"onetwo"


async def test_w09_who_answers_is_told_once_that_an_app_has_gone_and_its_answer_goes_nowhere() -> None:
    taken: asyncio.Queue[Exchange] = asyncio.Queue()
    gone = asyncio.Queue[str]()

    def take(exchange: Exchange) -> None:
        exchange.on_gone = lambda: gone.put_nowait("gone")
        taken.put_nowait(exchange)

    async with AppServer(admit(take), MOST, 10.0) as server, asyncio.timeout(10):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(post("/a", b""))
        exchange = await taken.get()
        taker = exchange.begin(200, (), b"")
        assert taker is not None
        writer.transport.abort()
        assert await gone.get() == "gone"
        assert not exchange.waits
        assert taker.put(b"more")
        await taker.emptied()
        assert exchange.begin(200, (), b"") is None
        exchange.end()
        exchange.answer(200, (), b"")
        assert gone.empty()


@contextlib.asynccontextmanager
async def streaming(
    patience: float,
) -> AsyncIterator[tuple[Exchange, Taker, asyncio.StreamReader, asyncio.StreamWriter]]:
    """Give a stream that was begun, and both ends of the connection of an app that reads little ahead."""
    taken: asyncio.Queue[Exchange] = asyncio.Queue()
    async with AppServer(admit(taken.put_nowait), MOST, patience) as server, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.write(post("/a", b""))
        exchange = await taken.get()
        taker = exchange.begin(200, (), b"")
        assert taker is not None
        yield exchange, taker, reader, writer


async def test_w10_an_app_that_does_not_read_is_waited_for() -> None:
    async with streaming(10.0) as (exchange, taker, reader, writer):
        sent = 0
        while taker.put(b"x" * 65_536):
            sent += 1
            assert sent < 10_000
        read = asyncio.ensure_future(reader.read())
        await taker.emptied()
        assert taker.put(b"end")
        exchange.cut()
        assert (await read).endswith(b"3\r\nend\r\n")
        writer.close()
        await writer.wait_closed()


async def test_w11_one_that_reads_nothing_for_too_long_has_gone() -> None:
    async with streaming(0.05) as (exchange, taker, _, writer):
        while taker.put(b"x" * 65_536):
            pass
        await taker.emptied()
        await asyncio.sleep(0)
        assert not exchange.waits
        writer.transport.abort()


async def test_w12_an_app_that_asks_ahead_and_reads_nothing_is_not_served_without_bound() -> None:
    served = 0

    def take(exchange: Exchange) -> None:
        nonlocal served
        served += 1
        exchange.answer(200, DATED, b"x" * 1_000_000)

    async with AppServer(admit(take), MOST, 10.0) as server, asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1000)
        writer.write(b"GET /a HTTP/1.1\r\n\r\n" * 99 + LAST)
        before = -1
        while served != before:  # until nothing more is served
            before = served
            await asyncio.sleep(0.2)
        assert 0 < served < 50
        answered = await reader.read()
        assert served == 100 and answered.count(b"HTTP/1.1 200 OK") == 100
        writer.close()


@pytest.mark.parametrize("last", [b"GET / HTTP/3\r\n\r\n", LAST])
async def test_w13_a_last_answer_reaches_an_app_that_is_still_sending(last: bytes) -> None:
    more = b"x" * 1_000_000
    for _ in range(5):
        answered = await talk([last] + [more] * 5)
        assert answered.startswith(b"HTTP/1.1 400" if last != LAST else LAST_SAID)


async def test_w14_an_app_that_never_closes_is_closed_on() -> None:
    async with AppServer(admit(echo), MOST, 10.0) as server, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(LAST)
        assert await reader.read() == LAST_SAID
        [connection] = server.opened
        await connection.closed.wait()
        writer.close()
