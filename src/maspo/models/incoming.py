"""A body while it comes in: how much of it is wanted, and until when more of it has to come."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Literal

from maspo.models.replies import is_stream
from maspo.models.runaway import Runaway, ended

LARGEST_BODY = 4_000_000
"""Bytes of text, unpacked: far more than any reply within a token limit."""
_LARGEST_STREAM = 8 * LARGEST_BODY
"""Each piece of a stream stands in an envelope of some hundred bytes."""
WHOLE = 5
"""Times the limit of silence that a whole reply may take, or the first part of one behind others in a queue: ten
minutes by default, as long as clients of this protocol wait who read no streams (the ``openai`` package: 600 s)."""
_SLOWEST = 5.0
"""Seconds for a token, at most: as a model writes that is read from a disk for each one. A reply that is slower to its
last byte is none that is being written."""
_HEARD = 0.01
"""Share of the limit of silence for which a part of a reply is not noted anew: a stream has hundreds of them."""
_KEEPS_AWAKE = re.compile(
    rb"(?:\s|:[^\n]*(?:\n|\Z)|event:[^\n]*(?:\n|\Z)"
    rb"|data:(?=[^\n]*\"choices\")(?=[^\n]*\"delta\":\s?\{\s?(?:\"role\":\s?\"assistant\"\s?,?\s?)?(?:\"content\":\s?(?:\"\"|null)\s?)?\})"
    rb"(?![^\n]*(?:\"finish_reason\":\s?\"|\"error\"|\"usage\":\s?\{))[^\n]*\n"
    rb"|data:(?![ \t]*\"?\[DONE\])(?:(?!\"choices\"|\"error\")[^\n])*\n)*",
    re.IGNORECASE,
)
"""What keeps a connection open and is no part of a reply: blanks, comments, pings, a place in a queue, pieces without
text. Of its two kinds of data one holds choices and the other none, so that a line is read in one way only."""
_IS_OVER = re.compile(rb"^data:[ \t]*\"?\[DONE\]", re.IGNORECASE | re.MULTILINE)
"""The last piece of a stream, in a line of its own: within a text it would stand behind quotes."""
_ENDS = re.compile(rb"^data:[^\n]*\"finish_reason\":\s?\"(?!null\")\w", re.IGNORECASE | re.MULTILINE)
"""A piece that tells that the text is at its end."""
_GOES_ON = re.compile(rb"^data:[^\n]*\"(?:content|reasoning\w{0,20}|text)\":\s?\"(?!\")", re.IGNORECASE | re.MULTILINE)
"""A piece with more of the text: what came before told of no end."""
_PIECE = re.compile(rb"^data:[^\n]*\"choices\"[^\n]*", re.IGNORECASE | re.MULTILINE)
_AFTER_END = 5.0
"""Seconds for the usage, or the last piece, to come after the end of the text: some servers send neither, and leave the
connection open."""
_LINES = (b"data:", b"event:", b"id:", b"retry:", b":")
"""How lines of a stream begin."""
_TELLING = 200
"""Bytes from which on a line is more than a ping."""
_LONGEST_LINE = 100_000
"""Bytes of a line that are looked at again when more of it comes: a piece has some hundred."""
_AFTER_DONE = 1.0
"""Seconds for a connection to end after the last piece; some servers leave it open."""
_CHARSETS = frozenset(
    {"iso-8859-1", "latin-1", "windows-1252", "gbk", "gb2312", "gb18030", "big5", "shift_jis", "euc-kr"}
)
"""Of bodies that are not UTF-8, against RFC 8259; UTF-16 tells itself."""


class Incoming:
    """The body of one answer while it is read; ``silence`` are the seconds for which a reply may stop, ``now`` a clock.

    A reply that is being written may take as long as its tokens need: silence ends it.
    """

    def __init__(self, max_tokens: int, silence: float, now: Callable[[], float]) -> None:
        self.body = bytearray()
        self.first_part = 0.0
        """Seconds until its first part had come; 0 before that."""
        self.over = False
        """The last piece of a stream has come, whether the connection ends or not."""
        self.ended = False
        """A piece has told that the text is at its end."""
        self._line = 0
        """Where the line begins that is not at its end yet."""
        self._runaway = Runaway(max_tokens)
        self._longest = WHOLE * silence + _SLOWEST * max_tokens
        self._silence = silence
        self._now = now
        self._began = self._heard = now()
        self._last = math.inf
        """When a reply that is being written has to be at its end."""
        self._in_parts: bool | None = None

    def take(self, chunk: bytes) -> bool:
        """Take what came; return whether the rest is wanted: not of what no reply needs, nor beyond its limit."""
        self.body += chunk
        if len(self.body) > LARGEST_BODY and self._in_parts is None:
            self._in_parts = is_stream(self.body)  # Told by how it begins, which has come.
        if len(self.body) > _LARGEST_STREAM or self._in_parts is False:
            return False
        if self._runaway.sees(chunk, self.body) and is_stream(self.body):
            self.body[:] = ended(self.body)  # The rest need not be written, nor paid for.
            return False
        return True

    def deadline_after(self, chunk: bytes, is_last: bool) -> float | None:
        """Return until when more has to come, now that this has; None leaves it as it was."""
        came = self._lines_of(chunk)
        if not came.startswith(b"{") and _KEEPS_AWAKE.fullmatch(_told_by(came)):  # a whole reply is none of it
            return None
        moment, is_first = self._now(), not self.first_part
        self.first_part = self.first_part or moment - self._began
        if is_last:
            return None  # Nothing is waited for any more.
        if is_first:
            self._last = moment + self._longest
        self.over = self.over or _IS_OVER.search(came) is not None
        if self.over:
            return moment + _AFTER_DONE
        if _ENDS.search(came) and not self._tells_end_always():
            self.ended = True
        elif self.ended and _GOES_ON.search(came):
            self.ended = False
        if self.ended:
            return min(self._last, moment + min(self._silence, _AFTER_END))
        if is_first or moment - self._heard > _HEARD * self._silence:
            self._heard = moment
            return min(self._last, moment + self._silence)
        return None

    @property
    def state(self) -> Literal["", "silent", "written"]:
        """What had become of a reply that did not come to its end in time: nothing, some of it, or too much."""
        if not self.first_part:
            return ""
        return "written" if self._now() >= self._last else "silent"

    def _lines_of(self, chunk: bytes) -> bytes:
        """Return the lines that a chunk belongs to: it may begin within one, and tell of something else alone."""
        begin = self._line if len(self.body) - self._line < _LONGEST_LINE else len(self.body) - len(chunk)
        ends = max(self.body.rfind(b"\n", begin), self.body.rfind(b"\r", begin))
        self._line = max(self._line, ends + 1)
        return bytes(self.body[begin:]).replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _tells_end_always(self) -> bool:
        """Say whether already the first piece tells that it is the last, as every piece of some servers does."""
        first = _PIECE.search(bytes(self.body[:_LONGEST_LINE]).replace(b"\r", b"\n"))
        return first is not None and _ENDS.match(first[0]) is not None


def _told_by(lines: bytes) -> bytes:
    """Return lines without the last one while nobody can tell what it will be: a piece, or a word that all is well."""
    whole, end, begun = lines.rpartition(b"\n")
    may_be = any(begun[: len(name)].lower() == name[: len(begun)] for name in _LINES)
    return whole + end if len(begun) < _TELLING and may_be else lines


def in_utf8(body: bytes, charset: str) -> bytes:
    """Return a body in UTF-8 if it is of the charset that its headers name; else as it is, whatever they say."""
    if charset.lower() not in _CHARSETS:
        return body
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode(charset, "replace").encode()
    return body


def is_too_large(body: bytes) -> bool:
    """Say whether a body has more bytes than any reply needs."""
    return len(body) > LARGEST_BODY and (len(body) > _LARGEST_STREAM or not is_stream(body))
