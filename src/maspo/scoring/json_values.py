"""Finding the JSON value that an output gives, among whatever else it says. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

_MOST_FAILURES = 1000
"""Braces at which no object begins, after which the rest is not searched: a limit of time, far above honest texts."""
_FENCE = re.compile(r"```(?:json)?[ \t]*\n", re.IGNORECASE)
_FENCE_END = re.compile(r"\n[ \t]*```")
_OBJECT = re.compile(r"\{")
_OBJECT_OR_LIST = re.compile(r"(?m)^[ \t]*[{\[]")


def objects_of(text: str) -> Iterator[object]:
    """Yield the JSON objects of a text, wherever they begin, in their order; what lies within one is a part of it."""
    return _values_at(_OBJECT, text, _LENIENT)


def placed_objects(text: str) -> Iterator[tuple[int, int, object]]:
    """Yield where each JSON object of a text begins and ends, and the object."""
    return _placed_at(_OBJECT, text, _LENIENT)


def last_json(text: str) -> tuple[object] | None:
    """Return the JSON value that an output gives; None when there is none. NaN and Infinity are not JSON.

    That is all of it; else the last object or list that begins a line; else what its last code fence holds; else the
    last object.
    """
    fences = (_loaded(part) for part in reversed(list(_fenced(text))[-3:]))
    return (
        _loaded(text)
        or _last(_values_at(_OBJECT_OR_LIST, text, _STRICT))
        or next((value for value in fences if value is not None), None)
        or _last(_values_at(_OBJECT, text, _STRICT))
    )


def _values_at(begins: re.Pattern[str], text: str, decoder: json.JSONDecoder) -> Iterator[object]:
    return (value for _, _, value in _placed_at(begins, text, decoder))


def _placed_at(begins: re.Pattern[str], text: str, decoder: json.JSONDecoder) -> Iterator[tuple[int, int, object]]:
    end = failures = 0
    for start in (begin.end() - 1 for begin in begins.finditer(text)):
        # What lies within a value that was read is a part of it.
        if start >= end and failures < _MOST_FAILURES:
            try:
                value, end = decoder.raw_decode(text, start)
            except (ValueError, RecursionError):
                failures += 1
                continue
            yield start, end, value


def _fenced(text: str) -> Iterator[str]:
    """Yield what stands in fences; one pass, in which an opening that no end follows is the last."""
    ends, end = _FENCE_END.finditer(text), None
    for opening in _FENCE.finditer(text):
        if end is not None and opening.start() < end.end():
            continue
        end = next((one for one in ends if one.start() >= opening.end()), None)
        if end is None:
            return
        yield text[opening.end() : end.start()]


def _last(values: Iterator[object]) -> tuple[object] | None:
    last = None
    for value in values:
        last = (value,)
    return last


def _loaded(text: str) -> tuple[object] | None:
    try:
        return (json.loads(text, parse_constant=_no_constant),)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(parse_constant=_no_constant)
_LENIENT = json.JSONDecoder()
