"""The scorer of function calls: the right functions, each with arguments that are accepted, and no call besides.

The rules are those of the Berkeley Function-Calling Leaderboard's check by syntax tree (Patil et al. 2025, ICML; Apache
2.0): names are equal; every parameter that is not optional is given and none that is unknown; a value is one of those
accepted; texts are compared without case, spaces and the signs ``,./-_*^`` and with one kind of quote; several calls
may come in any order. Unlike there, ``5.0`` is taken for ``5``, and what is accepted alone says what may be left out,
not the schema of the function. Pure.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from maspo.scoring.base import Sample, Score
from maspo.scoring.json_values import last_json
from maspo.scoring.readable import tail
from maspo.scoring.reply import reply_of

_LONGEST: Final = 20_000
"""Characters of an expression that is parsed: hundreds of calls."""
_DEEPEST: Final = 40
"""Brackets within one another in what is parsed, far below where the parser of Python gives up."""
_MOST_TRIED: Final = 50
"""Places where a call may begin that are tried, from the end of a reply."""
_IGNORED: Final = re.compile(r"[ ,./\-_*^]")
_FENCED: Final = re.compile(r"```[\w-]*[ \t]*\n(.*?)```", re.DOTALL)
_TAG, _TAG_END = "<tool_call>", "</tool_call>"
_BEGINS: Final = re.compile(r"\[\s*(?=[A-Za-z_][\w.]*\s*\()|(?<![\w.])[A-Za-z_][\w.]*\s*(?=\()")
_OPTIONAL: Final = ""
"""Among the accepted values of a parameter it says that the call may leave it out."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was written: a function by name, and its arguments by name."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """A call that must be made: for each parameter the values that are accepted."""

    name: str
    accepted: Mapping[str, Sequence[Any]]


class CallScorer:
    """Correct is an output whose calls are those expected.

    These stand in the tests of a sample, one each, or in its label as a list, as the leaderboard writes them,
    ``{"f": {"x": [1, 2], "unit": ["cm", ""]}}`` (``""``: may be left out), or plainly,
    ``{"name": "f", "arguments": {"x": 1}}``. An output may write calls as JSON of that form, of OpenAI's
    ``tool_calls``, in ``<tool_call>`` tags, or as Python: ``[f(x=1), g()]``.
    """

    async def score(self, samples: Sequence[Sample]) -> list[Score]:
        """Return one score for each sample, in their order."""
        return [self._scored(sample) for sample in samples]

    def _scored(self, sample: Sample) -> Score:
        try:
            expected = _expected(sample)
        except ValueError as error:
            return Score(sample.id, "failed", why=str(error))
        calls = calls_in(reply_of(sample.output))
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
            calls = _python_calls(text)
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


def calls_in(reply: str) -> list[Call] | None:
    """Return the calls that a reply makes, the last way of writing them first; None when it makes none."""
    text = tail(reply).strip()
    tagged = [call for part in _tagged(text) for call in _json_calls(part) or ()]
    if tagged:
        return tagged
    for part in (text, *reversed(_FENCED.findall(text)[-3:])):
        whole = _json_calls(part) or _python_calls(part)
        if whole is not None:
            return whole
    return _json_calls(text) or _last_python_calls(text)


def _tagged(text: str) -> list[str]:
    """Return what stands in tags; cut rather than searched, which takes ever longer in a text that closes none."""
    parts = (part.partition(_TAG_END) for part in text.split(_TAG)[1:])
    return [inside.strip() for inside, end, _ in parts if end]


def _json_calls(text: str) -> list[Call] | None:
    value = last_json(text)
    if value is None:
        return None
    found = value[0]
    if isinstance(found, dict):
        found = found.get("tool_calls", found)
    calls = [_json_call(one) for one in (found if isinstance(found, list) else [found])]
    known = [call for call in calls if call is not None]
    return known if known and len(known) == len(calls) else None


def _json_call(value: object) -> Call | None:
    match value:
        case {"function": dict(inner)}:
            return _json_call(inner)
        case {"name": str(name), "arguments": arguments} | {"name": str(name), "parameters": arguments}:
            if isinstance(arguments, str):
                try:
                    arguments = json.loads(arguments or "{}")
                except (ValueError, RecursionError):
                    return None
            return Call(name, arguments) if isinstance(arguments, dict) else None
        case dict() if len(value) == 1:
            ((name, arguments),) = value.items()
            return Call(name, arguments) if isinstance(name, str) and isinstance(arguments, dict) else None
    return None


def _last_python_calls(text: str) -> list[Call] | None:
    """Return the last calls among prose: a list of them, or calls that follow one another."""
    found: list[list[Call]] = []
    end = 0
    for begin in list(_BEGINS.finditer(text))[-_MOST_TRIED:]:
        if begin.start() < end:
            continue
        stop = _closing(text, begin.start())
        calls = _python_calls(text[begin.start() : stop]) if stop else None
        if calls is not None and all(call.arguments for call in calls):
            follows = found and not text[end : begin.start()].strip(" \t\r\n,;")
            found[-1:] = [found[-1] + calls] if follows else [*found[-1:], calls]
            end = stop
    return found[-1] if found else None


def _closing(text: str, start: int) -> int:
    """Return the place behind the bracket that closes the first one from here on, quotes minded; 0 without one."""
    depth, quote = 0, ""
    characters = iter(range(start, min(len(text), start + _LONGEST)))
    for place in characters:
        sign = text[place]
        if quote:
            if sign == "\\":
                next(characters, None)
            elif sign == quote:
                quote = ""
        elif sign in "\"'":
            quote = sign
        elif sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
            if depth <= 0:
                return place + 1 if depth == 0 else 0
    return 0


def _python_calls(text: str) -> list[Call] | None:
    """Return the calls of a Python expression: one call, a list or a tuple of them. Nothing of it is run."""
    source = text.strip()
    if len(source) > _LONGEST or not source.endswith((")", "]")) or _depth(source) > _DEEPEST:
        return None
    try:
        tree = ast.parse(source, mode="eval").body
        calls = [_python_call(node) for node in (tree.elts if isinstance(tree, ast.List | ast.Tuple) else [tree])]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None
    return calls or None


def _depth(source: str) -> int:
    deepest = depth = 0
    for sign in source:
        depth += (sign in "([{") - (sign in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _python_call(node: ast.expr) -> Call:
    """Return a call with literal arguments by name. Raises ValueError for anything else."""
    if not isinstance(node, ast.Call) or node.args:
        raise ValueError("not a call with arguments by name")
    name = ".".join(_dotted(node.func))
    arguments = {named.arg or "": _literal(named.value) for named in node.keywords}
    if "" in arguments:
        raise ValueError("arguments without a name")
    return Call(name, arguments)


def _dotted(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Name(id=name):
            yield name
        case ast.Attribute(value=inner, attr=name):
            yield from _dotted(inner)
            yield name
        case _:
            raise ValueError("not the name of a function")


_JSON_NAMES: Final = {"true": True, "false": False, "null": None}


def _literal(node: ast.expr) -> Any:
    """Return the value of a literal; names are those of JSON, a tuple is a list."""
    match node:
        case ast.Name(id=name) if name in _JSON_NAMES:
            return _JSON_NAMES[name]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_literal(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {str(_literal(key)): _literal(value) for key, value in pairs if key is not None}
        case _:
            value = ast.literal_eval(node)
            repr(value)  # Raises ValueError for what nobody can write down: 0xfff… of more digits than Python prints.
            return value
