"""OpenAI's Responses API, as far as the world's server speaks it: in as a chat, out as a response or its events.

No conversation is kept: a request brings all of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from maspo.models.base import Reply

_GOES_ON: Final = ("previous_response_id", "conversation")
"""Members of a body that name a conversation which the endpoint would have to keep."""
_SHOWN: Final = 40
"""Characters of a type that a refusal repeats."""


def as_chat(body: object) -> object:
    """Return what a body asks, as a body of chat completions.

    Raises:
        ValueError: it goes on with what this endpoint has not kept, or holds an item that is not known.

    """
    if not isinstance(body, dict):
        return body  # refused as a chat is
    for name in _GOES_ON:
        if body.get(name):
            raise ValueError(f"`{name}` is not known: this endpoint keeps no conversations; send the whole one")
    given, instructions = body.get("input"), body.get("instructions")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(items, list):
        raise ValueError("`input` is neither a text nor a list of items")
    messages = [_message(item) for item in items]
    if isinstance(instructions, str):
        messages.insert(0, {"role": "system", "content": instructions})
    tools = [{"type": "function", "function": one} for one in body.get("tools") or () if _is_function(one)]
    return {**body, "messages": messages, "tools": tools}


def _is_function(tool: object) -> bool:
    return isinstance(tool, dict) and tool.get("type") == "function"


def _message(item: object) -> dict[str, Any]:
    """Return an item of a conversation as a message of a chat."""
    if not isinstance(item, dict):
        raise ValueError("an item of `input` is not a JSON object")
    match item.get("type", "message"):
        case "message":
            return item
        case "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            return {"role": "assistant", "tool_calls": [{"id": item.get("call_id"), "function": function}]}
        case "function_call_output":
            return {"role": "tool", "tool_call_id": item.get("call_id"), "content": item.get("output")}
    kind = str(item["type"])[:_SHOWN]
    raise ValueError(f"an item of type {kind!r} is not known: this endpoint keeps no items; send them (`store: false`)")


def whole(said: Mapping[str, object], reply: Reply) -> dict[str, object]:
    """Return a response; ``said`` is what a chat completion says of itself."""
    return _response(said, reply, [item for item, _ in _items(str(said["id"]), reply)])


def events(said: Mapping[str, object], reply: Reply, pieces: Sequence[str]) -> list[dict[str, object]]:
    """Return the events of the same response's stream, its text in pieces."""
    begun = {**_response(said, reply, []), "status": "in_progress", "usage": None}
    told: list[dict[str, object]] = [{"type": "response.created", "response": begun}]
    items = _items(str(said["id"]), reply)
    for at, (item, empty) in enumerate(items):
        place: dict[str, object] = {"item_id": item["id"], "output_index": at}
        told.append({"type": "response.output_item.added", "output_index": at, "item": {**item, **empty}})
        if item["type"] == "message":
            told += ({**one, **place, "content_index": 0} for one in _of_text(reply.text, pieces))
        else:
            arguments = {"arguments": item["arguments"]}
            told.append({"type": "response.function_call_arguments.delta", "delta": item["arguments"], **place})
            told.append({"type": "response.function_call_arguments.done", "name": item["name"], **arguments, **place})
        told.append({"type": "response.output_item.done", "output_index": at, "item": item})
    told.append({"type": "response.completed", "response": _response(said, reply, [item for item, _ in items])})
    return [{**event, "sequence_number": number} for number, event in enumerate(told)]


def _response(said: Mapping[str, object], reply: Reply, output: Sequence[Mapping[str, object]]) -> dict[str, object]:
    read, written = reply.tokens_in or 0, reply.tokens_out or 0
    usage = {
        **{"input_tokens": read, "output_tokens": written, "total_tokens": read + written},
        **{"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}},
    }
    return {
        **{"id": said["id"], "object": "response", "created_at": said["created"], "model": said["model"]},
        **{"status": "completed", "output": list(output), "usage": usage},
        **{"parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "metadata": {}},
        "system_fingerprint": said["system_fingerprint"],
    }


def _items(id: str, reply: Reply) -> list[tuple[dict[str, Any], dict[str, object]]]:
    """Return the items of a reply, each with what of it is empty when a stream begins to tell it."""
    found: list[tuple[dict[str, Any], dict[str, object]]] = []
    if reply.text or not reply.asks:
        message = {"type": "message", "id": f"{id}-text", "role": "assistant", "content": [_part(reply.text)]}
        found.append(({**message, "status": "completed"}, {"content": [], "status": "in_progress"}))
    for at, one in enumerate(reply.asks):
        call = {"type": "function_call", "id": f"{id}-{at}", "call_id": one.id, "name": one.name}
        call |= {"arguments": one.arguments, "status": "completed"}
        found.append((call, {"arguments": "", "status": "in_progress"}))
    return found


def _part(text: str) -> dict[str, object]:
    return {"type": "output_text", "text": text, "annotations": []}


def _of_text(text: str, pieces: Sequence[str]) -> Iterator[dict[str, object]]:
    yield {"type": "response.content_part.added", "part": _part("")}
    for piece in pieces:
        yield {"type": "response.output_text.delta", "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", "text": text, "logprobs": []}
    yield {"type": "response.content_part.done", "part": _part(text)}
