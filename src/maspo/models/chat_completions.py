"""OpenAI-compatible chat completions: the client, what it sends, and what replies and refusals mean."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from maspo.core.errors import CallFailed, ProviderError
from maspo.models.base import Adapted, Refused, Reply, Request, Stage, Transient, Unusable
from maspo.models.endpoint import Endpoint, is_loopback
from maspo.models.tokens import read_tokens

EXCERPT = 300
"""Characters of an error body that a message shows: what fits on a few lines of a terminal."""
_CONNECT_SECONDS = 15.0
"""Longest wait for a connection: room for a lost packet or two, and far below a reply's time."""
_KEEP_ALIVE_SECONDS = 60.0
"""How long an idle connection is kept; a search pauses for seconds between two batches of calls."""
_LARGEST_BODY = 4_000_000
"""Bytes, unpacked: far more than any reply within a token limit."""
_READ_OF_ERROR = 10_000
"""Bytes of an error body that are looked at: what it says stands at its beginning."""
_DAY = 86_400.0
"""Seconds. A wait beyond a day is a mistake, not a wait."""
_FIRST_EPOCH = 1e9
"""A larger number of seconds is a date since 1970 (this one is in 2001), no wait: it would be 31 years."""
_TOO_MANY = 429  # Too Many Requests (RFC 6585)
_TRANSIENT_STATUS = frozenset({408, 409, 425, _TOO_MANY})
"""Request Timeout, Conflict (RFC 9110), Too Early (RFC 8470), and too many."""
# What people can do about a status that every call would meet.
_EVERY_CALL = {
    401: "check the key in the environment (OPENAI_API_KEY, or what models.api_key_env names)",
    402: "the account has no credit; top it up or use another key",
    403: "check that the key may use this model, and the key in OPENAI_API_KEY",
    404: "check the model's name, and that --base-url ends as the provider says (often /v1)",
    405: "check that --base-url ends as the provider says (often /v1)",
}
_FILTER_WORDS = ("content_filter", "content filter", "content management policy", "flagged")
_ONE_CALL_WORDS = (*_FILTER_WORDS, "context_length", "context length", "too large")
_EVERY_CALL_WORDS = ("model_not_found", "insufficient_quota", "invalid_api_key", "api_key_invalid", "api key not valid")
# What ``finish_reason`` says of a reply that is none, or not whole: the protocol's words, and those of other providers.
_BROKEN = frozenset({"error", "failed"})
_CUT = frozenset({"length", "max_tokens", "max_output_tokens", "model_length"})
_FILTERED = frozenset(
    {"content_filter", "safety", "recitation", "blocklist", "prohibited_content", "spii", "sensitive", "guardrail"}
)
_DECLINED = frozenset({"refusal"})
_PARAMETER_WORDS = (
    *("unsupported", "not support", "unrecognized", "unknown", "unexpected"),
    *("not allowed", "not permitted", "deprecated"),
)
_RESETS = (
    ("x-ratelimit-reset-requests", "x-ratelimit-remaining-requests"),
    ("x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"),
    ("anthropic-ratelimit-requests-reset", "anthropic-ratelimit-requests-remaining"),
    ("x-ratelimit-reset", "x-ratelimit-remaining"),
    ("ratelimit-reset", "ratelimit-remaining"),
)
"""Headers that tell when a limit is reset, each with the one that tells what is left of it."""
# Seconds of the units of a duration.
_UNITS = {"d": _DAY, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_LONGEST_DURATION = 40
"""Characters: five numbers with their units, and room for decimals."""
_TRY_AGAIN = re.compile(r"\"retrydelay\"\s*:\s*\"(\d{1,9}(?:\.\d{1,9})?s)\"|try again in (\d{1,9}(?:\.\d{1,9})?m?s)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a model wants parameters named; an empty name leaves the parameter out."""

    tokens: str = "max_tokens"
    temperature: str = "temperature"
    seed: str = "seed"


STANDARD = Dialect()


class ChatClient:
    """A ``ModelClient`` over HTTP: one attempt per call, no retries, no limit, no cache; those are layers.

    Use it as an async context manager. It learns, once per model, which parameters the endpoint refuses.

    Raises (from ``complete``):
        Transient: this attempt failed and another may not.
        CallFailed: the endpoint refuses this request.
        ProviderError: the endpoint refuses every request of this kind (key, model, address).

    """

    def __init__(self, endpoint: Endpoint) -> None:
        endpoint.check_private()
        self.endpoint = endpoint
        self._url = URL(endpoint.url)
        self._proxy = environment_proxy(endpoint.url) if endpoint.use_proxy else None
        self._headers: dict[tuple[str, str], dict[str, str]] = {}
        self._dialects: dict[str, Dialect] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Concurrency has its own layer, so the connector sets no limit. Redirects and cookies are not followed.
        timeout = aiohttp.ClientTimeout(
            total=self.endpoint.timeout, sock_connect=min(_CONNECT_SECONDS, self.endpoint.timeout)
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
            timeout=timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def complete(self, request: Request) -> Reply:
        """Send one request once."""
        if self._session is None:
            raise RuntimeError("the client is not open; use `async with ChatClient(endpoint) as client:`")
        place = self.endpoint.shown
        attribution = (request.purpose, request.agent)
        if attribution not in self._headers:
            self._headers[attribution] = self.endpoint.headers(request)
        dialect = self._dialects.get(request.model, STANDARD)
        raw = bytearray()
        started = time.perf_counter()
        try:
            async with self._session.post(
                self._url,
                data=payload(request, dialect),
                headers=self._headers[attribution],
                proxy=self._proxy,
                allow_redirects=False,
            ) as response:
                async for chunk in response.content.iter_any():
                    raw += chunk
                    if len(raw) > _LARGEST_BODY:
                        response.close()
                        break
                body = self.endpoint.redacted(bytes(raw))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # Not chained: texts of the HTTP library may hold what was sent.
            raise self._describe_loss(error, time.perf_counter() - started) from None
        seconds = time.perf_counter() - started
        if len(body) > _LARGEST_BODY:
            reason = f"a body of more than {_LARGEST_BODY:,} bytes, which no reply within a token limit needs"
            raise Unusable(f"{place}: {reason}", None, seconds)
        if response.status == 200:
            return read_reply(body, seconds, place)
        if response.status in (400, 422):
            other = other_dialect(dialect, body[:_READ_OF_ERROR].decode("utf-8", "replace"))
            if other is not None:
                self._dialects[request.model] = other
                raise Adapted(f"{request.model} refuses a parameter: {excerpt(body)}", unlimited=not other.tokens)
        failure = read_refusal(self.endpoint, response.status, response.headers, body)
        if isinstance(failure, Transient):
            failure.seconds = seconds
        raise failure

    def _describe_loss(self, error: Exception, seconds: float) -> ProviderError:
        """Return the failure of an attempt that brought no answer."""
        unreached = isinstance(error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))
        if isinstance(error, TimeoutError):
            what = "no connection" if unreached else "no reply"
            reason = f"{what} within {seconds:.0f} s (models.timeout is {self.endpoint.timeout:g} s)"
        else:
            text = (str(error) or type(error).__name__).encode("utf-8", "replace")
            reason = excerpt(self.endpoint.redacted(text, shortest=1))
        fix = ""
        if unreached:
            fix = "; check --base-url and that the endpoint runs"
            if self._proxy is None and environment_proxy(self.endpoint.url) is not None:
                fix += "; the proxy of the environment is used only with --set models.use_proxy=true"
        stage = Stage.UNREACHED if unreached else Stage.LOST
        return Transient(f"{self.endpoint.shown}: {reason}{fix}", stage, seconds=seconds)


def environment_proxy(url: str) -> str | None:
    """Return the proxy that the environment names for an address, found once rather than per call."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)


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
        # A draw of its own that can be repeated, as far as the endpoint honours seeds; 28 bits fit any integer type.
        body[dialect.seed] = int(hashlib.sha256(request.identity.encode("utf-8", "surrogatepass")).hexdigest()[:7], 16)
    return json.dumps(body).encode()


def other_dialect(dialect: Dialect, complaint: str) -> Dialect | None:
    """Return the dialect that a refusal (its body) asks for; None when it is about something else."""
    words = complaint.lower()
    if any(word in words for word in _ONE_CALL_WORDS) or not any(word in words for word in _PARAMETER_WORDS):
        return None
    if dialect.tokens and dialect.tokens in words:
        return replace(dialect, tokens="max_completion_tokens" if dialect.tokens == "max_tokens" else "")
    if dialect.temperature and dialect.temperature in words:
        return replace(dialect, temperature="")
    if dialect.seed and dialect.seed in words:
        return replace(dialect, seed="")
    return None


def read_reply(body: bytes, seconds: float, place: str) -> Reply:
    """Read a completion; one without any text says why in ``missing``, one that is no answer in its own fields.

    Raises:
        Transient: the body is not a chat completion.

    """
    try:
        found = json.loads(body)
        choice = found["choices"][0]
        message = choice["message"]
        text = message.get("content") or message.get("refusal") or ""
        if isinstance(text, list):
            parts = (part.get("text") for part in text if isinstance(part, dict))
            text = "".join(part for part in parts if isinstance(part, str))
        if not isinstance(text, str):
            raise TypeError("content is no text")
        if not text.isascii():
            # A lone surrogate is no text: it could be neither sent on nor shown.
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        usage = found.get("usage")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        reason = f"{place}: the reply is no chat completion ({excerpt(body)}); expected choices[0].message.content"
        raise Transient(reason, Stage.LOST, seconds=seconds) from None
    tokens = read_tokens(usage)
    ended = _word(choice.get("finish_reason"))
    missing = ""
    if not text.strip():
        asks_for_tool = ended == "tool_calls" or message.get("tool_calls")
        missing = (
            "it asks for a tool instead; give a model that answers in text" if asks_for_tool else "the content is empty"
        )
    return Reply(
        text=text,
        tokens_in=tokens.read,
        tokens_out=tokens.written,
        tokens_cached=tokens.cached,
        seconds=seconds,
        truncated=ended in _CUT,
        simulated=found.get("system_fingerprint") == "simulated",
        missing=missing,
        refused_by=_refused_by(ended, message),
        broken=ended in _BROKEN,
    )


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


def read_refusal(endpoint: Endpoint, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
    """Return the error that an HTTP status means: one attempt's, one call's or every call's."""
    body = endpoint.redacted(body, shortest=1)
    reason = f"{endpoint.shown}: HTTP {status}: {excerpt(body) or 'no explanation'}"
    words = body[:_READ_OF_ERROR].decode("utf-8", "replace").lower()
    if any(word in words for word in _EVERY_CALL_WORDS):
        return ProviderError(f"{reason}; check key, credit and model name")
    if status == _TOO_MANY:
        wait = retry_after(headers)
        return Transient(reason, Stage.LIMITED, until_reset(headers, words) if wait is None else wait)
    if status in _TRANSIENT_STATUS or status >= 500:
        return Transient(reason, Stage.REFUSED, retry_after(headers))
    if any(word in words for word in _FILTER_WORDS):
        return Refused(f"refused by a content filter: {reason}")
    if any(word in words for word in _ONE_CALL_WORDS):
        return CallFailed(reason)
    if 300 <= status < 400:
        return ProviderError(f"{reason}; the address redirects: give the final address as --base-url")
    if status in _EVERY_CALL:
        return ProviderError(f"{reason}; {_EVERY_CALL[status]}")
    return CallFailed(reason)


def excerpt(body: bytes) -> str:
    """Return what an error body says, on one line, printable and short: it is text of a stranger."""
    text = body[:_READ_OF_ERROR].decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):
        text = _find_message(json.loads(text)) or text
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= EXCERPT else line[: EXCERPT - 1] + "…"


def _find_message(found: object) -> str:
    """Return the message in the common shapes of error bodies; empty when there is none."""
    if isinstance(found, list) and found:
        return _find_message(found[0])
    if isinstance(found, dict):
        inner = next((found[name] for name in ("error", "message", "detail") if found.get(name)), "")
        return inner if isinstance(inner, str) else _find_message(inner)
    return ""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the wait, in seconds, of ``retry-after-ms`` or ``Retry-After``; None when it has none."""
    milliseconds = _read_number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000 if milliseconds / 1000 <= _DAY else None
    return _read_wait(headers.get("Retry-After", ""), headers)


def until_reset(headers: Mapping[str, str], body: str) -> float | None:
    """Return the seconds until the limit that was met is reset, by headers or by the words of a body in lower case."""
    waits = [_read_wait(headers.get(reset, ""), headers) for reset, left in _RESETS if headers.get(left, "0") == "0"]
    known = [wait for wait in waits if wait is not None]
    if known:
        return max(known)
    asked = _TRY_AGAIN.search(body)
    return _read_wait(asked.group(1) or asked.group(2), headers) if asked else None


def _read_wait(given: str, headers: Mapping[str, str]) -> float | None:
    """Read seconds, a duration such as ``1m30s``, or a date (HTTP, ISO 8601, seconds since 1970) as seconds from now.

    The clocks of two machines differ, so a date is counted from the endpoint's own time where it tells it.
    """
    seconds = _read_number(given)
    if seconds is None and len(given) <= _LONGEST_DURATION and _DURATION.fullmatch(given.lower()):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(given.lower()))
        if seconds > _DAY:
            return None
    elif seconds is None or seconds >= _FIRST_EPOCH:
        date = _read_date(given) if seconds is None else seconds
        if date is None:
            return None
        now = _read_date(headers.get("Date", ""))
        seconds = max(0.0, date - (time.time() if now is None else now))
    return seconds if seconds <= _DAY else None


def _read_date(given: str) -> float | None:
    """Read a date (HTTP or ISO 8601) as seconds since 1970."""
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        with contextlib.suppress(ValueError, TypeError, OverflowError, IndexError):
            return parse(given).timestamp()
    return None


def _read_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
