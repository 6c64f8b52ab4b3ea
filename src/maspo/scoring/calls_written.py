"""How models write calls of functions: as JSON, as Python, in tags, and between the marks of chat templates. Pure.

Templates differ from model to model, and a server that does not know one's leaves its calls in the text. Each is
read here into names and arguments; nothing of it is run.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from maspo.core.late import late
from maspo.scoring.json_values import last_json, placed_objects
from maspo.scoring.readable import tail, without_thinking
from maspo.scoring.reply import reply_of

_LONGEST: Final = 20_000
"""Characters of an expression that is parsed: hundreds of calls."""
_DEEPEST: Final = 40
"""Brackets within one another in what is parsed, far below where the parser of Python gives up."""
_MOST_TRIED: Final = 50
"""Places where a call may begin that are tried, from the end of a reply."""
_FENCED = late(r"```[\w-]*[ \t]*\n(.*?)```", re.DOTALL)
_TAG, _TAG_END = "<tool_call>", "</tool_call>"
_BEGINS = late(r"\[\s*(?=[A-Za-z_][\w.]*\s*\()|(?<![\w.])[A-Za-z_][\w.]*\s*(?=\()")
_NAME = r"(?:functions\.|default_api\.)?([A-Za-z_][\w.-]{0,100}?)"
"""The name of a function; what stands before its point is the room that some templates put all functions in."""
_ROOM = late(r"(?:functions|default_api)\.")
_MARKED = (
    # Kimi: <|tool_call_begin|>functions.f:0<|tool_call_argument_begin|>{…}<|tool_call_end|>
    (late(rf"<\|tool_call_begin\|>\s*{_NAME}(?::\d+)?\s*<\|tool_call_argument_begin\|>"), "<|tool_call_end|>"),
    # DeepSeek: <｜tool▁call▁begin｜>function<｜tool▁sep｜>f, then a fence; later f<｜tool▁sep｜>{…}
    (
        late(rf"<｜tool▁call▁begin｜>(?:function<｜tool▁sep｜>)?{_NAME}\s*(?:<｜tool▁sep｜>|```json)"),
        "<｜tool▁call▁end｜>",
    ),
    # gpt-oss: <|channel|>commentary to=functions.f <|constrain|>json<|message|>{…}<|call|>
    (late(rf"\sto={_NAME}(?:\s[^<\n]{{0,200}})?(?:<\|c[^<\n]{{0,200}}){{0,2}}<\|message\|>"), "<|"),
    # Mistral: [TOOL_CALLS]f[ARGS]{…}
    (late(rf"\[TOOL_CALLS\]\s*{_NAME}\s*\[ARGS\]"), "[TOOL_CALLS]"),
)
"""How the marks of a template begin a call, and what ends it; the end of the text does, too."""
_TAGGED = (
    # Llama and Qwen: <function=f>{…}</function>, or with <parameter=x> within
    (late(rf"<function={_NAME}>"), "</function>"),
    # Claude and MiniMax: <invoke name="f"><parameter name="x">1</parameter></invoke>
    (late(rf'<(?:\w{{1,20}}:)?invoke\s+name="{_NAME}">'), "invoke>"),
    # GLM: <tool_call>f, then <arg_key>x</arg_key><arg_value>1</arg_value>
    (late(rf"<tool_call>\s*{_NAME}\s*(?=<arg_key>)"), _TAG_END),
    # agents that think and act: Action: f, and a line below Action Input: {…}
    (
        late(
            rf"(?:^|\n)\W{{0,4}}(?:Action|Tool|Function)\W{{1,4}}{_NAME}\s*\n"
            r"\W{0,4}(?:Action[ _]Input|Arguments|Parameters|Input)\W{0,3}:\W{0,3}(?=\{)"
        ),
        "\n",
    ),
    # Kimi, whose marks were taken off: functions.f:0{…}
    (late(r"(?<![\w.])functions\.([A-Za-z_][\w.-]{0,100}?):\d+\s*(?=\{)"), "\n"),
)
"""How tags and words begin a call, and what ends it."""
_PARAMETER = late(
    r'<(?:\w{1,20}:)?parameter(?:=|\s+name=")([\w.-]+)"?[^>]{0,80}>(.{0,4000}?)</(?:\w{1,20}:)?parameter>'
    r"|<arg_key>\s*([\w.-]+)\s*</arg_key>\s*<arg_value>(.{0,4000}?)</arg_value>",
    re.DOTALL,
)
_NAMES = ("name", "function", "tool", "tool_name", "function_name", "recipient_name", "action")
_ARGUMENTS = (
    "arguments", "parameters", "args", "params", "input", "tool_input", "action_input", "kwargs", "inputs",
)  # fmt: skip
"""Under which keys of JSON a call has its name and its arguments."""
_BETWEEN = late(r"[\s,;`]*(?:(?:\d{1,2}[.)]|[-*•]|and|then)\s+)?`?")
"""What stands between calls that are made one after the other."""
_NO_CALL = late(r"(?i)(?:\b(?:def|class)|\b(?:not|never|avoid|without)(?:\s+\w+){0,2}|n['’]t(?:\s+\w+){0,2})\s+`?\Z")
"""What stands before a function that is defined, or not to be called."""
_LONGEST_DENIAL: Final = 40


class Untyped(str):
    """An argument of which no quotes say whether it is a text: in ``<parameter=x>5</parameter>``."""

    __slots__ = ()

    def meanings(self) -> Iterator[Any]:
        """Yield the text, and the value that it is as JSON or in the words of Python."""
        yield str(self)
        for text in (self, self.lower()):
            try:
                yield json.loads(text)
            except (ValueError, RecursionError):
                continue


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was written: a function by name, and its arguments by name."""

    name: str
    arguments: Mapping[str, Any]


