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

from maspo.report.folder import COMPARISON_PAGE, JOURNAL, SHEETS, find_files, whole_of
from maspo.report.wholes import WHOLES
from maspo.study.record import COMPARED

_LOOK_SECONDS: Final = 2.0
"""How often it is looked for new runs, at most."""
_LOOK_FOR_ONE_SECONDS: Final = 0.3
"""The same where a page asks for one that is not known: its address may be opened as the run begins."""
_MOST: Final = 1_000
"""Runs that are listed."""


@dataclass(frozen=True, slots=True)
class WorkEntry:
    """Something that the page shows: a run by its folder, other work by a file in a folder."""

    folder: Path
    page: str = ""
    """The name of the page that holds the document, or of the record of work made of several runs; empty of a run."""
    name: str = field(default="", compare=False)
    """Where it lies below what the page was told to show: two folders of one name are told apart by it."""


class Runs:
    """Runs, and pages of other work, by id. An id is looked up in this list and never read as a path."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(root.absolute() for root in roots)
        self._listed: dict[str, WorkEntry] = {}
        self._looked_at = -math.inf
        self._turn = threading.Lock()

    def listed(self, seconds: float = _LOOK_SECONDS) -> Mapping[str, WorkEntry]:
        """Return everything by id, as it was found so many seconds ago at most; those that were there keep theirs.

        May be called from several threads.
        """
        with self._turn:
            if time.monotonic() >= self._looked_at + seconds:
                self._look()
                self._looked_at = time.monotonic()
            return dict(self._listed)

    def _look(self) -> None:
        known = set(self._listed.values())
        for root in self._roots:
            found_files = tuple(find_files(root, SHEETS | WHOLES | {JOURNAL}))
            compared = {file.parent for file in found_files if file.name == COMPARED}
            for file in found_files:
                if file.name == COMPARISON_PAGE and file.parent in compared:
                    continue  # its record leads to it, also before it is there
                name = file.parent.relative_to(root).as_posix() if file.parent != root else root.name
                found = WorkEntry(file.parent, "" if file.name == JOURNAL else file.name, name)
                if found not in known and len(self._listed) < _MOST:
                    known.add(found)
                    self._listed[self._free_id(found)] = found

    def get(self, run: str) -> WorkEntry | None:
        """Return what has an id; None when there is nothing."""
        return self._listed.get(run) or self.listed(_LOOK_FOR_ONE_SECONDS).get(run)

    def whole_of(self, shown: WorkEntry) -> str:
        """Return the id of the work that a run is a part of; empty where it stands for itself."""
        record = None if shown.page else whole_of(shown.folder)
        return "" if record is None else self.id_of(record.parent, record.name)

    def id_of(self, folder: Path, page: str = "") -> str:
        """Return the id of what lies in a folder; empty where that is not listed."""
        wanted = WorkEntry(folder, page)
        with self._turn:  # what was found last: whoever follows a run shall not have every folder looked through
            return next((run for run, one in self._listed.items() if one == wanted), "")

    def _free_id(self, found: WorkEntry) -> str:
        kind = f"-{found.page.partition('.')[0]}" if found.page else ""
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", found.folder.name + kind).strip("-.") or "run"
        number, free = 1, name
        while free in self._listed:
            number += 1
            free = f"{name}~{number}"
        return free
