"""Takes an HTTP/1.1 response apart as its bytes come (RFC 9112): head, body, end. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST_HEADER: Final = 65_536
"""Bytes of a header, or of an address with its query: tokens of some clouds are longer than the usual 8 KB."""
_LONGEST_HEAD: Final = 8 * LONGEST_HEADER
"""Bytes of all headers together."""
_LONGEST_LINE: Final = 4096
"""Bytes of a line between chunks: a size, and extensions that nobody uses."""
_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
_STATUS: Final = re.compile(r"HTTP/1\.([01]) ([0-9]{3})(?: .*)?")
_BLANKS: Final = " \t\v\f"
_NAMES: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNK: Final = re.compile(rb"([0-9a-fA-F]{1,8})\r\n")
"""How nearly all chunks begin."""
_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")
_LENGTH: Final = re.compile(r"\d{1,18}")
_WITHOUT_BODY: Final = frozenset({204, 304})
_FRAMING: Final = frozenset({"connection", "transfer-encoding", "content-length"})
"""Headers that tell where a response ends, and whether another may follow."""

Headers = tuple[tuple[str, str], ...]


class NotHttp(ValueError):
    """What came is no response of HTTP/1.1, or breaks its rules."""


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers, as they stand there."""

    status: int
    headers: Headers


