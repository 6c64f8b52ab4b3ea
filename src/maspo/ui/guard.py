"""Which requests are let in: those of this page, in this browser, on this machine. Everything else is refused unread.

A page of somebody else that is open in the same browser can send requests to any port of this machine. It cannot choose
``Host`` or ``Origin``, cannot read the token, and cannot set a header of its own without being asked first.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

READING: Final = frozenset({"GET", "HEAD"})
TOKEN_HEADER: Final = "X-Maspo-Token"  # noqa: S105 (a name)
LARGEST_BODY: Final = 16_384
"""Bytes of a decision: a reason of 2,000 letters, and names."""
LONGEST_PATH: Final = 4_096
"""Characters of a path with its query: the id of a comparison has some hundred."""
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Of every answer."""


def new_token() -> str:
    """Return a token that nobody can guess: 256 bits."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Guard:
    """Says whether a request may pass. ``token`` is empty where nothing may be decided."""

    port: int
    token: str = ""
    hosts: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = ("127.0.0.1", "localhost")
        object.__setattr__(self, "hosts", frozenset(f"{name}:{self.port}" for name in names))

    def refusal(self, method: str, target: str, headers: Mapping[str, list[str]]) -> tuple[int, str] | None:
        """Return status and reason of a request that is refused; None lets it pass.

        ``headers`` are by lower-case name, each with all its values: two of one that decides are one too many.
        """
        if headers.get("host", []) not in [[host] for host in self.hosts]:
            return 421, "this server answers to its own address alone"
        origins = headers.get("origin", [])
        if origins not in [[], *([f"http://{host}"] for host in self.hosts if [host] == headers["host"])]:
            return 403, "asked from another page"
        if headers.get("sec-fetch-site", ["none"]) not in (["none"], ["same-origin"]):
            return 403, "asked from another page"
        if len(target) > LONGEST_PATH:
            return 414, "the address is too long"
        if method in READING:
            return self._body_refusal(headers)
        if method != "POST" or not self.token:
            return 405, "only GET and HEAD; `maspo ui --allow-actions` takes decisions"
        return self._decision_refusal(headers)

    def _body_refusal(self, headers: Mapping[str, list[str]]) -> tuple[int, str] | None:
        length = headers.get("content-length", ["0"])
        if length != ["0"] or "transfer-encoding" in headers or "upgrade" in headers:
            return 400, "a question has no body"
        return None

    def _decision_refusal(self, headers: Mapping[str, list[str]]) -> tuple[int, str] | None:
        given = headers.get(TOKEN_HEADER.lower(), [])
        if len(given) != 1 or not hmac.compare_digest(given[0].encode(), self.token.encode()):
            return 403, "the token is wrong; open the address that `maspo ui` printed"
        if not headers.get("origin"):
            return 403, "a decision comes from the page, which says where it is from"
        if headers.get("content-type", []) not in (["application/json"], ["application/json; charset=utf-8"]):
            return 415, "a decision is application/json"
        if "content-encoding" in headers or "transfer-encoding" in headers or "upgrade" in headers:
            return 400, "a decision is sent as it is"
        length = headers.get("content-length", [])
        if len(length) != 1 or not (length[0].isascii() and length[0].isdigit()):
            return 411, "a decision says its length"
        if int(length[0][:9]) > LARGEST_BODY or len(length[0]) > len(str(LARGEST_BODY)):
            return 413, f"a decision has at most {LARGEST_BODY} bytes"
        return None
