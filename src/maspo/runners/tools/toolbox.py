"""The tools of a team: who is offered which, and calls of them within their limits."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from maspo.models.base import ToolAsked, ToolOffered
from maspo.runners.tools.base import ToolFailed, Tools
from maspo.runners.tools.functions import FunctionTool
from maspo.runners.tools.servers import ServerTools
from maspo.team import System
from maspo.team.tools import Tool

_NAME: Final = re.compile(r"[^A-Za-z0-9_-]")
"""What no name of a tool may hold on the wire."""
_LONGEST_NAME: Final = 64
_LONGEST_REASON: Final = 1000
"""Characters of an error that an agent is told."""


class Toolbox:
    """All tools of a system file. Functions are imported at once, servers start when somebody first looks.

    Raises:
        ConfigInvalid: a function cannot be had.

    """

    def __init__(self, system: System) -> None:
        tools = {tool.run: tool for agent in system.agents for tool in agent.tools}
        self._made: Mapping[str, Tools] = {
            run: FunctionTool(tool) if tool.kind == "function" else ServerTools(tool) for run, tool in tools.items()
        }
        self._tools = {agent.name: agent.tools for agent in system.agents}

    async def offered(self, agent: str) -> tuple[ToolOffered, ...]:
        """Return the tools that an agent is offered. Raises what ``Tools.offered`` raises."""
        return tuple(offered for offered, _, _ in (await self._of(agent)).values())

    async def call(self, agent: str, asked: ToolAsked) -> str:
        """Return the result of a call, or what is to be said of it instead; never longer than the tool may be."""
        known = await self._of(agent)
        if asked.name not in known:
            return f"There is no tool {asked.name[:_LONGEST_NAME]!r}; there are: {', '.join(known)}."
        _, tool, name = known[asked.name]
        try:
            async with asyncio.timeout(tool.seconds):
                found = await self._made[tool.run].call(name, _arguments(asked.arguments))
        except TimeoutError:
            found = f"The tool did not answer within {tool.seconds:g} seconds."
        except ToolFailed as error:
            found = f"The tool failed: {str(error)[:_LONGEST_REASON]}"
        return _cut(found, tool.length)

    async def close(self) -> None:
        """End all servers."""
        await asyncio.gather(*(tools.close() for tools in self._made.values()))

    async def _of(self, agent: str) -> dict[str, tuple[ToolOffered, Tool, str]]:
        """Return the tools of an agent by the names that it knows them by, with their names where they come from."""
        found: dict[str, tuple[ToolOffered, Tool, str]] = {}
        for tool in self._tools[agent]:
            for offered in await self._made[tool.run].offered():
                name = _free(_NAME.sub("_", offered.name)[:_LONGEST_NAME], found.__contains__)
                found[name] = replace(offered, name=name), tool, offered.name
        return found


def _free(name: str, taken: Callable[[object], bool]) -> str:
    number, free = 1, name
    while taken(free):
        number += 1
        free = f"{name[: _LONGEST_NAME - 4]}_{number}"
    return free


def _arguments(text: str) -> dict[str, object]:
    try:
        found: Any = json.loads(text or "{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ToolFailed("the arguments are no JSON object")
    return found


def _cut(text: str, most: int) -> str:
    """Return a text of at most so many bytes; one that is cut says so."""
    whole = text.encode("utf-8", "replace")
    if len(whole) <= most:
        return whole.decode("utf-8")
    return whole[:most].decode("utf-8", "ignore") + f"\n[cut here: {len(whole):,} bytes in all]"
