"""Records wherever they lie, in a file or in a store: who works on one, whether it has changed, and one more of it."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from maspo.core.errors import StoreError, UsageError
from maspo.core.plain_files import is_plain, is_there
from maspo.store import locks, looking, postgres
from maspo.store.address import Pointer, StoreAddress, agreed, pointer_in
from maspo.store.postgres import KEPT, StoredRun
from maspo.store.run_store import RunStore

Stamp: TypeAlias = tuple[object, ...]
_ROWS = 200
"""Rows that are copied at once: some megabytes."""
_PAUSE = 0.1
"""Seconds between two looks at whether a run of a store is free; each look is a connection."""


def is_worked_on(record: Path) -> bool:
    """Say whether a process, this one included, works on a record now.

    Raises:
        OSError: the file cannot be opened.
        StoreError: the store that it names cannot be asked.

    """
    pointer = pointer_in(record)
    return locks.is_worked_on(record) if pointer is None else postgres.state_in(pointer, record)[0]


def stamp_of(record: Path) -> Stamp:
    """Return what changes when anybody writes a record."""
    pointer = pointer_in(record)
    if pointer is None:
        return looking.stamp_of(record)
    try:
        return postgres.state_in(pointer, record)
    except StoreError:
        return ()


def follow(record: Path, allowed: str) -> None:
    """Allow a record that lies in a store, where ``allowed`` holds the fingerprint of that store.

    Raises:
        StoreError: it lies in one that this user has not named, and that is not allowed.

    """
    pointer = pointer_in(record)
    if pointer is not None:
        agreed(pointer, record, allowed)


def discard(record: Path) -> None:
    """Remove the rows of a record that lies in a store. Raises what ``agreed`` raises."""
    pointer = pointer_in(record)
    if pointer is not None:
        postgres.discard(pointer, record)


def place(address: StoreAddress, run: StoredRun, record: Path) -> None:
    """Name a run of a store in a folder, which is made."""
    record.parent.mkdir(parents=True, exist_ok=True)
    postgres.write_pointer(address, run.token, record)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where work has its records: in its folder, or in a store, under the folder's name; the same for all programs.

    ``budget`` is one of the store that it spends from. ``whole`` is the record of the work that it is a part of.
    """

    store: StoreAddress | None = None
    budget: str = ""
    whole: Path | None = None

    @asynccontextmanager
    async def created(self, record: Path) -> AsyncIterator[RunStore]:
        """Make a record that is not there yet, and hold it.

        Raises:
            StoreError: what ``RunStore.create`` raises.
            ConfigInvalid: a budget without a store.

        """
        async with RunStore.create(record, self.store, self.whole) as made:
            if self.budget:
                made.join(self.budget)
            yield made

    @asynccontextmanager
    async def opened(self, record: Path) -> AsyncIterator[RunStore]:
        """Open a record to go on with it where it lies, and hold it.

        Raises:
            StoreError: what ``RunStore.open`` raises.
            UsageError: it spends from another budget.

        """
        async with RunStore.open(record) as found:
            if self.budget and found.budget != self.budget:
                spends = f"spends from the budget {found.budget!r}" if found.budget else "was begun without a budget"
                raise UsageError(f"--budget {self.budget}: {record.parent} {spends}, and goes on so; leave it out")
            yield found


IN_FOLDER: Final = Keeping()
"""What holds unless something else is said."""


def beside(record: RunStore) -> Keeping:
    """Return where the parts of larger work have their records: where its own lies."""
    pointer = pointer_in(record.path)
    if pointer is None:
        return IN_FOLDER
    return Keeping(agreed(pointer, record.path), record.budget, record.path)


def place_again(pointer: Pointer, record: Path) -> None:
    """Name a record of a store in a folder of this machine, which is made."""
    record.parent.mkdir(parents=True, exist_ok=True)
    postgres.write_pointer(pointer.address, pointer.token, record)


def place_parts(whole: Path) -> None:
    """Name, in the folders of larger work, those of its parts that its store has and that were begun elsewhere."""
    pointer = pointer_in(whole)
    if pointer is None:
        return
    address = agreed(pointer, whole)
    for run in postgres.runs_in(address):
        if run.whole == pointer.token and not is_there(record := whole.parent / _place_of(run)):
            place(address, run, record)


# ── work of a store, by name ─────────────────────────────────────────────────────────────────────────────────────────

