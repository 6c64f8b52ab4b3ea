"""Calls without a reply: those that failed for good, and those that a killed process had in flight; each told once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict
from weakref import WeakSet

from maspo.core.errors import CallFailed
from maspo.events import CallLost, CallUnsettled, Event
from maspo.models.base import ModelClient, Reply, Request
from maspo.store.run_store import RunStore


class Witnessed:
    """Publishes a ``CallLost`` for each call that failed for good, and lets the failure pass.

    Equal questions in flight share one call, and so one failure: it is published for the first who asked.
    """

    def __init__(self, inner: ModelClient, publish: Callable[[Event], Awaitable[None]]) -> None:
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


def unlisted(store: RunStore, events: Iterable[Event]) -> list[CallUnsettled]:
    """Return the calls that were in flight when an earlier process died, without those that the events list already.

    They are asked again, so they may be billed twice.
    """
    listed = {event.number for event in events if isinstance(event, CallUnsettled)}
    return [CallUnsettled(**asdict(left)) for left in store.open_attempts() if left.number not in listed]
