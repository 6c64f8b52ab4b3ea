"""Passes a reply on in the moment in which it comes: no task is woken for a piece of a stream."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any, Protocol

import aiohttp


class Taker(Protocol):
    """Where the pieces of a reply go."""

    def put(self, piece: bytes) -> bool:
        """Pass a piece on at once; say whether another may come right away. Never raises."""
        ...

    async def emptied(self) -> None:
        """Wait until another may come; never raises but when cancelled."""
        ...


class Relay(asyncio.Protocol):
    """Stands before the HTTP library on a connection while the body of a reply comes.

    Bytes are handed to the library as they come, which takes the body out of them; what it has then is passed on before
    anything else happens. A stream of twenty pieces costs a third of what it costs to wake a task for each. The
    connection is the library's again when the body has ended.

    ``heard`` is told when bytes came, on the loop's clock; infinity while the taker wants no more.
    """

    def __init__(
        self, response: aiohttp.ClientResponse, taker: Taker, heard: Callable[[float], None], most: int
    ) -> None:
        """Pass on all of a body; of what came, ``body`` holds ``most`` bytes, and the piece that goes beyond."""
        self.body = bytearray()
        self._content, self._taker, self._heard, self._most = response.content, taker, heard, most
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._waits: asyncio.Task[None] | None = None
        connection = response.connection  # None where the whole body came with the headers
        self._transport = None if connection is None else connection.transport
        self._library: Any = None if connection is None else connection.protocol
        if self._transport is not None:
            self._transport.set_protocol(self)
        self._take()

    async def ended(self) -> None:
        """Wait until the body has come to its end, and all of it is passed on.

        Raises:
            aiohttp.ClientError: it broke off.

        """
        try:
            await self._ended
        finally:
            self._give_back()
            if self._waits is not None:
                self._waits.cancel()
        if (error := self._content.exception()) is not None:
            raise error

    # ── what the event loop calls ────────────────────────────────────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        """Take bytes from the connection."""
        self._library.data_received(data)
        self._take()

    def eof_received(self) -> None:
        """Take note that no more will come; the event loop then closes the connection, as the library wishes."""
        self._library.eof_received()
        self._take()

    def connection_lost(self, error: Exception | None) -> None:
        """Take note that the connection is gone."""
        self._library.connection_lost(error)
        self._take()

    def pause_writing(self) -> None:
        """Tell the library; its request has long been sent."""
        self._library.pause_writing()

    def resume_writing(self) -> None:
        """Tell the library."""
        self._library.resume_writing()

    # ── what comes of it ─────────────────────────────────────────────────────────────────────────────────────────────

    def _take(self) -> None:
        """Pass on what the library has, unless the taker wants no more now, and see whether that was the end.

        What waits in the library until then is not much: it reads no more when that is a few pieces.
        """
        content = self._content
        while self._waits is None and content.exception() is None and (piece := content.read_nowait(-1)):
            if len(self.body) <= self._most:
                self.body += piece
            if not self._taker.put(piece):
                self._waits = self._loop.create_task(self._wait())
        self._heard(self._loop.time() if self._waits is None else math.inf)
        if content.is_eof() or content.exception() is not None:
            self._give_back()
            if self._waits is None and not self._ended.done():
                self._ended.set_result(None)

    async def _wait(self) -> None:
        """Read no more until the taker has taken what it has."""
        await self._taker.emptied()
        self._waits = None
        self._take()

    def _give_back(self) -> None:
        if self._transport is not None and self._library is not None and self._transport.get_protocol() is self:
            self._transport.set_protocol(self._library)
        self._transport = None
