"""Attempts that brought no reply, or none yet: what a killed process may have been charged for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from maspo.models.base import Request
from maspo.store.tables import UNANSWERED, put

# A row is written before its attempt is sent, and goes when the reply is recorded, in one transaction with it. So each
# call that a run has made is either in ``calls`` or here, whenever the process dies.
_NEWEST: Final = "(SELECT MAX(id) FROM unanswered WHERE key = ? AND in_flight)"
_CLOSED: Final = f"SELECT id, key, purpose, agent, model, at FROM unanswered WHERE id = {_NEWEST}"  # noqa: S608 (our own text)
_ANSWERED: Final = f"DELETE FROM unanswered WHERE id = {_NEWEST}"  # noqa: S608 (our own text)
_LAST: Final = "SELECT COALESCE(MAX(id), 0) FROM unanswered"
OPEN: Final = "SELECT id, key, purpose, agent, model, usd FROM unanswered WHERE in_flight ORDER BY id"
USAGE: Final = "SELECT purpose, COUNT(*), SUM(usd), SUM(usd IS NULL) FROM unanswered GROUP BY purpose"


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """A call that was sent and of which nothing more is recorded; ``usd`` is its highest cost, None when unknown."""

    number: int
    key: str
    purpose: str
    agent: str
    model: str
    usd: float | None


def sent(connection: sqlite3.Connection, request: Request, usd: float | None, now: float, salt: int) -> None:
    """Record an attempt that is about to be sent."""
    number = connection.execute(_LAST).fetchone()[0] + 1
    row = (number, request.key, request.purpose, request.agent, request.model, usd, 1, now)
    put(connection, UNANSWERED, [row], salt)


def close(connection: sqlite3.Connection, failed: Iterable[tuple[float | None, str]], salt: int) -> None:
    """Record what the attempts that were sent last for these keys are charged at: they bring no reply."""
    for usd, key in failed:
        for *row, at in connection.execute(_CLOSED, (key,)).fetchall():
            put(connection, UNANSWERED, [(*row, usd, 0, at)], salt)


def answered(connection: sqlite3.Connection, key: str) -> None:
    """Take back the attempt that was sent last for a key: its reply is recorded."""
    connection.execute(_ANSWERED, (key,))
