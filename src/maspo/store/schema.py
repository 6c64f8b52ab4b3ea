"""The run's database file: how it is opened, recognized, verified and locked."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from maspo.core.errors import StoreError
from maspo.store.pages import PAGE, read_log
from maspo.store.tables import SPARE, TABLES, mark, new_salt, put

APPLICATION_ID = 0x6D617370
"""Marks the file as maspo's: the letters ``masp``."""
VERSION = 2
"""Of the tables: 1 had no marks. Older files are brought up to date when a run goes on; newer ones are refused."""
FIRST_TABLES = ("meta", "journal", "calls", "traces")
"""The tables of format 1."""

BROKEN = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises on a damaged file; its own messages may hold bytes of it that are no text."""

_SCHEMA = "SELECT name, sql FROM sqlite_master WHERE sql NOT NULL AND name NOT LIKE 'sqlite%'"
_BUSY_SECONDS = 10.0
_MAGIC = b"SQLite format 3\0"
_OURS = b"CREATE TABLE journal ("
_FULL = ("full", "disk I/O error", "space left", "File too large")
"""How SQLite and the system say that nothing can be written."""


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a database file; ``mode`` is SQLite's: ``rwc``, ``rw``, ``ro``, ``ro&immutable=1`` or ``memory``.

    Raises:
        StoreError: it cannot be opened.

    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be opened ({error}); check that it exists and may be read") from error
    connection.text_factory = lambda found: found.decode("utf-8", "surrogatepass")
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Make commits durable; in WAL mode where the file system can do it (network file systems cannot)."""
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("PRAGMA synchronous=FULL")


def create_tables(connection: sqlite3.Connection, salt: int | None = None) -> None:
    """Make an empty file a run's database, all or nothing; a new run gets a salt of its own."""
    if salt is None:
        salt = new_salt(secrets.randbits(64))
    connection.execute(f"PRAGMA page_size={PAGE}")
    connection.execute("BEGIN IMMEDIATE")
    for table in TABLES:
        connection.execute(table.create)
    put(connection, SPARE, [("salt", str(salt))], salt)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={VERSION}")
    connection.execute("COMMIT")


def salt_in(connection: sqlite3.Connection) -> int:
    """Return the salt of a run's marks."""
    return int(connection.execute("SELECT value FROM spare WHERE key = 'salt'").fetchone()[0])


