"""The run's database file: how it is opened, recognized and locked."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from maspo.errors import StoreError

APPLICATION_ID = 0x6D617370
"""Marks the file as maspo's: the letters ``masp``."""
VERSION = 1
"""Of the tables below; a newer file is refused."""

_BUSY_SECONDS = 10.0

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE journal (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, body TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE calls (
    key TEXT PRIMARY KEY, purpose TEXT NOT NULL, agent TEXT NOT NULL, model TEXT NOT NULL, request TEXT NOT NULL,
    reply TEXT NOT NULL, tokens_in INTEGER, tokens_out INTEGER, usd REAL, seconds REAL NOT NULL,
    attempts INTEGER NOT NULL, truncated INTEGER NOT NULL, at REAL NOT NULL
);
CREATE TABLE traces (
    prompts_id TEXT NOT NULL, input_key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (prompts_id, input_key)
);
"""


def to_column(text: str) -> bytes:
    """Return text as it is bound to ``CAST(? AS TEXT)``; any Python text is kept exactly, lone surrogates too."""
    return text.encode("utf-8", "surrogatepass")


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open a database file; ``mode`` is SQLite's: ``rwc``, ``rw``, ``ro`` or ``ro&immutable=1``.

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


def create_tables(connection: sqlite3.Connection) -> None:
    """Make an empty file a run's database, all or nothing."""
    stamp = f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={VERSION};"
    connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} {stamp} COMMIT;")


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Check that a file is a whole run database of a version that we know.

    Raises:
        StoreError: it is not; says which, and the fix.

    """
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        tables = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise unreadable(path, error) from error
    if not tables:
        raise StoreError(f"{path}: not a maspo run, or killed before it began; delete the folder and start again")
    if application != APPLICATION_ID:
        raise StoreError(f"{path}: not a maspo run; give the folder that `maspo optimize` wrote")
    if version > VERSION:
        raise StoreError(f"{path}: written by a newer maspo (schema {version}, known {VERSION}); upgrade maspo")
    if damage != "ok":
        raise unreadable(path, damage)


def unreadable(path: Path, why: object) -> StoreError:
    """Return the error for a database that SQLite cannot read or write."""
    return StoreError(
        f"{path}: the run's database cannot be used ({why}); check the disk's space and rights, "
        "restore the file from a backup, or start a new run with another --out"
    )


class RunLock:
    """Keeps a second process from working on the same run; the system frees it when the process dies.

    It is an exclusive transaction on an empty SQLite file beside the database: that works wherever SQLite does.

    Raises:
        StoreError: another process holds it.

    """

    def __init__(self, database: Path) -> None:
        path = database.with_name(database.name + ".lock")
        self._connection = connect(path, "rwc")
        try:
            self._connection.execute("PRAGMA busy_timeout=0")
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._connection.close()
            if "locked" in str(error):
                raise StoreError(
                    f"{database}: another maspo process works on this run; wait for it or stop it, then try again"
                ) from error
            raise unreadable(path, error) from error

    def release(self) -> None:
        """Let others in."""
        self._connection.close()
