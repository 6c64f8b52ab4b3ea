"""Takes an HTTP/1.1 response apart as its bytes come (RFC 9112). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from maspo.gateway.message_reader import Headers, MessageReader, NotHttp, read_head

_STATUS: Final = re.compile(r"HTTP/1\.([01]) ([0-9]{3})(?: .*)?")
_WITHOUT_BODY: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers, as they stand there."""

    status: int
    headers: Headers


class ResponseReader(MessageReader):
    """One response. ``head`` is None until it has come. Informational responses (100, 103) are passed over."""

    __slots__ = ("_asked", "head")

    def __init__(self, asked: bytes = b"POST") -> None:
        """Begin; ``asked`` is the method of the request: an answer to HEAD tells a length, and has no body."""
        super().__init__()
        self._asked = asked
        self.head: Head | None = None

    def close(self) -> bool:
        """Take note that the connection has ended; say whether the response is whole."""
        self.kept = False
        self.ended = self.ended or self._closes
        return self.ended

    def _take_head(self, head: bytes) -> bool:
        first, headers = read_head(head)
        told = _STATUS.fullmatch(first)
        if told is None:
            raise NotHttp(f"no response of HTTP/1.1: {first[:40]!r}")
        status = int(told[2])
        if status < 200 and status != 101:
            return False
        self.head = Head(status, headers)
        codings, lengths = self._read_framing(int(told[1]), headers)
        if status in _WITHOUT_BODY or self._asked == b"HEAD":  # RFC 9112, 6.3
            self.ended = True
        elif codings:
            self._chunked = codings.split(",")[-1] == "chunked"
            self._closes = not self._chunked
            self.kept = self.kept and self._chunked and not lengths
        elif lengths:
            self._expect(lengths)
        else:
            self._closes = True
        return True

    def _may_be_head(self, begun: bytes) -> bool:
        return len(begun) <= 16 or begun.startswith(b"HTTP/1.")

    def _take_surplus(self, data: bytes) -> None:  # noqa: ARG002 (nobody knows what that is)
        self.kept = False
