"""Bringing the database of a run of an earlier format up to date, all or nothing."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator

from maspo.core.errors import StoreError
from maspo.events import CallLost
from maspo.store.codec import Entry, decode
from maspo.store.schema import BROKEN, FIRST_TABLES, MARKED, VERSION, format_of
from maspo.store.tables import JOURNAL, META, SPARE, TABLES, THOUGHTS, UNANSWERED, Row, Table, new_salt, put

KEPT_TWICE = ("job", "run", "evaluation", "simulated")
"""Meta values without which a run or an evaluation cannot go on as it began; they are kept in ``spare``, too."""


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Rewrite the tables of format 1 with a mark in every row; add to those of format 2 what they lack."""
    if format_of(connection) == VERSION:
        return
    if format_of(connection) >= MARKED:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(THOUGHTS.create)
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
        return
    salt = new_salt(secrets.randbits(64))
    connection.execute("BEGIN IMMEDIATE")
    try:
        for name in FIRST_TABLES:
            connection.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
        for table in TABLES:
            connection.execute(table.create)
        put(connection, SPARE, [("salt", str(salt))], salt)
        for table in TABLES:
            if table.name in FIRST_TABLES:
                put(connection, table, _old_rows(connection, table), salt)
                connection.execute(f"DROP TABLE old_{table.name}")
        put(connection, UNANSWERED, _lost_before(connection), salt)
        put(connection, SPARE, (row for row in _all(connection, META) if row[0] in KEPT_TWICE), salt)
        connection.execute(f"PRAGMA user_version={VERSION}")
        connection.execute("COMMIT")
    except (StoreError, *BROKEN):
        connection.execute("ROLLBACK")
        raise


def _lost_before(connection: sqlite3.Connection) -> list[Row]:
    """Return the attempts without a reply that the journal tells of: calls that were lost for good."""
    entries = connection.execute("SELECT kind, body FROM journal WHERE kind = 'call_lost'")
    lost = [decode(Entry(*row)) for row in entries]
    purposes = [each.purpose for each in lost if isinstance(each, CallLost) for _ in range(each.attempts)]
    return [(number, "", purpose, "", "", 0.0, 0, 0.0) for number, purpose in enumerate(purposes, start=1)]


def _old_rows(connection: sqlite3.Connection, table: Table) -> Iterator[Row]:
    columns = ", ".join(table.columns)
    rows = connection.execute(f"SELECT {columns} FROM old_{table.name} ORDER BY {', '.join(table.key)}")  # noqa: S608 (our own names)
    if table is JOURNAL:
        # Marked entries are numbered without gaps.
        return ((number, *row[1:]) for number, row in enumerate(rows, start=1))
    return rows


def _all(connection: sqlite3.Connection, table: Table) -> list[Row]:
    return [tuple(row[:-1]) for row in connection.execute(table.select)]
