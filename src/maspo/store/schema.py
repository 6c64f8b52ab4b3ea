"""The run's database file: how it is opened, recognized and verified."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from maspo.core.errors import RecordMissing, StoreError, typed
from maspo.core.plain_files import folders_meant, is_plain, is_there, open_plain, why_none
from maspo.core.shortage import few_files
from maspo.store.pages import PAGE
from maspo.store.tables import SPARE, TABLES, THOUGHTS, UNANSWERED, mark, new_salt, put

APPLICATION_ID = 0x6D617370
"""Marks the file as maspo's: the letters ``masp``."""
VERSION = 3
"""Of the tables: 1 had no marks, 2 no thoughts. Older files are brought up to date when a run goes on; newer ones are
refused."""
FIRST_TABLES = {
    "meta": "key TEXT PRIMARY KEY, value TEXT NOT NULL",
    "journal": "seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, body TEXT NOT NULL, at REAL NOT NULL",
    "calls": "key TEXT PRIMARY KEY, purpose TEXT NOT NULL, agent TEXT NOT NULL, model TEXT NOT NULL, "
    "request TEXT NOT NULL, reply TEXT NOT NULL, tokens_in INTEGER, tokens_out INTEGER, usd REAL, "
    "seconds REAL NOT NULL, attempts INTEGER NOT NULL, truncated INTEGER NOT NULL, at REAL NOT NULL",
    "traces": "prompts_id TEXT NOT NULL, input_key TEXT NOT NULL, body TEXT NOT NULL, "
    "PRIMARY KEY (prompts_id, input_key)",
}
"""The tables of format 1, and their columns."""
MARKED = 2
"""The first format whose rows have marks."""

BROKEN = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises on a damaged file; its own messages may hold bytes of it that are no text."""

_SCHEMA = "SELECT name, sql FROM sqlite_master WHERE sql NOT NULL AND name NOT LIKE 'sqlite%'"
_BUSY_SECONDS = 10.0
_LONGEST_VALUE = 1 << 28
"""Bytes of a value that is read: the inputs of a run are one, and of these 256 MB is the most that a command takes."""
_STEPS = (10_000_000, 10_000)
"""Steps of SQLite's machine to verify a database: as many as always, and more for each page. Fifty rows fit on a page
and take a hundred each; a tree that is made to lead to the same pages again and again would take days."""
_STEPS_AT_ONCE = 100_000
MAGIC = b"SQLite format 3\0"
OURS = b"CREATE TABLE journal ("
_FULL = ("full", "disk I/O error", "space left", "File too large")
"""How SQLite and the system say that nothing can be written."""


def connect(path: Path, mode: str, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """Open a database file; ``mode`` is SQLite's: ``rw``, ``ro``, ``ro&immutable=1`` or ``memory``.

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
            factory=factory,
        )
    except sqlite3.Error as error:
        raise StoreError(
            f"{path}: cannot be opened ({error}{few_files()}); check that it exists and may be read"
        ) from error
    connection.text_factory = lambda found: found.decode("utf-8", "surrogatepass")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.create_aggregate("add_up", 1, _Added)  # type: ignore[arg-type]  # typeshed knows whole numbers alone
    return connection


class _Added:
    """``ADD_UP`` in our queries: a ``SUM`` of floats without SQLite's correction of rounding (from 3.43 on).

    Why: ``maspo.core.sums``.
    """

    def __init__(self) -> None:
        self.total: float | None = None

    def step(self, value: float | None) -> None:
        """Add a value; a value that is not known adds nothing."""
        if value is not None:
            self.total = value + (self.total or 0.0)

    def finalize(self) -> float | None:
        """Return the sum; None of no value that is known."""
        return self.total


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


def check(connection: sqlite3.Connection, path: Path) -> str:
    """Check that an open file is a run database of a format that we know; return its damage, or "".

    Raises:
        StoreError: it is no run, or of a newer maspo.

    """
    connection.set_progress_handler(_patience(path), _STEPS_AT_ONCE)
    try:
        return _checked(connection, path)
    finally:
        connection.set_progress_handler(None, 0)


