"""The runs that the page shows: found in folders, and known to the page by names that lead nowhere else."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from maspo.report.folder import JOURNAL, SHEETS, find_files

_LOOK_SECONDS: Final = 2.0
"""How often it is looked for new runs, at most."""
_MOST: Final = 1_000
"""Runs that are listed."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Something that the page shows: a run by its folder, or work that is over by its page in a folder."""

    folder: Path
    page: str = ""
    """The name of the page that holds the document; empty of a run."""
    name: str = field(default="", compare=False)
    """Where it lies below what the page was told to show: two folders of one name are told apart by it."""


class Runs:
    """Runs, and pages of other work, by id. An id is looked up in this list and never read as a path."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(root.absolute() for root in roots)
        self._listed: dict[str, Listed] = {}
        self._next_at = -math.inf
        self._turn = threading.Lock()

    def listed(self) -> Mapping[str, Listed]:
        """Return everything by id; those that were there keep theirs. May be called from several threads."""
        with self._turn:
            if time.monotonic() >= self._next_at:
                self._look()
                self._next_at = time.monotonic() + _LOOK_SECONDS
            return dict(self._listed)

    def _look(self) -> None:
        known = set(self._listed.values())
        for root in self._roots:
            for file in find_files(root, SHEETS | {JOURNAL}):
                name = file.parent.relative_to(root).as_posix() if file.parent != root else root.name
                found = Listed(file.parent, "" if file.name == JOURNAL else file.name, name)
                if found not in known and len(self._listed) < _MOST:
                    known.add(found)
                    self._listed[self._free_id(found)] = found

    def get(self, run: str) -> Listed | None:
        """Return what has an id; None when there is nothing."""
        return self._listed.get(run) or self.listed().get(run)

    def _free_id(self, found: Listed) -> str:
        kind = f"-{found.page.partition('.')[0]}" if found.page else ""
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", found.folder.name + kind).strip("-.") or "run"
        number, free = 1, name
        while free in self._listed:
            number += 1
            free = f"{name}~{number}"
        return free
