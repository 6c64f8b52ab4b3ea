"""Disks that fail, for tests of what a run does when its database cannot be written.

::

    async def test_my_run_survives_a_full_disk() -> None:
        with faulty_store(StoreFault(at=40)) as disk:
            with pytest.raises(StoreError):
                await my_run(folder)
        assert disk.fired
        await resume(folder)                # nothing that was recorded is done again

``faulty_store`` lets the n-th statement that writes fail as SQLite would say it; ``small_disk`` gives the database a
limit of pages, so that SQLite itself finds no room. Both concern every run that this process opens meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from maspo.store import run_store

FULL = "database or disk is full"
BROKEN = "disk I/O error"

_Connect: TypeAlias = Callable[[Path, str], Any]
_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "COMMIT")


@dataclass(frozen=True, slots=True)
class StoreFault:
    """What happens to the ``at``-th statement that writes, counted from 1; if lasting, to all later ones, too."""

    at: int
    error: str = FULL
    lasting: bool = True


class Disk:
    """Counts the statements that write, and lets some of them fail."""

    def __init__(self, fault: StoreFault) -> None:
        self.fault = fault
        self.writes = 0

    @property
    def fired(self) -> bool:
        """Whether a statement has failed."""
        return self.writes >= self.fault.at

    def check(self, statement: str) -> None:
        """Let a statement pass or fail.

        Raises:
            sqlite3.OperationalError: its turn has come.

        """
        if not statement.lstrip().startswith(_WRITES):
            return
        self.writes += 1
        if self.writes == self.fault.at or (self.fault.lasting and self.fired):
            raise sqlite3.OperationalError(self.fault.error)


class _Faulty:
    """A connection whose statements pass a disk first."""

    def __init__(self, inner: sqlite3.Connection, disk: Disk) -> None:
        self._inner = inner
        self._disk = disk

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        self._disk.check(statement)
        return self._inner.execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> sqlite3.Cursor:
        self._disk.check(statement)
        return self._inner.executemany(statement, rows)

    def close(self) -> None:
        self._inner.close()


@contextmanager
def faulty_store(fault: StoreFault) -> Iterator[Disk]:
    """Let a write of the stores that are opened meanwhile fail."""
    disk = Disk(fault)
    with _connecting(lambda connection: _Faulty(connection, disk)):
        yield disk


@contextmanager
def small_disk(pages: int) -> Iterator[None]:
    """Give the stores that are opened meanwhile room for so many pages of 4 KB each."""

    def limited(connection: sqlite3.Connection) -> sqlite3.Connection:
        connection.execute(f"PRAGMA max_page_count={pages}")
        return connection

    with _connecting(limited):
        yield


@contextmanager
def _connecting(wrapped: Callable[[sqlite3.Connection], Any]) -> Iterator[None]:
    # A patch, because only tests need it: no run should carry a switch that breaks it.
    names: dict[str, Any] = vars(run_store)
    before: _Connect = names["connect"]

    def connect(path: Path, mode: str) -> Any:
        connection = before(path, mode)
        return wrapped(connection) if mode.startswith("rw") else connection

    names["connect"] = connect
    try:
        yield
    finally:
        names["connect"] = before
