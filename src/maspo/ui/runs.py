"""The runs that the page shows: found in folders, and known to the page by names that lead nowhere else."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from maspo.report.folder import JOURNAL, find_files

_LOOK_SECONDS: Final = 2.0
"""How often it is looked for new runs, at most."""
_MOST: Final = 1_000
"""Runs that are listed."""


class Runs:
    """Run folders by id. An id is looked up in this list and never read as a path."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(root.absolute() for root in roots)
        self._folders: dict[str, Path] = {}
        self._next_at = -math.inf
        self._turn = threading.Lock()

    def folders(self) -> Mapping[str, Path]:
        """Return all runs by id; those that were there keep theirs. May be called from several threads."""
        with self._turn:
            if time.monotonic() >= self._next_at:
                self._look()
                self._next_at = time.monotonic() + _LOOK_SECONDS
            return dict(self._folders)

    def _look(self) -> None:
        known = set(self._folders.values())
        for root in self._roots:
            for record in find_files(root, frozenset({JOURNAL})):
                if record.parent not in known and len(self._folders) < _MOST:
                    known.add(record.parent)
                    self._folders[self._free_id(record.parent)] = record.parent

    def folder(self, run: str) -> Path | None:
        """Return the folder of a run; None when there is no such id."""
        return self._folders.get(run) or self.folders().get(run)

    def _free_id(self, folder: Path) -> str:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", folder.name).strip("-.") or "run"
        number, found = 1, name
        while found in self._folders:
            number += 1
            found = f"{name}~{number}"
        return found
