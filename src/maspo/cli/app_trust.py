"""May this app be run? A system file with ``app:`` names a program; one that somebody else wrote is their program.

``agree_to_app`` is the one place where that is asked.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import typer

from maspo.cli.terminal import note
from maspo.core.errors import ConfigInvalid
from maspo.team import System
from maspo.team.app import App


def agree_to_app(system: System, source: str, allowed: bool) -> None:
    """Return when the app of a system, if it has one, may be run: it was agreed to on this machine before, or now.

    Raises:
        ConfigInvalid: nobody agrees.

    """
    app = system.app
    if app is None or app.kind == "url" or _fingerprint(app) in _agreed():
        return
    what = f"{source}: it runs `{app.run}` with {app.interpreter(sys.executable)} in {app.folder}, as you"
    if not allowed and sys.stdin.isatty() and sys.stderr.isatty():
        note(f"{what}. It was not discovered on this machine.")
        allowed = typer.confirm("Run it?", default=False, err=True)
    if not allowed:
        raise ConfigInvalid(
            f"{what}. It was not discovered on this machine: look at it, then allow it with --allow-app, or write the "
            "file anew with `maspo discover`"
        )
    remember_app(app)


def remember_app(app: App) -> None:
    """Note that an app may be run on this machine: its user has started it here."""
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as notes:
            notes.write(f"{_fingerprint(app)}\n")
    except OSError as error:
        note(f"note: {file}: cannot be written ({error.strerror}); you will be asked again whether {app.run} may run")


def _agreed() -> frozenset[str]:
    try:
        return frozenset(_file().read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError):
        return frozenset()


def _file() -> Path:
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "maspo" / "apps"


def _fingerprint(app: App) -> str:
    """Return what is agreed to: which program, by which interpreter, in which folder."""
    what = json.dumps([app.run, app.interpreter(""), app.folder])
    return hashlib.sha256(what.encode("utf-8", "surrogatepass")).hexdigest()
