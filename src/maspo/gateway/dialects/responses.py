"""OpenAI Responses: the default of several SDKs; conversations may be kept by the endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    sse_data,
    text_of,
    tool_calls,
    unreadable,
)
from maspo.gateway.wire import JsonObject, Place, Role, WireReply, WireText

_TEXT: Final = frozenset({"text", "input_text", "output_text"})
_ROLES: Final[dict[str, Role]] = {
    "system": "system",
    "developer": "developer",
    "user": "user",
    "assistant": "assistant",
}
_RESULTS: Final = frozenset({"function_call_output", "custom_tool_call_output"})
_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})


class Responses:
    """``POST …/responses``."""

    name = "responses"
    provider: Provider = "openai"

    def takes(self, path: str) -> bool:
        """Say whether a path makes a response."""
        return path.endswith("/responses")

    def read_request(self, incoming: Incoming) -> Asked:
        """Return what a request asks; of a kept conversation only what it adds."""
        body = incoming.body
        given = body.get("input")
        items = objects(given)
        return Asked(
            model=text_of(body.get("model")),
            texts=(
                *parts(("instructions",), "instructions", body.get("instructions"), _TEXT),
                *(parts(("input",), "user", given, _TEXT) if isinstance(given, str) else _texts(items)),
            ),
            offered=tuple(_offered(objects(body.get("tools")))),
            results=tuple(_results(items)),
            streamed=body.get("stream") is True,
            max_tokens=count_of(body.get("max_output_tokens")),
            previous=text_of(body.get("previous_response_id")),
        )

    def read_reply(self, body: bytes, streamed: bool) -> WireReply:
        """Return what a response says, or the events of its stream."""
        return _assembled(body) if streamed else _response(loads(body), body)

    def ready(self, incoming: Incoming) -> Incoming:
        """Return the small question."""
        return incoming.asking({"input": READY, "max_output_tokens": READY_TOKENS, "store": False})


def conversation(body: JsonObject) -> list[Any]:
    """Return the input items that a request adds to its conversation; its instructions are not kept by endpoints."""
    given = body.get("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return list(given) if isinstance(given, list) else []


def kept_texts(items: Iterable[Any]) -> Iterator[WireText]:
    """Return the texts of a kept conversation: they have no place in the request."""
    for text in _texts([item for item in items if isinstance(item, dict)]):
        yield WireText(None, text.role, text.text)


def _texts(items: list[JsonObject]) -> Iterator[WireText]:
    for number, item in enumerate(items):
        place: Place = ("input", number)
        if item.get("type") in _RESULTS:
            yield from parts((*place, "output"), "tool", item.get("output"), _TEXT)
        elif "role" in item:
            role = _ROLES.get(str(item["role"]), "user")
            yield from parts((*place, "content"), role, item.get("content"), _TEXT)


def _offered(tools: list[JsonObject]) -> Iterator[str]:
    for tool in tools:
        if tool.get("type") == "namespace":
            yield from _offered(objects(tool.get("tools")))
        else:
            yield text_of(tool.get("name")) or text_of(tool.get("type"))


def _results(items: list[JsonObject]) -> Iterator[ToolResult]:
    for item in items:
        if item.get("type") in _RESULTS:
            yield ToolResult(text_of(item.get("call_id")), "", joined(parts((), "tool", item.get("output"), _TEXT)))


def _response(found: object, body: bytes) -> WireReply:
    if not isinstance(found, dict) or not isinstance(found.get("output"), list):
        failure = failure_in(found)
        return WireReply(whole=False, failure=failure) if failure else unreadable(body)
    items = objects(found["output"])
    texts = (
        text_of(part.get("text")) or text_of(part.get("refusal"))
        for item in items
        if item.get("type") == "message"
        for part in objects(item.get("content"))
    )
    calls = [
        (text_of(item.get("call_id")), text_of(item.get("name")), item.get("arguments", item.get("input", "")))
        for item in items
        if item.get("type") in ("function_call", "custom_tool_call")
    ]
    status = text_of(found.get("status"))
    failure = failure_in(found) or ("status: failed" if status == "failed" else "")
    return WireReply(
        text="".join(texts),
        tools=tool_calls(calls),
        finish=text_of(member(found.get("incomplete_details"), "reason")) or status,
        whole=not failure,
        failure=failure,
        id=text_of(found.get("id")),
        items=tuple(found["output"]),
        **metered(found.get("usage")),
    )


def _assembled(body: bytes) -> WireReply:
    """Return what the last event of a stream holds; of one that breaks off, the texts that came."""
    deltas: list[str] = []
    failure = ""
    events = sse_data(body)
    for data in events[-1:]:
        event = loads(data)
        if member(event, "type") in _ENDS:
            return _response(member(event, "response"), data)
    for data in events:
        event = loads(data)
        kind = member(event, "type")
        if kind in _ENDS:
            return _response(member(event, "response"), data)
        if kind == "response.output_text.delta":
            deltas.append(text_of(member(event, "delta")))
        elif kind == "error":
            failure = text_of(member(event, "message")) or failure_in(event) or "an error in the stream"
        else:
            failure = failure or failure_in(event)
    return WireReply("".join(deltas), whole=False, failure=failure)
