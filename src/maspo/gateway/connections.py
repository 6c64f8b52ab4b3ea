"""Connections to endpoints: a request goes out in one write, and a reply goes on in the moment in which it comes.

HTTP/1.1 alone, and what a proxy needs of it. An HTTP library wakes a task for each piece of a stream, or takes as
long to unpack it as to send it on; of a stream in twenty pieces, that is most of what it costs.
"""

from __future__ import annotations

import asyncio
import base64
import math
import ssl
from collections import deque
from functools import cached_property, lru_cache
from time import monotonic
from typing import Final, Protocol, cast
from urllib.parse import unquote, urlsplit

from yarl import URL

from maspo.core.errors import said_of
from maspo.gateway.message_reader import Headers, NotHttp
from maspo.gateway.response_reader import Head, ResponseReader

_KEPT_SECONDS: Final = 60.0
"""For which an idle connection is kept: most servers close theirs after a minute or so."""
_EYEBALLS: Final = 0.25
"""Seconds after which another address of a host is tried beside the first (RFC 8305, 5)."""
_AT_ONCE: Final = 1_000_000
"""Bytes of a request that are written at once; more go piece by piece, so that other calls go on meanwhile."""


class Unreached(OSError):
    """No connection was made: nothing was sent. ``status`` is what a proxy has answered, 0 where none has."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


class BrokeOff(OSError):
    """The connection ended before the reply did."""


class Taker(Protocol):
    """Where the pieces of a reply go."""

    def put(self, piece: bytes) -> bool:
        """Pass a piece on at once; say whether another may come right away. Never raises."""
        ...

    async def emptied(self) -> None:
        """Wait until another may come; never raises but when cancelled."""
        ...


class Connection(asyncio.Protocol):
    """One connection, which carries one request at a time. ``silence``: seconds without a byte that it waits."""

    def __init__(self, silence: float) -> None:
        self.body = bytearray()
        self.idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._silence = silence
        self._transport: asyncio.Transport | None = None
        self._reader = ResponseReader()
        self._busy = False
        """A request is under way."""
        self._written = False
        """All of it was given to the transport."""
        self._waiter: asyncio.Future[None] | None = None
        self._failure: Exception | None = None
        self._taker: Taker | None = None
        self._waits: asyncio.Task[None] | None = None
        self._most = 0
        self._heard = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def is_open(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, head: bytes, body: bytes, most: int) -> Head:
        """Send a request; return status and headers of the reply.

        ``most`` is what ``body`` holds of the reply, in bytes; then a piece more.

        Raises:
            OSError, TimeoutError: the connection ended before that, or was silent too long.
            NotHttp: what came is no reply.

        """
        if self._transport is None or self._transport.is_closing():
            raise BrokeOff("the server closed the connection before anything was asked")
        self._busy, self._written = True, False
        self._reader, self._most, self.body = ResponseReader(head.partition(b" ")[0]), most, bytearray()
        self._heard = monotonic()
        if self._timer is None:
            self._timer = self._loop.call_later(self._silence, self._look)
        if len(body) <= _AT_ONCE:
            self._transport.write(head + body)
            self._written = True
        else:
            self._transport.write(head)
            for at in range(0, len(body), _AT_ONCE):
                if not self.is_open or self._reader.ended:
                    break  # it is answered already: nobody reads the rest
                self._transport.write(body[at : at + _AT_ONCE])
                await self._writable.wait()
                self._heard = monotonic()
            else:
                self._written = True
        while self._reader.head is None:
            await self._news()
        return self._reader.head

    async def ask_for_tunnel(self, head: bytes) -> int:
        """Ask a proxy to connect through; return the status of its answer, after which the connection is as new."""
        told = await self.ask(head, b"", 0)
        self._busy = False
        return told.status

    async def pass_on(self, taker: Taker | None, since: int = 0) -> None:
        """Wait for the end of the body; pass on what has come and what comes. The connection is then free, or closed.

        ``since`` are the bytes of it that the taker has.

        Raises:
            OSError, TimeoutError, NotHttp: it broke off.

        """
        self._taker = taker
        if taker is not None and len(self.body) > since and not taker.put(bytes(self.body[since:])):
            self._pause(taker)
        while not self._reader.ended or self._waits is not None:
            await self._news()

    def release(self) -> bool:
        """End the exchange; say whether the connection can serve another."""
        answered = self._busy and self._reader.ended and self._reader.kept and self._failure is None and self.is_open
        # One whose reply was not taken reads no more, and one whose request is not out would send the rest first.
        kept = answered and self._waits is None and self._is_all_sent()
        if self._waits is not None:
            self._waits.cancel()
        self._busy, self._taker, self._waits, self.body = False, None, None, bytearray()
        if not kept:
            self.close()
        return kept

    def close(self) -> None:
        """Close it, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()

    def _is_all_sent(self) -> bool:
        return self._written and self._transport is not None and self._transport.get_write_buffer_size() == 0

    async def _news(self) -> None:
        """Wait until something has changed."""
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None
        if self._failure is not None:
            raise self._failure

    def _tell(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._failure is None:
            self._failure = error
        self._tell()
        self.close()

    def _look(self) -> None:
        """End what waits for bytes once none have come for too long: one timer for all that a connection carries."""
        if not self._busy:
            self._timer = None
            return
        left = min(self._heard + self._silence - monotonic(), self._silence)
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._fail(TimeoutError())

    # ── what the event loop calls ────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes of the reply, and pass those of its body on."""
        reader = self._reader
        if not self._busy or reader.ended:
            self.close()  # nobody has asked
            return
        began = reader.head is None
        try:
            piece = reader.feed(data)
        except NotHttp as error:
            self._fail(error)
            return
        self._heard = monotonic()
        if piece:
            if len(self.body) <= self._most:
                self.body += piece
            if self._taker is not None and not self._taker.put(piece):
                self._pause(self._taker)
        if reader.ended:
            self._writable.set()
            self._tell()
        elif began and reader.head is not None:
            self._tell()

    def eof_received(self) -> None:
        """Take note that no more will come."""
        self.connection_lost(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Take note that the connection is gone."""
        self._writable.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._busy and not self._reader.ended and not self._reader.close():
            self._fail(error or BrokeOff("the server closed the connection before the reply was whole"))
        self._tell()

    def pause_writing(self) -> None:
        """Wait with the rest of a large request."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on with it."""
        self._writable.set()

    # ── what comes of it ─────────────────────────────────────────────────────────────────────────────────────────────

    def _pause(self, taker: Taker) -> None:
        if self._waits is None and self._transport is not None:
            self._transport.pause_reading()
            self._waits = self._loop.create_task(self._wait(taker, self._transport))

    async def _wait(self, taker: Taker, transport: asyncio.Transport) -> None:
        """Read no more until the taker has taken what it has."""
        self._heard = math.inf
        await taker.emptied()
        self._waits, self._heard = None, monotonic()
        transport.resume_reading()
        self._tell()


class Connections:
    """Connections that are kept from request to request; close them at the end.

    ``silence`` are the seconds that a reply may keep silent, ``patience`` those until a connection is there.
    """

    def __init__(self, silence: float, patience: float) -> None:
        self._silence, self._patience = silence, patience
        self._idle: dict[tuple[str, str | None], deque[Connection]] = {}
        self._all: set[Connection] = set()

    async def take(self, url: URL, proxy: str | None = None) -> Connection:
        """Return a connection to where an address lies, through a proxy if one is named.

        Raises:
            Unreached: there is none.

        """
        idle = self._idle.get(_place(url, proxy))
        oldest = monotonic() - _KEPT_SECONDS
        while idle:
            connection = idle.pop()
            if connection.is_open and connection.idle_since > oldest:
                return connection
            self._drop(connection)
        try:
            async with asyncio.timeout(self._patience):
                connection = await self._connect(url, proxy)
        except TimeoutError:
            raise Unreached(f"no connection for {self._patience:.0f} s") from None
        except (OSError, NotHttp, ssl.CertificateError) as error:
            raise Unreached(f"cannot connect to {url.host}:{url.port}: {said_of(error)}") from error
        self._all.add(connection)
        return connection

    def give_back(self, url: URL, proxy: str | None, connection: Connection) -> None:
        """Keep a connection for the next request, if it may serve one."""
        if not connection.release():
            self._all.discard(connection)
            return
        connection.idle_since = monotonic()
        idle = self._idle.setdefault(_place(url, proxy), deque())
        idle.append(connection)
        while idle[0].idle_since < connection.idle_since - _KEPT_SECONDS:
            self._drop(idle.popleft())

    async def close(self) -> None:
        """Close all."""
        for connection in list(self._all):
            self._drop(connection)
        self._idle.clear()
        _place.cache_clear()  # an address, or a proxy's, may hold a key, and a head holds one
        _head_but_length.cache_clear()
        await asyncio.sleep(0)  # transports close in the next round of the event loop

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self._all.discard(connection)

    async def _connect(self, url: URL, proxy: str | None) -> Connection:
        loop = asyncio.get_running_loop()

        def make() -> Connection:
            return Connection(self._silence)

        host, port, secure = url.raw_host or "", url.port or 80, url.scheme == "https"
        if proxy is None:
            tls = self._tls if secure else None
            if isinstance(loop, asyncio.BaseEventLoop):
                _, connection = await loop.create_connection(make, host, port, ssl=tls, happy_eyeballs_delay=_EYEBALLS)
            else:  # of another package, such as uvloop's, which does not know the word
                _, connection = await loop.create_connection(make, host, port, ssl=tls)
            return connection
        at = urlsplit(proxy)
        if at.scheme not in ("http", "https"):
            raise Unreached(f"the proxy {at.scheme}://{at.hostname} is asked in HTTP alone; name one that speaks it")
        tls = self._tls if at.scheme == "https" else None
        place = at.hostname or "", at.port or (443 if tls else 80)
        transport, connection = await loop.create_connection(make, *place, ssl=tls)
        if secure:
            try:
                await self._tunnel(transport, connection, proxy, host, port)
            except BaseException:
                transport.abort()  # nobody else knows of it
                raise
        return connection

    async def _tunnel(
        self, transport: asyncio.Transport, connection: Connection, proxy: str, host: str, port: int
    ) -> None:
        """Go on through a proxy, to which a connection is there, with the server itself."""
        named = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        request = f"CONNECT {named} HTTP/1.1\r\nHost: {named}\r\n{_credentials(proxy)}\r\n".encode("latin-1")
        status = await connection.ask_for_tunnel(request)
        if not 200 <= status < 300:
            at = urlsplit(proxy)
            raise Unreached(f"the proxy {at.hostname}:{at.port} answers with HTTP {status}", status)
        over = await asyncio.get_running_loop().start_tls(transport, connection, self._tls, server_hostname=host)
        if over is None:
            raise Unreached("the connection ended while it was encrypted")
        connection.connection_made(over)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        return context


def request_head(method: str, url: URL, headers: Headers, size: int, proxy: str | None) -> bytes:
    """Return the head of a request with a body of some bytes; asked of a proxy, with the whole address.

    Raises:
        ValueError: a header that would be more than one.

    """
    length = f"Content-Length: {size}\r\n" if size or method not in ("GET", "HEAD", "DELETE", "OPTIONS") else ""
    return b"%b%b\r\n" % (_head_but_length(method, url, headers, proxy), length.encode())


@lru_cache(maxsize=64)
def _head_but_length(method: str, url: URL, headers: Headers, proxy: str | None) -> bytes:
    """Return a head without its end; those of an app are the same from call to call."""
    through = proxy is not None and url.scheme == "http"
    target = str(url) if through else url.raw_path_qs
    named = url.host_port_subcomponent or ""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {named}", *[f"{name}: {value}" for name, value in headers]]
    head = "\r\n".join(lines)
    if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1 or "\0" in head:
        raise ValueError("a header holds the end of a line")
    return f"{head}\r\n{_credentials(proxy) if through else ''}".encode("latin-1")


def _credentials(proxy: str | None) -> str:
    """Return the header by which a proxy knows who asks; empty where its address names nobody."""
    at = urlsplit(proxy or "")
    if at.username is None:
        return ""
    told = f"{unquote(at.username)}:{unquote(at.password or '')}".encode()
    return f"Proxy-Authorization: Basic {base64.b64encode(told).decode()}\r\n"


@lru_cache(maxsize=256)
def _place(url: URL, proxy: str | None) -> tuple[str, str | None]:
    return f"{url.scheme}://{url.raw_host}:{url.port}", proxy
