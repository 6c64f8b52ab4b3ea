"""OpenAI chat completions: what most servers, and most frameworks, speak."""

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
    joined,
    loads,
    member,
    metered,
    objects,
    parts,
    read_texts,
    sse_values,
    text_of,
    tool_calls,
    unreadable,
)
from maspo.gateway.wire import JsonObject, Role, WireReply
from maspo.models.tokens import later_usage

_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class ChatCompletions:
    """``POST …/chat/completions``."""

    name = "chat_completions"
    provider: Provider = "openai"

    def takes(self, path: str) -> bool:
        """Say whether a path is one of chat completions."""
        return path.endswith("/chat/completions")

    def read_request(self, incoming: Incoming) -> Asked:
        """Return what a request asks."""
        body = incoming.body
        messages = objects(body.get("messages"))
        limits = (body.get("max_completion_tokens"), body.get("max_tokens"))
        return Asked(
            model=text_of(body.get("model")),
            texts=tuple(read_texts(messages, _ROLES)),
            offered=tuple(_offered(body)),
            results=tuple(_results(messages)),
            streamed=body.get("stream") is True,
            max_tokens=next((count for count in map(count_of, limits) if count), None),
        )

    def read_reply(self, body: bytes, streamed: bool) -> WireReply:
        """Return what a completion says, or its chunks."""
        return _assembled(body) if streamed else _plain(body)

    def ready(self, incoming: Incoming) -> Incoming:
        """Return the small question."""
        return incoming.asking({"messages": [{"role": "user", "content": READY}], "max_tokens": READY_TOKENS})


def _offered(body: JsonObject) -> Iterator[str]:
    for tool in objects(body.get("tools")):
        yield text_of(member(tool.get("function"), "name") or member(tool.get("custom"), "name") or tool.get("type"))
    for function in objects(body.get("functions")):
        yield text_of(function.get("name"))


def _results(messages: list[JsonObject]) -> Iterator[ToolResult]:
    for message in messages:
        if message.get("role") in ("tool", "function"):
            text = joined(parts((), "tool", message.get("content")))
            yield ToolResult(text_of(message.get("tool_call_id")), text_of(message.get("name")), text)


def _plain(body: bytes) -> WireReply:
    found = loads(body)
    choice = next(iter(objects(member(found, "choices"))), None)
    if choice is None:
        failure = failure_in(found)
        return WireReply(whole=False, failure=failure) if failure else unreadable(body)
    message = choice.get("message")
    text = joined(parts((), "assistant", member(message, "content"))) or text_of(member(message, "refusal"))
    finish = text_of(choice.get("finish_reason"))
    calls = [_tool(tool) for tool in objects(member(message, "tool_calls"))]
    legacy = member(message, "function_call")
    if isinstance(legacy, dict):
        calls.append(("", text_of(legacy.get("name")), legacy.get("arguments", "")))
    failure = failure_in(found) or failure_in(choice) or ("finish_reason: error" if finish == "error" else "")
    return WireReply(text, tool_calls(calls), finish, failure=failure, **metered(member(found, "usage")))


def _tool(tool: JsonObject) -> tuple[str, str, object]:
    function = tool.get("function")
    if not isinstance(function, dict):
        function = tool.get("custom")
    arguments = member(function, "arguments")
    if arguments is None:
        arguments = member(function, "input") or ""
    return text_of(tool.get("id")), text_of(member(function, "name")), arguments


def _assembled(body: bytes) -> WireReply:
    """Put the chunks of a stream together; of several choices the first."""
    texts: list[str] = []
    tools: dict[int, list[str]] = {}
    finish, failure, done = "", "", False
    usage: object = None
    for chunk in sse_values(body):
        if type(chunk) is not dict:
            done = done or chunk == "[DONE]"
            continue
        if chunk.get("error"):
            failure = failure or failure_in(chunk)
        if "usage" in chunk:
            usage = later_usage(usage, chunk["usage"])
        choices = chunk.get("choices")
        for choice in choices if type(choices) is list else ():
            delta = choice.get("delta") if type(choice) is dict else None
            if type(delta) is not dict or choice.get("index", 0) != 0:
                continue
            content = delta.get("content") or delta.get("refusal")
            if type(content) is str:
                texts.append(content)
            if reason := choice.get("finish_reason"):
                finish = text_of(reason) or finish
            if "tool_calls" not in delta:
                continue
            for at, tool in enumerate(objects(delta["tool_calls"])):
                # Some servers leave the index out and send each call whole.
                index = tool.get("index", len(tools) if tool.get("id") else at)
                id, name, arguments = _tool(tool)
                held = tools.setdefault(index if isinstance(index, int) else at, ["", "", ""])
                held[0] = held[0] or id
                held[1] = held[1] or name
                held[2] += text_of(arguments)
    if finish == "error":
        failure = failure or "finish_reason: error"
    whole = bool(done or finish) and not failure
    calls = tool_calls((id, name, arguments) for id, name, arguments in tools.values())
    return WireReply("".join(texts), calls, finish, whole=whole, failure=failure, **metered(usage))
