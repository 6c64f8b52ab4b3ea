"""The concurrency layer."""

from __future__ import annotations

import asyncio

from maspo.models.base import Model, Reply, Request


class Limited:
    """Lets at most ``concurrency`` calls be in flight; the others wait in order."""

    def __init__(self, inner: Model, concurrency: int) -> None:
        self._inner = inner
        self._slots = asyncio.Semaphore(concurrency)

    async def complete(self, request: Request) -> Reply:
        """Answer when a slot is free."""
        async with self._slots:
            return await self._inner.complete(request)
