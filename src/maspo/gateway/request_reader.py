"""Takes an HTTP/1.1 request apart as its bytes come (RFC 9112): head, body, end. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from maspo.gateway.message_reader import LONGEST_HEADER, Headers, MessageReader, NotHttp

_ASKED: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP/1\.([01])")
_METHOD: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: |$)")
"""How a request begins; what an app sends that would encrypt does not."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Method, path with its query, minor version and headers, as they stand there."""

    method: str
    target: str
    version: int
    headers: Headers


class RequestReader(MessageReader[Asked]):
    """One request. Where two programs could read its end in two ways, it is none."""

    __slots__ = ()

    def _may_begin(self, begun: bytearray) -> bool:
        return _METHOD.match(begun) is not None and (len(begun) <= LONGEST_HEADER or b"\n" in begun)

    def _read(self, first: bytes, headers: Headers) -> Asked | None:
        asked = _ASKED.fullmatch(first)
        if asked is None or len(first) > LONGEST_HEADER:
            raise NotHttp(f"no request of HTTP/1.1: {first[:40]!r}")
        version = int(asked[3])
        codings, length = self._frame(version, headers)
        if codings:
            if codings != "chunked" or length is not None:
                raise NotHttp(f"Transfer-Encoding: {codings[:40]}: a body in chunks, and without a length, is read")
            self._chunked = True
        else:
            self._left = length or 0
            self.ended = not self._left
        return Asked(asked[1].decode(), asked[2].decode("latin-1"), version, headers)
