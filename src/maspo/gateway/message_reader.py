"""Takes an HTTP/1.1 message apart as its bytes come (RFC 9112): head, body, end. Pure."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Final, Generic, TypeVar

LONGEST_HEADER: Final = 65_536
"""Bytes of a header, or of an address with its query: tokens of some clouds are longer than the usual 8 KB."""
_LONGEST_HEAD: Final = 8 * LONGEST_HEADER
"""Bytes of all headers together."""
_LONGEST_LINE: Final = 4096
"""Bytes of a line between chunks: a size, and extensions that nobody uses."""
_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER: Final = re.compile(rf"^({_NAME.pattern.decode()}):([^\r\n\0]*)\r?$", re.MULTILINE)
_CHUNK: Final = re.compile(rb"([0-9a-fA-F]{1,8})\r\n")
"""How nearly all chunks begin."""
_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")
_LENGTH: Final = re.compile(r"\d{1,18}")
_FRAMING: Final = frozenset({"connection", "transfer-encoding", "content-length"})
"""Headers that tell where a message ends, and whether another may follow."""
_FRAMING_SIZES: Final = frozenset(map(len, _FRAMING))

Headers = tuple[tuple[str, str], ...]
Head = TypeVar("Head")


class NotHttp(ValueError):
    """What came is no message of HTTP/1.1, or breaks its rules."""


class MessageReader(ABC, Generic[Head]):
    """One message. ``head`` is None until it has come; ``ended`` says that the body is whole.

    ``kept`` says that the connection serves another message after it, ``over`` is what came of that. Lines may end
    without CR, as those of some small programs do.
    """

    __slots__ = (
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
        "over",
    )

    def __init__(self) -> None:
        self.head: Head | None = None
        self.ended = False
        self.kept = False
        self.over = b""
        self._begun = bytearray()
        """What came of a head that is not whole."""
        self._held = b""
        """The same of a line between chunks."""
        self._chunked = self._closes = False
        self._left = 0
        """Bytes of the body, or of the present chunk, that have not come."""
        self._between = self._trailing = False
        """A chunk is whole and its line end has not come; the last chunk has come."""

    @abstractmethod
    def _read(self, first: bytes, headers: Headers) -> Head | None:
        """Return a head and learn how the end of its body is told; None where another head comes.

        Raises:
            NotHttp: it is none.

        """

    @abstractmethod
    def _may_begin(self, begun: bytearray) -> bool:
        """Say whether a head may begin so."""

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the connection; return those of the body among them.

        Raises:
            NotHttp: they are none of a message.

        """
        if self.head is None:
            data = self._read_head(data)
            if self.head is None:
                return b""
        if self._chunked:
            return self._of_chunks(data)
        if self._closes:
            return data
        if len(data) > self._left:
            self._note_over(data[self._left :])
            data = data[: self._left]
        self._left -= len(data)
        self.ended = not self._left
        return data

    def close(self) -> bool:
        """Take note that the connection has ended; say whether the message is whole."""
        self.kept = False
        self.ended = self.ended or self._closes
        return self.ended

    def _note_over(self, data: bytes) -> None:
        """Take note of what came after the end."""
        self.over = data

    def _read_head(self, data: bytes) -> bytes:
        """Read the head if it is whole; return what comes after it."""
        begun, at = self._begun, max(0, len(self._begun) - 3)  # of its end, three bytes may have come before
        begun += data
        while (end := _END_OF_HEAD.search(begun, at)) is not None:
            self.head = self._read(*_head(bytes(begun[: end.start()])))
            del begun[: end.end()]
            at = 0
            if self.head is not None:
                rest = bytes(begun)
                begun.clear()
                return rest
        if len(begun) > _LONGEST_HEAD or not self._may_begin(begun):
            raise NotHttp(f"no message of HTTP/1.1: {bytes(begun[:40])!r}")
        return b""

    def _frame(self, version: int, headers: Headers) -> tuple[str, int | None]:
        """Return transfer codings and length of a body, and learn whether the connection is kept (RFC 9112, 6 and 9.3).

        Raises:
            NotHttp: the length is none.

        """
        named: dict[str, list[str]] = {}
        for name, value in headers:
            if len(name) in _FRAMING_SIZES and (known := name.lower()) in _FRAMING:
                named.setdefault(known, []).append(value.lower())
        options = ",".join(named.get("connection", [])).replace(" ", "").split(",")
        self.kept = "close" not in options and (version == 1 or "keep-alive" in options)
        codings = ",".join(named.get("transfer-encoding", [])).replace(" ", "")
        lengths = {one.strip() for value in named.get("content-length", []) for one in value.split(",")}
        if not lengths:
            return codings, None
        if len(lengths) > 1 or not _LENGTH.fullmatch(length := lengths.pop()):
            if codings:
                return codings, 0
            raise NotHttp(f"Content-Length: {', '.join(named['content-length'])[:100]}")
        return codings, int(length)

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
            self._note_over(data[at:])
        return found[0] if len(found) == 1 else b"".join(found)


def _head(head: bytes) -> tuple[bytes, Headers]:
    """Return the first line and the headers."""
    if len(head) <= LONGEST_HEADER:
        first, _, rest = head.partition(b"\n")
        found = _HEADER.findall(rest.decode("latin-1"))
        if len(found) == rest.count(b"\n") + 1:  # as nearly all heads are written
            return first.removesuffix(b"\r"), tuple([(name, value.strip(" \t")) for name, value in found])
    first, *lines = [line.removesuffix(b"\r") for line in head.split(b"\n")]
    headers: list[tuple[str, str]] = []
    for line in lines:
        if b"\r" in line or b"\0" in line:  # where one reader ends the line, another does not (RFC 9110, 5.5)
            raise NotHttp(f"no header: {line[:40]!r}")
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t") and headers:  # a line that was folded
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {line.strip().decode('latin-1')}")
        elif not colon or len(line) > LONGEST_HEADER or not _NAME.fullmatch(name):
            raise NotHttp(f"no header: {line[:40]!r}")
        else:
            headers.append((name.decode(), value.strip(b" \t").decode("latin-1")))
    return first, tuple(headers)
