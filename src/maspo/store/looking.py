"""Looking at a record: as it stands, without a change to any file, whoever wrote it.

SQLite writes where it reads: it takes back what a process died in, makes an index for the log, follows links, and,
by its documents, deletes a file that a journal names. So only a record that a process works on now is opened where it
lies, read-only.
Any other is opened as a file that nobody changes, or, where a log or a journal lies beside it, as a copy.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import struct
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from maspo.core.errors import StoreError
from maspo.core.plain_files import MEGABYTE, is_plain, is_there, open_plain, read_plain
from maspo.store.locks import check_names, is_worked_on
from maspo.store.pages import PAGE, next_data, read_log
from maspo.store.schema import MAGIC, OURS, check, connect, refuse, require, unreadable

BESIDE: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database."""
_MOST_BYTES = 8 << 30
"""Of a record: a hundred times what a run of thousands of calls has."""
_MOST_LOG = 256 * MEGABYTE
"""Bytes of a log; SQLite keeps it at 4 MB unless a reader holds it up."""
_PIECE = MEGABYTE
_TRIES = 5
"""Copies that are begun again because the log began anew meanwhile: it does so once in a thousand pages."""
_LOG_HEADER = 32
_JOURNAL_NAMES = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"
"""How a journal ends that names another file, which SQLite would read and delete (fileformat2, 3.2)."""
_JOURNAL_HEAD = struct.Struct(">8xIIIII")
"""Records, nonce, pages of the database before the change, bytes of a sector, bytes of a page."""

Stamp: TypeAlias = tuple[tuple[int, int, int] | None, ...]
"""Number, size and time of the last change of each file of a record; None of one that is not there."""


class CopiedAside(sqlite3.Connection):
    """A connection to a copy, which goes when it is closed."""

    folder: Path
    _gone: weakref.finalize[..., object] | None = None

    def keep(self, folder: Path) -> None:
        """Say where the copy lies."""
        self._gone = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def close(self) -> None:
        """Close, and remove the copy."""
        super().close()
        if self._gone is not None:
            self._gone()


def stamp_of(path: Path) -> Stamp:
    """Return what changes when anybody writes a record."""
    return tuple(_stamp(path.with_name(path.name + suffix)) for suffix in ("", *BESIDE))


def view(path: Path) -> sqlite3.Connection | str:
    """Open a record to look at it, also while a process writes it; or return what damage SQLite may not see.

    Raises:
        StoreError: it is missing, too large, no plain file, or what lies beside it is none.
        OSError: there is no room for a copy.

    """
    require(path)
    check_beside(path)
    try:
        worked_on = is_worked_on(path)
    except OSError as error:
        raise unreadable(path, error.strerror) from error
    if not worked_on:
        return beginning_damage(path) or view_still(path)
    connection = connect(path, "ro")
    try:
        connection.execute("SELECT COUNT(*) FROM sqlite_master")
    except sqlite3.OperationalError:  # in a folder where nothing can be written it cannot show its log
        connection.close()
        return view_still(path)
    return connection


def view_still(path: Path) -> sqlite3.Connection:
    """Open a record that no process writes. Raises what ``view`` raises."""
    log, _, journal = (path.with_name(path.name + suffix) for suffix in BESIDE)
    check_journal(path)
    with _opened(path) as record:
        if not (_size(log) or _size(journal)):
            return connect(path, "ro&immutable=1")
        folder = Path(tempfile.mkdtemp(prefix="maspo-"))
        copy = folder / "copy.db"
        try:
            if _size(journal):
                with _opened(journal) as handle:
                    _copy(handle, folder / "copy.db-journal")
            _copy_with_log(path, record, log, copy)
            # What a process died in is taken back by a connection that may write: here, in the copy.
            connection = connect(copy, "rw" if _size(journal) else "ro", CopiedAside)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    assert isinstance(connection, CopiedAside)  # noqa: S101 (what was asked for)
    connection.keep(folder)
    return connection


def inspect(path: Path) -> str:
    """Look whether a file that nobody writes is a whole run database; return its damage, or "".

    Raises:
        StoreError: it is missing, no run, or of a newer maspo; says which, and the fix.

    """
    require(path)
    check_beside(path)
    if damage := beginning_damage(path):
        return damage
    try:
        connection = view_still(path)
    except OSError as error:
        raise unreadable(path, error.strerror) from error
    try:
        return check(connection, path)
    finally:
        connection.close()


