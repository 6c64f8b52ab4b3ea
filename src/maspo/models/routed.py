"""Several endpoints behind one client: the judge's, the proposer's, and that of all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from maspo.models.base import ModelClient, Reply, Request


@dataclass(frozen=True)
class Lane:
    """One server: its client, and the address that its limits hold for. ``near``: on this machine or next to it."""

    client: ModelClient
    place: str = ""
    near: bool = False


@dataclass(frozen=True)
class Routed:
    """A ``ModelClient`` that gives each request to the endpoint of its role; ``lanes`` by ``Request.endpoint``.

    An endpoint may have several servers. By itself the first of them answers; ``compose`` spreads calls over all.
    """

    lanes: Mapping[str, Sequence[Lane]] = field(default_factory=dict)

    async def complete(self, request: Request) -> Reply:
        """Answer as the endpoint of the request does."""
        return await self.servers(request)[0].client.complete(request)

    def servers(self, request: Request) -> Sequence[Lane]:
        """Return the servers of the endpoint of a request."""
        return self.lanes.get(request.endpoint) or self.lanes[""]


@dataclass(frozen=True)
class At:
    """A ``ModelClient`` that has each request answered by the server at one address."""

    routes: Routed
    place: str

    async def complete(self, request: Request) -> Reply:
        """Answer as the server at this address does, with the client of the request's role."""
        for lane in self.routes.servers(request):  # mostly there is one
            if lane.place == self.place:
                return await lane.client.complete(request)
        raise LookupError(f"{self.place} does not answer {request.endpoint or 'all roles'}")
