"""Whom this machine's user trusts: fingerprints of what was asked for and agreed to, one file each.

They lie in the user's state folder, where only the user writes, so an entry is proof that maspo wrote a record here, or
that its user has agreed. A record that is moved keeps its fingerprint; one whose settings change loses it.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from maspo.core.errors import UsageError
from maspo.store.state import note, state_folder
from maspo.study.reach import Reach


class NotTrusted(UsageError):
    """A record or a settings file asks for what its user has not agreed to; nothing was sent."""

    def __init__(self, reach: Reach, of: object, given: str = "") -> None:
        wrong = f"; --trust {given} names other settings" if given else ""
        asked = "\n".join(f"  {name}: {text}" for name, text in reach.lines)
        super().__init__(
            f"{of}: asks for what you have not agreed to on this machine{wrong}:\n{asked}\n"
            f'Allow exactly this with --trust {reach.fingerprint} (in Python: trust="{reach.fingerprint}")'
        )
        self.reach = reach


def require(reach: Reach, of: object, trust: str = "") -> None:
    """Check that what is asked for was agreed to; ``trust`` are the fingerprints, with commas, that the caller allows.

    Raises:
        NotTrusted: it was not.

    """
    if not reach.settings or is_trusted(reach):
        return
    if reach.fingerprint not in trust.split(","):
        raise NotTrusted(reach, of, trust)
    remember(reach, of)


def is_trusted(reach: Reach) -> bool:
    """Say whether exactly this was agreed to, or written, by this user on this machine."""
    folder = _folder()
    if folder is None:
        return False
    with contextlib.suppress(OSError):
        found = (folder / reach.fingerprint).lstat()
        return found.st_uid == os.geteuid()
    return False


def remember(reach: Reach, of: object) -> None:
    """Remember that this may be asked for. Where nothing can be remembered, the user is asked again."""
    folder = _folder()
    if folder is None or not reach.settings or is_trusted(reach):
        return
    what = {"of": os.fspath(Path(str(of)).absolute()), "whose": reach.whose, **dict(reach.lines)}
    note(folder, reach.fingerprint, json.dumps(what))


def _folder() -> Path | None:
    state = state_folder()
    return None if state is None else state / "trusted"
