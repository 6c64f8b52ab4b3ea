"""OpenAI's chat completions, as the world's server answers in them: whole, or as the events of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from maspo.models.base import Reply


def whole(said: Mapping[str, object], reply: Reply) -> dict[str, object]:
    """Return a completion; ``said`` is what it says of itself."""
    message: dict[str, object] = {"role": "assistant", "content": reply.text or None}
    if reply.asks:
        message["tool_calls"] = _tool_calls(reply)
    choices = [{"index": 0, "message": message, "finish_reason": _ended(reply)}]
    return {**said, "object": "chat.completion", "choices": choices, "usage": _usage(reply)}


def events(
    said: Mapping[str, object], reply: Reply, pieces: Sequence[str], tells_usage: bool
) -> Iterator[Mapping[str, object]]:
    """Yield the events of the same completion's stream: its text in pieces, then its tokens if they were asked for."""
    deltas: list[tuple[Mapping[str, object], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": piece}, None) for piece in pieces]
    deltas += [({"tool_calls": [one]}, None) for one in _tool_calls(reply)]
    deltas.append(({}, _ended(reply)))
    event = {**said, "object": "chat.completion.chunk"}
    for delta, end in deltas:
        yield {**event, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
    if tells_usage:
        yield {**event, "choices": [], "usage": _usage(reply)}


def _tool_calls(reply: Reply) -> list[dict[str, object]]:
    """Return the tools that a reply asks for, as the protocol tells them."""
    return [
        {"index": at, "id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.arguments}}
        for at, one in enumerate(reply.asks)
    ]


def _ended(reply: Reply) -> str:
    return "tool_calls" if reply.asks else "stop"


def _usage(reply: Reply) -> dict[str, int]:
    read, written = reply.tokens_in or 0, reply.tokens_out or 0
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
