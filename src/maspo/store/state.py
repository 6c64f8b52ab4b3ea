"""Where maspo remembers, on this machine and for this user, what must outlive a run folder."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def state_folder() -> Path | None:
    """Return the folder, which need not exist: ``$XDG_STATE_HOME/maspo``, else ``~/.local/state/maspo``.

    None for a user without a home. Source: the XDG Base Directory Specification; a relative path there is ignored.
    """
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    if given.is_absolute():
        return given / "maspo"
    with contextlib.suppress(RuntimeError):
        return Path.home() / ".local" / "state" / "maspo"
    return None


def note(folder: Path, name: str, text: str) -> None:
    """Put a note into a folder of the state, once, for this user alone; where that cannot be, nothing is noted."""
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
