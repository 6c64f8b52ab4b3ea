"""Requests in no dialect of a chat, such as embeddings: passed on, metered as far as they tell, without texts."""

from __future__ import annotations

from dataclasses import dataclass

from maspo.gateway.dialects.base import Asked, Incoming, Provider, failure_in, loads, member, metered, text_of
from maspo.gateway.wire import WireReply


@dataclass(frozen=True, slots=True)
class Other:
    """Any other request to a provider."""

    provider: Provider
    name: str = "other"

    def takes(self, path: str) -> bool:
        """Take every path."""
        return bool(path)

    def read_request(self, incoming: Incoming) -> Asked:
        """Return the model, where one is named."""
        return Asked(text_of(incoming.body.get("model")), streamed=incoming.body.get("stream") is True)

    def read_reply(self, body: bytes, streamed: bool) -> WireReply:
        """Return the tokens, where they are told."""
        found = None if streamed else loads(body)
        return WireReply(failure=failure_in(found), **metered(member(found, "usage")))

    def ready(self, incoming: Incoming) -> Incoming:
        """Return the request without a content: any answer tells that the endpoint is there."""
        return incoming.asking({})
