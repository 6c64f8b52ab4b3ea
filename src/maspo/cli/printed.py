"""What commands print for scripts with ``--json``: the figures of a file, and where they lie. One object, one line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maspo.core.plain import FLAT, Dumped


@dataclass(frozen=True, slots=True)
class ReportEnd(Dumped):
    """A report that was written again."""

    figures: Dumped = field(metadata=FLAT)
    report: str


@dataclass(frozen=True, slots=True)
class CommandEnd(Dumped):
    """A command that has worked to its end, or as far as it came."""

    figures: Dumped = field(metadata=FLAT)
    exit_code: int
    out: str
    report: str


@dataclass(frozen=True, slots=True)
class RunEntry(Dumped):
    """A run in a list."""

    dir: str
    state: str
    result: Dumped = field(metadata=FLAT)


@dataclass(frozen=True, slots=True)
class NoVerdict(Dumped):
    """Work that has not come to an end."""

    verdict: None = None


@dataclass(frozen=True, slots=True)
class NoJudge(Dumped):
    """A check of a judge that has not come to an end."""

    judge: None = None


@dataclass(frozen=True, slots=True)
class FolderEntry(Dumped):
    """An evaluation or a check of a judge in a list."""

    dir: str
    figures: Dumped = field(metadata=FLAT)


@dataclass(frozen=True, slots=True)
class OtherEntry(Dumped):
    """Other work: a comparison, an arena, a team under stress, a structure, a watch, prompts and structure in turns."""

    dir: str
    kind: str
    headline: str
    page: str
    state: str
    parts: tuple[str, ...]
    """The folders of the runs that it is made of, from its own."""


@dataclass(frozen=True, slots=True)
class Listing(Dumped):
    """What ``maspo runs`` found below a folder."""

    runs: tuple[RunEntry, ...]
    evaluations: tuple[FolderEntry, ...]
    judge_checks: tuple[FolderEntry, ...]
    others: tuple[OtherEntry, ...]


@dataclass(frozen=True, slots=True)
class Change(Dumped):
    """An agent's prompt in either of two sets; None where it is not in one."""

    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Changes(Dumped):
    """How two sets of prompts differ, by agent."""

    changed: Mapping[str, Change]


def ended(figures: Dumped, exit_code: int, out: Path, page: str) -> CommandEnd:
    """Return what a command prints at its end; ``page`` is the name of its report in the folder."""
    return CommandEnd(figures, exit_code, str(out), str(out / page))
