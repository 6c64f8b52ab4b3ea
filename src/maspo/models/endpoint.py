"""Where model calls go: address, key, attribution."""

from __future__ import annotations

import ipaddress
import json
import re
import string
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from yarl import URL

from maspo.core.errors import ConfigInvalid
from maspo.models.base import Request

_PATH = "/chat/completions"
_HEADER_SAFE = string.punctuation.replace("%", "")
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_QUERY_ALLOWED = frozenset({"api-version"})
"""Parameters of a base URL that are known to be no secret: the address of a run is recorded."""
_SHORTEST_SECRET = 8
"""Shorter keys (local servers take any word) are words that a reply may hold by right."""


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint.

    ``base_url`` is taken as given: ``/chat/completions`` is added unless it is there already, a query is kept.
    ``timeout`` is seconds per attempt. ``attribution`` says whether the X-Maspo headers are sent. ``allow_http`` lets
    plain http leave this machine, ``use_proxy`` lets the proxy of the environment see where requests go.

    Raises:
        ConfigInvalid: an address that is not http(s) or may hold a secret, or a key that cannot be sent. Never shows
            a secret.

    """

    base_url: str = field(repr=False)
    api_key: str = field(default="", repr=False)
    run: str = ""
    attribution: bool = True
    timeout: float = 120.0
    allow_http: bool = False
    use_proxy: bool = False

    def __post_init__(self) -> None:
        problem = _find_problem(self.base_url)
        if problem:
            # Shown without user name and query, as far as they can be told apart in what is no address.
            shown = re.sub(r"[?#].*", "?…", self.base_url, flags=re.DOTALL)
            shown = _printable(re.sub(r".*@", "…@", shown, flags=re.DOTALL))
            raise ConfigInvalid(f"--base-url {shown!r}: {problem}")
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ConfigInvalid(
                "the API key holds characters that no header can carry; copy it again, without newlines"
            )

    def check_private(self) -> None:
        """Check that nobody between this machine and the endpoint can read keys, prompts and inputs.

        Raises:
            ConfigInvalid: plain http to another machine, and ``allow_http`` is not set.

        """
        url = URL(self.base_url)
        if url.scheme == "http" and not self.allow_http and not is_loopback(url.raw_host or ""):
            raise ConfigInvalid(
                f"--base-url {self.shown}: plain http to another machine shows key and prompts to everyone between; "
                "use https, or allow it with --set models.allow_http=true (this machine is localhost, 127.0.0.1, [::1])"
            )

    def redacted(self, body: bytes, shortest: int = _SHORTEST_SECRET) -> bytes:
        """Return what an endpoint sent without the key, however JSON or URLs spell it."""
        key = self.api_key.strip()
        if len(key) < shortest:
            return body
        quoted = json.dumps(key)[1:-1]
        for spelled in dict.fromkeys((key, quoted, quoted.replace("/", "\\/"), quote(key, safe=""))):
            body = body.replace(spelled.encode(), b"[key]")
        return body

    @cached_property
    def url(self) -> str:
        """The address that requests are posted to."""
        parts = urlsplit(self.base_url)
        path = parts.path.rstrip("/")
        path = path if path.endswith(_PATH) else path + _PATH
        return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))

    @cached_property
    def shown(self) -> str:
        """The base URL for messages: without its query, which may hold a secret."""
        parts = urlsplit(self.base_url)
        return _printable(urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")))

    def headers(self, request: Request) -> dict[str, str]:
        """Return the headers of a request: content type, key if there is one, attribution if wanted."""
        headers = {"Content-Type": "application/json"}
        if self.api_key.strip():
            headers["Authorization"] = f"Bearer {self.api_key.strip()}"
        if self.attribution:
            named = {"Purpose": request.purpose, "Agent": request.agent, "Run": self.run}
            headers |= {f"X-Maspo-{name}": header_safe(value) for name, value in named.items() if value}
        return headers


def header_safe(text: str) -> str:
    """Percent-encode what a header cannot carry (UTF-8); letters, digits and punctuation but ``%`` stay."""
    return quote(text, safe=_HEADER_SAFE, errors="replace")


def is_loopback(host: str) -> bool:
    """Say whether a host name surely is this machine: ``localhost``, or an address written in full."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _find_problem(base_url: str) -> str:
    """Return what is wrong with an address, empty when it can be used: one that every reader reads alike."""
    expected = "expected e.g. https://api.openai.com/v1"
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        usable = usable and (URL(base_url).raw_host or "").lower() == parts.hostname
    except ValueError:
        return f"not an address; {expected}"
    if "@" in parts.netloc:
        return "it holds a user name or password; give the key by environment variable instead"
    if not usable or "\\" in base_url or "#" in base_url or any(character <= " " for character in base_url):
        return f"not an address; {expected}"
    host = parts.netloc.removesuffix(f":{parts.port}") if parts.port is not None else parts.netloc.rstrip(":")
    if not _HOST.fullmatch(host):
        return "a host of letters, digits, dots and hyphens is expected; write others as xn--…"
    if not {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)} <= _QUERY_ALLOWED:
        return "its query may hold a secret, and the address is recorded; only api-version is taken"
    return ""


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)
