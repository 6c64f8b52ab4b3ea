"""The layer that records calls that failed for good, each once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from weakref import WeakSet

from maspo.errors import CallFailed
from maspo.events import CallLost, Event
from maspo.models.base import Model, Reply, Request


class Witnessed:
    """Publishes a ``CallLost`` for each call that failed for good, and lets the failure pass.

    Equal questions in flight share one call, and so one failure: it is published for the first who asked.
    """

    def __init__(self, inner: Model, publish: Callable[[Event], Awaitable[None]]) -> None:
        self._inner = inner
        self._publish = publish
        self._published: WeakSet[CallFailed] = WeakSet()

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does."""
        try:
            return await self._inner.complete(request)
        except CallFailed as error:
            if error not in self._published:
                self._published.add(error)
                await self._publish(CallLost(request.purpose, request.agent, str(error), error.attempts))
            raise
