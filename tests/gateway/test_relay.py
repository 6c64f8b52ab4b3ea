"""A reply is passed on as it comes, no faster than it is taken, and its connection serves the next call."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import pytest

from maspo.gateway.relay import Relay
from maspo.models.base import AGENT, Message, Reply, Request
from maspo.models.layers.limited import AS_ASKED, NEAR, Limited

PIECES = [bytes([65 + number % 26]) * (1 + number * 997 % 40_000) for number in range(120)]
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Slow:
    """Takes pieces, and wants a moment after each so many bytes."""

    def __init__(self, most: int) -> None:
        self.pieces: list[bytes] = []
        self.waits = 0
        self.heard: list[float] = []
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


@pytest.mark.parametrize("most", [1, 100_000, 10**9])
async def test_r01_all_comes_in_order_however_slowly_it_is_taken_and_the_connection_is_kept(most: int) -> None:
    async with endpoint(PIECES, b"0\r\n\r\n") as (url, requests), aiohttp.ClientSession() as session:
        for _ in range(3):
            taker = Slow(most)
            async with session.get(url) as response:
                relay = Relay(response, taker, taker.heard.append, 10**9)
                await relay.ended()
            assert b"".join(taker.pieces) == b"".join(PIECES) == relay.body
            assert bool(taker.waits) == (most < 10**9)
            assert (float("inf") in taker.heard) == (most < 10**9)  # no silence while nobody wants more
        assert requests == [3]


async def test_r02_what_breaks_off_raises_and_of_what_is_too_long_only_so_much_is_held() -> None:
    async with endpoint(PIECES, b"") as (url, _), aiohttp.ClientSession() as session:
        taker = Slow(10**9)
        async with session.get(url) as response:
            relay = Relay(response, taker, taker.heard.append, 1000)
            with pytest.raises(aiohttp.ClientError):
                await relay.ended()
        assert b"".join(taker.pieces) == b"".join(PIECES)
        assert 1000 < len(relay.body) < sum(map(len, PIECES))


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