def beginning_damage(path: Path) -> str:
    """Return what is wrong with the header of a file that nobody writes, or with its log, as far as SQLite may not see.

    Raises:
        StoreError: it is no run's database.

    """
    try:
        with _opened(path) as handle:
            head = os.pread(handle, PAGE, 0)
        frames = log_of(path)
    except OSError as error:
        raise unreadable(path, error.strerror) from error
    if head[: len(MAGIC)] != MAGIC:
        # SQLite deletes the log of an empty file, so it may not look at it first.
        if OURS in head or OURS in frames:
            return "its header is gone"
        refuse(path, head)
    return f"{path.name}-wal is damaged" if read_log(frames).damaged else ""


def log_of(path: Path) -> bytes:
    """Return the write-ahead log beside a record; empty when there is none.

    Raises:
        OSError: it cannot be read.

    """
    log = path.with_name(f"{path.name}-wal")
    return read_plain(log, _MOST_LOG) if is_there(log) else b""


def check_beside(path: Path) -> None:
    """Check that what lies beside a record is plain files of this folder alone.

    Raises:
        StoreError: one of them is a link, a pipe, a device, or has a second name elsewhere.

    """
    for suffix in BESIDE:
        beside = path.with_name(path.name + suffix)
        if not is_there(beside):
            continue
        # Not opened: to close it again would take away SQLite's locks, should this process have it open.
        if not is_plain(beside):
            raise StoreError(
                f"{beside}: no plain file, but a link, folder, pipe or device; no maspo made it. Take it away and try "
                "again"
            )
        check_names(beside)


def check_journal(path: Path) -> None:
    """Check that a journal, if there is one, takes back a change of this record and of no other file.

    Raises:
        StoreError: it names another file, or makes the record larger than any is.

    """
    journal = path.with_name(f"{path.name}-journal")
    if not _size(journal):
        return
    with _opened(journal) as handle:
        size = os.fstat(handle).st_size
        head, end = os.pread(handle, _JOURNAL_HEAD.size, 0), os.pread(handle, 8, max(0, size - 8))
    pages, width = 0, 0
    if len(head) == _JOURNAL_HEAD.size:
        _, _, pages, _, width = _JOURNAL_HEAD.unpack(head)
    if end == _JOURNAL_NAMES or pages * width > _MOST_BYTES:
        raise StoreError(
            f"{journal}: names another file, or a size that no record has; no maspo made it. Take it away and try again"
        )


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = open_plain(path)
    try:
        if os.fstat(handle).st_size > _MOST_BYTES:
            raise StoreError(f"{path}: larger than {_MOST_BYTES // MEGABYTE:,} MB, as no record of maspo is")
        yield handle
    finally:
        os.close(handle)


def _copy_with_log(path: Path, record: int, log: Path, copy: Path) -> None:
    """Copy a record and its log so that they belong together, also while a process writes.

    Pages that are being written into the record are in the log, and stay there until the log begins anew.
    """
    for _ in range(_TRIES):
        before = _log_begins(log)
        _copy(record, copy)
        beside = copy.with_name(f"{copy.name}-wal")
        beside.unlink(missing_ok=True)
        if _size(log):
            with _opened(log) as handle:
                _copy(handle, beside)
        if _log_begins(log) == before:
            return
    raise unreadable(path, "it changes faster than it can be copied")


def _log_begins(log: Path) -> bytes:
    if not _size(log):
        return b""
    with _opened(log) as handle:
        return os.pread(handle, _LOG_HEADER, 0)


def _copy(handle: int, target: Path) -> None:
    """Copy a file, leaving out what is empty; a copy that does not fit is not begun."""
    taken, room = os.fstat(handle).st_blocks * 512, os.statvfs(target.parent)
    if taken > room.f_bavail * room.f_frsize:
        raise OSError(errno.ENOSPC, f"no room for a copy in {target.parent}")
    size, at = os.fstat(handle).st_size, 0
    with target.open("wb") as file:
        while (at := next_data(handle, at)) < size and (piece := os.pread(handle, _PIECE, at)):
            file.seek(at)
            file.write(piece)
            at += len(piece)
        file.truncate(size)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _size(path: Path) -> int:
    found = _stamp(path)
    return found[1] if found else 0
