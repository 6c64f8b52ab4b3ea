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
