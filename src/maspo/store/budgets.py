"""Budgets of a store: caps over many runs, the leases that they hold, and who has spent what."""

from __future__ import annotations

import asyncio
import getpass
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from maspo.core.errors import StoreError, UsageError
from maspo.models.leases import Amount, Cap, Lease, growth
from maspo.store.address import StoreAddress
from maspo.store.postgres import PATIENCE, PAUSES, connect, driver, from_text, guarded, to_text, unusable

if TYPE_CHECKING:
    import psycopg

T = TypeVar("T")


class Spender(NamedTuple):
    """A run of a budget: what it has spent, or, while it holds a lease, what it may have."""

    run: str
    who: str
    nano: int
    calls: int
    open: bool


class BudgetState(NamedTuple):
    """A budget as it stands. What is charged holds what is leased."""

    name: str
    cap: Cap
    charged: Amount
    spenders: list[Spender]


def set_cap(address: StoreAddress, name: str, cap: Cap) -> None:
    """Make a budget, or change what its runs may spend; what is charged stays."""
    query = (
        "INSERT INTO maspo.budgets (name, cap_nano, cap_calls) VALUES (%s, %s, %s) ON CONFLICT (name) DO UPDATE SET "
        "cap_nano = COALESCE(EXCLUDED.cap_nano, maspo.budgets.cap_nano), "
        "cap_calls = COALESCE(EXCLUDED.cap_calls, maspo.budgets.cap_calls)"
    )
    with guarded(address) as connection:
        connection.execute(query, (to_text(name), cap.nano, cap.calls))


def state_of(address: StoreAddress, name: str) -> BudgetState:
    """Return a budget, those who spent most of it first.

    Raises:
        UsageError: there is none of this name.

    """
    with guarded(address, looking=True) as connection:
        found = connection.execute(
            "SELECT cap_nano, cap_calls, nano, calls FROM maspo.budgets WHERE name = %s", (to_text(name),)
        ).fetchone()
        if found is None:
            names = [from_text(each) for (each,) in connection.execute("SELECT name FROM maspo.budgets ORDER BY name")]
            known = ", ".join(names) or "none"
            raise UsageError(
                f"{address.shown}: no budget {name!r}; make it with `maspo budget {name} --max-usd X`; known: {known}"
            )
        rows = connection.execute(
            "SELECT r.name, l.who, l.nano, l.calls, l.open FROM maspo.leases l JOIN maspo.runs r ON r.token = l.run "
            "WHERE l.budget = %s ORDER BY l.nano DESC, l.calls DESC, r.name",
            (to_text(name),),
        ).fetchall()
    spenders = [Spender(from_text(run), from_text(who), nano, calls, opened) for run, who, nano, calls, opened in rows]
    cap_nano, cap_calls, nano, calls = found
    return BudgetState(name, Cap(cap_nano, cap_calls), Amount(nano, calls), spenders)


class BudgetPool:
    """The lease of one run of a budget.

    Each change locks the budget's row, then the lease's, and is the same when it is made twice: an answer that was lost
    leaves a run with a larger lease than it asked for, which is charged, and given back at its end.
    """

    def __init__(self, address: StoreAddress, name: str, run: str) -> None:
        self.name = name
        self._address = address
        self._run = run
        self._who = to_text(who_is_here())
        self._connection: psycopg.Connection | None = None

    async def take_up(self, spent: Amount) -> Lease:
        """Return what the run holds, after what it has spent is charged."""

        def work(connection: psycopg.Connection) -> Lease:
            with connection.transaction():
                cap, charged, held = self._locked(connection)
                more = Amount(max(spent.nano - held.nano, 0), max(spent.calls - held.calls, 0))
                return self._lease(connection, cap, charged, held, more)

        return await asyncio.to_thread(self._patiently, work)

    async def grow(self, short: Amount) -> Lease | None:
        """Return what the run holds with more of it; None where the budget has no more."""

        def work(connection: psycopg.Connection) -> Lease | None:
            with connection.transaction():
                cap, charged, held = self._locked(connection)
                more = growth(short, cap, charged)
                return None if more is None else self._lease(connection, cap, charged, held, more)

        return await asyncio.to_thread(self._patiently, work)

    async def give_back(self, spent: Amount) -> None:
        """Charge what was spent, free the rest, and disconnect."""

        def work(connection: psycopg.Connection) -> None:
            with connection.transaction():
                cap, charged, held = self._locked(connection)
                self._lease(connection, cap, charged, held, spent - held, opened=False)

        try:
            await asyncio.to_thread(self._patiently, work)
        finally:
            self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _locked(self, connection: psycopg.Connection) -> tuple[Cap, Amount, Amount]:
        # The lease is this run's alone, so it cannot have changed while the budget was waited for.
        row = connection.execute(
            "SELECT b.cap_nano, b.cap_calls, b.nano, b.calls, COALESCE(l.nano, 0), COALESCE(l.calls, 0) "
            "FROM maspo.budgets b LEFT JOIN maspo.leases l ON l.budget = b.name AND l.run = %s "
            "WHERE b.name = %s FOR UPDATE OF b",
            (self._run, to_text(self.name)),
            prepare=True,
        ).fetchone()
        if row is None:
            raise StoreError(
                f"{self._address.shown}: no budget {self.name!r}; make it with `maspo budget {self.name} --max-usd X`"
            )
        return Cap(row[0], row[1]), Amount(row[2], row[3]), Amount(row[4], row[5])

    def _lease(
        self, connection: psycopg.Connection, cap: Cap, charged: Amount, held: Amount, more: Amount, opened: bool = True
    ) -> Lease:
        charged, held = charged + more, held + more
        name = to_text(self.name)
        connection.execute(
            "WITH whole AS (UPDATE maspo.budgets SET nano = %s, calls = %s WHERE name = %s) "
            "INSERT INTO maspo.leases (budget, run, who, nano, calls, open) VALUES (%s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (budget, run) "
            "DO UPDATE SET nano = EXCLUDED.nano, calls = EXCLUDED.calls, open = EXCLUDED.open",
            (charged.nano, charged.calls, name, name, self._run, self._who, held.nano, held.calls, opened),
            prepare=True,
        )
        return Lease(held, cap, cap.share(charged))

    def _patiently(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Do what the server is asked for; where it goes away, reach it again and ask again."""
        gone = (driver().OperationalError, driver().InterfaceError)
        give_up, pause = time.monotonic() + PATIENCE, PAUSES[0]
        while True:
            try:
                if self._connection is None:
                    self._connection = connect(self._address)
                return work(self._connection)
            except (StoreError, *gone) as error:
                if time.monotonic() > give_up or (self._connection is not None and not self._connection.closed):
                    self._disconnect()
                    raise error if isinstance(error, StoreError) else unusable(self._address, error) from None
                self._connection = None
            time.sleep(pause)
            pause = min(2 * pause, PAUSES[1])


def who_is_here() -> str:
    """Return the user and the machine, as far as they are known."""
    with suppress(OSError, KeyError):
        return f"{getpass.getuser()}@{socket.gethostname()}"
    return socket.gethostname()
