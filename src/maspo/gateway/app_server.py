"""The server that apps speak to: their requests come whole, and answers go out in one write, or piece by piece.

HTTP/1.1 and 1.0 alone, on loopback. A server of a library makes a task, a stream for the body and an object for the
answer for each request; of a call that is passed on, that is a quarter of what it costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Final, Self, TypeAlias, cast

from maspo.core.concurrency import WAITING
from maspo.gateway.connections import Taker
from maspo.gateway.message_reader import Headers, NotHttp
from maspo.gateway.request_reader import RequestHead, RequestReader

_MOST_AHEAD: Final = 65_536
"""Bytes of its next requests that an app may send before it is answered: the event loop's own mark (asyncio)."""
_TO_END: Final = 1.0
"""Seconds in which answers that are on their way may reach apps when the server closes, or reads no further."""
_WITHOUT_BODY: Final = frozenset({204, 304})
_TEXT: Final = (("Content-Type", "text/plain"),)
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Exchange:
    """A request of an app that came whole, and where its answer goes. An answer to an app that has gone goes nowhere.

    ``on_gone`` is called once if the app leaves before it is answered.
    """

    __slots__ = ("_connection", "body", "head", "on_gone")

    def __init__(self, head: RequestHead, body: bytes, connection: AppConnection) -> None:
        self.head = head
        self.body = body
        self.on_gone: Callable[[], object] | None = None
        self._connection: AppConnection | None = connection

    @property
    def waits(self) -> bool:
        """Whether the app is there, and is not answered yet."""
        return self._connection is not None

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer."""
        if self._connection is not None:
            self._connection.send(self.head, status, headers, body)
            self._finish()

    def begin(self, status: int, headers: Headers, first: bytes) -> Taker | None:
        """Send status and headers, and in the same write what there is of the body; return where the rest goes."""
        if self._connection is not None:
            self._connection.begin(self.head, status, headers, first)
        return self._connection

    def end(self) -> None:
        """Say that the body is whole."""
        if self._connection is not None:
            self._connection.end()
            self._finish()

    def cut(self) -> None:
        """Close the connection once what was sent has gone: the rest of the body never came."""
        if self._connection is not None:
            self._connection.close()

    def leave(self) -> None:
        """Take note that the app has gone."""
        self._connection = None
        if self.on_gone is not None:
            self.on_gone()

    def _finish(self) -> None:
        connection, self._connection, self.on_gone = self._connection, None, None
        if connection is not None:
            connection.go_on()


Handler: TypeAlias = Callable[[Exchange], None]
"""Answers an exchange, now or later."""
Admit: TypeAlias = Callable[[RequestHead], Handler | None]
"""Says who answers a request; None for one that does not belong here."""


class AppConnection(asyncio.Protocol):
    """One connection of an app: one request after another. It is a ``Taker`` of the stream that answers one."""

    def __init__(self, server: AppServer) -> None:
        self.closed = asyncio.Event()
        self._server = server
        self._flows = asyncio.Event()
        """Set while the app takes what is sent."""
        self._flows.set()
        self._keeps_up = True
        """The same, for each piece of a stream."""
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader()
        self._begun = False
        """The head of a request has come."""
        self._handler: Handler | None = None
        self._body: bytearray | None = bytearray()
        """None of a request that is refused whatever its body holds."""
        self._exchange: Exchange | None = None
        """What is answered now."""
        self._ahead = b""
        """What came of the next requests meanwhile."""
        self._left = False
        """Nothing more is sent, nor read of what comes."""
        self._chunked = False

    # ── what the event loop calls ────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.opened.add(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request."""
        if self._left:
            return
        if self._exchange is None and not self._ahead and self._keeps_up:
            self._read(data)
            return
        self._ahead += data
        if len(self._ahead) > _MOST_AHEAD and self._transport is not None:
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 (whyever: the app is gone)
        """Take note that the app has gone."""
        self._transport = None
        self._server.opened.discard(self)
        self.closed.set()
        self.resume_writing()
        if self._exchange is not None:
            exchange, self._exchange = self._exchange, None
            exchange.leave()

    def pause_writing(self) -> None:
        """Take note that the app reads less than it is sent."""
        self._keeps_up = False
        self._flows.clear()

    def resume_writing(self) -> None:
        """Take note that it has read."""
        self._keeps_up = True
        self._flows.set()
        if self._exchange is None and self._ahead:
            asyncio.get_running_loop().call_soon(self._read_ahead)

    # ── what an exchange sends ───────────────────────────────────────────────────────────────────────────────────────

    def send(self, asked: RequestHead, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer in one write."""
        if status in _WITHOUT_BODY or asked.method == "HEAD":
            told, body = "", b""
        else:
            told = f"Content-Length: {len(body)}\r\n"
        self._write(_answer_head(asked.version, status, headers, told + self._of_connection(asked)) + body)

    def begin(self, asked: RequestHead, status: int, headers: Headers, first: bytes) -> None:
        """Send the beginning of a stream; to an app of HTTP/1.0 its end is told by that of the connection."""
        self._chunked = asked.version == 1
        if not self._chunked:
            self._reader.kept = False
        told = "Transfer-Encoding: chunked\r\n" if self._chunked else ""
        head = _answer_head(asked.version, status, headers, told + self._of_connection(asked))
        if first and self._chunked:
            first = b"%x\r\n%b\r\n" % (len(first), first)
        self._write(head + first)

    def put(self, piece: bytes) -> bool:
        """Send a piece of a stream; say whether another may come right away."""
        if self._transport is not None:
            self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)
        return self._keeps_up

    async def emptied(self) -> None:
        """Wait until the app has taken most of what was sent; one that takes nothing for too long has gone."""
        try:
            async with asyncio.timeout(self._server.patience):
                await self._flows.wait()
        except TimeoutError:
            self.abort()

    def end(self) -> None:
        """Send the end of a stream."""
        if self._chunked:
            self._write(b"0\r\n\r\n")

    def go_on(self) -> None:
        """Read the next request, or close."""
        self._exchange = None
        if not self._reader.kept:
            self._leave()
            return
        self._ahead = self._reader.surplus + self._ahead
        self._reader, self._begun, self._handler, self._body = RequestReader(), False, None, bytearray()
        if self._ahead and self._keeps_up:  # else once the app has read what it was sent
            asyncio.get_running_loop().call_soon(self._read_ahead)

    def close(self) -> None:
        """Close it once what was sent has gone."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_ahead(self) -> None:
        ahead, self._ahead = self._ahead, b""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._read(ahead)

    def _read(self, data: bytes) -> None:
        try:
            piece = self._reader.feed(data)
        except NotHttp as error:
            told = f"Connection: close\r\nContent-Length: {len(str(error))}\r\n"
            self._write(_answer_head(1, 400, _TEXT, told) + str(error).encode("latin-1", "replace"))
            self._leave()
            return
        head = self._reader.head
        if head is None:
            return
        if not self._begun:
            self._begun, self._handler = True, self._server.admit(head)
            if self._handler is None:
                self._body = None
            if not self._reader.ended and head.named.get("expect", "").lower() == "100-continue":  # curl asks first
                if self._handler is None:
                    self._reader.kept, self._reader.ended = False, True  # it sends no more
                else:
                    self._write(_CONTINUE)
        if piece and self._body is not None:
            self._body += piece
            if len(self._body) > self._server.most:
                self._body = None
        if self._reader.ended:
            self._take(head)

    def _take(self, head: RequestHead) -> None:
        """Let a request be answered that is whole."""
        exchange = self._exchange = Exchange(head, bytes(self._body or b""), self)
        if self._handler is None:
            exchange.answer(404, _TEXT, b"not found")
        elif self._body is None:
            exchange.answer(413, _TEXT, f"a request has at most {self._server.most:,} bytes".encode())
        else:
            self._handler(exchange)

    def _leave(self) -> None:
        """Say that nothing more comes, and let go what an app still sends: to close on it would lose it the answer.

        RFC 9112, section 9.6: a connection is closed for writing first, and wholly once the other side has closed.
        """
        self._left, self._ahead = True, b""
        if self._transport is not None:
            self._transport.resume_reading()
            self._transport.write_eof()
            asyncio.get_running_loop().call_later(_TO_END, self.close)

    def _of_connection(self, asked: RequestHead) -> str:
        if not self._reader.kept:
            return "Connection: close\r\n"
        return "" if asked.version else "Connection: keep-alive\r\n"

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


class AppServer:
    """Serves apps on loopback, as ``admit`` says; use it as an async context manager.

    A request has ``most`` bytes at most. A stream waits ``patience`` seconds for an app that takes nothing of it.
    """

    def __init__(self, admit: Admit, most: int, patience: float) -> None:
        self.port = 0
        self.admit = admit
        self.most = most
        self.patience = patience
        self.opened: set[AppConnection] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(partial(AppConnection, self), "127.0.0.1", 0, backlog=WAITING)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self.opened):
            connection.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TO_END):
                for connection in list(self.opened):
                    await connection.closed.wait()
        for connection in list(self.opened):
            connection.abort()
        await asyncio.sleep(0)  # transports close in the next round of the event loop


def _answer_head(version: int, status: int, headers: Headers, told: str) -> bytes:
    """Return status and headers as they are sent, each as it came, and with the time where none is told."""
    dated = any(name.lower() == "date" for name, _ in headers)
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    date = "" if dated else _date(int(time.time()))
    return f"{_status_line(version, status)}{''.join(lines)}{date}{told}\r\n".encode("latin-1")


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return f"Date: {formatdate(second, usegmt=True)}\r\n"


@lru_cache(maxsize=64)
def _status_line(version: int, status: int) -> str:
    known = next((one.phrase for one in HTTPStatus if one == status), "")
    return f"HTTP/1.{version} {status} {known}\r\n"
