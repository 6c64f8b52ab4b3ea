"""A client of the protocol: over lines in memory, or over the standard streams of a real ``maspo mcp``."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
}
Json = dict[str, Any]


class Client:
    """Speaks with one process, a request at a time."""

    def __init__(self, process: subprocess.Popen[str], modern: bool) -> None:
        self._process = process
        self._modern = modern
        self._ids = itertools.count(1)
        self.notified: list[Json] = []
        if not modern:
            opened = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}}
            assert self.ask("initialize", opened)["protocolVersion"] == "2025-11-25"
            self.send({"method": "notifications/initialized"})

    def send(self, message: Json) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()

    def read(self) -> Json:
        assert self._process.stdout is not None
        found = json.loads(self._process.stdout.readline())
        assert isinstance(found, dict)
        assert found["jsonrpc"] == "2.0"
        return found

    def ask(self, method: str, params: Json | None = None, **meta: object) -> Json:
        """Return the result of a request."""
        number = next(self._ids)
        told = {**(META if self._modern else {}), **meta}
        self.send({"id": number, "method": method, "params": {**(params or {}), **({"_meta": told} if told else {})}})
        while "id" not in (message := self.read()):
            self.notified.append(message)
        assert message["id"] == number
        result = message["result"]
        assert (result.get("resultType") == "complete") is self._modern
        assert isinstance(result, dict)
        return result

    def call(self, name: str, **arguments: object) -> Json:
        """Return what a tool gives as data."""
        result = self.ask("tools/call", {"name": name, "arguments": arguments}, progressToken=f"of {name}")
        assert not result["isError"], result["content"][0]["text"]
        data = result["structuredContent"]
        assert json.loads(result["content"][0]["text"]) == data
        return dict(data)

    def refused(self, name: str, **arguments: object) -> str:
        """Return why a tool refuses."""
        result = self.ask("tools/call", {"name": name, "arguments": arguments})
        assert result["isError"]
        assert "structuredContent" not in result
        return str(result["content"][0]["text"])


Open = Callable[..., Client]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Return what starts ``maspo mcp`` in the folder; at the end its input is closed, and it has to end by itself."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str, modern: bool = True) -> Client:
        command = [sys.executable, "-m", "maspo", "mcp", *arguments]
        process = subprocess.Popen(
            command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        processes.append(process)
        return Client(process, modern)

    yield start
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0
        assert process.stdout is not None
        process.stdout.close()
