"""A server of the Model Context Protocol as tools: a process of ours, JSON-RPC 2.0 over its standard streams.

It is opened with ``initialize``, which servers of every revision answer.
Source: https://modelcontextprotocol.io/specification/2025-06-18.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from maspo.__about__ import __version__
from maspo.core.errors import ProviderError
from maspo.models.base import ToolOffered
from maspo.runners.tools.base import ToolFailed
from maspo.team.tools import Tool

_REVISION: Final = "2025-06-18"
_LONGEST_LINE: Final = 16 * 2**20
"""Bytes of one message, as of our own server."""
_OPENING_SECONDS: Final = 30.0
"""For a server to start and tell its tools: those of package runners may be installed first."""
_END_SECONDS: Final = 2.0
"""For a server to end by itself once its input is closed."""
_MOST_PAGES: Final = 100
_METHOD_NOT_FOUND: Final = -32601


class ServerTools:
    """The tools of one server. It is started when they are first asked for, and ends with the run."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._opening = asyncio.Lock()
        self._offered: tuple[ToolOffered, ...] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._asked = 0

    async def offered(self) -> tuple[ToolOffered, ...]:
        """Return the tools of the server; it is started at the first time. Raises what ``Tools.offered`` raises."""
        async with self._opening:
            if self._offered is None:
                try:
                    async with asyncio.timeout(_OPENING_SECONDS):
                        self._offered = await self._open()
                except (OSError, TimeoutError, ToolFailed, LookupError, TypeError) as error:
                    await self.close()
                    why = "no answer in time" if isinstance(error, TimeoutError) else error
                    raise ProviderError(
                        f"tools: {self._tool.run}: the server does not tell its tools ({why}); "
                        f"try the command in {self._tool.folder}"
                    ) from error
            return self._offered

    async def call(self, name: str, arguments: dict[str, object]) -> str:
        """Call a tool of the server. Raises what ``Tools.call`` raises."""
        await self._start_again()
        found = await self._ask("tools/call", {"name": name, "arguments": arguments})
        parts = found.get("content")
        told = [_write_part(part) for part in parts if isinstance(part, Mapping)] if isinstance(parts, list) else []
        if not told and "structuredContent" in found:
            told = [json.dumps(found["structuredContent"], ensure_ascii=False)]
        text = "\n".join(told)
        if found.get("isError") is True:
            raise ToolFailed(text)
        return text

    async def close(self) -> None:
        """End the server: its input is closed, and where that does not end it, it is killed."""
        process, self._process = self._process, None
        if self._reading is not None:
            self._reading.cancel()
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with what it has started: its command may be a wrapper
            await process.wait()

    async def _open(self) -> tuple[ToolOffered, ...]:
        await self._start()
        found: list[ToolOffered] = []
        page: dict[str, object] = {}
        for _ in range(_MOST_PAGES):
            told = await self._ask("tools/list", page)
            found += [_offer(one) for one in told["tools"]]
            if not told.get("nextCursor"):
                break
            page = {"cursor": told["nextCursor"]}
        return tuple(found)

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._tool.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=self._tool.folder or None,
            limit=_LONGEST_LINE,
            # A Ctrl-C in the terminal is for us: calls that are under way are finished, and then the server is ended.
            start_new_session=True,
        )
        self._reading = asyncio.create_task(self._read(self._process))
        client = {"name": "maspo", "version": __version__}
        await self._ask("initialize", {"protocolVersion": _REVISION, "capabilities": {}, "clientInfo": client})
        await self._send({"method": "notifications/initialized"})

    async def _start_again(self) -> None:
        """Start a server that has ended, so that one bad call does not take the tools from the rest of a run."""
        async with self._opening:
            if self._reading is None or not self._reading.done():
                return
            await self.close()
            try:
                await self._start()
            except OSError as error:
                raise ToolFailed(f"the server has ended and cannot be started again ({error})") from error

    async def _ask(self, method: str, params: Mapping[str, object]) -> Mapping[str, Any]:
        self._asked += 1
        number = self._asked
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            await self._send({"id": number, "method": method, "params": params})
            found = await answer
        finally:
            del self._waiting[number]
        if (error := found.get("error")) is not None:
            raise ToolFailed(str(error.get("message", error) if isinstance(error, Mapping) else error))
        result = found.get("result")
        if not isinstance(result, Mapping):
            raise ToolFailed("the server answers with no result")
        return result

    async def _send(self, message: Mapping[str, object]) -> None:
        process, reading = self._process, self._reading
        if process is None or process.stdin is None or reading is None or reading.done():
            raise ToolFailed("the server has ended")
        try:
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            await process.stdin.drain()
        except (OSError, RuntimeError) as error:
            raise ToolFailed("the server has ended") from error

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand out answers until the server ends; then whoever waits is told so."""
        try:
            while process.stdout is not None and (line := await process.stdout.readline()):
                with suppress(ValueError, RecursionError):  # what is no message is no answer
                    await self._take(json.loads(line))
        except (ValueError, OSError, ToolFailed):  # a line beyond the limit, or a broken stream
            pass
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_result({"error": {"message": "the server has ended"}})

    async def _take(self, message: Any) -> None:
        if not isinstance(message, Mapping) or "id" not in message:
            return
        if "method" in message:  # a server may ask as well; all that we answer is that we are there
            said = {"result": {}} if message["method"] == "ping" else {"error": _NOT_HERE}
            await self._send({"id": message["id"], **said})
            return
        answer = self._waiting.get(message["id"]) if isinstance(message["id"], int) else None
        if answer is not None and not answer.done():
            answer.set_result(message)


_NOT_HERE: Final = {"code": _METHOD_NOT_FOUND, "message": "not offered"}


def _offer(told: Any) -> ToolOffered:
    name = told.get("name") if isinstance(told, Mapping) else None
    if not isinstance(name, str) or not name:
        raise ToolFailed("one of them has no name")
    schema = told.get("inputSchema") or {"type": "object", "properties": {}}
    try:
        if not isinstance(schema, Mapping):
            raise ToolFailed(f"the arguments of {name[:64]!r} have no schema")
        return ToolOffered(name, str(told.get("description") or ""), json.dumps(schema, allow_nan=False))
    except (ValueError, RecursionError) as error:
        raise ToolFailed(f"the arguments of {name[:64]!r} cannot be told as JSON") from error


def _write_part(part: Mapping[str, Any]) -> str:
    """Return a part of a result as text: what is none, such as an image, is named."""
    if part.get("type") == "text":
        return str(part.get("text", ""))
    resource = part.get("resource")
    if isinstance(resource, Mapping) and isinstance(resource.get("text"), str):
        return str(resource["text"])
    return f"[{part.get('type', 'something')} that is no text]"
