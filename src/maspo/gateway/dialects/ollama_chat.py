"""Ollama's own chat: streams unless told not to, one JSON object a line, tool calls without ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from maspo.gateway.dialects.base import (
    READY,
    READY_TOKENS,
    Asked,
    Incoming,
    Provider,
    ToolResult,
    count_of,
    failure_in,
    loads,
    member,
    metered,
    objects,
    read_texts,
    text_of,
    tool_calls,
    unreadable,
)
from maspo.gateway.wire import JsonObject, Role, WireReply

_COUNTS: Final = ("prompt_eval_count", "eval_count")
_ROLES: Final[dict[str, Role]] = {"system": "system", "user": "user", "assistant": "assistant", "tool": "tool"}


class OllamaChat:
    """``POST /api/chat``."""

    name = "ollama_chat"
    provider: Provider = "ollama"

    def takes(self, path: str) -> bool:
        """Say whether a path is that of the chat."""
        return path.endswith("/api/chat")

    def read_request(self, incoming: Incoming) -> Asked:
        """Return what a request asks."""
        body = incoming.body
        messages = objects(body.get("messages"))
        return Asked(
            model=text_of(body.get("model")),
            texts=tuple(read_texts(messages, _ROLES)),
            offered=tuple(text_of(member(tool.get("function"), "name")) for tool in objects(body.get("tools"))),
            results=tuple(_results(messages)),
            streamed=body.get("stream") is not False,
            max_tokens=count_of(member(body.get("options"), "num_predict")),
        )

    def read_reply(self, body: bytes, streamed: bool) -> WireReply:
        """Return what a reply says, or the lines of its stream."""
        found = [loads(line) for line in body.split(b"\n") if line.strip()] if streamed else [loads(body)]
        lines = [line for line in found if isinstance(line, dict)]
        if not lines:
            return unreadable(body)
        said = _said(lines)
        if len(lines) == len(found):
            return said
        return WireReply(said.text, said.tools, whole=False, failure=said.failure or "a line is not a JSON object")

    def ready(self, incoming: Incoming) -> Incoming:
        """Return the small question."""
        messages = [{"role": "user", "content": READY}]
        return incoming.asking({"messages": messages, "stream": False, "options": {"num_predict": READY_TOKENS}})


def _results(messages: list[JsonObject]) -> Iterator[ToolResult]:
    for message in messages:
        if message.get("role") == "tool":
            name = text_of(message.get("tool_name")) or text_of(message.get("name"))
            yield ToolResult(text_of(message.get("tool_call_id")), name, text_of(message.get("content")))


def _said(lines: list[JsonObject]) -> WireReply:
    texts: list[str] = []
    calls: list[tuple[str, str, object]] = []
    failure = ""
    for line in lines:
        failure = failure or failure_in(line)
        message = line.get("message")
        texts.append(text_of(member(message, "content")))
        for tool in objects(member(message, "tool_calls")):
            function = tool.get("function")
            calls.append((text_of(tool.get("id")), text_of(member(function, "name")), member(function, "arguments")))
    last = lines[-1]
    done = last.get("done") is True
    return WireReply(
        text="".join(texts),
        tools=tool_calls(calls),
        finish=text_of(last.get("done_reason")) or ("stop" if done else ""),
        whole=done and not failure,
        failure=failure,
        **metered({name: last.get(name) for name in _COUNTS}),
    )
