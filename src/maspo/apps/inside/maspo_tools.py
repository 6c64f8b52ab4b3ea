"""Lets maspo answer calls of a tool that it has seen before. Standard library only, Python 3.9 and newer.

Found by name in rollouts of maspo only, so an app imports it where it is there::

    try:
        from maspo_tools import replayed
    except ImportError:  # not run by maspo
        def replayed(function):
            return function

    @replayed
    def look_up(topic): ...
"""

from __future__ import annotations

import functools
import inspect
import json
import os
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from types import FunctionType
from typing import Any

_PLAIN = (str, int, float, bool, type(None))


def replayed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that asks maspo first, when the app is run with ``replay_tools``.

    A call is the same where input, name and arguments are, and what the function holds of whoever made it. One of which
    JSON cannot say all that, one that changes its arguments, and one that raises, is carried out every time; so is one
    that maspo does not answer.
    """
    signature = inspect.signature(function)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*given: Any, **named: Any) -> Any:
            asked = _describe_call(function, signature, given, named)
            known = _ask_gateway(asked.said) if asked else {}
            return known["result"] if "result" in known else _tell_result(asked, await function(*given, **named))

        return awaited

    @functools.wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        asked = _describe_call(function, signature, given, named)
        known = _ask_gateway(asked.said) if asked else {}
        return known["result"] if "result" in known else _tell_result(asked, function(*given, **named))

    return called


class _Asked:
    """A call as it is asked for, and its arguments, which the function may change."""

    def __init__(self, name: str, arguments: dict[str, Any]) -> None:
        self.arguments = arguments
        self.said = {"name": name, "arguments": json.loads(json.dumps(arguments))}


def _describe_call(
    function: Callable[..., Any], signature: inspect.Signature, given: tuple[Any, ...], named: dict[str, Any]
) -> _Asked | None:
    """Return what is asked; nothing where maspo does not answer, or where JSON cannot say it."""
    if not os.environ.get("MASPO_TOOLS"):
        return None
    layers = _layers(function)
    if not all(map(inspect.isfunction, layers)) or layers[-1].__name__ == "<lambda>":
        return None  # no name of its own, or around it something of which nobody knows what it holds
    bound = signature.bind(*given, **named)
    bound.apply_defaults()
    arguments = {name: list(value) if isinstance(value, tuple) else value for name, value in bound.arguments.items()}
    try:
        for outside, layer in enumerate(reversed(layers)):  # what a decorator holds may be named as an argument is
            held = _closed_over(layer, layers[-1])
            arguments.update({f"{'@' * outside}{name}": value for name, value in held.items()})
    except ValueError:  # something that was never set
        return None
    return _Asked(f"{function.__module__}.{function.__qualname__}", arguments) if _is_json(arguments) else None


def _layers(function: Callable[..., Any]) -> list[Any]:
    """Return a function with what its decorators have put around it, the outermost first."""
    found: list[Any] = [function]
    while hasattr(found[-1], "__wrapped__") and found[-1].__wrapped__ not in found:
        found.append(found[-1].__wrapped__)
    return found


def _closed_over(layer: FunctionType, function: FunctionType) -> dict[str, Any]:
    """Return what a function holds of whoever made it: functions that are made by one have one name, and differ in it.

    So does what a decorator has put around ``function``. A function that holds nothing itself is told by its name.
    """
    found = inspect.getclosurevars(layer).nonlocals
    return {name: _named(value) for name, value in found.items() if not _is_of(value, function)}


def _is_of(value: Any, function: FunctionType) -> bool:
    return inspect.isfunction(value) and inspect.unwrap(value) is function


def _named(value: Any) -> Any:
    own = inspect.unwrap(value) if inspect.isfunction(value) else None
    if inspect.isfunction(own) and own.__closure__ is None and own.__name__ != "<lambda>":
        return f"{own.__module__}.{own.__qualname__}"
    return value


def _tell_result(asked: _Asked | None, result: Any) -> Any:
    """Tell a result; return it, or that of another rollout which told its own before."""
    if asked is None or not (_is_json(result) and _is_plain(result)) or asked.arguments != asked.said["arguments"]:
        return result
    return _ask_gateway({**asked.said, "result": result}).get("result", result)


def _is_json(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError, RecursionError):
        return False


def _is_plain(value: Any) -> bool:
    """Say whether a value of JSON is just that: no number, text or mapping of a kind that can do more."""
    if type(value) is dict:
        return all(type(name) is str and _is_plain(one) for name, one in value.items())
    return all(map(_is_plain, value)) if type(value) is list else type(value) in _PLAIN


def _ask_gateway(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what maspo answers; nothing where it cannot be asked: no tool fails for that."""
    request = urllib.request.Request(  # noqa: S310 - the gateway's own address
        os.environ["MASPO_TOOLS"], json.dumps(asked).encode(), {"Content-Type": "application/json"}
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=60) as response:
            told = json.loads(response.read())
    except (OSError, ValueError, HTTPException):
        return {}
    return told if isinstance(told, dict) else {}
