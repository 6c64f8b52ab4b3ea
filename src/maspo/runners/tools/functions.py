"""A Python function as a tool: imported from the folder of the system file, called in a thread of its own."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import sys
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import ArgsKwargs

from maspo.core.errors import ConfigInvalid
from maspo.models.base import ToolOffered
from maspo.runners.tools.base import ToolFailed
from maspo.team.tools import Tool


class FunctionTool:
    """A function of the user. Its signature is the schema of its arguments, its docstring what the agent is told.

    A function that does not return in time goes on in its thread, which ends with the process at the latest; its result
    is not waited for. A coroutine function is awaited here.

    Raises:
        ConfigInvalid: it cannot be imported, or its signature cannot be told as JSON.

    """

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._function = _load(tool)
        self._offered = ToolOffered(self._function.__name__, inspect.getdoc(self._function) or "", self._schema)

    async def offered(self) -> tuple[ToolOffered, ...]:
        """Return the function."""
        return (self._offered,)

    async def call(self, name: str, arguments: dict[str, object]) -> str:
        """Call the function. Raises what ``Tools.call`` raises."""
        del name

        def work() -> Any:
            return self._adapter.validate_python(ArgsKwargs((), arguments))

        return await (_settle(work) if inspect.iscoroutinefunction(self._function) else _in_thread(work))

    async def close(self) -> None:
        """Do nothing: a function holds nothing."""

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        function: Any = self._function  # pydantic takes functions, and checkers do not know it
        return TypeAdapter(function)

    @property
    def _schema(self) -> str:
        try:
            found = self._adapter.json_schema()
        except (PydanticUserError, NameError, TypeError) as error:
            raise ConfigInvalid(
                f"tools: {self._tool.run}: its arguments cannot be told as JSON ({error}); annotate them with plain "
                "types, such as str, int, float, bool, list[str]"
            ) from error
        if found.get("type") != "object":
            raise ConfigInvalid(f"tools: {self._tool.run}: expected arguments that can be given by name")
        return json.dumps(found)


def _load(tool: Tool) -> Callable[..., Any]:
    module, _, name = tool.run.partition(":")
    begins = tool.folder not in sys.path
    if begins:
        sys.path.insert(0, tool.folder)
    try:
        found = getattr(importlib.import_module(module), name)
    except Exception as error:  # whatever the module of somebody else raises while it is imported
        raise ConfigInvalid(
            f"tools: {tool.run} cannot be imported ({type(error).__name__}: {error}); modules are looked for in "
            f"{tool.folder}, then where Python looks"
        ) from error
    finally:
        if begins:
            sys.path.remove(tool.folder)
    if not inspect.isroutine(found):
        raise ConfigInvalid(f"tools: {tool.run} is a {type(found).__name__}; expected a function")
    function: Callable[..., Any] = found
    return function


async def _settle(work: Callable[[], Any]) -> str:
    try:
        return _text_of(await work())
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise  # its time is up, or the run ends
        raise ToolFailed(_why(error)) from error
    # Whatever the function of somebody else raises; one that ends its program does not end ours.
    except (Exception, SystemExit, BaseExceptionGroup) as error:
        raise ToolFailed(_why(error)) from error


async def _in_thread(work: Callable[[], Any]) -> str:
    """Run a function in a thread that nobody waits for when the program ends, as those of executors are waited for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str] = loop.create_future()

    def tell(found: str | ToolFailed) -> None:
        if done.done():
            return
        if isinstance(found, ToolFailed):
            done.set_exception(found)
        else:
            done.set_result(found)

    def run() -> None:
        found: str | ToolFailed
        try:
            found = _text_of(work())
        # In a thread all that is raised is the function's own: also what ends a program, a task or an iteration.
        except BaseException as error:
            found = ToolFailed(_why(error))
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, found)

    threading.Thread(target=run, name="tool", daemon=True).start()
    return await done


def _text_of(found: object) -> str:
    """Return a result as text. Raises whatever its own methods raise, and what has no JSON."""
    return str.__str__(found) if isinstance(found, str) else json.dumps(found, ensure_ascii=False, default=str)


def _why(error: BaseException) -> str:
    """Return what an agent is told of an error; one that cannot say what it is has its name at least."""
    if isinstance(error, ValidationError):
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return f"the arguments do not fit: {told}"
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # its text is made by somebody else's code
        return type(error).__name__