def _patience(path: Path) -> Callable[[], bool]:
    """Return what says that verifying takes longer than it can with any database of this size."""
    always, for_each_page = _STEPS
    left = always + for_each_page * (path.stat().st_size // PAGE)

    def is_over() -> bool:
        nonlocal left
        left -= _STEPS_AT_ONCE
        return left < 0

    return is_over


def _checked(connection: sqlite3.Connection, path: Path) -> str:
    try:
        tables = dict(connection.execute(_SCHEMA).fetchall())
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = format_of(connection)
    except BROKEN as error:
        if OURS in _head(path):
            return str(error)
        raise unreadable(path, error) from error
    if not tables:
        refuse(path, b"")
    known = {table.name: table.create for table in TABLES}
    if application != APPLICATION_ID and tables != known:
        refuse(path, b"another program's")
    if version > VERSION:
        raise StoreError(f"{path}: written by a newer maspo (format {version}, known {VERSION}); upgrade maspo")
    if application != APPLICATION_ID or (version == VERSION) != (tables == known):
        return "its header is damaged"
    if version < VERSION and not (_is_first(tables) if version < MARKED else _is_marked(tables, known)):
        return "its tables are not as maspo made them"
    return _verified(connection, version)


def _verified(connection: sqlite3.Connection, version: int) -> str:
    """Return the damage of a database: of its trees, then of its rows."""
    try:
        damage = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if damage != "ok" or version < MARKED:
            return "" if damage == "ok" else str(damage).replace("\n", " ")
        salt = salt_in(connection)
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in (table for table in TABLES if table.name in there):
            for *row, found in connection.execute(table.select):
                if mark(table, row, salt) != found:
                    return f"a row of {table.name} is not as it was written"
        entries, last = connection.execute("SELECT COUNT(*), MAX(seq) FROM journal").fetchone()
    except (*BROKEN, TypeError, ValueError) as error:
        return str(error)
    return "" if entries == (last or 0) else "entries of the journal are missing"


def _is_marked(tables: dict[str, str], known: dict[str, str]) -> bool:
    """Say whether these are tables of format 2: those of today, but for those that came later."""
    return tables.items() <= known.items() and known.keys() - tables.keys() <= {THOUGHTS.name, UNANSWERED.name}


def _is_first(tables: dict[str, str]) -> bool:
    """Say whether these are the tables of format 1, however they are spaced."""
    first = {name: f"CREATE TABLE {name} ({columns})" for name, columns in FIRST_TABLES.items()}
    first["meta"] += " WITHOUT ROWID"
    spaced = {name: " ".join(sql.split()).replace("( ", "(").replace(" )", ")") for name, sql in tables.items()}
    return spaced == first


def _head(path: Path) -> bytes:
    """Return the first page of a file."""
    try:
        handle = open_plain(path)
    except OSError as error:
        raise unreadable(path, error.strerror) from error
    try:
        return os.pread(handle, PAGE, 0)
    finally:
        os.close(handle)


def require(path: Path) -> None:
    """Check that there is a plain file.

    Raises:
        RecordMissing: nothing is there.
        StoreError: it is a link, a folder or the like.

    """
    if not is_there(path):
        folder, record = path.parent, path.name
        fix = folders_meant(folder, record) or "give a folder that maspo wrote"
        raise RecordMissing(f"{folder}: holds no run ({why_none(folder, record)}); {fix}")
    if not is_plain(path):
        raise StoreError(
            f"{path}: no plain file, but a link, folder, pipe or device, which is not followed; give a folder that "
            "maspo wrote"
        )


def refuse(path: Path, head: bytes) -> NoReturn:
    """Say that a file with this beginning is no record.

    Raises:
        StoreError: always.

    """
    if not head:
        raise StoreError(f"{path}: no record of maspo, or killed before it began; delete the folder and start again")
    raise StoreError(f"{path}: no record of maspo; give a folder that maspo wrote")


def is_held(why: object) -> bool:
    """Say whether another program holds a database for writing; those that only read it hold nobody up."""
    return "database is locked" in str(why)


LET_GO = "Close what has it open for writing (a database browser, a backup, a folder that is synchronized)"


def unreadable(path: Path, why: object) -> StoreError:
    """Return the error for a database that cannot be read or written."""
    if any(words in str(why) for words in _FULL):
        return StoreError(
            f"{path}: cannot be written ({why}); what is recorded is safe. "
            f"Check the disk, free some space, then go on with: maspo resume {typed(path.parent)}"
        )
    if is_held(why):
        return StoreError(
            f"{path}: cannot be written ({why} by another program for {_BUSY_SECONDS:g} s); what is recorded is safe. "
            f"{LET_GO}, then go on with: maspo resume {typed(path.parent)}"
        )
    return StoreError(
        f"{path}: the run's database cannot be used ({why}{few_files()}); check the disk's space and rights, "
        "restore the file from a backup, or start a new run with another --out"
    )
