"""The client of any OpenAI-compatible chat-completions endpoint."""

from __future__ import annotations

from time import perf_counter
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from maspo.errors import ProviderError
from maspo.models.base import Reply, Request
from maspo.models.endpoint import Endpoint
from maspo.models.faults import Adapted, Stage, Transient
from maspo.models.wire import STANDARD, Dialect, excerpt, other_dialect, payload, read_reply, refusal

_CONNECT_SECONDS = 15.0
_KEEP_ALIVE_SECONDS = 60.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ChatClient:
    """A ``Model`` over HTTP: one attempt per call, no retries, no limit, no cache; those are layers.

    Use it as an async context manager. It learns, once per model, which parameters the endpoint refuses.

    Raises (from ``complete``):
        Transient: this attempt failed and another may not.
        CallFailed: the endpoint refuses this request.
        ProviderError: the endpoint refuses every request of this kind (key, model, address).

    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._url = URL(endpoint.url)
        self._proxy = _proxy(endpoint.url)
        self._headers: dict[tuple[str, str], dict[str, str]] = {}
        self._dialects: dict[str, Dialect] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Concurrency has its own layer, so the connector sets no limit. Redirects and cookies are not followed.
        timeout = aiohttp.ClientTimeout(
            total=self.endpoint.timeout, sock_connect=min(_CONNECT_SECONDS, self.endpoint.timeout)
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def complete(self, request: Request) -> Reply:
        """Send one request once."""
        if self._session is None:
            raise RuntimeError("the client is not open; use `async with ChatClient(endpoint) as client:`")
        dialect = self._dialects.get(request.model, STANDARD)
        started = perf_counter()
        try:
            async with self._session.post(
                self._url,
                data=payload(request, dialect),
                headers=self._headers_of(request),
                proxy=self._proxy,
                allow_redirects=False,
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._lost(error, perf_counter() - started) from error
        seconds = perf_counter() - started
        if response.status == 200:
            return read_reply(body, seconds, self.endpoint.shown)
        if response.status in (400, 422):
            self._adapt(request.model, dialect, body)
        failure = refusal(self.endpoint, response.status, response.headers, body)
        if isinstance(failure, Transient):
            failure.seconds = seconds
        raise failure

    def _headers_of(self, request: Request) -> dict[str, str]:
        named = (request.purpose, request.agent)
        if named not in self._headers:
            self._headers[named] = self.endpoint.headers(request)
        return self._headers[named]

    def _adapt(self, model: str, dialect: Dialect, body: bytes) -> None:
        """Learn the model's dialect from a refusal; return when the refusal is about something else.

        Raises:
            Adapted: the request can be sent again.

        """
        other = other_dialect(dialect, body[:10_000].decode("utf-8", "replace"))
        if other is not None:
            self._dialects[model] = other
            raise Adapted(f"{model} refuses a parameter: {excerpt(body)}", Stage.REFUSED)

    def _lost(self, error: Exception, seconds: float) -> ProviderError:
        unreached = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
        if isinstance(error, TimeoutError):
            what = "no connection" if unreached else "no reply"
            reason = f"{what} within {seconds:.0f} s (models.timeout is {self.endpoint.timeout:g} s)"
        else:
            reason = excerpt((str(error) or type(error).__name__).encode("utf-8", "replace"))
        fix = "; check --base-url and that the endpoint runs" if unreached else ""
        stage = Stage.UNREACHED if unreached else Stage.LOST
        return Transient(f"{self.endpoint.shown}: {reason}{fix}", stage, seconds=seconds)


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address, found once rather than per call."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _LOOPBACK or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)
