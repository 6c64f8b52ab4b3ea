"""Labels of which no answer ever equals one: a matter of how they are written and read, rather than of prompts."""

from __future__ import annotations

from typing import Final

from maspo.team import System

ENOUGH: Final = 8
"""Labelled inputs before anything is said: a team that is right on a third misses all eight in one case of 25."""


def never_met(seen: int, any_right: bool, unread: int | None, read_by: str) -> str:
    """Return that no final answer met its label, and what to see to; empty where one did, or where few were seen.

    ``seen`` counts labelled inputs, ``unread`` those of them on which no answer could be read, where that is known;
    ``read_by`` names what reads answers, as a user can change it.
    """
    if any_right or seen < ENOUGH:
        return ""
    none = "" if not unread else f" (on {unread} of them no answer could be read)"
    return (
        f"on none of {seen} inputs with a label was a final answer equal to it{none}, so labels decide nothing: "
        f"compare an answer with its label, and change how answers are read ({read_by}) or how the labels are written"
    )


def spec_of(system: System) -> str:
    """Return where a system file says how final answers are read."""
    return f"`final_answer: {system.final_answer}` of the system file"
