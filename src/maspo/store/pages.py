"""Reading rows from the raw pages of an SQLite file, also where SQLite itself gives up.

Only leaves of tables are read, so damaged trees, indexes and headers do not matter; what comes out is unproven, and the
marks of the rows tell what is true. Source: https://www.sqlite.org/fileformat2.html (sections 1.6, 2.1 and 4).
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from maspo.store.tables import Row, Value

PAGE = 4096
"""Bytes of a page of the databases that we make."""

_HEADER = 100
"""Bytes before the tree on page 1."""
_LEAF = 0x0D
_LARGEST_LOCAL = PAGE - 35
_SMALLEST_LOCAL = (PAGE - 12) * 32 // 255 - 23
_WAL_HEADER = 32
_FRAME_HEADER = 24
_FRAME = _FRAME_HEADER + PAGE
_WORD = 0xFFFFFFFF
_PIECE = 256 * PAGE
_EMPTY = bytes(PAGE)
MOST_BYTES = 1 << 29
"""Of pages that hold anything, so that a damaged file is read within about 2 GB of memory."""
_MOST_READ = 2
"""Times the bytes of a file that records are put together from. Those of a whole file are as many as the file has; of
more, records share pages, as no database has them, and a small file could be read for days."""

Pages: TypeAlias = Sequence[tuple[int, bytes]]
"""Pages with their numbers, from 1, in the order in which they were written; a page may come more than once."""


@dataclass(frozen=True, slots=True)
class Found:
    """A record as it lies in a leaf: its values without the last, the number of its row, and the last value."""

    values: Row
    rowid: int
    last: Value


@dataclass(frozen=True, slots=True)
class Log:
    """The write-ahead log: the pages that SQLite would take over, and those behind a damaged place."""

    whole: Pages
    broken: Pages
    damaged: bool
    """Commits lie behind a damaged place."""


def pages_of(handle: int) -> Pages:
    """Return the pages of an open database file that hold anything; a last one that is cut off is filled with zeros.

    Raises:
        OSError: it cannot be read, or holds too much.

    """
    size, at = os.fstat(handle).st_size, 0
    found: list[tuple[int, bytes]] = []
    while (at := next_data(handle, at)) < size:
        piece = os.pread(handle, _PIECE, at)
        if not piece:
            break
        for begin in range(0, len(piece), PAGE):
            page = piece[begin : begin + PAGE].ljust(PAGE, b"\0")
            if page != _EMPTY:
                found.append(((at + begin) // PAGE + 1, page))
        if len(found) * PAGE > MOST_BYTES:
            raise OSError(errno.EFBIG, f"damaged, and larger than the {MOST_BYTES >> 20:,} MB that can be salvaged")
        at += _PIECE
    return found


def next_data(handle: int, at: int) -> int:
    """Return where the next page with content begins: a file of terabytes may hold none."""
    try:
        return max(at, os.lseek(handle, at, os.SEEK_DATA) // PAGE * PAGE)
    except OSError as error:
        # Behind the last content, or a file system that cannot tell.
        return os.fstat(handle).st_size if error.errno == errno.ENXIO else at


def read_log(data: bytes) -> Log:
    """Take a write-ahead log apart. Frames left from an earlier turn of the log are no damage."""
    if len(data) < _WAL_HEADER + _FRAME:
        return Log((), (), damaged=False)
    order = ">" if data[3] & 1 else "<"
    sums = _checksum(order, data[:24], (0, 0))
    sound = sums == struct.unpack(">II", data[24:32]) and data[:3] == b"\x37\x7f\x06"
    salts = data[16:24] if sound else data[_WAL_HEADER + 8 : _WAL_HEADER + 16]
    whole: list[tuple[int, bytes]] = []
    broken: list[tuple[int, bytes]] = []
    committed, damaged = 0, False
    for at in range(_WAL_HEADER, len(data) - _FRAME + 1, _FRAME):
        header, page = data[at : at + _FRAME_HEADER], data[at + _FRAME_HEADER : at + _FRAME]
        number, size = struct.unpack(">II", header[:8])
        if sound:
            sums = _checksum(order, page, _checksum(order, header[:8], sums))
            sound = header[8:16] == salts and sums == struct.unpack(">II", header[16:24])
        if sound:
            whole.append((number, page))
            committed = len(whole) if size else committed
        else:
            broken.append((number, page))
            damaged |= bool(size) and header[8:16] == salts
    return Log(whole[:committed], [*whole[committed:], *broken], damaged)


def _checksum(order: str, data: bytes, start: tuple[int, int]) -> tuple[int, int]:
    first, second = start
    for one, two in struct.iter_unpack(f"{order}II", data):
        first = (first + one + second) & _WORD
        second = (second + two + first) & _WORD
    return first, second


def records_in(pages: Pages, view: Mapping[int, bytes]) -> Iterator[Found]:
    """Return every record of every leaf; ``view`` holds the pages in which long records go on."""
    left = _MOST_READ * PAGE * len(view)
    for number, page in pages:
        start = _HEADER if number == 1 else 0
        if page[start] != _LEAF:
            continue
        (count,) = struct.unpack_from(">H", page, start + 3)
        room = PAGE
        for index in range(min(count, (PAGE - start - 8) // 2)):
            (at,) = struct.unpack_from(">H", page, start + 8 + 2 * index)
            size = 0
            try:
                size, _ = _varint(page, at)
                payload, rowid = _payload(page, at, view, left)
            except (IndexError, KeyError, ValueError, struct.error):
                left -= min(size, left)  # pages were followed, however it ended
                continue
            left -= len(payload)
            room -= min(len(payload), _SMALLEST_LOCAL)
            if room < 0:
                break  # cells that overlap
            try:
                yield _record(payload, rowid)
            except (IndexError, KeyError, ValueError, struct.error):
                continue


def _payload(page: bytes, at: int, view: Mapping[int, bytes], most: int) -> tuple[bytes, int]:
    """Return a cell's payload and the number of its row."""
    size, at = _varint(page, at)
    rowid, at = _varint(page, at)
    local = size
    if size > _LARGEST_LOCAL:
        local = _SMALLEST_LOCAL + (size - _SMALLEST_LOCAL) % (PAGE - 4)
        local = local if local <= _LARGEST_LOCAL else _SMALLEST_LOCAL
    parts = [page[at : at + local]]
    left = size - local
    if left > min(most, (PAGE - 4) * len(view)):
        raise ValueError("longer than the file")
    onward = page[at + local : at + local + 4]
    while left > 0:
        following = view[int.from_bytes(onward, "big")]
        parts.append(following[4 : 4 + left])
        left -= PAGE - 4
        onward = following[:4]
    return b"".join(parts), rowid


def _record(payload: bytes, rowid: int) -> Found:
    end, at = _varint(payload, 0)
    types = []
    while at < end:
        kind, at = _varint(payload, at)
        types.append(kind)
    values = []
    for kind in types:
        value, at = _value(payload, at, kind)
        values.append(value)
    *others, last = values
    return Found(tuple(others), rowid, last)


_NUMBERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Serial types of whole numbers: how many bytes they take."""


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind in _NUMBERS:
        end = at + _NUMBERS[kind]
        return int.from_bytes(payload[at:end], "big", signed=True), end
    if kind == 7:
        (real,) = struct.unpack_from(">d", payload, at)
        return real, at + 8
    if kind in (0, 8, 9):
        return (None if kind == 0 else kind - 8), at
    end = at + (kind - 12) // 2
    if kind < 12 or end > len(payload):
        raise ValueError(f"no value of type {kind}")
    return payload[at:end].decode("utf-8", "surrogatepass"), end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return SQLite's variable-length integer at a place, and where it ends."""
    value = 0
    for index in range(8):
        byte = data[at + index]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    value = value << 8 | data[at + 8]
    return value, at + 9
