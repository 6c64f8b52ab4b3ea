"""Files of a run folder: made where nothing is, replaced whole or not at all, and never through a link."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from maspo.core.errors import StoreError
from maspo.core.plain_files import is_there, open_plain


def write_whole(path: Path, text: str) -> None:
    """Replace a file so that, whatever happens, either the old or the new one is there, whole.

    Text that UTF-8 has no bytes for, such as a lone surrogate, is written as a backslash escape. A link in its place is
    replaced; what it leads to stays as it is.

    Raises:
        StoreError: it cannot be written; the old one is kept.

    """
    if path.is_dir():
        raise StoreError(f"{path}: is a folder; give the name of a file")
    partial = path.with_name(f"{path.name}.partial")
    made = False
    try:
        with make_anew(partial) as file:
            made = True
            file.write(text.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        if made:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        raise StoreError(
            f"{path}: cannot be written ({error.strerror}); what was there is kept. "
            "Free space, or give a folder that you may write to, and try again"
        ) from error
    flush_folder(path.parent)


@contextlib.contextmanager
def make_anew(path: Path, *beside: str) -> Iterator[BinaryIO]:
    """Make a file that nothing else is: what stands under its name goes first, and under the names ``beside`` it.

    A link goes, and not what it leads to.

    Raises:
        OSError: it cannot be made, or a folder is in its place.

    """
    for name in (path, *(path.with_name(path.name + suffix) for suffix in beside)):
        name.unlink(missing_ok=True)
    with os.fdopen(_made(path), "r+b") as file:
        yield file


def _made(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)


def add_line(path: Path, line: str) -> None:
    """Add a line to a file, which is made when it is not there; a last line that nobody ended stays one of its own.

    Raises:
        StoreError: it cannot be written, or is a link, or has a second name elsewhere.

    """
    try:
        handle = open_plain(path, os.O_RDWR | os.O_APPEND) if is_there(path) else _made(path)
        with os.fdopen(handle, "wb") as file:
            found = os.fstat(handle)
            if found.st_nlink > 1:
                raise OSError(errno.EMLINK, "it has a second name (a hard link), and a file elsewhere would change")
            ended = found.st_size == 0 or os.pread(handle, 1, found.st_size - 1) == b"\n"
            file.write((b"" if ended else b"\n") + f"{line}\n".encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}); take it away and try again") from error


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a folder while a file in it is read and replaced; others who do the same wait, and a kill frees it.

    Raises:
        StoreError: the folder cannot be opened.

    """
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"{folder}: cannot be opened ({error.strerror}); give a folder that is there") from error
    try:
        with contextlib.suppress(OSError):  # file systems without locks have one user, it is hoped
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def flush_folder(folder: Path) -> None:
    """Make renames in a folder durable, where the system can do it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
