"""The chat-completions format: requests to bytes, bodies to replies, refusals to errors."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from maspo.core.errors import CallFailed, ProviderError
from maspo.models.base import Reply, Request
from maspo.models.endpoint import Endpoint
from maspo.models.layers.faults import Stage, Transient
from maspo.models.layers.waits import retry_after, until_reset

EXCERPT = 300
"""Characters of an error body that a message shows."""

_MOST_TOKENS = 2**40
_TOO_MANY = 429
_TRANSIENT_STATUS = frozenset({408, 409, 425, _TOO_MANY})
_EVERY_CALL = {
    401: "check the key in the environment (OPENAI_API_KEY, or what models.api_key_env names)",
    402: "the account has no credit; top it up or use another key",
    403: "check that the key may use this model, and the key in OPENAI_API_KEY",
    404: "check the model's name, and that --base-url ends as the provider says (often /v1)",
    405: "check that --base-url ends as the provider says (often /v1)",
}
_ONE_CALL_WORDS = ("content_filter", "content filter", "flagged", "context_length", "context length", "too large")
_EVERY_CALL_WORDS = ("model_not_found", "insufficient_quota", "invalid_api_key", "api_key_invalid", "api key not valid")
_REFUSAL_WORDS = (
    "unsupported",
    "not support",
    "unrecognized",
    "unknown",
    "unexpected",
    "not allowed",
    "not permitted",
    "deprecated",
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a model wants parameters named; an empty name leaves the parameter out."""

    tokens: str = "max_tokens"
    temperature: str = "temperature"
    seed: str = "seed"


STANDARD = Dialect()


def payload(request: Request, dialect: Dialect) -> bytes:
    """Return the request's JSON body."""
    body: dict[str, object] = {
        "model": request.model,
        "messages": [{"role": message.role, "content": message.content} for message in request.messages],
    }
    if dialect.temperature:
        body[dialect.temperature] = request.temperature
    if dialect.tokens:
        body[dialect.tokens] = request.max_tokens
    if dialect.seed and request.identity:
        # A draw of its own that can be repeated, as far as the endpoint honours seeds.
        body[dialect.seed] = int(hashlib.sha256(request.identity.encode("utf-8", "surrogatepass")).hexdigest()[:7], 16)
    return json.dumps(body).encode()


def other_dialect(dialect: Dialect, complaint: str) -> Dialect | None:
    """Return the dialect that a refusal (its body) asks for; None when it is about something else."""
    words = complaint.lower()
    if any(word in words for word in _ONE_CALL_WORDS) or not any(word in words for word in _REFUSAL_WORDS):
        return None
    if dialect.tokens and dialect.tokens in words:
        return replace(dialect, tokens="max_completion_tokens" if dialect.tokens == "max_tokens" else "")
    if dialect.temperature and dialect.temperature in words:
        return replace(dialect, temperature="")
    if dialect.seed and dialect.seed in words:
        return replace(dialect, seed="")
    return None


def read_reply(body: bytes, seconds: float, place: str) -> Reply:
    """Read a completion; one without any text says why in ``missing``.

    Raises:
        Transient: the body is not a chat completion.

    """
    try:
        found = json.loads(body)
        choice = found["choices"][0]
        text = _content(choice["message"])
        usage = found.get("usage")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        reason = f"{place}: the reply is no chat completion ({excerpt(body)}); expected choices[0].message.content"
        raise Transient(reason, Stage.LOST, seconds=seconds) from None
    usage = usage if isinstance(usage, dict) else {}
    ended = choice.get("finish_reason")
    return Reply(
        text=text,
        tokens_in=_count(usage.get("prompt_tokens")),
        tokens_out=_count(usage.get("completion_tokens")),
        seconds=seconds,
        truncated=ended == "length",
        simulated=found.get("system_fingerprint") == "simulated",
        missing="" if text.strip() else _missing(ended, choice["message"]),
    )


def _missing(ended: object, message: Mapping[str, object]) -> str:
    """Return why a message has no text, as far as the endpoint tells."""
    if ended == "content_filter":
        return "a content filter withheld it"
    if ended == "tool_calls" or message.get("tool_calls"):
        return "it asks for a tool instead; give a model that answers in text"
    return "the content is empty"


def refusal(endpoint: Endpoint, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """Return the error that an HTTP status means: one attempt's, one call's or every call's."""
    body = endpoint.redacted(body, shortest=1)
    said = excerpt(body)
    told = f"{endpoint.shown}: HTTP {status}: {said or 'no explanation'}"
    words = body[:10_000].decode("utf-8", "replace").lower()
    if any(word in words for word in _EVERY_CALL_WORDS):
        return ProviderError(f"{told}; check key, credit and model name")
    if status in _TRANSIENT_STATUS or status >= 500:
        return _transient(told, status, headers, words)
    if any(word in words for word in _ONE_CALL_WORDS):
        return CallFailed(told)
    if 300 <= status < 400:
        return ProviderError(f"{told}; the address redirects: give the final address as --base-url")
    if status in _EVERY_CALL:
        return ProviderError(f"{told}; {_EVERY_CALL[status]}")
    return CallFailed(told)


def _transient(told: str, status: int, headers: Mapping[str, str], words: str) -> Transient:
    wait = retry_after(headers)
    if status != _TOO_MANY:
        return Transient(told, Stage.REFUSED, wait)
    return Transient(told, Stage.LIMITED, until_reset(headers, words) if wait is None else wait)


def excerpt(body: bytes) -> str:
    """Return what an error body says, on one line, printable and short: it is text of a stranger."""
    text = body[:10_000].decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):
        text = _message(json.loads(text)) or text
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"


def _message(found: object) -> str:
    """Return the message in the common shapes of error bodies; empty when there is none."""
    if isinstance(found, list) and found:
        return _message(found[0])
    if isinstance(found, dict):
        inner = next((found[name] for name in ("error", "message", "detail") if found.get(name)), "")
        return inner if isinstance(inner, str) else _message(inner)
    return ""


def _content(message: Mapping[str, object]) -> str:
    content = message.get("content") or message.get("refusal") or ""
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        content = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str):
        raise TypeError("content is no text")
    # A lone surrogate is no text: it could be neither sent on nor shown.
    return content if content.isascii() else content.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None
