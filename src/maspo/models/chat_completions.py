"""The client of any OpenAI-compatible chat-completions endpoint."""

from __future__ import annotations

from time import perf_counter
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from maspo.core.errors import ProviderError
from maspo.models.base import Reply, Request
from maspo.models.endpoint import Endpoint, is_loopback
from maspo.models.layers.faults import Adapted, Stage, Transient, Unusable
from maspo.models.wire import STANDARD, Dialect, excerpt, other_dialect, payload, read_reply, refusal

_CONNECT_SECONDS = 15.0
_KEEP_ALIVE_SECONDS = 60.0
_LARGEST_BODY = 4_000_000
"""Bytes, unpacked: far more than any reply within a token limit."""


class ChatClient:
    """A ``ModelClient`` over HTTP: one attempt per call, no retries, no limit, no cache; those are layers.

    Use it as an async context manager. It learns, once per model, which parameters the endpoint refuses.

    Raises (from ``complete``):
        Transient: this attempt failed and another may not.
        CallFailed: the endpoint refuses this request.
        ProviderError: the endpoint refuses every request of this kind (key, model, address).

    """

    def __init__(self, endpoint: Endpoint) -> None:
        endpoint.check_private()
        self.endpoint = endpoint
        self._url = URL(endpoint.url)
        self._proxy = environment_proxy(endpoint.url) if endpoint.use_proxy else None
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
                body = self.endpoint.redacted(await _read(response))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # Not chained: texts of the HTTP library may hold what was sent.
            raise self._lost(error, perf_counter() - started) from None
        seconds = perf_counter() - started
        if len(body) > _LARGEST_BODY:
            raise self._too_large(seconds)
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

    def _too_large(self, seconds: float) -> ProviderError:
        reason = f"a body of more than {_LARGEST_BODY:,} bytes, which no reply within a token limit needs"
        return Unusable(f"{self.endpoint.shown}: {reason}", None, seconds)

    def _lost(self, error: Exception, seconds: float) -> ProviderError:
        unreached = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
        if isinstance(error, TimeoutError):
            what = "no connection" if unreached else "no reply"
            reason = f"{what} within {seconds:.0f} s (models.timeout is {self.endpoint.timeout:g} s)"
        else:
            text = (str(error) or type(error).__name__).encode("utf-8", "replace")
            reason = excerpt(self.endpoint.redacted(text, shortest=1))
        fix = f"; check --base-url and that the endpoint runs{self._unused_proxy()}" if unreached else ""
        stage = Stage.UNREACHED if unreached else Stage.LOST
        return Transient(f"{self.endpoint.shown}: {reason}{fix}", stage, seconds=seconds)

    def _unused_proxy(self) -> str:
        if self._proxy is None and environment_proxy(self.endpoint.url) is not None:
            return "; the proxy of the environment is used only with --set models.use_proxy=true"
        return ""


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read a body, and of one that is too large a little more than is allowed."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST_BODY:
            response.close()
            break
    return bytes(body)


def environment_proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address, found once rather than per call."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)
