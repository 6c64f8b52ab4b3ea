"""Takes an HTTP/1.1 response apart as its bytes come (RFC 9112): head, body, end. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from maspo.gateway.message_reader import Headers, MessageReader, NotHttp

_STATUS: Final = re.compile(rb"HTTP/1\.([01]) (\d{3})(?: .*)?")
_WITHOUT_BODY: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers, as they stand there."""

    status: int
    headers: Headers


class ResponseReader(MessageReader[Head]):
    """One response. Informational ones (100, 103) are passed over."""

    __slots__ = ("_asked",)

    def __init__(self, asked: bytes = b"POST") -> None:
        """Begin; ``asked`` is the method of the request: an answer to HEAD tells a length, and has no body."""
        super().__init__()
        self._asked = asked

    def _may_begin(self, begun: bytearray) -> bool:
        return len(begun) <= 16 or begun.startswith(b"HTTP/1.")

    def _read(self, first: bytes, headers: Headers) -> Head | None:
        told = _STATUS.fullmatch(first)
        if told is None:
            raise NotHttp(f"no response of HTTP/1.1: {first[:40]!r}")
        status = int(told[2])
        if status < 200 and status != 101:
            return None
        codings, length = self._frame(int(told[1]), headers)
        if status in _WITHOUT_BODY or self._asked == b"HEAD":
            self.ended = True
        elif codings:
            self._chunked = codings.split(",")[-1] == "chunked"
            self._closes = not self._chunked
            self.kept = self.kept and self._chunked and length is None
        elif length is not None:
            self._left = length
            self.ended = not length
        else:
            self._closes = True
        return Head(status, headers)

    def _note_over(self, data: bytes) -> None:
        """Take note of more than was promised: nobody knows what that is."""
        self.over, self.kept = data, False
