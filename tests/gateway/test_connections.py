"""A reply is passed on as it comes, no faster than it is taken, and its connection serves the next call."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from maspo.gateway import connections as connections_of
from maspo.gateway.connections import Connections, Unreached, request_head
from maspo.models.base import AGENT, Message, Reply, Request
from maspo.models.layers.limited import AS_ASKED, NEAR, Limited
from maspo.models.reaching import environment_proxy

PIECES = [bytes([65 + number % 26]) * (1 + number * 997 % 40_000) for number in range(120)]
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Slow:
    """Takes pieces, and wants a moment after each so many bytes."""

    def __init__(self, most: int) -> None:
        self.pieces: list[bytes] = []
        self.waits = 0
        self._most, self._held = most, 0

    def put(self, piece: bytes) -> bool:
        """Take a piece."""
        self.pieces.append(piece)
        self._held += len(piece)
        return self._held < self._most

    async def emptied(self) -> None:
        """Give way to others some times."""
        self.waits += 1
        for _ in range(5):
            await asyncio.sleep(0)
        self._held = 0


@asynccontextmanager
async def endpoint(pieces: Sequence[bytes], end: bytes) -> AsyncIterator[tuple[str, list[int]]]:
    """Serve a chunked reply on connections that are kept; yield the address, and the requests of each connection."""
    requests = list[int]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(requests)
        requests.append(0)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                requests[number] += 1
                writer.write(HEAD)
                for piece in pieces:
                    writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                    await writer.drain()
                writer.write(end)
                if not end:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests


@asynccontextmanager
async def opened(silence: float = 20.0) -> AsyncIterator[Connections]:
    """Open connections, and close them."""
    connections = Connections(silence, 5.0)
    try:
        yield connections
    finally:
        await connections.close()


def get(url: URL, proxy: str | None = None) -> bytes:
    """Return a request for an address."""
    return request_head("GET", url, (("X-Sent", "1"),), 0, proxy)


@pytest.mark.parametrize("with_head", [0, 7])
@pytest.mark.parametrize("most", [1, 100_000, 10**9])
async def test_r01_all_comes_in_order_however_slowly_it_is_taken_and_the_connection_is_kept(
    most: int, with_head: int
) -> None:
    async with endpoint(PIECES, b"0\r\n\r\n") as (text, requests), opened() as connections:
        url = URL(text)
        for _ in range(3):
            taker = Slow(most)
            connection = await connections.take(url)
            assert (await connection.ask(get(url), b"", 10**9)).status == 200
            first = bytes(connection.body[:with_head])  # what the taker has already
            await connection.pass_on(taker, len(first))
            assert first + b"".join(taker.pieces) == b"".join(PIECES) == connection.body
            assert bool(taker.waits) == (most < 10**9)
            connections.give_back(url, None, connection)
        assert requests == [3]


async def test_r02_what_breaks_off_raises_and_of_what_is_too_long_only_so_much_is_held() -> None:
    async with endpoint(PIECES, b"") as (text, _), opened() as connections:
        taker, url = Slow(10**9), URL(text)
        connection = await connections.take(url)
        await connection.ask(get(url), b"", 1000)
        with pytest.raises(OSError, match="before the reply was whole"):
            await connection.pass_on(taker)
        assert b"".join(taker.pieces) == b"".join(PIECES)
        assert 1000 < len(connection.body) < sum(map(len, PIECES))
        connections.give_back(url, None, connection)
        assert not connection.is_open


async def test_r04_a_connection_that_the_server_has_closed_is_not_used_again() -> None:
    closed = HEAD.replace(b"Transfer", b"Connection: close\r\nTransfer")
    seen = list[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write((closed if len(seen) == 1 else HEAD) + b"0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, opened() as connections:
        url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        for _ in range(3):
            connection = await connections.take(url)
            await connection.ask(get(url), b"", 1000)
            await connection.pass_on(None)
            connections.give_back(url, None, connection)
            await asyncio.sleep(0.05)  # the server's end comes
        assert len(seen) == 3


async def test_r05_proxies_are_asked_with_the_whole_address_and_told_who_asks() -> None:
    heard = list[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        refused = heard[-1].startswith(b"CONNECT")
        status = b"407 Proxy Authentication Required" if refused else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, opened() as connections:
        proxy = f"http://me:p%40ss@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        url = URL("http://models.example/v1/x?y=1")
        connection = await connections.take(url, proxy)
        assert (await connection.ask(get(url, proxy), b"", 1000)).status == 200
        await connection.pass_on(None)
        assert connection.body == b"ok"
        connections.give_back(url, proxy, connection)
        with pytest.raises(Unreached, match="HTTP 407"):
            await connections.take(URL("https://models.example/v1/x"), proxy)
    named = b"Proxy-Authorization: Basic " + base64.b64encode(b"me:p@ss") + b"\r\n"
    assert heard[0].startswith(b"GET http://models.example/v1/x?y=1 HTTP/1.1\r\nHost: models.example\r\n")
    assert heard[1].startswith(b"CONNECT models.example:443 HTTP/1.1\r\nHost: models.example:443\r\n")
    assert all(named in one for one in heard)
    assert b"Proxy" not in get(URL("https://models.example/v1/x"), proxy)  # through a tunnel it would reach the server


async def test_r06_silence_ends_a_call_and_a_header_cannot_hold_another() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"2\r\nok")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, opened(silence=0.1) as connections:
        url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        connection = await connections.take(url)
        await connection.ask(get(url), b"", 1000)
        with pytest.raises(TimeoutError):
            await connection.pass_on(None)
        assert connection.body == b"ok"
        connections.give_back(url, None, connection)
    with pytest.raises(ValueError, match="end of a line"):
        request_head("GET", url, (("X", "1\r\nY: 2"),), 0, None)


async def test_r06_one_timer_for_all_that_a_connection_carries_ends_what_is_silent_and_nothing_idle() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + b"2\r\nok\r\n0\r\n\r\n")
        await reader.read()  # the second request is not answered
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, opened(silence=600) as connections:
        url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        connection = await connections.take(url)
        await connection.ask(get(url), b"", 1000)
        await connection.pass_on(None)
        connections.give_back(url, None, connection)
        connection._look()  # its time is up while nothing is asked
        assert connection.is_open
        assert await connections.take(url) is connection
        connection._silence = 0.05
        with pytest.raises(TimeoutError):
            await connection.ask(get(url), b"", 1000)
        connections.give_back(url, None, connection)


async def test_r03_calls_of_somebody_else_are_sent_as_they_are_asked() -> None:
    class Counts:
        """Counts calls that are in flight until it is told to answer."""

        def __init__(self) -> None:
            self.in_flight = self.most = 0
            self.gate = asyncio.Event()

        async def complete(self, request: Request) -> Reply:
            """Answer once the gate is open."""
            self.in_flight += 1
            self.most = max(self.most, self.in_flight)
            await self.gate.wait()
            self.in_flight -= 1
            return Reply(text="yes", tokens_in=1, tokens_out=1, seconds=1.0)

    found = []
    for pacing in (AS_ASKED, NEAR):
        inner = Counts()
        limited = Limited(inner, 64, pacing)
        calls = [limited.complete(Request("m", (Message("user", str(one)),), AGENT)) for one in range(80)]
        tasks = [asyncio.create_task(call) for call in calls]
        for _ in range(200):
            await asyncio.sleep(0)
        inner.gate.set()
        await asyncio.gather(*tasks)
        found.append(inner.most)
    assert found[0] == 64
    assert found[1] < 64


class Never:
    """Takes a piece, and wants no other."""

    def put(self, _: bytes) -> bool:
        """Take a piece."""
        return False

    async def emptied(self) -> None:
        """Wait for good."""
        await asyncio.Event().wait()


async def left(task: asyncio.Task[object]) -> None:
    """Let a task begin, and leave it."""
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_r07_a_connection_whose_reply_was_not_taken_serves_no_other_call() -> None:
    async with endpoint([b"hello"], b"0\r\n\r\n") as (text, requests), opened() as connections:
        url = URL(text)
        connection = await connections.take(url)
        await connection.ask(get(url), b"", 1000)
        await left(asyncio.create_task(connection.pass_on(Never())))
        connections.give_back(url, None, connection)
        assert not connection.is_open
        another = await connections.take(url)
        assert (await another.ask(get(url), b"", 1000)).status == 200
        assert requests == [1, 1]


async def test_r08_a_connection_whose_request_is_not_out_serves_no_other_call() -> None:
    """An endpoint may answer before it has read what it is asked, and then read no more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # of a server's connection
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await done.wait()
        writer.close()

    size, done = 40_000_000, asyncio.Event()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, opened() as connections:
        url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        connection = await connections.take(url)
        head = request_head("POST", url, (), size, None)
        async with asyncio.timeout(10):
            assert (await connection.ask(head, b"x" * size, 1000)).status == 413
        connections.give_back(url, None, connection)
        assert not connection.is_open
        done.set()


