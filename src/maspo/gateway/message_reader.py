"""Takes a message of HTTP/1.1 apart as its bytes come (RFC 9112): head, body, end. Pure."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Final, TypeAlias

LONGEST_HEADER: Final = 65_536
"""Bytes of a header, or of an address with its query: tokens of some clouds are longer than the usual 8 KB."""
_LONGEST_HEAD: Final = 8 * LONGEST_HEADER
"""Bytes of all headers together."""
_LONGEST_LINE: Final = 4096
"""Bytes of a line between chunks: a size, and extensions that nobody uses."""
_LF: Final = 10
_FOLD: Final = re.compile(r"\n[ \t][ \t\v\f]*")
"""Where a header goes on in the next line, as none should any more (RFC 9112, 5.2)."""
_HEADER: Final = re.compile(r"^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\n]*)$", re.MULTILINE)
_CHUNK: Final = re.compile(rb"([0-9a-fA-F]{1,8})\r\n")
"""How nearly all chunks begin."""
_SIZE: Final = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;.*)?")
_LENGTH: Final = re.compile(r"\d{1,18}")
_FRAMING: Final = frozenset({"connection", "transfer-encoding", "content-length"})
"""Headers that tell where a message ends, and whether another may follow."""

Headers: TypeAlias = tuple[tuple[str, str], ...]


class NotHttp(ValueError):
    """What came is no message of HTTP/1.1, or breaks its rules."""


class MessageReader(ABC):
    """One message. ``ended`` says that the body is whole, ``kept`` that the connection carries another after it.

    Lines may end without CR, as those of some small servers do.
    """

    __slots__ = ("_begun", "_between", "_chunked", "_closes", "_headed", "_held", "_left", "_trailing", "ended", "kept")

    def __init__(self) -> None:
        self.ended = False
        self.kept = False
        self._headed = False
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
            NotHttp: they are none of such a message.

        """
        if not self._headed:
            data = self._read_head(data)
            if not self._headed:
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
            self._take_surplus(data[self._left :])
            data = data[: self._left]
        self._left -= len(data)
        self.ended = not self._left
        return data

    @abstractmethod
    def _take_head(self, head: bytes) -> bool:
        """Take lines of a head; say whether a body follows them, rather than another head."""

    @abstractmethod
    def _may_be_head(self, begun: bytes) -> bool:
        """Say whether a head may begin so."""

    @abstractmethod
    def _take_surplus(self, data: bytes) -> None:
        """Take what came behind the end."""

    def _read_head(self, data: bytes) -> bytes:
        """Read the head if it is whole; return what comes after it."""
        begun, at = self._begun, max(0, len(self._begun) - 2)  # of its end, two bytes may have come before
        begun += data
        while (end := _find_empty_line(begun, at)) >= 0:
            head = bytes(begun[:end]).removesuffix(b"\r")
            del begun[: end + (2 if begun[end + 1] == _LF else 3)]
            at = 0
            if self._take_head(head):
                self._headed = True
                rest = bytes(begun)
                begun.clear()
                return rest
        if len(begun) > _LONGEST_HEAD or not self._may_be_head(bytes(begun[:20])):
            raise NotHttp(f"no head of HTTP/1.1: {bytes(begun[:40])!r}")
        return b""

    def _read_framing(self, version: int, headers: Headers) -> tuple[str, set[str]]:
        """Learn whether the connection is kept; return how the end of the body is told: codings, or lengths."""
        named: dict[str, list[str]] = {}
        for name, value in headers:
            if (known := name.lower()) in _FRAMING:
                named.setdefault(known, []).append(value.lower())
        options = ",".join(named.get("connection", [])).replace(" ", "").split(",")
        self.kept = "close" not in options and (version == 1 or "keep-alive" in options)
        codings = ",".join(named.get("transfer-encoding", [])).replace(" ", "")
        return codings, {one.strip() for value in named.get("content-length", []) for one in value.split(",")}

    def _expect(self, lengths: set[str]) -> None:
        """Expect a body of the length that is told."""
        if len(lengths) > 1 or not _LENGTH.fullmatch(length := next(iter(lengths))):
            raise NotHttp(f"Content-Length: {', '.join(sorted(lengths))[:100]}")
        self._left = int(length)
        self.ended = not self._left

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
            self._take_surplus(data[at:])
        return found[0] if len(found) == 1 else b"".join(found)


def _find_empty_line(data: bytearray, at: int) -> int:
    """Return where the line ends that an empty one follows; -1 where none does."""
    end = data.find(b"\n\r\n", at)
    bare = data.find(b"\n\n", at, end + 1 if end >= 0 else len(data))
    return bare if bare >= 0 else end


def read_head(head: bytes) -> tuple[str, Headers]:
    """Return first line and headers; what holds of every line is looked for in all of them at once.

    Raises:
        NotHttp: a header that is none.

    """
    first, more, rest = head.decode("latin-1").partition("\n")
    rest = rest.replace("\r\n", "\n").removesuffix("\r")
    if "\r" in rest or "\0" in rest:  # where one reader ends the line, another does not (RFC 9110, 5.5)
        raise NotHttp("a header holds the end of a line, or a NUL")
    if "\n " in rest or "\n\t" in rest:
        rest = _FOLD.sub(" ", rest)
    headers = _HEADER.findall(rest)
    lines = rest.count("\n") + bool(more)
    if len(headers) != lines or (len(rest) > LONGEST_HEADER and max(map(len, rest.split("\n"))) > LONGEST_HEADER):
        odd = [line for line in rest.split("\n") if not _HEADER.fullmatch(line) or len(line) > LONGEST_HEADER]
        raise NotHttp(f"no header: {odd[0][:40]!r}")
    return first.removesuffix("\r"), tuple([(name, value.rstrip(" \t")) for name, value in headers])
