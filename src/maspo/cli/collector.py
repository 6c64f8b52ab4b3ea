"""A collector of OpenTelemetry: where it is, what it is sent as a pass, and sending it OTLP over HTTP."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote

import aiohttp
from yarl import URL

from maspo.core.errors import ConfigInvalid, ProviderError
from maspo.models.endpoint import is_loopback
from maspo.models.refusals import excerpt
from maspo.models.secret import Secret

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""The variables that OpenTelemetry's own exporters read: an address, and ``name=value`` pairs with commas,
percent-encoded."""
_HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A name of a header (RFC 9110, token)."""


def address_of(to: str, option: str, signal: str) -> str:
    """Return where a signal (``traces``, ``metrics``) is sent: below the given address, unless it names the path.

    Raises:
        ConfigInvalid: it is no address, or others could read what is sent there.

    """
    try:
        url = URL(to)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        shown = re.sub(r"//.*@", "//…@", to)
        raise ConfigInvalid(
            f"{option} {shown!r}: expected the http(s) address of a collector, such as http://127.0.0.1:4318"
        )
    if url.user is not None or url.password is not None or url.query_string:
        raise ConfigInvalid(
            f"{option} {url.origin()}: the address holds a user, a password or a query, which would be shown; a pass "
            f"goes into {_HEADERS}, such as authorization=Bearer%20…"
        )
    if url.scheme == "http" and not is_loopback(url.host):
        raise ConfigInvalid(
            f"{option} {url.origin()}: plain http to another machine shows prompts and keys to everyone between; "
            "use https"
        )
    return str(url if url.path.endswith(f"/v1/{signal}") else url / "v1" / signal)


async def send(address: str, requests: Iterable[dict[str, Any]], option: str, seconds: float) -> None:
    """Send requests one after the other, each within so many seconds.

    Raises:
        ProviderError: the collector cannot be reached, or takes none.

    """
    timeout, headers = aiohttp.ClientTimeout(total=seconds), _headers()
    try:
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            for request in requests:
                async with session.post(address, json=request, allow_redirects=False) as response:
                    if response.status >= 300:
                        why = excerpt(await response.content.read(10_000)) or "no explanation"
                        for secret in (word for value in headers.values() for word in value.split()):
                            why = Secret(secret).cut_from(why)  # some tell what they were sent
                        raise ProviderError(f"{address}: HTTP {response.status}: {why}; see to {option} and {_HEADERS}")
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise ProviderError(
            f"{address}: cannot be reached ({str(error) or type(error).__name__}); see to {option}"
        ) from error


def _headers() -> dict[str, str]:
    pairs = (pair.partition("=") for pair in os.environ.get(_HEADERS, "").split(",") if "=" in pair)
    headers = {name.strip(): unquote(value.strip()) for name, _, value in pairs}
    if any(not _NAME.fullmatch(name) or not value.isprintable() for name, value in headers.items()):
        raise ConfigInvalid(f"{_HEADERS}: expected name=value pairs, each the name and the value of one HTTP header")
    return headers
