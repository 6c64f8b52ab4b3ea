"""The recording layer: a reply is durable before anyone sees it, and before its place is free for the next call."""

from __future__ import annotations

import asyncio

from maspo.models.base import CallStore, ModelClient, Reply, Request


class Recorded:
    """Records each reply.

    It stands inside the concurrency limit, so that a killed process repeats at most as many calls as it may have in
    flight.
    """

    def __init__(self, inner: ModelClient, store: CallStore) -> None:
        self._inner = inner
        self._store = store

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does, and record the reply."""
        reply = await self._inner.complete(request)
        try:
            await self._store.put(request, reply)
        except asyncio.CancelledError:
            # The reply is paid for: recorded first, cancelled then.
            await self._store.put(request, reply)
            raise
        return reply
