"""Where model calls go: address, key, attribution."""

from __future__ import annotations

import string
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, urlsplit, urlunsplit

from maspo.errors import ConfigInvalid
from maspo.models.base import Request

_PATH = "/chat/completions"
_HEADER_SAFE = string.punctuation.replace("%", "")


@dataclass(frozen=True)
class Endpoint:
    """An OpenAI-compatible endpoint.

    ``base_url`` is taken as given: ``/chat/completions`` is added unless it is there already, a query is kept.
    ``timeout`` is seconds per attempt. ``attribution`` says whether the X-Maspo headers are sent.

    Raises:
        ConfigInvalid: an address that is not http(s), or a key that cannot be sent. Never shows the key.

    """

    base_url: str
    api_key: str = field(default="", repr=False)
    run: str = ""
    attribution: bool = True
    timeout: float = 120.0

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.base_url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ConfigInvalid(
                f"--base-url {_printable(self.base_url)!r}: not an address; expected e.g. https://api.openai.com/v1"
            )
        if parts.username or parts.password:
            raise ConfigInvalid(
                "--base-url holds a user name or password; give the key by environment variable instead"
            )
        if not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ConfigInvalid(
                "the API key holds characters that no header can carry; copy it again, without newlines"
            )

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


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)