async def test_r09_the_connection_to_a_proxy_that_refuses_is_closed() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await reader.read()
        ended.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, opened() as connections:
        proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(Unreached, match="HTTP 407"):
            await connections.take(URL("https://models.example/v1"), proxy)
        async with asyncio.timeout(5):
            await ended.wait()


async def test_r10_a_proxy_may_be_named_without_http_and_another_kind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    monkeypatch.delenv("no_proxy", raising=False)
    assert environment_proxy("https://models.example/v1") == "http://proxy.example:3128"
    monkeypatch.setenv("https_proxy", "")
    assert environment_proxy("https://models.example/v1") is None
    async with opened() as connections:
        for scheme in ("http", "https"):
            with pytest.raises(Unreached, match=r"socks5://127\.0\.0\.1 is asked in HTTP alone"):
                await connections.take(URL(f"{scheme}://models.example/v1"), "socks5://me:secret@127.0.0.1:9")


async def test_r13_https_to_a_server_without_it_is_told_as_such() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, opened() as connections:
        with pytest.raises(Unreached, match="speaks no TLS; write http://"):
            await connections.take(URL(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"))


class Foreign:
    """A loop of another package, such as uvloop's: it makes connections without the word that only asyncio's knows."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __getattr__(self, name: str) -> object:
        return getattr(self._loop, name)

    async def create_connection(self, make: object, host: str, port: int, *, ssl: object = None) -> object:
        """Make a connection as uvloop 0.23 does."""
        return await self._loop.create_connection(make, host, port, ssl=ssl)  # type: ignore[call-overload]


async def test_r11_loops_of_other_packages_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    async with endpoint([b"abc"], b"0\r\n\r\n") as (text, requests), opened() as connections:
        foreign = Foreign(asyncio.get_running_loop())
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: foreign)
        taker, url = Slow(10**9), URL(text)
        connection = await connections.take(url)
        await connection.ask(get(url), b"", 1000)
        await connection.pass_on(taker)
        assert (taker.pieces, requests) == ([b"abc"], [1])


async def test_r12_nothing_is_kept_of_an_address_that_holds_a_key_once_all_is_closed() -> None:
    async with endpoint([b"abc"], b"0\r\n\r\n") as (text, _), opened() as connections:
        url = URL(f"{text}?key=secret")
        connections.give_back(url, None, await connections.take(url))
        assert connections_of._place.cache_info().currsize
    assert not connections_of._place.cache_info().currsize
