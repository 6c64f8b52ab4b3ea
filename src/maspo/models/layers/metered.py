"""The metering layer: every attempt is reserved before it is sent and booked after."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

from maspo.core.errors import ProviderError
from maspo.models.base import ModelClient, Reply, Request
from maspo.models.budget import Ledger, Reservation
from maspo.models.layers.faults import Stage, Transient


class Metered:
    """Keeps the ledger of a model; an attempt is cut when the time cap comes."""

    def __init__(self, inner: ModelClient, ledger: Ledger) -> None:
        self._inner = inner
        self._ledger = ledger

    async def complete(self, request: Request) -> Reply:
        """Answer, if the ledger lets the call pass.

        Raises:
            BudgetReached: it does not.

        """
        reservation = await self._ledger.reserve(request)
        try:
            reply = await self._in_time(request)
        except ProviderError as error:
            self._book(reservation, error)
            raise
        except BaseException:
            # Cancelled or out of time: nobody knows how far the call came.
            self._ledger.cut_off(reservation)
            raise
        return replace(reply, usd=self._ledger.settle(reservation, reply))

    async def _in_time(self, request: Request) -> Reply:
        seconds = self._ledger.remaining_seconds()
        if seconds == math.inf:
            return await self._inner.complete(request)
        try:
            async with asyncio.timeout(seconds) as scope:
                return await self._inner.complete(request)
        except TimeoutError:
            if scope.expired():
                raise self._ledger.out_of_time() from None
            raise

    def _book(self, reservation: Reservation, error: ProviderError) -> None:
        if isinstance(error, Transient) and error.stage is Stage.LOST:
            error.usd = self._ledger.lost(reservation)
        else:
            self._ledger.refused(reservation)
