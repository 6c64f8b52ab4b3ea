"""Serves the apps of this machine: HTTP/1.1, a request at a time a connection, and one write an answer.

What the gateway needs of a server and no more: an HTTP library takes two tasks a request, and as long as all else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Final, cast

from maspo.gateway.message_reader import Headers, NotHttp
from maspo.gateway.request_reader import Asked, RequestReader

_MOST_AHEAD: Final = 65_536
"""Bytes of further requests that are taken before a first one is answered."""
_CLOSING: Final = 1.0
"""Seconds in which apps may take what was sent before their connections are closed at the end."""
_LOOKS: Final = 20
"""How often it is looked in that time whether all have."""
_LOG = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class AppRequest:
    """A request of an app, whole. It is answered once: by ``answer``, or ``begin``, ``put``, and ``end`` or ``cut``."""

    method: str
    target: str
    """The path, with the query."""
    headers: Headers
    """As they stand there."""
    named: Mapping[str, str]
    """The same by their names in small letters; of several of a name the first."""
    body: bytes
    in_chunks: bool
    """Whether the app can read a body whose length is not known before (HTTP/1.1)."""
    kept: bool
    """Whether the app would send another request after this."""
    line: Line
    _held: bytes = b""
    """How the answer begins: it goes out with the first piece."""

    @property
    def has_gone(self) -> bool:
        """Whether the app has hung up."""
        return self.line.is_closing

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send an answer that is whole; nothing where the app has gone."""
        told = [*headers]
        if status >= 200 and status not in (204, 304):
            told.append(("Content-Length", str(len(body))))
        if not self.kept:
            told.append(("Connection", "close"))
        elif not self.in_chunks:
            told.append(("Connection", "keep-alive"))
        self.line.write(_head(status, told) + (b"" if self.method == "HEAD" else body))
        self.line.answered(self.kept)

    def begin(self, status: int, headers: Headers) -> None:
        """Begin an answer whose length is not known; it goes out with what is put first."""
        if self.in_chunks:
            self._held = _head(status, (*headers, ("Transfer-Encoding", "chunked")))
        else:
            self.kept = False  # nothing else tells the end, even where the app would keep the connection
            self._held = _head(status, (*headers, ("Connection", "close")))

    def put(self, piece: bytes) -> bool:
        """Send the next bytes, or none yet; say whether the app takes them as fast as they come."""
        if piece and self.in_chunks:
            piece = b"%x\r\n%b\r\n" % (len(piece), piece)
        if self._held:
            piece, self._held = self._held + piece, b""
        return self.line.write(piece)

    async def taken(self) -> None:
        """Wait until the app has taken most of what was sent, or has gone."""
        await self.line.taken.wait()

    def end(self) -> None:
        """Tell that all was put."""
        self.line.write(self._held + (b"0\r\n\r\n" if self.in_chunks else b""))
        self.line.answered(self.kept)

    def cut(self) -> None:
        """Hang up after what was put, so that the app knows that it is not all."""
        self.line.answered(kept=False)

    def hang_up(self) -> None:
        """Close the connection at once, whatever has not gone out."""
        self.line.abort()


class Line(asyncio.Protocol):
    """A connection of an app."""

    def __init__(self, handle: Callable[[AppRequest], None], lines: set[Line], largest: int) -> None:
        self.taken = asyncio.Event()
        """Whether the app takes what is sent."""
        self.taken.set()
        self._handle, self._lines, self._largest = handle, lines, largest
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader()
        self._body = bytearray()
        self._begun = False
        """Something of the request has come."""
        self._busy = False
        """A request is whole and not answered."""
        self._ahead = bytearray()
        """What came of further ones."""

    @property
    def is_closing(self) -> bool:
        """Whether nothing more goes out."""
        return self._transport is None or self._transport.is_closing()

    def write(self, data: bytes) -> bool:
        """Send bytes, if anybody is there; say whether more may follow at once."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)
        return self.taken.is_set()

    def answered(self, kept: bool) -> None:
        """Go on with the next request once one is answered, or close."""
        self._reader, self._body = RequestReader(), bytearray()
        self._busy = self._begun = False
        if not kept:
            self.close()
        elif self._ahead:
            asyncio.get_running_loop().call_soon(self._go_on)

    def close(self) -> None:
        """Close the connection once what was sent has gone out."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    # ── what the event loop calls ────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._lines.add(self)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request."""
        if self._busy or self._ahead:
            self._ahead += data
            if len(self._ahead) > _MOST_AHEAD and self._transport is not None:
                self._transport.pause_reading()
        else:
            self._take(data)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 (the loop's)
        """Take note that the app has gone."""
        self.taken.set()
        self._lines.discard(self)

    def pause_writing(self) -> None:
        """Take note that the app does not take what is sent."""
        self.taken.clear()

    def resume_writing(self) -> None:
        """Take note that it does again."""
        self.taken.set()

    # ── what comes of it ─────────────────────────────────────────────────────────────────────────────────────────────

    def _go_on(self) -> None:
        data = bytes(self._ahead)
        self._ahead.clear()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._take(data)

    def _take(self, data: bytes) -> None:
        reader = self._reader
        if not self._begun:
            data = data.lstrip(b"\r\n")  # by which some programs end a body (RFC 9112, 2.2)
            if not data:
                return
            self._begun = True
        try:
            piece = reader.feed(data)
        except NotHttp as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        if reader.head is None:
            return
        if len(self._body) + len(piece) > self._largest:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has {self._largest} bytes at most")
            return
        if reader.ended:
            self._ahead += reader.over
            self._serve(reader.head, bytes(self._body + piece) if self._body else piece, reader.kept)
        elif not self._body and not piece and _asks_first(reader.head):
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")  # curl asks before it sends much
        else:
            self._body += piece

    def _serve(self, head: Asked, body: bytes, kept: bool) -> None:
        self._busy = True
        named = {name.lower(): value for name, value in reversed(head.headers)}
        request = AppRequest(head.method, head.target, head.headers, named, body, head.version >= 1, kept, self)
        try:
            self._handle(request)
        except Exception:
            _LOG.exception("a request of an app failed")
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected error in the gateway")

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        told = (("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close"))
        text = why.encode("utf-8", "replace")
        self.write(_head(status, (*told, ("Content-Length", str(len(text))))) + text)
        self.answered(kept=False)


class Server:
    """Serves on a free port of loopback. ``handle`` is given each request; ``largest`` is a body's size in bytes."""

    def __init__(self, handle: Callable[[AppRequest], None], largest: int) -> None:
        self._handle, self._largest = handle, largest
        self._lines: set[Line] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Begin to serve; return the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Line(self._handle, self._lines, self._largest), "127.0.0.1", 0, backlog=1024
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Serve no more; what was sent goes out first, if an app takes it."""
        if self._server is not None:
            self._server.close()
        for line in list(self._lines):
            line.close()
        for _ in range(_LOOKS):
            await asyncio.sleep(0)  # transports close in the next round of the event loop
            if not self._lines:
                return
            await asyncio.sleep(_CLOSING / _LOOKS)
        for line in list(self._lines):
            line.abort()
        await asyncio.sleep(0)


def _asks_first(head: Asked) -> bool:
    return any(name.lower() == "expect" and value.lower() == "100-continue" for name, value in head.headers)


def _head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
    return f"{_status_line(status)}{lines}\r\n".encode("latin-1", "replace")


@lru_cache(maxsize=64)
def _status_line(status: int) -> str:
    try:
        return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
    except ValueError:  # a provider's own
        return f"HTTP/1.1 {status} \r\n"
