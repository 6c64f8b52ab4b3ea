"""What an attack is. This folder needs only the standard library and ``maspo.sandbox``: another user runs it too."""

from __future__ import annotations

from dataclasses import dataclass

SQUARES = ("assert f(2) == 4", "assert f(3) == 9", "assert f(12) == 144")


@dataclass(frozen=True)
class Forgery:
    """A wrong program that wants to pass its tests. ``fools_naive``: it does, where both share a process."""

    name: str
    code: str
    tests: tuple[str, ...] = SQUARES
    setup: str = ""
    entry_point: str = ""
    fools_naive: bool = True


@dataclass(frozen=True)
class Break:
    """A program whose ``attack(place)`` returns True, or the secret, when it got out.

    ``harmless``: it may be run, and must succeed, at the level ``unsafe``. ``hangs``: it is to be ended by a limit.
    """

    name: str
    code: str
    harmless: bool = True
    hangs: bool = False


@dataclass(frozen=True)
class Place:
    """What a break is aimed at."""

    canary: str
    folder: str
    port: int
    datagrams: int
    local: str
    abstract: str
    victim: int
    variable: str
    source: str
