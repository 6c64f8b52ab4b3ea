"""How long an endpoint asks to wait, in all the forms that providers use. Times are seconds."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

_LONGEST = 86_400.0
"""A wait beyond a day is a mistake, not a wait."""
_RESETS = (
    ("x-ratelimit-reset-requests", "x-ratelimit-remaining-requests"),
    ("x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens"),
    ("anthropic-ratelimit-requests-reset", "anthropic-ratelimit-requests-remaining"),
    ("x-ratelimit-reset", "x-ratelimit-remaining"),
    ("ratelimit-reset", "ratelimit-remaining"),
)
"""Headers that tell when a limit is reset, each with the one that tells what is left of it."""
_UNITS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[dhms])")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_SAID = re.compile(r"\"retrydelay\"\s*:\s*\"(\d{1,9}(?:\.\d{1,9})?s)\"|try again in (\d{1,9}(?:\.\d{1,9})?m?s)")
_FIRST_EPOCH = 1e9
"""A larger number of seconds is a date."""


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the wait of ``retry-after-ms`` or ``Retry-After`` (seconds, duration or date); None when it has none."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _sensible(milliseconds / 1000)
    return _seconds(headers.get("Retry-After", ""), headers)


def until_reset(headers: Mapping[str, str], body: str) -> float | None:
    """Return the wait until the limit that was met is reset, by headers or by the words of a body in lower case."""
    waits = [_seconds(headers.get(reset, ""), headers) for reset, left in _RESETS if headers.get(left, "0") == "0"]
    known = [wait for wait in waits if wait is not None]
    if known:
        return max(known)
    said = _SAID.search(body)
    return _duration(said.group(1) or said.group(2)) if said else None


def _seconds(given: str, headers: Mapping[str, str]) -> float | None:
    """Read seconds, a duration such as ``1m30s``, or a date (HTTP, ISO 8601, seconds since 1970)."""
    number = _number(given)
    if number is None:
        wait = _duration(given.lower())
        if wait is not None:
            return wait
        date = _date(given)
    elif number < _FIRST_EPOCH:
        return _sensible(number)
    else:
        date = number
    return None if date is None else _sensible(max(0.0, date - _their_now(headers)))


def _their_now(headers: Mapping[str, str]) -> float:
    """Return the endpoint's own time where it tells it: the clocks of two machines differ."""
    told = _date(headers.get("Date", ""))
    return time.time() if told is None else told


def _date(given: str) -> float | None:
    try:
        return parsedate_to_datetime(given).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        pass
    try:
        return datetime.fromisoformat(given).timestamp()
    except (ValueError, OverflowError):
        return None


def _duration(given: str) -> float | None:
    if len(given) > 40 or not _DURATION.fullmatch(given):
        return None
    return _sensible(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(given)))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _sensible(seconds: float) -> float | None:
    return seconds if seconds <= _LONGEST else None
