"""Several endpoints behind one client: the judge's, the proposer's, and that of all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from maspo.models.base import ModelClient, Reply, Request


@dataclass(frozen=True)
class Lane:
    """One endpoint: its client, and the address that its limits hold for. ``near``: on this machine or next to it."""

    client: ModelClient
    place: str = ""
    near: bool = False


@dataclass(frozen=True)
class Routed:
    """A ``ModelClient`` that gives each request to the endpoint of its role; ``lanes`` by ``Request.endpoint``."""

    lanes: Mapping[str, Lane] = field(default_factory=dict)

    async def complete(self, request: Request) -> Reply:
        """Answer as the endpoint of the request does."""
        return await self.lane(request).client.complete(request)

    def lane(self, request: Request) -> Lane:
        """Return the endpoint of a request."""
        return self.lanes.get(request.endpoint) or self.lanes[""]
