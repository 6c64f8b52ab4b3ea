"""The tables of a run's database: their columns, and the mark by which every row proves to be whole and of this run."""

from __future__ import annotations

import math
import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

Value: TypeAlias = str | int | float | None
Row: TypeAlias = tuple[Value, ...]
"""The values of a row in the order of its table's columns, without the mark."""

_SALT_BITS = 31
_SUM_BITS = 32


@dataclass(frozen=True)
class Table:
    """One table: columns with their SQL types, which of them tell rows apart, and what a second row like it does.

    The last column of every table is ``mark``, see ``mark``.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    conflict: str

    @property
    def create(self) -> str:
        """The statement that makes the table, exactly as SQLite keeps it."""
        columns = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        key = "" if "PRIMARY KEY" in columns else f", PRIMARY KEY ({', '.join(self.key)})"
        return f"CREATE TABLE {self.name} ({columns}, mark INTEGER NOT NULL{key})"

    @property
    def select(self) -> str:
        """The query of all rows, marks last."""
        return f"SELECT {', '.join(self.columns)}, mark FROM {self.name}"  # noqa: S608 (our own names)

    @cached_property
    def insert(self) -> str:
        """The statement that adds a row; text is bound as bytes, so that any Python text is kept exactly."""
        places = ["CAST(? AS TEXT)" if kind.startswith("TEXT") else "?" for kind in self.columns.values()]
        return f"INSERT OR {self.conflict} INTO {self.name} VALUES ({', '.join(places)}, ?)"  # noqa: S608 (our own names)

    @property
    def remove(self) -> str:
        """The statement that removes the row with a key of one column."""
        return f"DELETE FROM {self.name} WHERE {self.key[0]} = ?"  # noqa: S608 (our own names)

    @property
    def numbered(self) -> bool:
        """Whether the first column is the number of the row, which SQLite keeps outside the row's values."""
        return next(iter(self.columns.values())) == "INTEGER PRIMARY KEY"

    def key_of(self, row: Row) -> Row:
        """Return the values that tell a row from others."""
        names = list(self.columns)
        return tuple(row[names.index(name)] for name in self.key)


_TEXT = "TEXT NOT NULL"

META = Table("meta", {"key": "TEXT PRIMARY KEY", "value": _TEXT}, ("key",), "REPLACE")
SPARE = Table("spare", {"key": "TEXT PRIMARY KEY", "value": _TEXT}, ("key",), "REPLACE")
"""A second copy of what a run cannot go on without, and the salt of all marks."""
JOURNAL = Table(
    "journal", {"seq": "INTEGER PRIMARY KEY", "kind": _TEXT, "body": _TEXT, "at": "REAL NOT NULL"}, ("seq",), "ABORT"
)
CALLS = Table(
    "calls",
    {
        "key": "TEXT PRIMARY KEY",
        "purpose": _TEXT,
        "agent": _TEXT,
        "model": _TEXT,
        "request": _TEXT,
        "reply": _TEXT,
        "tokens_in": "INTEGER",
        "tokens_out": "INTEGER",
        "usd": "REAL",
        "seconds": "REAL NOT NULL",
        "attempts": "INTEGER NOT NULL",
        "truncated": "INTEGER NOT NULL",
        "at": "REAL NOT NULL",
    },
    ("key",),
    "IGNORE",
)
TRACES = Table(
    "traces", {"prompts_id": _TEXT, "input_key": _TEXT, "body": _TEXT}, ("prompts_id", "input_key"), "REPLACE"
)
UNANSWERED = Table(
    "unanswered",
    {
        "id": "INTEGER PRIMARY KEY",
        "key": _TEXT,
        "purpose": _TEXT,
        "agent": _TEXT,
        "model": _TEXT,
        "usd": "REAL",
        "in_flight": "INTEGER NOT NULL",
        "at": "REAL NOT NULL",
    },
    ("id",),
    "REPLACE",
)
"""Attempts that brought no reply, or none yet."""
THOUGHTS = Table(
    "thoughts",
    {
        "key": "TEXT PRIMARY KEY",
        "thoughts": _TEXT,
        "tokens_thought": "INTEGER NOT NULL",
        "tokens_cached": "INTEGER NOT NULL",
    },
    ("key",),
    "IGNORE",
)
"""What models thought before they answered, and the tokens of their calls that have prices or rows of their own."""
TABLES = (META, SPARE, JOURNAL, CALLS, TRACES, UNANSWERED, THOUGHTS)


def to_column(text: str) -> bytes:
    """Return text as it is bound to ``CAST(? AS TEXT)``; any Python text is kept exactly, lone surrogates too."""
    return text.encode("utf-8", "surrogatepass")


def mark(table: Table, row: Sequence[Value | bytes], salt: int) -> int:
    """Return the mark of a row: the salt of its run above a checksum of table, salt and values.

    A flipped byte is found by the checksum, a row of another run by the salt.
    """
    return salt << _SUM_BITS | zlib.crc32(b"".join([b"%s %d" % (table.name.encode(), salt), *map(_bytes_of, row)]))


def salt_of(found: int) -> int:
    """Return the salt that a mark carries."""
    return found >> _SUM_BITS


def new_salt(chance: int) -> int:
    """Return a salt made of random bits."""
    return chance % (1 << _SALT_BITS)


def put(connection: sqlite3.Connection, table: Table, rows: Iterable[Row], salt: int) -> None:
    """Add marked rows to a table."""
    bound = ([to_column(value) if isinstance(value, str) else value for value in row] for row in rows)
    connection.executemany(table.insert, ([*row, mark(table, row, salt)] for row in bound))


def _bytes_of(value: Value | bytes) -> bytes:
    """Return a value's bytes, equal before it is stored and after it is read again; a text may be given as bound."""
    if isinstance(value, str):
        value = to_column(value)
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    # SQLite keeps NaN as NULL, and 0.0 for -0.0; which numbers come back as floats depends on the column.
    if value is None or math.isnan(value):
        return b"none;"
    return f"{float(value) + 0.0!r};".encode()
