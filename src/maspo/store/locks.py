"""The lock of a record: on the file itself, so that nothing beside it can break it, and nothing is left behind.

It is a lock of the open file (``F_OFD_SETLK``) on a byte far behind those that SQLite locks: it goes with the process,
holds against a second opening within the process too, and does not mind what SQLite opens and closes. Where the system
has none, the folder is locked instead (``flock``).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import sys
from pathlib import Path

from maspo.core.errors import StoreError
from maspo.core.plain_files import open_plain

_AT = 1 << 61
"""SQLite locks 512 bytes from 2^30 on."""
_FLOCK = struct.Struct("@hhqqi4x")
"""``struct flock`` of 64-bit Linux: type, whence, start, length, process."""
_OFD = sys.platform == "linux" and struct.calcsize("P") == 8 and hasattr(fcntl, "F_OFD_SETLK")
_TRIES = 5
"""Times that a record is looked up anew because another process has put a mended one in its place meanwhile."""
_TAKEN = (errno.EAGAIN, errno.EACCES)

_held: set[tuple[int, int]] = set()
"""Device and number of the records that this process has locked. It must not open and close these files besides: that
would take away SQLite's own locks (POSIX: they go with any descriptor of the file)."""


class RecordLock:
    """Keeps others from working on the same record; the system frees it when the process dies.

    Raises:
        StoreError: another process holds it, or the file is none that can be written here: a link, a pipe, a file with
            a second name elsewhere.

    """

    def __init__(self, record: Path) -> None:
        self.record = record
        self._handle, self._place = _take(record)
        _held.add(self._place)

    def release(self) -> None:
        """Let others in."""
        if self._handle >= 0:
            _held.discard(self._place)
            os.close(self._handle)
            self._handle = -1


def is_worked_on(record: Path) -> bool:
    """Say whether a process, this one included, works on a record now.

    Raises:
        OSError: the file cannot be opened.

    """
    if _place_of(record) in _held:
        return True
    if not _OFD:
        return _folder_is_locked(record.parent)
    handle = open_plain(record)
    try:
        return _holder(handle) is not None
    finally:
        os.close(handle)


def _take(record: Path) -> tuple[int, tuple[int, int]]:
    try:
        for _ in range(_TRIES):
            if _place_of(record) in _held:
                raise _taken(record, os.getpid())
            handle = open_plain(record, os.O_RDWR)
            try:
                handle = _lock(record, handle)
                _check_own_names(record)
                found = os.fstat(handle) if _OFD else record.lstat()
                if _place_of(record) == (found.st_dev, found.st_ino):
                    return handle, (found.st_dev, found.st_ino)
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise StoreError(
            f"{record}: cannot be opened to write ({error.strerror}); give a folder that maspo wrote, on a disk that "
            "you may write to"
        ) from error
    raise StoreError(f"{record}: is not there any more; give a folder that maspo wrote")


def _check_own_names(record: Path) -> None:
    """Check that a record that is locked has no second name, but for the one it was made under."""
    made = made_as(record)
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(made.lstat(), record.lstat()):
            made.unlink()  # the process that made it died before it could
    check_names(record)


def check_names(file: Path) -> None:
    """Check that a file has no second name.

    Raises:
        StoreError: it has.

    """
    names = file.lstat().st_nlink
    if names > 1:
        raise StoreError(
            f"{file}: has {names} names (hard links), so that writing would change a file elsewhere; copy the folder "
            f"({file.parent}) and go on with the copy"
        )


def made_as(record: Path) -> Path:
    """Return the name under which a record is made before anybody may see it."""
    return record.with_name(f"{record.name}.new")


def _lock(record: Path, handle: int) -> int:
    """Lock what is open; return the descriptor that holds the lock."""
    if _OFD:
        try:
            # So long as the number of the process says: whoever meets the lock is told who holds it.
            fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _AT, 1 + os.getpid(), 0))
        except OSError as error:
            if error.errno in _TAKEN:
                raise _taken(record, _holder(handle)) from error
            raise
        return handle
    folder = os.open(record.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(folder)
        if error.errno in _TAKEN:
            raise _taken(record, None) from error
        raise
    os.close(handle)
    return folder


def _holder(handle: int) -> int | None:
    """Return the process that holds the lock of an open file; None when nobody does."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _AT, 0, 0)
    kind, _, _, length, _ = _FLOCK.unpack(fcntl.fcntl(handle, fcntl.F_OFD_GETLK, asked))
    return None if kind == fcntl.F_UNLCK else length - 1


def _folder_is_locked(folder: Path) -> bool:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _TAKEN
    finally:
        os.close(handle)
    return False


def _place_of(record: Path) -> tuple[int, int]:
    found = record.lstat()
    return found.st_dev, found.st_ino


def _taken(record: Path, process: int | None) -> StoreError:
    by = f" (process {process})" if process else ""
    return StoreError(f"{record}: another maspo process works on this run{by}; wait for it or stop it, then try again")
