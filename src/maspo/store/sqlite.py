"""A run's tables in one SQLite file: made, opened to go on, and looked at, whatever state the file is in."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path
from typing import Self

from maspo.core.errors import StoreError, typed
from maspo.core.plain_files import is_plain, is_there
from maspo.store.database import Change, Rows, Transaction
from maspo.store.files import flush_folder, make_anew
from maspo.store.locks import RecordLock, made_as
from maspo.store.looking import BESIDE, check_beside, check_journal, inspect, stamp_of, view
from maspo.store.migrate import bring_up_to_date
from maspo.store.salvage import damaged, in_memory, salvage
from maspo.store.schema import (
    BROKEN,
    LET_GO,
    check,
    connect,
    create_tables,
    is_held,
    prepare,
    require,
    salt_in,
    unreadable,
)
from maspo.store.tables import TABLES, put

_LOOKS = 3
"""Looks at a record that seems damaged, as long as somebody writes it."""


class SqliteDatabase:
    """The tables of a run in its own file. ``damage`` is what is wrong with it; then only what was salvaged is read."""

    def __init__(self, path: Path, reader: sqlite3.Connection, damage: str = "") -> None:
        self.path = path
        self.damage = damage
        self.reader = reader
        self._writer: sqlite3.Connection | None = None
        self._lock: RecordLock | None = None
        self._salt = 0

    @classmethod
    def create(cls, file: Path) -> Self:
        """Make the database of a new run and lock it.

        Raises:
            StoreError: there is one already, the folder cannot be written, or another process holds the run.

        """
        lock = _make(file)
        try:
            return cls._locked(file, lock)
        except StoreError as error:
            # Nothing is recorded yet: the same folder can be tried again.
            for suffix in ("", *BESIDE):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
            raise _not_begun(file, error.__cause__ or error) from error

    @classmethod
    def open(cls, file: Path) -> Self:
        """Open the database of an existing run to go on with it, and lock it; ``mend`` a damaged one first.

        A run of an earlier format is brought up to date.

        Raises:
            StoreError: it is missing, no run, damaged, of a newer maspo, or another process holds it.

        """
        require(file)
        lock = RecordLock(file)
        try:
            check_beside(file)
            check_journal(file)
            damage = inspect(file)
            if damage:
                raise damaged(file, damage)
        except StoreError:
            lock.release()
            raise
        return cls._locked(file, lock)

    @classmethod
    def read(cls, file: Path) -> Self:
        """Open a run to look at it, also while another process writes; of a damaged one, what can be salvaged.

        Raises:
            StoreError: it is missing, no run, beyond repair, or of a newer maspo.

        """
        damage = ""
        for _ in range(_LOOKS):
            before = stamp_of(file)
            try:
                connection = view(file)
            except OSError as error:
                return cls._without_room(file, error)
            if isinstance(connection, str):
                return cls._salvaged(file, connection)
            try:
                damage = check(connection, file)
            except StoreError:
                connection.close()
                raise
            if not damage:
                return cls(file, connection)
            connection.close()
            if stamp_of(file) == before:
                break  # else a process began to write meanwhile
        return cls._salvaged(file, damage)

    @classmethod
    def read_on(cls, file: Path) -> Self:
        """Open a run that a process works on and that was verified before.

        Raises:
            StoreError: it is missing or no run, or damaged.

        """
        try:
            connection = view(file)
        except OSError as error:
            raise unreadable(file, error.strerror) from error
        if isinstance(connection, str):
            raise unreadable(file, connection)
        return cls(file, connection)

    @classmethod
    def _without_room(cls, file: Path, why: OSError) -> Self:
        """Read a record that has a log or a journal where there is no room for a copy."""
        log, journal = (file.with_name(f"{file.name}-{kind}") for kind in ("wal", "journal"))
        room = f"there is no room for one: {why.strerror}"
        if journal.exists() and journal.stat().st_size:
            raise unreadable(file, f"{journal.name} holds a change that only a copy can take back; {room}") from why
        found = salvage(file)
        if found is None:
            raise unreadable(file, f"{log.name} holds changes that only a copy can show; {room}")
        return cls(file, in_memory(found))

    @classmethod
    def _salvaged(cls, file: Path, damage: str) -> Self:
        found = salvage(file)
        if found is None:
            raise unreadable(file, damage)
        return cls(file, in_memory(found), damage)

    @classmethod
    def _locked(cls, file: Path, lock: RecordLock) -> Self:
        connections: list[sqlite3.Connection] = []
        try:
            connections.append(connect(file, "rw"))
            prepare(connections[0])
            bring_up_to_date(connections[0])
            connections.append(connect(file, "ro"))
            salt = salt_in(connections[0])
        except (StoreError, *BROKEN) as error:
            for connection in connections:
                connection.close()
            lock.release()
            raise error if isinstance(error, StoreError) else unreadable(file, error) from error
        database = cls(file, connections[1])
        database._writer, database._lock, database._salt = connections[0], lock, salt
        return database

    def select(self, query: str, *values: str | int) -> Rows:
        """Return the rows of a query with its values."""
        try:
            return self.reader.execute(query, values).fetchall()
        except BROKEN as error:
            raise unreadable(self.path, error) from error

    def commit(self, changes: Sequence[Change]) -> None:
        """Apply changes in their order and commit them together, with one flush to disk."""
        assert self._writer is not None  # noqa: S101 (a store that was opened to look at it commits nothing)
        writer = self._writer
        transaction = Transaction(lambda query, values: writer.execute(query, values).fetchall())
        try:
            writer.execute("BEGIN IMMEDIATE")
            for change in changes:
                change(transaction)
            for table in TABLES:
                gone, rows = transaction.changes_of(table)
                if gone:
                    writer.executemany(table.remove, ((key,) for key in gone))
                if rows:
                    put(writer, table, rows, self._salt)
            writer.execute("COMMIT")
        # Anything may go wrong in a change, and whoever waits for it must hear of it.
        except Exception as error:
            with suppress(sqlite3.Error):
                writer.execute("ROLLBACK")
            raise unreadable(self.path, error) from error

    def close(self) -> None:
        """Close the file and free the run."""
        self.reader.close()
        if self._writer is not None:
            self._writer.close()
        if self._lock is not None:
            self._lock.release()

    @cached_property
    def tables(self) -> frozenset[str]:
        """The names of the tables that the run has."""
        return frozenset(name for (name,) in self.select("SELECT name FROM sqlite_master WHERE type = 'table'"))


def _make(file: Path) -> RecordLock:
    """Make a new run's database, locked; whoever looks at the folder meanwhile sees none, or a whole one."""
    fresh = made_as(file)
    _take_away_empty(file)
    if is_plain(fresh) and fresh.stat().st_nlink == 1:
        RecordLock(fresh).release()  # else another process is just making it
    try:
        with make_anew(fresh, *BESIDE):
            pass
    except OSError as error:
        raise StoreError(f"{file}: cannot be opened ({error.strerror}); give a folder that you may write to") from error
    lock = RecordLock(fresh)
    try:
        with closing(connect(fresh, "rw")) as connection:
            create_tables(connection)
        for suffix in BESIDE:  # of no record: SQLite would take them for this one's
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        _put(fresh, file)
        flush_folder(file.parent)
    except (OSError, StoreError, sqlite3.Error) as error:
        lock.release()
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise error if isinstance(error, StoreError) else _not_begun(file, error) from error
    return lock


def _not_begun(file: Path, why: object) -> StoreError:
    """Return the error for a run that could not be begun: nothing is there to go on with."""
    helps = LET_GO if is_held(why) else "Check the disk, free some space"
    return StoreError(
        f"{file}: cannot be written ({why}); nothing is recorded and nothing was paid. {helps}, then give the same "
        "command again (maspo resume needs a run that has begun)"
    )


def _take_away_empty(file: Path) -> None:
    """Take away what an older maspo left that was killed before it wrote anything."""
    if not is_there(file):
        return
    require(file)
    lock = RecordLock(file)
    try:
        if file.stat().st_size:
            raise StoreError(f"{file}: holds a run already; resume it with `maspo resume {typed(file.parent)}`")
        file.unlink()
    finally:
        lock.release()


def _put(fresh: Path, file: Path) -> None:
    """Give a new database its name, unless another process was first."""
    try:
        file.hardlink_to(fresh)
    except FileExistsError:
        raise StoreError(f"{file}: another maspo process has just begun a run there; give another folder") from None
    except OSError:  # a file system without hard links
        fresh.rename(file)
    else:
        fresh.unlink(missing_ok=True)
