"""What an endpoint's refusal means for a call: try again, later, never, or not at all; and what to do about it."""

from __future__ import annotations

import contextlib
import json
import math
import re
import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from maspo.core.errors import CallFailed, ProviderError
from maspo.core.excerpts import on_one_line
from maspo.core.sums import add_up
from maspo.models.base import Refused, Stage, Transient
from maspo.models.endpoint import Endpoint
from maspo.models.pages import described, is_page

EXCERPT = 300
"""Characters of an error body that a message shows: what fits on a few lines of a terminal."""
READ_OF_ERROR = 10_000
"""Bytes of an error body that are looked at: what it says stands at its beginning."""
_DAY = 86_400.0
"""Seconds. A wait beyond a day is a mistake, not a wait."""
_FIRST_EPOCH = 1e9
"""A larger number of seconds is a date since 1970 (this one is in 2001), no wait: it would be 31 years."""
_FIRST_EPOCH_MS = 1e12
"""The same date in milliseconds, as some gateways write it; in seconds it would be the year 33658."""
_TOO_MANY = 429  # Too Many Requests (RFC 6585)
_NOT_FOUND = 404
_TRANSIENT_STATUS = frozenset({202, 204, 408, 409, 421, 423, 424, 425, _TOO_MANY, 498, 499})
"""Accepted and No Content (gateways that keep a queue), Request Timeout, Conflict, Misdirected Request (RFC 9110),
Locked (RFC 4918), Failed Dependency (a gateway's model, as Bedrock's), Too Early (RFC 8470), too many, Groq's full
capacity, and a connection that a proxy has lost."""
_LIMIT_WORDS = ("throttlingexception", "too many requests", "ratelimitexceeded", "rate limit exceeded")
"""Of limits that some gateways tell with HTTP 400 or 403."""
_PASSING_WORDS = (
    *("model has crashed", "model unloaded", "loading model", "model is loading"),
    *("currently loading", "still loading", "is overloaded", "at capacity", "try again later", "is busy"),
)
"""Of servers that load their model again, or have no room for a moment, told with HTTP 400."""
# What people can do about a status that every call would meet.
_EVERY_CALL = {
    401: "check the key in the environment (OPENAI_API_KEY, or what models.api_key_env names)",
    402: "the account has no credit; top it up or use another key",
    403: "check that the key may use this model, and the key in OPENAI_API_KEY",
    404: "check the model's name, and that --base-url ends as the provider says (often /v1)",
    407: "the proxy before it asks for a name and a password: give them in the proxy's address (HTTPS_PROXY)",
    405: "check that --base-url ends as the provider says (often /v1)",
    410: "it is there no more: name another model (--agent-model), or another --base-url",
}
_ANOTHER_API = re.compile(r"\bv1/(?:responses|completions|embeddings|messages)\b|\b(?:responses|messages) api\b")
"""Where a model is answered that is no model for chats: OpenAI and gateways before it name the path, or the API."""
_OUR_API = "chat/completions"
_NO_CHATS = re.compile(
    r"\bmodel(?: \S{1,60})? is\b[^.]{0,40}\b(?:supported|available)\b|chat/completions is not (?:supported|available)"
)
"""What says so of the model: a tool or a parameter that another API has is a matter of the call."""
_FILTER_WORDS = (
    *("content_filter", "content filter", "content management policy", "flagged", "content exists risk", "guardrail"),
    *("datainspectionfailed", "data_inspection_failed", "inappropriate content", "usage guidelines", "usage polic"),
    *("considered high risk", "blocked due to safety", "safety system", "prohibited content", "敏感内容", "不安全"),
    *("prompt injection", "jailbreak", "blocked by security", "security policy"),
)
"""OpenAI and Azure, DeepSeek, Bedrock, Qwen, xAI, Moonshot, Google, Zhipu; firewalls before a model."""
ONE_CALL_WORDS = (*_FILTER_WORDS, "context_length", "context length", "too large")
_EVERY_CALL_WORDS = (
    *("model_not_found", "insufficient_quota", "invalid_api_key", "api_key_invalid", "api key not valid"),
    *("api key expired", "credit balance is too low", "insufficient credits", "insufficient balance"),
    *("billing_hard_limit", "hard limit has been reached", "budget has been exceeded", "budget_exceeded"),
    *("monthly spending limit", "used all available credits"),
    *("balance is insufficient", "insufficient account balance", "please top up", "余额不足", "欠费"),
    *("authentication error", "authentication_error", "not authenticated", "no auth credentials", "login fail"),
    *("invalid authentication", "authentication fails", "token expired or incorrect", "unauthorized access"),
    *("end of life", "end-of-life", "been retired", "is retired", "model has been discontinued"),
    *("invalid model name", "has been decommissioned", "multiple models are loaded", "no models loaded"),
)
_REQUIRED = re.compile(
    r"\bmissing (?:a )?required (?:parameter|field|property|argument)s?:? ['\"`]?([a-z]\w*)"
    r"|['\"`]([a-z]\w*)['\"`] is (?:a )?required|\b(?:parameter|field|property) ['\"`]?([a-z]\w*)['\"`]? is required"
    r"|\b([a-z]\w*): field required"
)
"""How a refusal names a parameter that it misses: OpenAI, schemas, Anthropic."""
_SENT = frozenset({"model", "messages", "role", "content", "body"})
"""What every request holds."""
_SECRET = re.compile("auth|key|token|secret|password")
"""What names of parameters hold that are no settings: they would stand in a record."""
_OUR_HEADERS = "x-maspo"
_KEY_HEADER = re.compile(r"\b(?:(?:x-|ocp-apim-|x-goog-|x-litellm-)?(?:api|subscription)-key|subscription key)\b")
"""Headers other than Authorization in which some look for a key, as their refusals name them; Azure names none."""
_RESETS = (
    ("x-ratelimit-reset-requests", "x-ratelimit-remaining-requests"),
    ("x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"),
    ("anthropic-ratelimit-requests-reset", "anthropic-ratelimit-requests-remaining"),
    ("x-ratelimit-reset", "x-ratelimit-remaining"),
    ("ratelimit-reset", "ratelimit-remaining"),
    ("x-ratelimit-reset-after", "x-ratelimit-remaining"),
)
"""Headers that tell when a limit is reset, each with the one that tells what is left of it."""
# Seconds of the units of a duration.
_UNITS = {"d": _DAY, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_LONGEST_DURATION = 40
"""Characters: five numbers with their units, and room for decimals."""
_TRY_AGAIN = re.compile(
    r"\"retrydelay\"\s*:\s*\"(\d{1,9}(?:\.\d{1,9})?s)\""
    r"|(?:try again|retry|wait)(?: in| after| for)? ((?:\d{1,9}(?:\.\d{1,9})?(?:ms|[dhms])){1,4})\b"
    r"|(?:try again|retry|wait)(?: in| after| for)? (\d{1,9}(?:\.\d{1,9})?) seconds?\b"
    r"|\"retry_?after(?:_?seconds?)?\"\s*:\s*\"?(\d{1,9}(?:\.\d{1,9})?s?)[\",}\s]"
)
"""Google; OpenAI and Groq; Azure and GitHub; gateways, in a field of their own."""


_FOR_DAYS = re.compile(
    r"\b(?:per|a|each)[ _-]?(?:day|week|month)\b|\b(?:daily|weekly|monthly)\b|(?:per|by)day\b|\b[rt]pd\b|\b86,?400 ?s"
)
_FOR_LESS = re.compile(r"\b(?:per|a|each)[ _-]?(?:sec|min|hour)|(?:per|by)(?:minute|hour)|\b[rt]pm\b")
"""What a limit counts in: one of a day is not over in the minutes for which a call is tried."""
_SAY_NOTHING = frozenset(
    """
a an the is was be has been of in with your this and or please check try again something went wrong contains failed
http https code status type message param object detail details error errors exception none null unknown
bad request requests bad_request badrequest badrequesterror invalid invalid_request invalid_request_error
argument arguments invalid_argument parameter parameters value values input unprocessable entity content validation
""".split()  # noqa: SIM905 - a list of words
)
"""Words of refusals that name nothing."""
_TRY = (
    "it does not say what is wrong: see the endpoint's log, try fewer tokens (--set models.max_tokens=1024), or leave "
    "parameters out (--set models.extra.NAME=null)"
)


def read_refusal(
    endpoint: Endpoint, status: int, headers: Mapping[str, str], body: bytes, asked: str = ""
) -> ProviderError:
    """Return the error that an HTTP status means: one attempt's, one call's or every call's.

    ``asked`` are the texts of the request, which a refusal may repeat: a question about "end of life" is no model's.
    """
    body = endpoint.redacted(body, shortest=1)
    said = excerpt(body).rstrip(" .")  # what it means stands behind it in the same sentence
    reason = f"{endpoint.shown}: HTTP {status}: {said or 'no explanation'}"
    words = body[:READ_OF_ERROR].decode("utf-8", "replace").lower()
    if _meets_every_call(words, asked):
        return ProviderError(f"{reason}; {_EVERY_CALL[402] if status == 402 else 'check key, credit and model name'}")
    if status == _TOO_MANY or (status in (400, 403) and any(word in words for word in _LIMIT_WORDS)):
        wait = retry_after(headers)
        wait = until_reset(headers, words) if wait is None else wait
        if wait is None and _holds_for_days(words, asked):
            return ProviderError(
                f"{reason}; a limit of a day or longer is used up, and it does not say when it is reset: go on then, "
                "raise it, or use another key or model"
            )
        return Transient(reason, Stage.LIMITED, wait)
    if (
        status in _TRANSIENT_STATUS
        or status >= 500
        or (status == 400 and any(word in words for word in _PASSING_WORDS))
    ):
        return Transient(reason, Stage.REFUSED, retry_after(headers))
    if any(word in words for word in _FILTER_WORDS):
        return Refused(f"refused by a content filter: {reason}")
    if any(word in words for word in ONE_CALL_WORDS):
        return CallFailed(reason)
    if _OUR_HEADERS in words and endpoint.attribution:
        return ProviderError(f"{reason}; leave out the headers that name calls: --set models.attribution=false")
    if 300 <= status < 400:
        return ProviderError(
            f"{reason}; the address redirects: give the final address as --base-url{_target(endpoint, headers)}"
        )
    if (status in _EVERY_CALL or _NO_CHATS.search(words)) and (elsewhere := _another_api(words, asked)):
        return ProviderError(
            f"{reason}; this model is not answered at {_OUR_API}, but at {elsewhere}, which is not asked: name one for "
            "chats (--agent-model), or put a proxy before it that takes chats and asks there (LiteLLM does)"
        )
    if status in _EVERY_CALL:
        fix = _header_asked_for(endpoint, words) or _version_missed(endpoint, status) or _EVERY_CALL[status]
        return ProviderError(f"{reason}; {fix}")
    if status not in (400, 422):
        return CallFailed(reason)
    fix = _TRY if says_nothing(body) else _parameter_asked_for(words)
    return CallFailed(f"{reason}; {fix}" if fix else reason)


def _another_api(words: str, asked: str) -> str:
    """Return where a refusal says that the model is answered, if that is not where chats are; else nothing."""
    named = _ANOTHER_API.search(words) if _OUR_API in words or "chat completions" in words else None
    return named[0].replace(" api", " API") if named is not None and named[0] not in asked.lower() else ""


def _parameter_asked_for(words: str) -> str:
    """Return how to send a parameter that a refusal misses; empty where it misses none, or none that can be set."""
    missed = _REQUIRED.search(words)
    name = next(filter(None, missed.groups())) if missed is not None else ""
    if not name or name in _SENT or (_SECRET.search(name) and not name.startswith("max_")):
        return ""
    return f"give it with --set models.{'effort' if name == 'reasoning_effort' else f'extra.{name}'}=…"


def _header_asked_for(endpoint: Endpoint, words: str) -> str:
    """Return what to do where a refusal asks for the key in a header of its own; empty where it does not."""
    named = _KEY_HEADER.search(words)
    if named is None:
        return ""
    header = named[0] if named[0].endswith("-key") else "api-key"
    if any(header == name.lower() for name in endpoint.more_headers):
        return ""
    setting = f'headers = {{ "{header}" = "$YOUR_KEY" }}'
    return f"check the key; where it belongs into a header named {header}, set {setting} under [models] in maspo.toml"


def _version_missed(endpoint: Endpoint, status: int) -> str:
    """Return what to do where a deployment is not found at an address without a version; else empty."""
    if status != _NOT_FOUND or "/deployments/" not in endpoint.base_url or "api-version=" in endpoint.base_url:
        return ""
    return "the address of a deployment ends in its version: --base-url …/deployments/NAME?api-version=…"


def _holds_for_days(words: str, asked: str) -> bool:
    """Return whether a limit is one of a day or longer, by what it says of itself."""
    found = _FOR_DAYS.search(words)
    return found is not None and found[0] not in asked.lower() and _FOR_LESS.search(words) is None


def says_nothing(body: bytes) -> bool:
    """Return whether a refusal names nothing that it could be about."""
    return all(word in _SAY_NOTHING or word.isdecimal() for word in re.findall(r"\w+", excerpt(body).lower()))


def _meets_every_call(words: str, asked: str) -> bool:
    own = asked.lower()
    return any(word in words and word not in own for word in _EVERY_CALL_WORDS)


def read_told(
    endpoint: Endpoint, told: tuple[int, bytes], headers: Mapping[str, str], asked: str = ""
) -> ProviderError | None:
    """Return the error of a failure told with HTTP 200, by its status (0: none) and words; None if it may pass."""
    status, body = told
    words = body[:READ_OF_ERROR].decode("utf-8", "replace").lower()
    if status:
        return read_refusal(endpoint, status, headers, body, asked)
    return read_refusal(endpoint, 200, headers, body, asked) if _meets_every_call(words, asked) else None


def _target(endpoint: Endpoint, headers: Mapping[str, str]) -> str:
    """Return where a redirect leads, for people; without its query, which may hold a secret."""
    where = endpoint.without_key(urljoin(endpoint.url, headers.get("Location", "")).partition("?")[0])
    where = excerpt(where.rstrip("/").removesuffix("/chat/completions").encode("utf-8", "replace"))
    return f" (it leads to {where})" if headers.get("Location") and where != endpoint.shown else ""


def excerpt(body: bytes) -> str:
    """Return what an error body says, on one line, printable and short: it is text of a stranger."""
    if is_page(body):
        return described(body)
    text = body[:READ_OF_ERROR].decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):
        text = _find_message(json.loads(text)) or text
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return on_one_line(text, EXCERPT)


def _find_message(found: object) -> str:
    """Return the message in the common shapes of error bodies; empty when there is none."""
    if isinstance(found, list) and found:
        return _find_message(found[0])
    if isinstance(found, dict):
        inner = next((found[name] for name in ("error", "message", "detail", "msg") if found.get(name)), "")
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
    return _read_wait(next(filter(None, asked.groups())), headers) if asked else None


def _read_wait(given: str, headers: Mapping[str, str]) -> float | None:
    """Read seconds, a duration such as ``1m30s``, or a date (HTTP, ISO 8601, seconds since 1970) as seconds from now.

    The clocks of two machines differ, so a date is counted from the endpoint's own time where it tells it.
    """
    seconds = _read_number(given)
    if seconds is None and len(given) <= _LONGEST_DURATION and _DURATION.fullmatch(given.lower()):
        seconds = add_up(float(number) * _UNITS[unit] for number, unit in _PART.findall(given.lower()))
        if seconds > _DAY:
            return None
    elif seconds is None or seconds >= _FIRST_EPOCH:
        date = _read_date(given) if seconds is None else seconds / (1000 if seconds >= _FIRST_EPOCH_MS else 1)
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
