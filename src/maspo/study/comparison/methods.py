"""Methods by name: a profile, or an optimizer with its own default settings."""

from __future__ import annotations

from maspo.config import PROFILES
from maspo.core.errors import ConfigInvalid
from maspo.optimizers.registry import OPTIMIZERS


def choice_of(name: str) -> tuple[str, tuple[str, ...]]:
    """Return what chooses a method: a profile, and further settings as texts of ``--set``.

    Raises:
        ConfigInvalid: there is no such method.

    """
    if name in PROFILES:
        return name, ()
    if name in OPTIMIZERS.names():
        return "default", (f"search.method={name}",)
    known = ", ".join([*PROFILES, *OPTIMIZERS.names()])
    raise ConfigInvalid(f"--methods {name!r}: no such profile or optimizer; there are {known}")


def seeds_of(text: str) -> tuple[int, ...]:
    """Return the seeds of ``0-2`` or ``0,3``.

    Raises:
        ConfigInvalid: it is neither.

    """
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not (first.isdecimal() and (last.isdecimal() if dash else not last)):
            raise ConfigInvalid(f"--seeds {text!r}: expected whole numbers such as 0-2 or 0,3")
        found += range(int(first), int(last if dash else first) + 1)
    if not found:
        raise ConfigInvalid(f"--seeds {text!r}: names no seed; expected whole numbers such as 0-2 or 0,3")
    return tuple(dict.fromkeys(found))
