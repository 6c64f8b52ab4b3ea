"""Records wherever they lie, in a file or in a store: who works on one, whether it has changed, and one more of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from maspo.core.errors import StoreError, UsageError
from maspo.store import locks, looking, postgres
from maspo.store.address import StoreAddress, agreed, pointer_in
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


def find(address: StoreAddress, name: str) -> StoredRun:
    """Return the run of a store that has a name, or whose name and first letters of its id (``NAME~ID``) are these.

    Raises:
        UsageError: there is none, or more than one.

    """
    runs = postgres.runs_in(address)
    found = [run for run in runs if name in (run.name, run.token, f"{run.name}~{run.token[:8]}")]
    if len(found) == 1:
        return found[0]
    known = ", ".join(called for called, _ in by_name(runs)) or "none"
    what = "several runs of this name" if found else f"no run {name!r}"
    raise UsageError(f"{address.shown}: {what}; runs that it has: {known}")


def by_name(runs: list[StoredRun]) -> Iterator[tuple[str, StoredRun]]:
    """Yield runs under names that tell them apart: their own, and a part of the id where several have it."""
    names = [run.name for run in runs]
    for run in runs:
        yield (run.name if names.count(run.name) == 1 else f"{run.name}~{run.token[:8]}"), run


async def copy(source: Path, target: Path, store: StoreAddress | None = None) -> None:
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
    async with RunStore.read(source) as old, RunStore.create(target, store) as new:
        for table in KEPT:
            rows = old.rows(table)
            for first in range(0, len(rows), _ROWS):
                await new.put_rows(table, rows[first : first + _ROWS])
