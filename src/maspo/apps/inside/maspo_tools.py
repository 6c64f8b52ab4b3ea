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
from typing import Any


def replayed(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that asks maspo first, when the app is run with ``replay_tools``.

    A call is the same where input, name and arguments are. One whose arguments or result JSON cannot hold exactly, and
    one that raises, is carried out every time.
    """
    signature = inspect.signature(function)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*given: Any, **named: Any) -> Any:
            asked = _describe_call(function, signature, given, named)
            known = _ask_gateway(asked) if asked else {}
            return known["result"] if "result" in known else _tell_result(asked, await function(*given, **named))

        return awaited

    @functools.wraps(function)
    def called(*given: Any, **named: Any) -> Any:
        asked = _describe_call(function, signature, given, named)
        known = _ask_gateway(asked) if asked else {}
        return known["result"] if "result" in known else _tell_result(asked, function(*given, **named))

    return called


def _describe_call(
    function: Callable[..., Any], signature: inspect.Signature, given: tuple[Any, ...], named: dict[str, Any]
) -> dict[str, Any] | None:
    """Return what is asked; nothing where maspo does not answer, or where JSON cannot say it."""
    if not os.environ.get("MASPO_TOOLS"):
        return None
    bound = signature.bind(*given, **named)
    bound.apply_defaults()
    arguments = {name: list(value) if isinstance(value, tuple) else value for name, value in bound.arguments.items()}
    name = f"{function.__module__}.{function.__qualname__}"
    return {"name": name, "arguments": arguments} if _is_exact(arguments) else None


def _tell_result(asked: dict[str, Any] | None, result: Any) -> Any:
    """Tell a result; return it, or that of another rollout which told its own before."""
    if not asked or not _is_exact(result):
        return result
    return _ask_gateway(dict(asked, result=result)).get("result", result)


def _is_exact(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError, RecursionError):
        return False


def _ask_gateway(asked: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(  # noqa: S310 - the gateway's own address
        os.environ["MASPO_TOOLS"], json.dumps(asked).encode(), {"Content-Type": "application/json"}
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=60) as response:
        told = json.loads(response.read())
    return told if isinstance(told, dict) else {}
