"""Replies to a request that offers tools: as recorded, each is JSON, whether it answers or asks for tools.

So a record of calls holds what a model asked for as it holds any reply, and no text that a model writes can pass for a
call of a tool: an answer that looks like one is a text within the JSON.
"""

from __future__ import annotations

import json
from dataclasses import replace

from maspo.models.base import Reply, ToolAsked


def encoded(reply: Reply) -> Reply:
    """Return a reply whose text tells what it says and what it asks for; one that does neither stays empty."""
    if not (reply.text.strip() or reply.asks):
        return reply
    asked = [[one.id, one.name, one.arguments] for one in reply.asks]
    return replace(reply, text=json.dumps({"said": reply.text, "asks": asked}, ensure_ascii=False), asks=())


def decoded(reply: Reply) -> Reply:
    """Return a reply to a request that offered tools as it was before ``encoded``; one that is not stays as it is."""
    if reply.asks:
        return reply
    try:
        found = json.loads(reply.text)
        said, asks = found["said"], tuple(ToolAsked(*map(str, one)) for one in found["asks"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return reply  # of a client without the layers, which does not know of tools
    return replace(reply, text=str(said), asks=asks)
