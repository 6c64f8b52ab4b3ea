"""Where model calls go: address, key, attribution."""

from __future__ import annotations

import ipaddress
import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from maspo.core.errors import ConfigInvalid
from maspo.models.base import Request

if TYPE_CHECKING:  # a run on the simulated world has no address and no key
    from yarl import URL

    from maspo.models.secret import Secret

_PATH = "/chat/completions"
_PATHS = (_PATH, "/completions", "/responses", "/embeddings")
"""Of single requests, as they are copied from a provider's page in place of the base URL; the longer one first."""
_LIST = "/models"
"""The same behind a version; without one it is where chats lie: https://NAME.services.ai.azure.com/models."""
_VERSION = re.compile(r"/v\d+\w*(?=/|$)")
_HEADER_SAFE = string.punctuation.replace("%", "")
_HOST = re.compile(r"[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_NO_SCHEME = re.compile(r"(?!https?:)(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::\d{1,5})?(?:/[\w./-]*)?")
"""An address as browsers take it."""
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # a token of RFC 9110, 5.6.2
_QUERY_ALLOWED = frozenset({"api-version"})
"""Parameters of a base URL that are known to be no secret: the address of a run is recorded."""


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint.

    ``base_url`` may end in the path of a request, which is left out; ``/chat/completions`` is added, a query is kept.
    ``timeout`` is seconds of silence within a reply that is being written; for a whole one, or its first part, there is
    more time. ``attribution`` says whether the X-Maspo headers are sent. ``allow_http`` lets plain http leave this
    machine, ``use_proxy`` lets the proxy of the environment see where requests go. ``more_headers`` are sent as they
    are, and never shown; ``extra`` are parameters of every request. ``stream`` asks for replies as they are written.
    ``context`` is in tokens, prompt and reply together; 0 is not known. ``behind`` is what stands behind the path of a
    request: a slash, where a server answers there alone.

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
    more_headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False, hash=False)
    extra: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    stream: bool = True
    context: int = 0
    behind: str = ""

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
        for name, value in self.more_headers.items():
            if not (_HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()):
                raise ConfigInvalid(
                    f"models.headers: {_printable(name)!r} or its value holds characters that no header can carry"
                )

    def check_private(self) -> None:
        """Check that nobody between this machine and the endpoint can read keys, prompts and inputs.

        Raises:
            ConfigInvalid: plain http to another machine, and ``allow_http`` is not set.

        """
        url = _read(self.base_url)
        if url.scheme == "http" and not self.allow_http and not is_loopback(url.raw_host or ""):
            raise ConfigInvalid(
                f"--base-url {self.shown}: plain http to another machine shows key and prompts to everyone between; "
                "use https, or allow it with --set models.allow_http=true (this machine is localhost, 127.0.0.1, [::1])"
            )

    def redacted(self, body: bytes, shortest: int | None = None) -> bytes:
        """Return what an endpoint sent without key and secret headers, however spelled; see ``without_key``."""
        if not self._secrets:
            return body
        # Surrogates keep bytes that are no UTF-8 as they are.
        text = body.decode("utf-8", "surrogateescape")
        for secret in self._secrets:
            text = secret.cut_from_unread(text) if shortest is None else secret.cut_from_unread(text, shortest)
        return text.encode("utf-8", "surrogateescape")

    def without_key(self, text: str, shortest: int | None = None) -> str:
        """Return a text without the key; one shorter than ``shortest`` characters stays, for it may be a word."""
        for secret in self._secrets:
            text = secret.cut_from(text) if shortest is None else secret.cut_from(text, shortest)
        return text

    @property
    def has_secrets(self) -> bool:
        """Whether there is anything to cut out of what comes back."""
        return bool(self._secrets)

    @cached_property
    def _secrets(self) -> tuple[Secret, ...]:
        from maspo.models.secret import Secret, stands_in

        headers = (value for name, value in self.more_headers.items() if is_secret(name))
        return tuple(Secret(value) for value in (self.api_key, *headers) if value.strip() and not stands_in(value))

    @cached_property
    def left_out(self) -> str:
        """The path of a request that the base URL ends in; empty where it ends in none."""
        path = urlsplit(self.base_url).path.rstrip("/")
        paths = (*_PATHS, _LIST) if _VERSION.search(path.removesuffix(_LIST)) else _PATHS
        return next((one for one in paths if path.endswith(one)), "")

    @cached_property
    def _path(self) -> str:
        return urlsplit(self.base_url).path.rstrip("/").removesuffix(self.left_out).rstrip("/")

    @cached_property
    def url(self) -> str:
        """The address that requests are posted to."""
        parts = urlsplit(self.base_url)
        return urlunsplit((parts.scheme, parts.netloc, self._path + _PATH + self.behind, parts.query, ""))

    @cached_property
    def shown(self) -> str:
        """The base URL for messages: without its query, which may hold a secret, and the path of a request."""
        parts = urlsplit(self.base_url)
        return _printable(urlunsplit((parts.scheme, parts.netloc, self._path, "", "")))

    @cached_property
    def under_v1(self) -> Endpoint | None:
        """The same with the ``/v1`` that most base URLs end in; None where the path tells a version already."""
        if _VERSION.search(self._path):
            return None
        parts = urlsplit(self.base_url)
        return replace(self, base_url=urlunsplit((parts.scheme, parts.netloc, f"{self._path}/v1", parts.query, "")))

    @cached_property
    def shown_url(self) -> str:
        """The address that requests are posted to, for messages."""
        return _printable(self.url.partition("?")[0])

    def headers(self, request: Request) -> dict[str, str]:
        """Return the headers of a request: content type, key if there is one, attribution if wanted."""
        headers = {"Content-Type": "application/json", **self.headers_of_key()}
        if self.attribution:
            named = {"Purpose": request.purpose, "Agent": request.agent, "Run": self.run}
            headers |= {f"X-Maspo-{name}": header_safe(value) for name, value in named.items() if value}
        return headers

    def headers_of_key(self) -> dict[str, str]:
        """Return the headers that let somebody in, and those that the settings add."""
        key = self.api_key.strip()
        return {**({"Authorization": f"Bearer {key}"} if key else {}), **self.more_headers}

    @cached_property
    def is_near(self) -> bool:
        """Whether it is on this machine or in a private network, where a few calls side by side are all there is."""
        host = _read(self.base_url).raw_host or ""
        try:
            return ipaddress.ip_address(host).is_private
        except ValueError:
            return host == "localhost" or "." not in host or host.endswith((".local", ".lan", ".internal"))

    @cached_property
    def is_of_deployments(self) -> bool:
        """Whether what is asked for are deployments, which bear whatever name their owner gave them: Azure."""
        host = _read(self.base_url).raw_host or ""
        return host.endswith(".azure.com") or "/deployments/" in f"{self._path}/"


def _read(address: str) -> URL:
    """Return the parts of an address as the HTTP library reads it."""
    from yarl import URL

    return URL(address)


def is_secret(header: str) -> bool:
    """Say whether a header's value lets somebody in: by its name."""
    return re.search(r"auth|key|token|secret|cookie|password", header, re.IGNORECASE) is not None


@lru_cache(maxsize=256)
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
    if _NO_SCHEME.fullmatch(base_url):
        return "not an address; write http:// or https:// before it"
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        usable = usable and (_read(base_url).raw_host or "").lower() == parts.hostname
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
