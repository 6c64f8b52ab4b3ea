"""Files of a run folder beside its database: replaced whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from maspo.core.errors import StoreError


def write_whole(path: Path, text: str) -> None:
    """Replace a file so that, whatever happens, either the old or the new one is there, whole.

    Text that UTF-8 has no bytes for, such as a lone surrogate, is written as a backslash escape.

    Raises:
        StoreError: it cannot be written; the old one is kept.

    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(text.encode("utf-8", "backslashreplace"))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StoreError(
            f"{path}: cannot be written ({error.strerror}); what was there is kept. "
            "Free space, or give a folder that you may write to, and try again"
        ) from error
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Make renames in a folder durable, where the system can do it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
