"""Anthropic Messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from maspo.gateway.dialects.base import (
    READY,
    READY_TOKENS,
    Asked,
    Incoming,
    Provider,
    ToolResult,
    count_of,
    failure_in,
    joined,
    loads,
    member,
    metered,
    objects,
    parts,
    sse_values,
    text_of,
    tool_calls,
    unreadable,
)
from maspo.gateway.wire import JsonObject, Role, WireReply, WireText
from maspo.models.tokens import later_usage

_ROLES: Final[dict[str, Role]] = {"user": "user", "assistant": "assistant", "system": "system"}


class Messages:
    """``POST …/v1/messages``."""

    name = "messages"
    provider: Provider = "anthropic"

    def takes(self, path: str) -> bool:
        """Say whether a path is that of messages."""
        return path.endswith("/messages")

    def read_request(self, incoming: Incoming) -> Asked:
        """Return what a request asks."""
        body = incoming.body
        messages = objects(body.get("messages"))
        return Asked(
            model=text_of(body.get("model")),
            texts=(*parts(("system",), "system", body.get("system")), *_texts(messages)),
            offered=tuple(text_of(tool.get("name")) for tool in objects(body.get("tools"))),
            results=tuple(_results(messages)),
            streamed=body.get("stream") is True,
            max_tokens=count_of(body.get("max_tokens")),
        )

    def read_reply(self, body: bytes, streamed: bool) -> WireReply:
        """Return what a message says, or the events of its stream."""
        return _assembled(body) if streamed else _plain(body)

    def ready(self, incoming: Incoming) -> Incoming:
        """Return the small question."""
        return incoming.asking({"messages": [{"role": "user", "content": READY}], "max_tokens": READY_TOKENS})


def _texts(messages: list[JsonObject]) -> Iterator[WireText]:
    for number, message in enumerate(messages):
        role = _ROLES.get(str(message.get("role")), "user")
        content = message.get("content")
        yield from parts(("messages", number, "content"), role, content)
        if isinstance(content, list):
            for at, block in enumerate(content):
                if member(block, "type") == "tool_result":
                    place = ("messages", number, "content", at, "content")
                    yield from parts(place, "tool", block.get("content"))


def _results(messages: list[JsonObject]) -> Iterator[ToolResult]:
    for message in messages:
        for block in objects(message.get("content")):
            if block.get("type") == "tool_result":
                text = joined(parts((), "tool", block.get("content")))
                yield ToolResult(text_of(block.get("tool_use_id")), "", text)


def _plain(body: bytes) -> WireReply:
    found = loads(body)
    if not isinstance(found, dict) or not isinstance(found.get("content"), list):
        failure = failure_in(found)
        return WireReply(whole=False, failure=failure) if failure else unreadable(body)
    return _said(objects(found["content"]), found.get("stop_reason"), found.get("usage"))


def _said(blocks: list[JsonObject], finish: object, usage: object) -> WireReply:
    text = "".join(text_of(block.get("text")) for block in blocks if block.get("type") == "text")
    calls = [
        (text_of(block.get("id")), text_of(block.get("name")), block.get("input", {}))
        for block in blocks
        if block.get("type") == "tool_use"
    ]
    return WireReply(text, tool_calls(calls), text_of(finish), **metered(usage))


def _assembled(body: bytes) -> WireReply:
    blocks: dict[Any, JsonObject] = {}
    written: dict[Any, list[str]] = {}
    finish, failure, ended = "", "", False
    usage: object = None
    for event in sse_values(body):
        kind = member(event, "type")
        if kind == "content_block_delta":
            delta = member(event, "delta")
            piece = text_of(member(delta, "text")) or text_of(member(delta, "partial_json"))
            written.setdefault(event.get("index"), []).append(piece)
        elif kind == "content_block_start":
            block = member(event, "content_block")
            blocks[event.get("index")] = dict(block) if isinstance(block, dict) else {}
        elif kind == "message_start":
            usage = member(member(event, "message"), "usage")
        elif kind == "message_delta":
            finish = text_of(member(member(event, "delta"), "stop_reason")) or finish
            # Counts of this event are those of the whole message; some servers tell null for what they told before.
            usage = later_usage(usage, member(event, "usage"))
        elif kind == "message_stop":
            ended = True
        elif kind == "error" or failure_in(event):
            failure = failure_in(event) or "an error in the stream"
    for index, pieces in written.items():
        block = blocks.setdefault(index, {"type": "text"})
        if block.get("type") == "text":
            block["text"] = text_of(block.get("text")) + "".join(pieces)
        elif block.get("type") == "tool_use" and any(pieces):
            block["input"] = "".join(pieces)
    said = _said(list(blocks.values()), finish, usage)
    return replace(said, whole=ended and not failure, failure=failure)
