"""Takes an HTTP/1.1 request apart as its bytes come (RFC 9112). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from maspo.gateway.message_reader import LONGEST_HEADER, Headers, MessageReader, NotHttp, read_head

_LINE: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\s\0]+) HTTP/1\.([01])")
_BEGINS: Final = re.compile(rb"[\r\n]*[!#$%&'*+.^_`|~0-9A-Za-z-]*(?: |\Z)")
"""How a request begins: a TLS hello, of an app that takes the gateway for https, waits for ever for an answer."""
_ABSOLUTE: Final = re.compile(r"https?://[^/?]*", re.IGNORECASE)
"""What stands before the path where an app takes the gateway for a proxy (RFC 9112, 3.2.2)."""


@dataclass(frozen=True)
class RequestHead:
    """What is asked, and how."""

    method: str
    path: str
    """With the query."""
    version: int
    """The minor one: 0 or 1."""
    headers: Headers
    """As they stand there."""

    @cached_property
    def named(self) -> dict[str, str]:
        """The headers by their names in lower case; of equal ones the first."""
        return {name.lower(): value for name, value in reversed(self.headers)}


class RequestReader(MessageReader):
    """One request. ``head`` is None until it has come; ``surplus`` is what came behind its end: of the next one."""

    __slots__ = ("head", "surplus")

    def __init__(self) -> None:
        super().__init__()
        self.head: RequestHead | None = None
        self.surplus = b""

    def _take_head(self, head: bytes) -> bool:
        if not (head := head.lstrip(b"\r\n")):
            return False  # empty lines, as some send behind the body of the request before (RFC 9112, 2.2)
        first, headers = read_head(head)
        told = _LINE.fullmatch(first)
        if told is None or len(told[2]) > LONGEST_HEADER:
            raise NotHttp(f"no request of HTTP/1.1: {first[:40]!r}")
        if sum(name.lower() == "host" for name, _ in headers) > 1:
            raise NotHttp("more than one Host")  # RFC 9112, 3.2
        version = int(told[3])
        self.head = RequestHead(told[1], _ABSOLUTE.sub("", told[2], count=1), version, headers)
        codings, lengths = self._read_framing(version, headers)
        if codings and (codings != "chunked" or lengths):  # else whoever reads it otherwise takes a part for another
            raise NotHttp(f"Transfer-Encoding: {codings[:100]}")
        self._chunked = bool(codings)
        if lengths:
            self._expect(lengths)
        elif not codings:
            self.ended = True
        return True

    def _may_be_head(self, begun: bytes) -> bool:
        return _BEGINS.match(begun) is not None

    def _take_surplus(self, data: bytes) -> None:
        self.surplus = data
