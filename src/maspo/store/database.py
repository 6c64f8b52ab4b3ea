"""Where the tables of one run lie: the port behind which SQLite and Postgres stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

from maspo.store.tables import Row, Table, Value

Rows: TypeAlias = list[tuple[Any, ...]]


class Transaction(Protocol):
    """What a change may do to the tables of a run; all of it is committed, or nothing.

    Queries see what was committed before: a change that needs to know of one beside it keeps that in memory.
    """

    def put(self, table: Table, rows: Iterable[Row]) -> None:
        """Add rows; what a second row like one does is the table's to say."""

    def delete(self, table: Table, key: Value) -> None:
        """Remove the row with this key, if there is one."""

    def select(self, query: str, *values: str | int) -> Rows:
        """Return the rows of a query with its values."""


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
