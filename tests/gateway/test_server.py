"""Apps are served as HTTP/1.1 has it, however their requests are cut and framed: V01 to V09."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maspo.gateway import server as server_module
from maspo.gateway.message_reader import NotHttp
from maspo.gateway.request_reader import RequestReader
from maspo.gateway.server import AppRequest, Server

HEAD = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
REQUESTS = {
    "length": (HEAD + b"Content-Length: 5\r\n\r\nhello", b"hello", True),
    "chunks": (CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", b"hello", True),
    "neither": (HEAD + b"\r\n", b"", True),
    "closes": (HEAD + b"connection: close\r\n\r\n", b"", False),
    "old": (HEAD.replace(b"1.1", b"1.0") + b"\r\n", b"", False),
    "old and kept": (HEAD.replace(b"1.1", b"1.0") + b"Connection: Keep-Alive\r\n\r\n", b"", True),
    "bare lines": (HEAD.replace(b"\r", b"") + b"Content-Length: 2\n\nok", b"ok", True),
    "twice the same": (HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", b"ok", True),
}


@pytest.mark.parametrize("name", REQUESTS)
@given(cuts=st.lists(st.integers(0, 120), max_size=12))
def test_v01_a_request_is_the_same_however_it_is_cut(name: str, cuts: list[int]) -> None:
    raw, body, kept = REQUESTS[name]
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    for pieces in ([raw[a:b] for a, b in pairwise(edges)], [bytes([one]) for one in raw]):
        reader = RequestReader()
        found = b"".join(reader.feed(piece) for piece in pieces)
        assert reader.head is not None
        assert (reader.head.method, reader.head.target, found) == ("POST", "/a?b=c", body)
        assert (reader.ended, reader.kept, reader.over) == (True, kept, b"")


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01",  # an app that would encrypt
        b"PRI * HTTP/2.0\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\rY: b\r\n\r\n",
        b"GET /" + b"a" * 100_000,
        b"GET / HTTP/1.1\r\nX: " + b"y" * 1_000_000,
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",  # read in two ways (RFC 9112, 6.3)
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n",
        CHUNKED + b"5\r\nhello!\r\n",
    ],
)
def test_v02_what_is_no_request_or_ends_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(NotHttp):
        RequestReader().feed(raw)


def told(request: AppRequest) -> None:
    request.answer(200, (("X-Asked", request.target),), request.body)


@asynccontextmanager
async def served(
    handle: Callable[[AppRequest], None] = told, largest: int = 1000
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    server = Server(handle, largest)
    reader, writer = await asyncio.open_connection("127.0.0.1", await server.open())
    try:
        async with asyncio.timeout(60):
            yield reader, writer
    finally:
        writer.close()
        await server.close()


def answer(target: bytes, body: bytes, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\nX-Asked: %b\r\nContent-Length: %d\r\n%b\r\n%b" % (target, len(body), more, body)


async def test_v03_requests_that_come_before_the_first_is_answered_are_answered_in_order() -> None:
    waiting = asyncio.Queue[AppRequest]()
    async with served(waiting.put_nowait) as (reader, writer):
        for target in (b"/1", b"/2", b"/3"):
            writer.write(b"POST %b HTTP/1.1\r\nContent-Length: 2\r\n\r\n%b\r\n" % (target, target))
        for target in (b"/1", b"/2", b"/3"):
            request = await waiting.get()
            assert request.body == target
            assert waiting.empty()
            told(request)
            assert await reader.readexactly(len(answer(target, target))) == answer(target, target)


@pytest.mark.parametrize(
    ("sent", "got"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", answer(b"/", b"", b"Connection: close\r\n")),
        (b"GET / HTTP/1.0\r\n\r\n", answer(b"/", b"", b"Connection: close\r\n")),
        (b"\r\nPOST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n\r\na", answer(b"/", b"\r\na", b"Connection: close\r\n")),
    ],
)
async def test_v04_a_connection_is_closed_that_the_app_would_not_keep(sent: bytes, got: bytes) -> None:
    async with served() as (reader, writer):
        writer.write(sent)
        assert await reader.read() == got


async def test_v05_an_app_of_http_1_0_that_keeps_its_connection_is_told_that_it_may() -> None:
    async with served() as (reader, writer):
        got = answer(b"/", b"", b"Connection: keep-alive\r\n")
        for _ in range(2):
            writer.write(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert await reader.readexactly(len(got)) == got


async def test_v06_an_answer_to_head_has_no_body_and_one_without_content_no_length() -> None:
    def tell(request: AppRequest) -> None:
        request.answer(204 if request.target == "/no" else 200, (), b"" if request.target == "/no" else b"body")

    async with served(tell) as (reader, writer):
        writer.write(b"HEAD / HTTP/1.1\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
        writer.write(b"GET /no HTTP/1.1\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 204 No Content\r\n\r\n"


async def test_v07_pieces_go_out_as_they_are_put_behind_the_head() -> None:
    asked = asyncio.Queue[AppRequest]()
    async with served(asked.put_nowait) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        request = await asked.get()
        request.begin(200, (("A", "b"),))
        assert request.put(b"")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
        request.put(b"hello")
        assert await reader.readexactly(10) == b"5\r\nhello\r\n"
        request.end()
        assert await reader.readexactly(5) == b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"no request\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1001\r\n\r\n" + bytes(1001), 413),
        (b"GET /wrong HTTP/1.1\r\n\r\n", 500),
    ],
)
async def test_v08_what_cannot_be_served_is_told_in_words_and_the_connection_closed(sent: bytes, status: int) -> None:
    def fail(request: AppRequest) -> None:
        raise ZeroDivisionError(request.target)

    async with served(fail) as (reader, writer):
        writer.write(sent)
        assert (await reader.read()).startswith(b"HTTP/1.1 %d " % status)


async def test_v09_what_was_sent_goes_out_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "_CLOSING", 60.0)
    body = bytes(3_000_000)
    server = Server(lambda request: request.answer(200, (), body), 1000)
    reader, writer = await asyncio.open_connection("127.0.0.1", await server.open())
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    closing = asyncio.create_task(server.close())
    assert await reader.read() == body
    assert head == b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n"
    await closing
    writer.close()
