"""Plain files: read without waiting for a pipe, without following a link put there by somebody else, up to a bound.

What stands under a name in a folder of somebody else may be a pipe that nobody writes to, a device, a link to a file
elsewhere, or a file of terabytes without content. Errors are ``OSError`` as the system raises them, so whoever names
the file in a message says what to do.
"""

from __future__ import annotations

import errno
import os
import stat
from itertools import islice
from pathlib import Path

from maspo.core.errors import nearest

MEGABYTE = 1 << 20
MOST_SETTINGS = MEGABYTE
"""Bytes of a settings file; ours have a few hundred."""
MOST_TEXT = 16 * MEGABYTE
"""Bytes of a system file, a prompt, prompts.json, a rubric: a thousand agents with prompts of 16,000 letters."""
_PIECE = MEGABYTE
_MOST_NAMES = 1000
"""Of a folder, among which one is looked for that was meant."""
_MOST_MEANT = 3
"""Folders that a question names: more are a list, which `maspo runs` gives."""


def open_plain(path: Path, flags: int = os.O_RDONLY, *, links: bool = False) -> int:
    """Return a descriptor of a plain file. ``links`` follows a link in its place: for files that the user names.

    Raises:
        OSError: it is not there, cannot be opened, or is a link, folder, pipe, socket or device.

    """
    # Looked at first: to open a device can act on it.
    _check(path.stat() if links else path.lstat())
    handle = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK | (0 if links else os.O_NOFOLLOW))
    try:
        _check(os.fstat(handle))
    except OSError:
        os.close(handle)
        raise
    return handle


def read_plain(path: Path, most: int) -> bytes:
    """Return what a plain file holds.

    Raises:
        OSError: as ``open_plain``, or it is larger than ``most`` bytes.

    """
    return _read(open_plain(path), most)


def read_named(path: Path, most: int) -> bytes:
    """Return what a file holds that the user named; it may be a link. Raises what ``read_plain`` raises."""
    return _read(open_plain(path, links=True), most)


def meant_by(missing: Path) -> str:
    """Return which file beside one that is not there was probably meant, as a question; empty where none is near."""
    try:
        with os.scandir(missing.parent) as found:
            names = [entry.name for entry in islice(found, _MOST_NAMES) if entry.is_file()]
    except OSError:
        return ""
    near = nearest(missing.name, names)
    return f"did you mean {missing.with_name(near)}?" if near else ""


def why_none(folder: Path, record: str) -> str:
    """Return why a folder holds no record of that name: also whoever mistyped the folder looks for the file in it."""
    return f"{record} is missing" if folder.is_dir() else "there is no such folder"


def folders_meant(folder: Path, record: str) -> str:
    """Return which folders with a record were probably meant, as a question; empty where none is near.

    Of a folder that is there these are folders in it, of one that is not the folder beside it with the nearest name.
    """
    place = folder if folder.is_dir() else folder.parent
    try:
        with os.scandir(place) as found:
            names = sorted(entry.name for entry in islice(found, _MOST_NAMES) if is_plain(place / entry.name / record))
    except OSError:
        return ""
    if place is not folder:
        names = [name for name in (nearest(folder.name, names),) if name]
    meant = [str(place / name) for name in names[:_MOST_MEANT]]
    return f"did you mean {' or '.join(meant)}?" if meant else ""


def is_there(path: Path) -> bool:
    """Say whether anything stands under a name, a link that leads nowhere included."""
    return os.path.lexists(path)


def is_plain(path: Path) -> bool:
    """Say whether a plain file stands under a name; a link to one is none."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _read(handle: int, most: int) -> bytes:
    """Read and close."""
    found = bytearray()
    try:
        while piece := os.read(handle, _PIECE):
            found += piece
            if len(found) > most:
                raise OSError(errno.EFBIG, f"larger than {most // MEGABYTE:,} MB")
    finally:
        os.close(handle)
    return bytes(found)


def _check(found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "a link, which is not followed here")
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "no plain file, but a pipe, socket or device")
