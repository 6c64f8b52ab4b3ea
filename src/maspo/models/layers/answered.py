"""The layer that tells a reply from an answer."""

from __future__ import annotations

from maspo.models.base import ModelClient, Reply, Request
from maspo.models.layers.faults import Unusable


class Answered:
    """Turns a reply without any text into a failure: what is missing is never taken for an answer.

    It stands outside the meter, since such a reply is paid for, and inside the record, since it is none.

    Raises (from ``complete``):
        Unusable: the reply holds no text.

    """

    def __init__(self, inner: ModelClient) -> None:
        self._inner = inner

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does, if that is an answer."""
        reply = await self._inner.complete(request)
        if reply.text.strip():
            return reply
        why = reply.missing or "the content is empty"
        if reply.truncated:
            why = f"it ended at the limit of {request.max_tokens} tokens before any text; raise models.max_tokens"
        raise Unusable(f"{request.model}: a reply without an answer: {why}", reply.usd, reply.seconds)
