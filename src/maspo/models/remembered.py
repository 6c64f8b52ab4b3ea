"""A record of calls that forgets when the process ends."""

from __future__ import annotations

from maspo.models.base import Reply, Request


class MemoryStore:
    """A ``CallStore`` in memory: for a look at an app or a program before there is a run, and for tests."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}

    def get(self, key: str) -> Reply | None:
        """Return the recorded reply, or None."""
        return self.replies.get(key)

    async def put(self, request: Request, reply: Reply) -> None:
        """Record a reply, unless the question has one."""
        self.replies.setdefault(request.key, reply)
