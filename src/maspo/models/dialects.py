"""How an endpoint wants a request written, learned from what it refuses: once for each model."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from maspo.core.late import late
from maspo.models.base import Message, Request, ToolOffered, offers_size, size_of_text
from maspo.models.context import exactly_written, most_written, sizes_in
from maspo.models.refusals import ONE_CALL_WORDS

_PARAMETER_WORDS = (
    *("unsupported", "not support", "unrecognized", "unknown", "unexpected", "cannot find"),
    *("not allowed", "not permitted", "deprecated", "not enabled", "disabled", "no longer", "the requested parameters"),
)
_VALUE_WORDS = (
    *("must be", "must have", "should be", "may only", "can only", "only one", "is allowed", "cannot", "invalid"),
    *("expected a value", "below minimum", "not implemented", "out of range", "非法", "不支持", "无效"),
)
"""What is said of a value that a parameter may not have: without the parameter its own default holds."""
_ROLES_REFUSED = late(
    r"(?:system|developer)(?:'s)? (?:role|message|prompt|instruction)s?\b.{0,40}?"
    r"not (?:supported|enabled|allowed|available)"
    r"|role\W{0,3} ?(?:does not|doesn't) support\W{1,3}(?:system|developer)"
    r"|(?:does not|doesn't) support.{0,20}?(?:system|developer)\W{0,2} ?(?:role|message|prompt|instruction)"
    r"|roles must alternate|only (?:supports? |accepts? |allows? )?user and assistant"
    r"|(?:system|developer)\W{0,2} is not one of"
    r"|(?:unexpected|invalid|unknown|unsupported) (?:message )?role\W{0,4}(?:system|developer)"
    r"|role\W{0,4}(?:system|developer)\W{0,3} (?:is )?(?:not|invalid|unsupported)"
    r"|only user\W[^.]{0,40} roles? (?:are|is) (?:supported|allowed|accepted)"
    r"|first message must be (?:from )?(?:the )?user|must (?:start|begin) with an? \W?user"
    r"|\brole\W[^}]{0,200}\binput\W{1,6}(?:system|developer)\b|\brole\W{1,4} ?value is not one of"
    r"|invalid value\W{1,3}(?:system|developer)\W{1,3}(?:supported|allowed) values|valid role\W{1,3}user\W{1,3}model\b"
    r"|\brole\W{1,4}(?:input )?(?:should|must) be (?:either |one of )?\W?user\b(?![^.}]{0,60}system)"
)
_WANTS_DEVELOPER = late(
    r"role\W{0,3} ?does not support\W{1,3}system|use (?:the )?\W?developer"
    r"|invalid value\W{1,4}system\W{1,4}supported values[^.}]{0,60}developer"
)
"""OpenAI's words, where the role has another name. Elsewhere a message of that role might be left out in silence."""
_WANTS_PARTS = late(
    r"content\b.{0,80}?(?:must|should|expects?|expected|has to|needs? to|requires?|valid|only (?:supports?|accepts?))"
    r".{0,40}?\b(?:list|array|sequence)\b"
    r"|content\b.{0,40}?(?:cannot|can not|must not|may not|should not) be (?:a )?(?:plain )?(?:string|text)\b"
    r"|(?:expected|requires?) (?:a |an )?(?:list|array|sequence)\b.{0,40}?\bcontent\b"
)
_QUOTES = late(r"[\\\"'`‘’“”]+")
"""Marks in which some endpoints set roles, in JSON with a backslash."""
_TOKEN_LIMITS = (
    *("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "max_tokens_to_sample"),
    *("maxOutputTokens", "maxTokens", "max_gen_len", "num_predict", "n_predict"),
)
"""Names of the limit of tokens, in the order in which they may follow one another: so no two are tried in turns."""
_STREAMS_ONLY = late(
    r"\bonly (?:be )?(?:supports?|accepts?|allows?|available)\b.{0,20}\bstream"
    r"|\bstream(?:ing)?\b(?: \w+)? (?:is required|must be (?:enabled|true)|must be set to true)"
    r"|(?:enable|requires?) (?:the )?stream|non-?stream\w*.{0,40}not supported"
)
"""What Qwen's reasoning models say of a reply that is asked for whole."""
_ROOM = 64
"""Tokens that a reply should have at least; a prompt that leaves less does not fit."""
_SPARE = 16
"""Tokens kept free beside a reply that is fitted to the context: templates add some, and counts differ by a few."""
_MARGIN = 1.15
"""How much more than the last refused text a text may have in tokens a byte."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a model wants parameters named and roles written; an empty name leaves the parameter out."""

    tokens: str = "max_tokens"
    temperature: str = "temperature"
    seed: str = "seed"
    system: Literal["system", "developer", "user"] = "system"
    """The role of an agent's prompt; ``user`` puts it before the input, in one message."""
    stream: Literal["metered", "plain", ""] = "metered"
    """Whether replies come in pieces, with or without ``stream_options.include_usage``, or whole."""
    streams_only: bool = False
    """Whether a reply that was asked for whole was refused for that."""
    content: Literal["text", "parts"] = "text"
    """How the text of a message is written: as it is, or as a list with one part."""
    exact_tokens: int = 0
    """Tokens that the limit of a reply must name, no more and no less; 0 is not known."""
    most_tokens: int = 0
    """Tokens of a reply that the model allows, at most; 0 is not known."""
    context: int = 0
    """Tokens of prompt and reply together, at most; 0 is not known."""
    tokens_a_byte: float = 0.0
    """Of the text that showed the context."""

    def limit(self, request: Request) -> int:
        """Return the most tokens that a reply to a request may have."""
        if self.exact_tokens:
            return self.exact_tokens
        most = min(request.max_tokens, self.most_tokens) if self.most_tokens else request.max_tokens
        if self.context and self.tokens_a_byte:
            left = self.context - int(size_of(request) * self.tokens_a_byte * _MARGIN) - _SPARE
            most = min(most, left) if left >= _ROOM else most
        return most


@dataclass(frozen=True, slots=True)
class Adaptation:
    """Another dialect, and what was learned, in words for people."""

    dialect: Dialect
    what: str


STANDARD = Dialect()


def payload(request: Request, dialect: Dialect, extra: Mapping[str, object] | None = None) -> bytes:
    """Return the request's JSON body; ``extra`` are parameters of the user's own, which win."""
    messages = _messages(request.messages, dialect)
    if dialect.content == "parts":
        messages = [_in_parts(one) for one in messages]
    body: dict[str, object] = {"model": request.model, "messages": messages}
    if dialect.temperature:
        body[dialect.temperature] = request.temperature
    if dialect.tokens:
        body[dialect.tokens] = dialect.limit(request)
    if dialect.seed and request.identity:
        # A draw of its own that can be repeated, as far as the endpoint honours seeds; 28 bits fit any integer type.
        body[dialect.seed] = int(hashlib.sha256(request.identity.encode("utf-8", "surrogatepass")).hexdigest()[:7], 16)
    if request.tools:
        body["tools"] = [_offer(tool) for tool in request.tools]
        if request.tools_over:
            body["tool_choice"] = "none"
    if dialect.stream:
        body["stream"] = True
        if dialect.stream == "metered":
            body["stream_options"] = {"include_usage": True}
    for name, value in (extra or {}).items():
        if value is None:
            body.pop(name, None)
        else:
            body[name] = value
    return json.dumps(body).encode()


def learn(dialect: Dialect, complaint: str, request: Request) -> Adaptation | None:
    """Return the dialect that a refusal (its body) asks for; None when it is about something else."""
    words = complaint.lower()
    limit = dialect.limit(request)
    sizes = sizes_in(words, limit)
    if sizes is not None:
        left = sizes.context - sizes.prompt - _SPARE
        if not (sizes.context and sizes.prompt and _ROOM <= left < limit):
            return None  # The prompt alone is too long, or nobody says how long.
        fitted = replace(dialect, context=sizes.context, tokens_a_byte=sizes.prompt / max(1, size_of(request)))
        if fitted.limit(request) >= limit:
            fitted = replace(fitted, most_tokens=left)
        return Adaptation(fitted, f"its context is {sizes.context:,} tokens: replies are limited to what is left of it")
    if dialect.content == "text" and _WANTS_PARTS.search(_QUOTES.sub("", words)):
        return Adaptation(replace(dialect, content="parts"), "it takes the text of a message as a list of parts")
    if _ROLES_REFUSED.search(words) or _ROLES_REFUSED.search(_QUOTES.sub("", words)):
        return _without_role(dialect, words)
    if not (dialect.stream or dialect.streams_only) and _STREAMS_ONLY.search(words):
        streamed = replace(dialect, stream="metered", streams_only=True)
        return Adaptation(streamed, "it sends replies only as they are written, never whole")
    # A bound first: where it was none, the next smaller call is refused in the same words, and the value is learned.
    allowed = most_written(words, limit) if dialect.tokens else None
    if allowed is not None:
        return Adaptation(replace(dialect, most_tokens=allowed), f"it writes at most {allowed:,} tokens a reply")
    exact = exactly_written(words) if dialect.tokens and not dialect.exact_tokens else None
    if exact is not None and exact != limit:
        return Adaptation(replace(dialect, exact_tokens=exact), f"its limit of tokens must be {exact:,}")
    if any(word in words for word in ONE_CALL_WORDS):
        return None
    if any(word in words for word in _PARAMETER_WORDS):
        return _without_parameter(dialect, words)
    # In another language nobody lists how it is said that a parameter is not taken.
    told = any(word in words for word in _VALUE_WORDS) or not words.isascii()
    return _without_value(dialect, words) if told else None


def _without_role(dialect: Dialect, words: str) -> Adaptation | None:
    if dialect.system == "user":
        return None
    if dialect.system == "system" and _WANTS_DEVELOPER.search(words):
        return Adaptation(replace(dialect, system="developer"), "it takes no system message: prompts go as developer's")
    merged = "it takes no system message: prompts stand before the input, in one message"
    return Adaptation(replace(dialect, system="user"), merged)


def _named(name: str, words: str) -> bool:
    return bool(name) and re.search(rf"(?<![a-z_]){re.escape(name)}(?![a-z_])", words) is not None


def _without_parameter(dialect: Dialect, words: str) -> Adaptation | None:
    """Return the dialect without, or with another name of, the first parameter that a refusal names."""
    found = _without_stream(dialect, words)
    if found is None and _named(dialect.tokens, words):
        other = _other_limit(dialect.tokens, words)
        what = f"its limit of tokens is named {other}" if other else "it takes no limit of tokens"
        found = Adaptation(replace(dialect, tokens=other), what)
    return found or _without_sampling(dialect, words)


def _other_limit(name: str, words: str) -> str:
    """Return the name of the limit of tokens that a refusal gives instead of one, or OpenAI's newer one; else none."""
    later = _TOKEN_LIMITS[_TOKEN_LIMITS.index(name) + 1 :]
    told = next((one for one in later if _named(one.lower(), words)), "")
    return told or ("max_completion_tokens" if name == "max_tokens" else "")


def _without_value(dialect: Dialect, words: str) -> Adaptation | None:
    """Return the dialect without the first parameter that a refusal names which is not needed."""
    return _without_stream(dialect, words) or _without_sampling(dialect, words)


def _without_stream(dialect: Dialect, words: str) -> Adaptation | None:
    if dialect.stream == "metered" and any(
        _named(one, words) for one in ("stream_options", "include_usage", "stream options")
    ):
        return Adaptation(replace(dialect, stream="plain"), "it does not tell tokens in streams")
    if dialect.stream and not dialect.streams_only and (_named("stream", words) or _named("streaming", words)):
        return Adaptation(replace(dialect, stream=""), "it sends replies whole, not as they are written")
    return None


def _without_sampling(dialect: Dialect, words: str) -> Adaptation | None:
    if _named(dialect.temperature, words):
        return Adaptation(replace(dialect, temperature=""), "it takes no temperature: it draws at its own")
    if _named(dialect.seed, words):
        return Adaptation(replace(dialect, seed=""), "it takes no seed: a draft cannot be drawn again")
    return None


def _messages(messages: tuple[Message, ...], dialect: Dialect) -> list[dict[str, Any]]:
    if dialect.system != "user":
        roles = {"system": dialect.system}
        return [_message(one, roles.get(one.role, one.role)) for one in messages]
    merged: list[dict[str, Any]] = []
    for one in messages:
        role = "user" if one.role == "system" else one.role
        if merged and merged[-1].keys() == {"role", "content"} and merged[-1]["role"] == role and not one.asks:
            merged[-1]["content"] += f"\n\n{one.content}"
        else:
            merged.append(_message(one, role))
    return merged


def _message(message: Message, role: str) -> dict[str, Any]:
    found: dict[str, Any] = {"role": role, "content": message.content}
    if message.asks:
        asked = [
            {"id": one.id, "type": "function", "function": {"name": one.name, "arguments": one.arguments}}
            for one in message.asks
        ]
        found |= {"content": message.content or None, "tool_calls": asked}
    if message.answers:
        found["tool_call_id"] = message.answers
    return found


def _in_parts(message: dict[str, Any]) -> dict[str, Any]:
    text = message["content"]
    return {**message, "content": [{"type": "text", "text": text}]} if isinstance(text, str) else message


def _offer(tool: ToolOffered) -> dict[str, Any]:
    told = {"name": tool.name, "description": tool.description, "parameters": json.loads(tool.parameters)}
    return {"type": "function", "function": told}


def size_of(request: Request) -> int:
    """Return the bytes of a request's texts."""
    size = offers_size(request) if request.tools else 0
    for message in request.messages:
        size += size_of_text(message.sent)
    return size
