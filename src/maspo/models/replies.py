"""Reading replies: a chat completion, whole or as a stream of pieces, becomes a ``Reply``.

A reply without any text says why in ``missing``, one that is no answer in fields of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from maspo.models.base import Reply, Stage, Transient
from maspo.models.refusals import excerpt
from maspo.models.thoughts import said_and_thought, told_thoughts
from maspo.models.tokens import read_tokens

# What ``finish_reason`` says of a reply that is none, or not whole: the protocol's words, and those of other providers.
_BROKEN = frozenset({"error", "failed"})
_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
_FILTERED = frozenset(
    {"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "sensitive", "guardrail"}
)
_DECLINED = frozenset({"refusal"})
DONE = b"[DONE]"
"""The last piece of a stream."""


def is_stream(body: bytes | bytearray) -> bool:
    """Say whether a body is a stream of server-sent events, whatever its headers say."""
    return body[:200].lstrip().startswith((b"data:", b"event:", b"id:", b"retry:", b":"))


def read_reply(body: bytes, seconds: float, place: str) -> Reply:
    """Read a completion, whole or streamed.

    Raises:
        Transient: the body is not a chat completion, or a stream that was broken off or ended with an error.

    """
    if is_stream(body):
        return _read_stream(body, seconds, place)
    try:
        return reply_of(json.loads(body), seconds)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        reason = f"{place}: the reply is no chat completion ({excerpt(body)}); expected choices[0].message.content"
        raise Transient(reason, Stage.LOST, seconds=seconds) from None


def reply_of(found: Any, seconds: float) -> Reply:
    """Return what a completion says, thinks and ends with.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: it is none.

    """
    choice = found["choices"][0]
    message = choice["message"]
    text, thoughts = said_and_thought(message.get("content"))
    text = text or _words(message.get("refusal"))
    tokens = read_tokens(found.get("usage"))
    ended = _word(choice.get("finish_reason"))
    missing = ""
    if not text.strip():
        asks_for_tool = ended == "tool_calls" or message.get("tool_calls")
        missing = (
            "it asks for a tool instead; give a model that answers in text" if asks_for_tool else "the content is empty"
        )
    return Reply(
        text=_whole_characters(text),
        thoughts=_whole_characters(told_thoughts(message) + thoughts),
        tokens_in=tokens.read,
        tokens_out=tokens.written,
        tokens_cached=tokens.cached,
        tokens_thought=tokens.thought,
        seconds=seconds,
        truncated=ended in _CUT,
        simulated=found.get("system_fingerprint") == "simulated",
        missing=missing,
        refused_by=_refused_by(ended, message),
        broken=ended in _BROKEN,
    )


@dataclass
class _Pieces:
    """What the pieces of a stream have told so far."""

    said: list[str] = field(default_factory=list)
    thought: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    asks_for_tool: bool = False
    ended: object = None
    usage: object = None
    fingerprint: object = None
    any: bool = False

    def add(self, piece: Mapping[str, Any]) -> None:
        """Add what a piece tells of the first choice."""
        self.usage = piece.get("usage") or self.usage
        self.fingerprint = piece.get("system_fingerprint") or self.fingerprint
        for choice in piece.get("choices") or ():
            if choice.get("index") or 0:
                continue
            self.any = True
            message = choice.get("delta") or choice.get("message") or {}
            said, thought = said_and_thought(message.get("content"))
            self.said.append(said)
            self.thought.append(told_thoughts(message) + thought)
            self.refused.append(_words(message.get("refusal")))
            self.asks_for_tool = self.asks_for_tool or bool(message.get("tool_calls"))
            self.ended = choice.get("finish_reason") or self.ended

    def completion(self) -> dict[str, Any]:
        """Return the completion that the pieces make."""
        refusal = "".join(self.refused)
        message = {
            "content": "".join(self.said),
            "reasoning_content": "".join(self.thought),
            "refusal": refusal or None,
            "tool_calls": self.asks_for_tool,
        }
        choice = {"message": message, "finish_reason": self.ended}
        return {"choices": [choice], "usage": self.usage, "system_fingerprint": self.fingerprint}


def _read_stream(body: bytes, seconds: float, place: str) -> Reply:
    pieces, done = _Pieces(), False
    try:
        for data in _events(body):
            if data == DONE:
                done = True
                continue
            piece = json.loads(data)
            if piece.get("error") or ("choices" not in piece and "usage" not in piece):
                if piece.get("error") or piece.get("message") or piece.get("detail"):
                    reason = f"{place}: the endpoint failed while it wrote ({excerpt(data)})"
                    raise Transient(reason, Stage.LOST, seconds=seconds)
                continue
            pieces.add(piece)
        if not (done or pieces.ended):
            raise Transient(f"{place}: the stream of the reply broke off", Stage.LOST, seconds=seconds)
        if not pieces.any:
            raise LookupError("no choices")
        return reply_of(pieces.completion(), seconds)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        reason = f"{place}: the reply is no chat completion ({excerpt(body)}); expected choices[0].delta.content"
        raise Transient(reason, Stage.LOST, seconds=seconds) from None


def _events(body: bytes) -> Iterator[bytes]:
    """Yield the data of server-sent events (WHATWG HTML, 9.2), without comments.

    Each line of data is one piece: some servers leave out the blank line between events, none breaks a piece.
    """
    for line in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line.startswith(b"data:") and (data := line[5:].strip()):
            yield data


def _whole_characters(text: str) -> str:
    """Return text without lone surrogates, which are no text: they could be neither sent on nor shown."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _words(found: object) -> str:
    return found if isinstance(found, str) else ""


def _word(reason: object) -> str:
    """Return a reason to end as one word in lower case, however it is written; empty for what is none."""
    return reason.strip().lower().replace("-", "_") if isinstance(reason, str) else ""


def _refused_by(ended: str, message: Mapping[str, object]) -> str:
    """Return who declined to answer; empty when nobody did."""
    if ended in _FILTERED:
        return "a content filter"
    refusal = message.get("refusal")
    declined = isinstance(refusal, str) and refusal.strip() and not message.get("content")
    return "the model" if declined or ended in _DECLINED else ""
