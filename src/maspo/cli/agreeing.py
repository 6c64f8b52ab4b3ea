"""Asking whether a record or a settings file of somebody else may have what it asks for."""

from __future__ import annotations

import os

import typer

from maspo.cli.settings import LoadedSettings
from maspo.cli.terminal import can_ask, lay_out, note
from maspo.core.errors import EXIT_ERROR
from maspo.study import trust
from maspo.study.reach import Reach, of_system
from maspo.team import System

_KEY = "models.api_key_env"
_WIDTH = 24


def agree(reach: Reach, of: object, allowed: str) -> str:
    """Return the fingerprint of what is asked for once its user agrees to it, now or before; ends the command else.

    ``allowed`` is what ``--trust`` names. Only a person at a terminal is asked.

    Raises:
        NotTrusted: nobody agreed, and nobody is there to ask.

    """
    if allowed or not reach.settings or trust.is_trusted(reach) or not can_ask():
        trust.require(reach, of, allowed)
        return reach.fingerprint
    note(f"{of} asks for what you have not agreed to on this machine:")
    note(lay_out(*((f"  {name}", text) for name, text in reach.lines), width=_WIDTH))
    variable = reach.settings.get(_KEY)
    if isinstance(variable, str) and os.environ.get(variable):
        note(f"{variable} is set here: what it holds is sent to that address as the key.")
    if not typer.confirm("Allow exactly this, now and later?", default=False, err=True):
        note("Not allowed; nothing was sent.")
        raise typer.Exit(EXIT_ERROR)
    trust.remember(reach, of)
    return reach.fingerprint


def agree_to_file(settings: LoadedSettings, allowed: str) -> None:
    """Ask whether a settings file may have what it asks for. Raises what ``agree`` raises."""
    agree(settings.reach, settings.file, allowed)


def agree_to_app(system: System, source: object, allowed: str) -> None:
    """Ask whether the app that a system file names may be run. Raises what ``agree`` raises."""
    agree(of_system(system), source, allowed)