def format_of(connection: sqlite3.Connection) -> int:
    """Return the number of the format that a database is written in."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def inspect(path: Path) -> str:
    """Look whether a file that nobody writes is a whole run database; return its damage, or "".

    Raises:
        StoreError: it is missing, no run, or of a newer maspo; says which, and the fix.

    """
    require(path)
    log = path.with_name(f"{path.name}-wal")
    try:
        with path.open("rb") as file:
            head = file.read(PAGE)
        frames = log.read_bytes() if log.exists() else b""
    except OSError as error:
        raise unreadable(path, error.strerror) from error
    if head[: len(_MAGIC)] != _MAGIC:
        # SQLite deletes the log of an empty file, so it may not look at it first.
        if _OURS in head or _OURS in frames:
            return "its header is gone"
        _refuse(path, head)
    if read_log(frames).damaged:
        return f"{log.name} is damaged"
    roll_back(path)
    connection = connect(path, "ro")
    try:
        return check(connection, path)
    finally:
        connection.close()


def roll_back(path: Path) -> None:
    """Take back the change that a process died in, where SQLite kept the old pages beside the file.

    That is so in folders without a write-ahead log. SQLite does it at the first look of a connection that may write; to
    one that may only read it refuses the file. Of a process that lives nothing is taken back.

    Raises:
        StoreError: the file cannot be opened.

    """
    if path.with_name(f"{path.name}-journal").exists():
        with contextlib.closing(connect(path, "rw")) as connection, contextlib.suppress(sqlite3.Error):
            connection.execute(_SCHEMA).fetchall()


def check(connection: sqlite3.Connection, path: Path) -> str:
    """Check that an open file is a run database of a format that we know; return its damage, or "".

    Raises:
        StoreError: it is no run, or of a newer maspo.

    """
    try:
        tables = dict(connection.execute(_SCHEMA).fetchall())
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = format_of(connection)
    except BROKEN as error:
        if _OURS in path.read_bytes()[:PAGE]:
            return str(error)
        raise unreadable(path, error) from error
    if not tables:
        _refuse(path, b"")
    known = {table.name: table.create for table in TABLES}
    if application != APPLICATION_ID and tables != known:
        _refuse(path, b"another program's")
    if version > VERSION:
        raise StoreError(f"{path}: written by a newer maspo (format {version}, known {VERSION}); upgrade maspo")
    if application != APPLICATION_ID or (version == VERSION) != (tables == known):
        return "its header is damaged"
    return _verified(connection, version)


def _verified(connection: sqlite3.Connection, version: int) -> str:
    """Return the damage of a database: of its trees, then of its rows."""
    try:
        damage = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if damage != "ok" or version < VERSION:
            return "" if damage == "ok" else str(damage).replace("\n", " ")
        salt = salt_in(connection)
        for table in TABLES:
            for *row, found in connection.execute(table.select):
                if mark(table, row, salt) != found:
                    return f"a row of {table.name} is not as it was written"
        entries, last = connection.execute("SELECT COUNT(*), MAX(seq) FROM journal").fetchone()
    except (*BROKEN, TypeError, ValueError) as error:
        return str(error)
    return "" if entries == (last or 0) else "entries of the journal are missing"


def require(path: Path) -> None:
    """Check that there is a file.

    Raises:
        StoreError: there is none.

    """
    if not path.is_file():
        raise StoreError(f"{path}: no such record; give a folder that maspo wrote")


def _refuse(path: Path, head: bytes) -> NoReturn:
    if not head:
        raise StoreError(f"{path}: no record of maspo, or killed before it began; delete the folder and start again")
    raise StoreError(f"{path}: no record of maspo; give a folder that maspo wrote")


def unreadable(path: Path, why: object) -> StoreError:
    """Return the error for a database that cannot be read or written."""
    if any(words in str(why) for words in _FULL):
        return StoreError(
            f"{path}: cannot be written ({why}); what is recorded is safe. "
            f"Check the disk, free some space, then go on with: maspo resume {path.parent}"
        )
    return StoreError(
        f"{path}: the run's database cannot be used ({why}); check the disk's space and rights, "
        "restore the file from a backup, or start a new run with another --out"
    )


class RunLock:
    """Keeps a second process from working on the same run; the system frees it when the process dies.

    It is an exclusive lock on a small SQLite file beside the database: that works wherever SQLite does. The file holds
    the number of the process that has it.

    Raises:
        StoreError: another process holds it.

    """

    def __init__(self, database: Path) -> None:
        path = database.with_name(f"{database.name}.lock")
        self._connection = connect(path, "rwc")
        try:
            self._take()
        except sqlite3.Error as error:
            self._connection.close()
            if "locked" in str(error):
                raise StoreError(
                    f"{database}: another maspo process works on this run{_holder(path)}; "
                    "wait for it or stop it, then try again"
                ) from error
            raise unreadable(path, error) from error

    def _take(self) -> None:
        execute: Callable[[str], object] = self._connection.execute
        execute("PRAGMA busy_timeout=0")
        execute("PRAGMA journal_mode=MEMORY")
        execute("PRAGMA locking_mode=EXCLUSIVE")
        execute("BEGIN EXCLUSIVE")
        # The name is a courtesy: on a full disk the lock holds without it.
        with contextlib.suppress(sqlite3.OperationalError):
            execute(f"PRAGMA user_version={os.getpid()}")
            execute("COMMIT")

    def release(self) -> None:
        """Let others in."""
        self._connection.close()


def _holder(path: Path) -> str:
    """Return who holds a lock, in words; read without SQLite's locks, which the holder has."""
    with contextlib.suppress(sqlite3.Error, StoreError), contextlib.closing(connect(path, "ro&immutable=1")) as found:
        process = format_of(found)
        return f" (process {process})" if process else ""
    return ""