class ResponseReader:
    """One response. ``head`` is None until it has come; ``ended`` says that the body is whole.

    ``kept`` says that the connection serves another request after it. Informational responses (100, 103) are passed
    over. Lines may end without CR, as those of some small servers do.
    """

    __slots__ = (
        "_asked",
        "_begun",
        "_between",
        "_chunked",
        "_closes",
        "_held",
        "_left",
        "_trailing",
        "ended",
        "head",
        "kept",
    )

    def __init__(self, asked: bytes = b"POST") -> None:
        """Begin; ``asked`` is the method of the request: an answer to HEAD tells a length, and has no body."""
        self._asked = asked
        self.head: Head | None = None
        self.ended = False
        self.kept = False
        self._begun = bytearray()
        """What came of a head that is not whole."""
        self._held = b""
        """The same of a line between chunks."""
        self._chunked = self._closes = False
        self._left = 0
        """Bytes of the body, or of the present chunk, that have not come."""
        self._between = self._trailing = False
        """A chunk is whole and its line end has not come; the last chunk has come."""

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the connection; return those of the body among them.

        Raises:
            NotHttp: they are none of a response.

        """
        if self.head is None:
            data = self._read_head(data)
            if self.head is None:
                return b""
        if self._chunked:
            if not (self._left or self._held or self._between or self._trailing) and (told := _CHUNK.match(data)):
                begin, end = told.end(), len(data) - 2
                if int(told[1], 16) == end - begin > 0 and data.endswith(b"\r\n"):
                    return data[begin:end]  # one piece of a stream, as most come
            return self._of_chunks(data)
        if self._closes:
            return data
        if len(data) > self._left:
            self.kept = False  # more than was promised: nobody knows what that is
            data = data[: self._left]
        self._left -= len(data)
        self.ended = not self._left
        return data

    def close(self) -> bool:
        """Take note that the connection has ended; say whether the response is whole."""
        self.kept = False
        self.ended = self.ended or self._closes
        return self.ended

    def _read_head(self, data: bytes) -> bytes:
        """Read the head if it is whole; return what comes after it."""
        begun, at = self._begun, max(0, len(self._begun) - 3)  # of its end, three bytes may have come before
        begun += data
        while (end := _END_OF_HEAD.search(begun, at)) is not None:
            status, version, headers = _head(bytes(begun[: end.start()]))
            del begun[: end.end()]
            at = 0
            if status >= 200 or status == 101:
                self.head = Head(status, headers)
                self._frame(status, version, headers)
                rest = bytes(begun)
                begun.clear()
                return rest
        if len(begun) > _LONGEST_HEAD or (len(begun) > 16 and not begun.startswith(b"HTTP/1.")):
            raise NotHttp(f"no response of HTTP/1.1: {bytes(begun[:40])!r}")
        return b""

    def _frame(self, status: int, version: int, headers: Headers) -> None:
        """Learn how the end of the body is told (RFC 9112, 6.3)."""
        named: dict[str, list[str]] = {}
        for name, value in headers:
            if (known := name.lower()) in _FRAMING:
                named.setdefault(known, []).append(value.lower())
        options = ",".join(named.get("connection", [])).replace(" ", "").split(",")
        self.kept = "close" not in options and (version == 1 or "keep-alive" in options)
        codings = ",".join(named.get("transfer-encoding", [])).replace(" ", "")
        lengths = {one.strip() for value in named.get("content-length", []) for one in value.split(",")}
        if status in _WITHOUT_BODY or self._asked == b"HEAD":
            self.ended = True
        elif codings:
            self._chunked = codings.split(",")[-1] == "chunked"
            self._closes = not self._chunked
            self.kept = self.kept and self._chunked and not lengths
        elif lengths:
            if len(lengths) > 1 or not _LENGTH.fullmatch(length := lengths.pop()):
                raise NotHttp(f"Content-Length: {', '.join(named['content-length'])[:100]}")
            self._left = int(length)
            self.ended = not self._left
        else:
            self._closes = True

    def _of_chunks(self, data: bytes) -> bytes:
        """Return the bytes of the body among those of chunks."""
        if self._held:
            data, self._held = self._held + data, b""
        found, at, size = [], 0, len(data)
        while at < size and not self.ended:
            if not (self._left or self._between or self._trailing) and (told := _CHUNK.match(data, at)):
                begin, end = told.end(), told.end() + int(told[1], 16)
                if end > begin and data[end : end + 2] == b"\r\n":
                    found.append(data[begin:end])
                    at = end + 2
                    continue
            if self._left:
                piece = data[at : at + self._left]
                found.append(piece)
                at += len(piece)
                self._left -= len(piece)
                self._between = not self._left
                continue
            end = data.find(b"\n", at)
            if end < 0:
                if size - at > (LONGEST_HEADER if self._trailing else _LONGEST_LINE):
                    raise NotHttp("a line between chunks has no end")
                self._held = data[at:]
                break
            line = data[at : end - 1] if end > at and data[end - 1] == 13 else data[at:end]
            at = end + 1
            if self._trailing:
                self.ended = not line
            elif self._between:
                if line:
                    raise NotHttp(f"a chunk is longer than it says: {line[:40]!r}")
                self._between = False
            elif (told := _SIZE.fullmatch(line)) is None:
                raise NotHttp(f"no size of a chunk: {line[:40]!r}")
            else:
                self._left = int(told[1], 16)
                self._trailing = not self._left
        if at < size and self.ended:
            self.kept = False
        return found[0] if len(found) == 1 else b"".join(found)


def _head(head: bytes) -> tuple[int, int, Headers]:
    """Return status, minor version and headers; what holds of every line is looked for in all of them at once."""
    first, more, rest = head.decode("latin-1").partition("\n")
    told = _STATUS.fullmatch(first.removesuffix("\r"))
    if told is None:
        raise NotHttp(f"no response of HTTP/1.1: {first[:40]!r}")
    rest = rest.replace("\r\n", "\n").removesuffix("\r")
    if "\r" in rest or "\0" in rest:  # where one reader ends the line, another does not (RFC 9110, 5.5)
        raise NotHttp("a header holds the end of a line, or a NUL")
    headers: list[tuple[str, str]] = []
    for line in rest.split("\n") if more else ():
        name, colon, value = line.partition(":")
        if line.startswith((" ", "\t")) and headers:  # a line that was folded
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip(_BLANKS)}")
        elif not (name and colon) or len(line) > LONGEST_HEADER:
            raise NotHttp(f"no header: {line[:40]!r}")
        else:
            headers.append((name, value.strip(" \t")))
    if headers and not _NAMES.fullmatch("".join([name for name, _ in headers])):
        raise NotHttp(f"no name of a header among {', '.join(name for name, _ in headers)[:400]!r}")
    return int(told[2]), int(told[1]), tuple(headers)
