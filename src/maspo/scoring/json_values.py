"""Finding the JSON value that an output gives, among whatever else it says. Pure."""

from __future__ import annotations

import json
import re

_MOST_FAILURES = 1000
_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*?)\n[ \t]*```", re.DOTALL | re.IGNORECASE)
_OBJECTS = re.compile(r"(?m)^[ \t]*\{")
_VALUES = re.compile(r"(?m)^[ \t]*[{\[]")


def last_object(text: str) -> tuple[object] | None:
    """Return the last JSON object that begins a line, or else the one at the first brace; None when there is none."""
    return _last_of_lines(text, _OBJECTS, _LENIENT) or _read_at(text, text.find("{"), _LENIENT)[0]


def last_json(text: str) -> tuple[object] | None:
    """Return the JSON value that an output gives; None when there is none. NaN and Infinity are not JSON.

    That is all of it; else the last object or list that begins a line; else what its last code fence holds; else the
    object at the first brace.
    """
    fences = (_loaded(part) for part in reversed(_FENCE.findall(text)[-3:]))
    return (
        _loaded(text)
        or _last_of_lines(text, _VALUES, _STRICT)
        or next((value for value in fences if value is not None), None)
        or _read_at(text, text.find("{"), _STRICT)[0]
    )


def _last_of_lines(text: str, lines: re.Pattern[str], decoder: json.JSONDecoder) -> tuple[object] | None:
    last: tuple[object] | None = None
    end = failures = 0
    for start in (line.end() - 1 for line in lines.finditer(text)):
        # What lies within a value that was read is a part of it.
        if start >= end and failures < _MOST_FAILURES:
            value, stop = _read_at(text, start, decoder)
            last, end = (value, stop) if value is not None else (last, end)
            failures += value is None
    return last


def _loaded(text: str) -> tuple[object] | None:
    try:
        return (json.loads(text, parse_constant=_no_constant),)
    except (ValueError, RecursionError):
        return None


def _read_at(text: str, start: int, decoder: json.JSONDecoder) -> tuple[tuple[object] | None, int]:
    if start < 0:
        return None, 0
    try:
        value, end = decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, 0
    return (value,), end


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(parse_constant=_no_constant)
_LENIENT = json.JSONDecoder()
