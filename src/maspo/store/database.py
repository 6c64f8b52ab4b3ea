"""Where the tables of one run lie: the port behind which SQLite and Postgres stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from maspo.store.tables import Row, Table, Value

Rows: TypeAlias = list[tuple[Any, ...]]


class Transaction:
    """What changes do to the tables of a run; all of it is committed together, or nothing.

    It is gathered by table, so that the database is told once for each; of rows with the same key the one is kept that
    stands in the end. Queries see what was committed before: a change that needs to know of one beside it keeps that in
    memory.
    """

    def __init__(self, select: Callable[[str, Sequence[str | int]], Rows]) -> None:
        self._select = select
        self._rows: dict[str, dict[Row, Row]] = {}
        self._gone: dict[str, list[Value]] = {}

    def put(self, table: Table, rows: Iterable[Row]) -> None:
        """Add rows; what a second row like one does is the table's to say."""
        found = self._rows.setdefault(table.name, {})
        for row in rows:
            key = table.key_of(row)
            if table.conflict == "IGNORE":
                found.setdefault(key, row)
            else:
                found.pop(key, None)  # it stands where the last of them does
                found[key] = row

    def delete(self, table: Table, key: Value) -> None:
        """Remove the row with this key, if there is one."""
        if self._rows.get(table.name, {}).pop((key,), None) is None:  # else it is of this group, and not there yet
            self._gone.setdefault(table.name, []).append(key)

    def select(self, query: str, *values: str | int) -> Rows:
        """Return the rows of a query with its values."""
        return self._select(query, values)

    def changes_of(self, table: Table) -> tuple[Sequence[Value], Sequence[Row]]:
        """Return the keys of the rows that go from a table, and the rows that come after that."""
        return self._gone.get(table.name, ()), [*self._rows.get(table.name, {}).values()]


Change: TypeAlias = Callable[[Transaction], None]
"""Something to do within a transaction."""


class Database(Protocol):
    """The tables of one run, for one process. Queries are written in what SQLite and Postgres both understand.

    Raises (from every method):
        StoreError: it cannot be read or written.

    """

    @property
    def tables(self) -> frozenset[str]:
        """The names of the tables that the run has; one that an older maspo wrote lacks some."""

    def select(self, query: str, *values: str | int) -> Rows:
        """Return the rows of a query with its values, as they are committed."""

    def commit(self, changes: Sequence[Change]) -> None:
        """Apply changes in their order and commit them together; on return they are durable."""

    def close(self) -> None:
        """Let go of the run."""