_WHOLES = ("comparison.db", "joint.db", "watch.db")
"""Records of work that is made of several."""
_RECORD = re.compile(r"[a-z]+\.db")
"""What records are called in folders."""
_NOT_IN_NAMES = re.compile(r"[^\w.~ +@,=-]")
"""Characters that names of runs may hold which no name of a folder here should: others may write to a store."""
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class StoredWork:
    """What lies in a store under one name: the records of a folder, and those of the parts below it."""

    name: str
    """Its name; with a part of the id where several have it."""
    records: tuple[StoredRun, ...]
    """Its own first."""

    def place(self, address: StoreAddress, folder: Path) -> None:
        """Name all records of the work in a folder, which is made."""
        for record in self.records:
            place(address, record, folder / _place_of(record))


def works_in(address: StoreAddress) -> list[StoredWork]:
    """Return the work of a store, the newest first."""
    runs = postgres.runs_in(address)
    tokens = {run.token for run in runs}
    parts: dict[str, list[StoredRun]] = {}
    for run in runs:
        parts.setdefault(run.whole if run.whole in tokens else "", []).append(run)
    found: list[list[StoredRun]] = []
    for run in parts.get("", ()):
        # A run and an evaluation of its prompts may share a folder; two of a kind do not.
        for group in found:
            if group[0].name == run.name and all(one.file != run.file for one in group):
                group.append(run)
                break
        else:
            found.append([run])
    names = Counter(group[0].name for group in found)
    works = []
    for group in found:
        name = group[0].name if names[group[0].name] == 1 else f"{group[0].name}~{group[0].token[:8]}"
        works.append(StoredWork(name, (*group, *(part for run in group for part in parts.get(run.token, ())))))
    return works


def find(address: StoreAddress, name: str) -> StoredWork:
    """Return the work of a store that has a name, or whose name and first letters of its id (``NAME~ID``) are these.

    Raises:
        UsageError: there is none, or more than one.

    """
    works = works_in(address)
    found = [
        work
        for work in works
        if any(name in (run.name, run.token, f"{run.name}~{run.token[:8]}") for run in work.records if not run.whole)
    ]
    if len(found) == 1:
        return found[0]
    known = ", ".join(work.name for work in works) or "none"
    what = "several runs of this name" if found else f"no run {name!r}"
    raise UsageError(f"{address.shown}: {what}; runs that it has: {known}")


def name_of(address: StoreAddress, folder: Path) -> str:
    """Return the name by which a store finds the work whose records a folder names."""
    tokens = {pointer.token for record, _ in records_in(folder) if (pointer := pointer_in(record)) is not None}
    return next(work.name for work in works_in(address) if any(run.token in tokens for run in work.records))


def folder_name(name: str) -> str:
    """Return the name of a run as that of a folder, which leads nowhere else."""
    found = _NOT_IN_NAMES.sub("_", name)[:_LONGEST_NAME]
    return found if found.strip(".") else f"run{found.replace('.', '_')}"


def _place_of(record: StoredRun) -> Path:
    """Return where a record lies below the folder of its work. Others may write to a store, so it leads nowhere else.

    Raises:
        StoreError: no maspo named it so.

    """
    if not _RECORD.fullmatch(record.file):
        raise StoreError(f"{record.name}: its record is called {record.file!r}, which no maspo does")
    below = record.name.split("/")[1:] if record.whole else []
    return Path(*map(folder_name, below), record.file)


def records_in(folder: Path) -> list[tuple[Path, Path | None]]:
    """Return the records of a folder and of the parts below it, each with that of the work that it is a part of."""
    own = [path for path in sorted(folder.glob("*.db")) if _is_record(path)]
    whole = next((path for path in own if path.name in _WHOLES), None)
    below = [path for path in sorted(folder.glob("*/**/*.db")) if _is_record(path)] if whole is not None else []
    return [*((path, None) for path in own), *((path, whole) for path in below)]


def _is_record(path: Path) -> bool:
    return _RECORD.fullmatch(path.name) is not None and is_plain(path)


async def copy(source: Path, target: Path, keeping: Keeping) -> None:
    """Make a record that is the same entry for entry: in a file, or in a store.

    Raises:
        StoreError: one cannot be read, the other cannot be written or is there, or a process works on the source.

    """
    until = time.monotonic() + postgres.LOCK_SECONDS
    while worked_on := is_worked_on(source):
        if pointer_in(source) is None or time.monotonic() > until:
            break
        await asyncio.sleep(_PAUSE)  # a server frees the run of a process that has just ended a moment later
    if worked_on:
        raise StoreError(f"{source}: a process works on this run; wait for it or stop it, then copy")
    async with RunStore.read(source) as old, keeping.created(target) as new:
        for table in KEPT:
            rows = old.rows(table)
            for first in range(0, len(rows), _ROWS):
                await new.put_rows(table, rows[first : first + _ROWS])
