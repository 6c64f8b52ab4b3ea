"""Attempts that brought no reply, or none yet: what a killed process may have been charged for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from maspo.models.base import Request
from maspo.store.database import Transaction
from maspo.store.tables import UNANSWERED, Row

# A row is written before its attempt is sent, and goes when the reply is recorded, in one transaction with it. So each
# call that a run has made is either in ``calls`` or here, whenever the process dies.
_OPEN_ROWS: Final = """
SELECT id, key, purpose, agent, model, usd, in_flight, at FROM unanswered WHERE in_flight = 1 ORDER BY id
"""
_LAST: Final = "SELECT COALESCE(MAX(id), 0) FROM unanswered"
_LAST_ENTRY: Final = "SELECT COALESCE(MAX(seq), 0) FROM journal"
OPEN: Final = "SELECT id, key, purpose, agent, model, usd FROM unanswered WHERE in_flight = 1 ORDER BY id"
USAGE: Final = """
SELECT purpose, COUNT(*), ADD_UP(usd), SUM(CASE WHEN usd IS NULL THEN 1 ELSE 0 END) FROM unanswered GROUP BY purpose
"""


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """A call that was sent and of which nothing more is recorded; ``usd`` is its highest cost, None when unknown."""

    number: int
    key: str
    purpose: str
    agent: str
    model: str
    usd: float | None


@dataclass(slots=True)
class Heads:
    """Where the numbered tables of a record end, and which attempts are open: nobody else writes it meanwhile.

    Kept in memory, so that a change asks the database for nothing and many of them can be sent to it together.
    """

    entry: int
    attempt: int
    open: dict[str, list[Row]] = field(default_factory=dict)
    """Attempts in flight by the key of their call, the newest last."""

    @classmethod
    def of(cls, transaction: Transaction) -> Heads:
        """Read them."""
        (entry,), (attempt,) = transaction.select(_LAST_ENTRY)[0], transaction.select(_LAST)[0]
        heads = cls(entry, attempt)
        for row in transaction.select(_OPEN_ROWS):
            heads.open.setdefault(str(row[1]), []).append(row)
        return heads

    def next_entry(self) -> int:
        """Return the number of the next entry of the journal."""
        self.entry += 1
        return self.entry

    def note_sent(self, transaction: Transaction, request: Request, usd: float | None, now: float) -> None:
        """Record an attempt that is about to be sent."""
        self.attempt += 1
        row: Row = (self.attempt, request.key, request.purpose, request.agent, request.model, usd, 1, now)
        self.open.setdefault(request.key, []).append(row)
        transaction.put(UNANSWERED, [row])

    def charge_unanswered(self, transaction: Transaction, failed: Iterable[tuple[float | None, str]]) -> None:
        """Record what the attempts that were sent last for these keys are charged at: they bring no reply."""
        for usd, key in failed:
            if row := self._take(key):
                transaction.put(UNANSWERED, [(*row[:5], usd, 0, row[7])])

    def settle(self, transaction: Transaction, key: str) -> None:
        """Take back the attempt that was sent last for a key: its reply is recorded."""
        if row := self._take(key):
            transaction.delete(UNANSWERED, row[0])

    def _take(self, key: str) -> Row | None:
        rows = self.open.get(key)
        if not rows:
            return None
        row = rows.pop()
        if not rows:
            del self.open[key]
        return row
