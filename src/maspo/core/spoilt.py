"""Inputs under a fault, by the key that a run is asked for: ``q7 under nonsense@solver``. Pure.

A search that chooses itself what goes wrong names it in the key; a key that names nothing is met as the settings say.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

NOTHING = "nothing"
"""The fault of an input on which nothing shall go wrong, whatever the settings say."""
_UNDER = " under "


def under(key: str, fault: str) -> str:
    """Return the key of an input that is met under a fault, or under ``NOTHING``."""
    return f"{key}{_UNDER}{fault}"


def called(key: str, labels: Mapping[str, str]) -> str:
    """Return what people call an input, and under which fault it was met; ``labels`` are by the keys of inputs."""
    plain, fault = parted(key, labels)
    return f"{labels.get(plain, plain)}{_UNDER}{fault}" if fault not in ("", NOTHING) else labels.get(plain, plain)


def parted(key: str, known: Container[str]) -> tuple[str, str]:
    """Return the key of the input itself and the fault that is named; none of an input that is known by this key."""
    plain, _, fault = key.rpartition(_UNDER)
    return (plain, fault) if key not in known and plain in known else (key, "")
