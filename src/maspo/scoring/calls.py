"""The scorer of function calls: the right functions, each with arguments that are accepted, and no call besides.

The rules are those of the Berkeley Function-Calling Leaderboard's check by syntax tree (Patil et al. 2025, ICML; Apache
2.0): names are equal; every parameter that is not optional is given and none that is unknown; a value is one of those
accepted; texts are compared without case, spaces and the signs ``,./-_*^`` and with one kind of quote; several calls
may come in any order. Unlike there, ``5.0`` is taken for ``5``, and what is accepted alone says what may be left out,
not the schema of the function. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from maspo.scoring.base import Sample, Score
from maspo.scoring.calls_written import Call, Untyped, calls_of, python_calls

_IGNORED: Final = re.compile(r"[ ,./\-_*^]")
_OPTIONAL: Final = ""
"""Among the accepted values of a parameter it says that the call may leave it out."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A call that must be made: for each parameter the values that are accepted."""

    name: str
    accepted: Mapping[str, Sequence[Any]]


class CallScorer:
    """Correct is an output whose calls are those expected.

    These stand in the tests of a sample, one each, or in its label as a list, as the leaderboard writes them,
    ``{"f": {"x": [1, 2], "unit": ["cm", ""]}}`` (``""``: may be left out), or plainly,
    ``{"name": "f", "arguments": {"x": 1}}``. An output may write calls in any way that ``calls_written`` knows.
    """

    async def score(self, samples: Sequence[Sample]) -> list[Score]:
        """Return one score for each sample, in their order."""
        return [self._scored(sample) for sample in samples]

    def _scored(self, sample: Sample) -> Score:
        try:
            expected = _expected(sample)
        except ValueError as error:
            return Score(sample.id, "failed", why=str(error))
        calls = calls_of(sample.output)
        if calls is None:
            return Score(sample.id, "unread", why="no call could be read")
        read = json.dumps([{"name": call.name, "arguments": call.arguments} for call in calls], default=str)
        why = find_difference(calls, expected)
        return Score(sample.id, "wrong" if why else "correct", read, why)


def find_difference(calls: Sequence[Call], expected: Sequence[Expected]) -> str:
    """Return what is wrong with some calls, empty when nothing is; each expected call is met by one, in any order."""
    if len(calls) != len(expected):
        return f"{len(calls)} calls, where {len(expected)} are expected"
    fits = [[not _why_not(call, one) for call in calls] for one in expected]
    if not _each_finds_one(fits):
        pairs = zip(calls, expected, strict=True)
        return next((why for call, one in pairs if (why := _why_not(call, one))), "no call fits two that are expected")
    return ""


def _each_finds_one(fits: Sequence[Sequence[bool]]) -> bool:
    """Whether every row can have a column of its own that fits it: a matching by augmenting paths (Kuhn 1955)."""
    holder: dict[int, int] = {}

    def find(row: int, seen: set[int]) -> bool:
        for column, fit in enumerate(fits[row]):
            if fit and column not in seen:
                seen.add(column)
                if column not in holder or find(holder[column], seen):
                    holder[column] = row
                    return True
        return False

    return all(find(row, set()) for row in range(len(fits)))


def _why_not(call: Call, expected: Expected) -> str:
    """Return why a call is not the expected one, empty when it is."""
    if call.name != expected.name:
        return f"{call.name} is called, where {expected.name} is expected"
    for name, value in call.arguments.items():
        if name not in expected.accepted:
            return f"{call.name} has no parameter {name}"
        if not any(_equal(value, one) for one in expected.accepted[name]):
            return f"{call.name}: {name} is {value!r:.80}, which is not accepted"
    for name, accepted in expected.accepted.items():
        if name not in call.arguments and _OPTIONAL not in accepted:
            return f"{call.name}: {name} is missing"
    return ""


def _equal(value: Any, accepted: Any) -> bool:
    """Whether an argument is the accepted value; a mapping within it lists what is accepted for each of its fields."""
    match value, accepted:
        case Untyped(), _:
            return any(_equal(one, accepted) for one in value.meanings())
        case bool(), _:
            return value is accepted
        case str(), str():
            return _plain(value) == _plain(accepted)
        case int() | float(), int() | float():
            return value == accepted and not isinstance(accepted, bool)
        case list(), list():
            return len(value) == len(accepted) and all(map(_equal, value, accepted))
        case dict(), dict():
            return _fields_equal(value, accepted)
        case _:
            return value is None and accepted is None


def _fields_equal(value: Mapping[str, Any], accepted: Mapping[str, Any]) -> bool:
    options = {name: one if isinstance(one, list) else [one] for name, one in accepted.items()}
    given = all(name in options and any(_equal(one, other) for other in options[name]) for name, one in value.items())
    return given and all(name in value or _OPTIONAL in some for name, some in options.items())


def _plain(text: str) -> str:
    return _IGNORED.sub("", text).lower().replace("'", '"')


def _expected(sample: Sample) -> list[Expected]:
    """Return the calls that must be made. Raises ValueError: there are none, or they cannot be read."""
    texts = sample.tests or ([sample.answer] if sample.answer is not None else [])
    if not texts:
        raise ValueError("the sample has neither a label nor tests that say which calls are expected")
    found: list[Expected] = []
    for text in texts:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            calls = python_calls(text)
            value = None if calls is None else [{"name": one.name, "arguments": one.arguments} for one in calls]
        for one in value if isinstance(value, list) else [value]:
            found.append(_expected_call(one))
    return found


def _expected_call(value: object) -> Expected:
    match value:
        case {"name": str(name), "arguments": dict(arguments)}:
            return Expected(name, _as_accepted(arguments))
        case dict() if len(value) == 1:
            ((name, accepted),) = value.items()
            if isinstance(accepted, dict) and all(isinstance(some, list) for some in accepted.values()):
                return Expected(name, accepted)
    raise ValueError(
        f'{value!r:.80} is no expected call; write {{"name": "f", "arguments": {{"x": 1}}}}, or with the values that '
        'are accepted {"f": {"x": [1, 2]}}'
    )


def _as_accepted(value: Any) -> Any:
    """Return a value that is meant as it stands in the form in which each field lists what is accepted."""
    if isinstance(value, dict):
        return {name: [_as_accepted(one)] for name, one in value.items()}
    return [_as_accepted(one) for one in value] if isinstance(value, list) else value
