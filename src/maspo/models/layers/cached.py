"""The cache layer: equal questions are asked once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from maspo.models.base import CallStore, ModelClient, Reply, Request
from maspo.models.budget import Ledger


class Cached:
    """Answers from the run's record; concurrent equal requests share one call (single flight).

    Recording is the inner ``Recorded``'s part. A failure is everyone's failure; when the caller who leads is
    cancelled, one who waits takes over.
    """

    def __init__(self, inner: ModelClient, store: CallStore, ledger: Ledger) -> None:
        self._inner = inner
        self._store = store
        self._ledger = ledger
        self._flights: dict[str, asyncio.Future[Reply | None]] = {}

    async def complete(self, request: Request) -> Reply:
        """Answer from the record, from a call in flight, or by a call of its own."""
        while True:
            known = self._store.get(request.key)
            if known is None:
                flight = self._flights.get(request.key)
                if flight is None:
                    return await self._lead(request)
                # Shielded: a waiter that is cancelled must not cancel the others' call.
                known = await asyncio.shield(flight)
            if known is not None:
                self._ledger.hit(request.purpose)
                return replace(known, cached=True)

    async def _lead(self, request: Request) -> Reply:
        flight: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._flights[request.key] = flight
        try:
            reply = await self._inner.complete(request)
            flight.set_result(reply)
            return reply
        except Exception as error:
            flight.set_exception(error)
            flight.exception()  # Seen here, so that a failure nobody waits for is not reported as forgotten.
            raise
        finally:
            del self._flights[request.key]
            if not flight.done():
                flight.set_result(None)  # Cancelled: one of the waiters takes over.