def calls_of(output: str) -> list[Call] | None:
    """Return the calls that an output makes; None when it makes none. What it only thinks of makes none."""
    marked = _between(_MARKED, without_thinking(tail(output)))
    return marked or calls_in(reply_of(output))


def calls_in(reply: str) -> list[Call] | None:
    """Return the calls that a reply makes, the last way of writing them first; None when it makes none."""
    text = tail(reply).strip()
    tagged = [call for part in _tagged(text) for call in _json_calls(part) or ()] or _between(_TAGGED, text)
    if tagged:
        return tagged
    for part in (text, *reversed(_FENCED.findall(text)[-3:])):
        whole = _json_calls(part) or python_calls(part)
        if whole is not None:
            return whole
    return _json_calls(text) or _last_python_calls(text)


def _tagged(text: str) -> list[str]:
    """Return what stands in tags; cut rather than searched, which takes ever longer in a text that closes none."""
    parts = (part.partition(_TAG_END) for part in text.split(_TAG)[1:])
    return [inside.strip() for inside, end, _ in parts if end]


def _between(forms: tuple[tuple[re.Pattern[str], str], ...], text: str) -> list[Call]:
    """Return the calls of the first form that a text has any of, each from its begin to its end."""
    for begins, ends in forms:
        found: list[Call] = []
        end = 0
        for begin in begins.finditer(text):
            if end < 0 or begin.start() < end:
                continue
            end = text.find(ends, begin.end())
            arguments = _arguments(text[begin.end() : end if end >= 0 else len(text)])
            found += [Call(begin[1], arguments)] if arguments is not None else []
        if found:
            return found
    return []


def _arguments(text: str) -> Mapping[str, Any] | None:
    """Return arguments written as JSON, or each in a tag of its own; None for any other text."""
    text = text[:_LONGEST]
    given = {
        key or other: Untyped((value if key else another).strip())
        for key, value, other, another in _PARAMETER.findall(text)
    }
    if given:
        return given
    value = last_json(text)
    if value is None:
        return None if text.strip(" \n</") else {}
    return value[0] if isinstance(value[0], dict) else None


def _json_calls(text: str) -> list[Call] | None:
    """Return the calls of the JSON that a text gives; objects one after the other are one list."""
    value = last_json(text)
    if value is None:
        return None
    found = value[0]
    if isinstance(found, dict) and len(row := _row_of_objects(text)) > 1 and all(map(_json_call, row)):
        found = row
    if isinstance(found, dict):
        found = next((found[key] for key in ("tool_calls", "tool_uses") if key in found), found)
    calls = [_json_call(one) for one in (found if isinstance(found, list) else [found])]
    known = [call for call in calls if call is not None]
    return known if known and len(known) == len(calls) else None


def _row_of_objects(text: str) -> list[object]:
    """Return the last JSON objects of a text between which there is nothing but a sign or a number."""
    row: list[object] = []
    end = -1
    for begin, stop, value in placed_objects(text):
        row = [*row, value] if end >= 0 and _BETWEEN.fullmatch(text, end, begin) else [value]
        end = stop
    return row


def _json_call(value: object) -> Call | None:
    if not isinstance(value, dict):
        return None
    inner = next((value[key] for key in ("function", "function_call") if isinstance(value.get(key), dict)), None)
    if inner is not None:
        return _json_call(inner)
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    arguments = next((value[key] for key in _ARGUMENTS if isinstance(value.get(key), dict | str)), None)
    if name is not None and arguments is not None:
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments or "{}")
            except (ValueError, RecursionError):
                return None
        return Call(_ROOM.sub("", name, count=1), arguments) if isinstance(arguments, dict) else None
    if len(value) == 1:
        ((name, arguments),) = value.items()
        return Call(name, arguments) if isinstance(name, str) and isinstance(arguments, dict) else None
    return None


def _last_python_calls(text: str) -> list[Call] | None:
    """Return the last calls among prose: a list of them, or calls that follow one another."""
    found: list[list[Call]] = []
    end = 0
    for begin in list(_BEGINS.finditer(text))[-_MOST_TRIED:]:
        if begin.start() < end or _NO_CALL.search(text, max(0, begin.start() - _LONGEST_DENIAL), begin.start()):
            continue
        stop = _closing(text, begin.start())
        calls = python_calls(text[begin.start() : stop]) if stop else None
        if calls is not None and all(call.arguments for call in calls):
            follows = found and _BETWEEN.fullmatch(text, end, begin.start()) is not None
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


def python_calls(text: str) -> list[Call] | None:
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
    if not isinstance(node, ast.Call):
        raise ValueError("not a call")
    name = _ROOM.sub("", ".".join(_dotted(node.func)), count=1)
    if len(node.args) == 1 and isinstance(node.args[0], ast.Dict) and not node.keywords:
        return Call(name, _literal(node.args[0]))
    if node.args:
        raise ValueError("not a call with arguments by name")
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
