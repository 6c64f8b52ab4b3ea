"""The small model as a way to reach models: ``models.client=smollm2`` serves it on this machine while a run works."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Self

from maspo.core.errors import ProviderError
from maspo.models.base import Reply, Request
from maspo.models.chat_completions import ChatClient
from maspo.models.endpoint import Endpoint
from maspo.real.package import MODEL, weights

THREADS = 2
"""Of the server: what the time in docs/real_models.md is stated for. More are of no use to so small a model."""
_START_SECONDS = 120.0
"""Longest wait for the server: it reads 100 MB, which takes a second, or half a minute on a busy machine."""


class SmallModelClient:
    """Answers with SmolLM2-135M-Instruct, served by llama.cpp in a process of its own that ends with the run.

    The endpoint of the settings gives the time limit; its address and key are not used.

    Raises:
        UsageError: a package is missing; says what to type.

    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._weights = weights()
        self._endpoint = endpoint
        self._process: asyncio.subprocess.Process | None = None
        self._chat: ChatClient | None = None

    async def __aenter__(self) -> Self:
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "maspo.real.server", str(self._weights), str(min(THREADS, os.cpu_count() or 1))),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # Ctrl-C is the run's: it lets calls in flight finish, which needs the server.
            start_new_session=True,
        )
        try:
            address = await _address(process)
            self._chat = ChatClient(replace(self._endpoint, base_url=f"{address}/v1", api_key=""))
            await self._chat.__aenter__()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._chat is not None:
            await self._chat.__aexit__()
            self._chat = None
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            self._process = None

    async def complete(self, request: Request) -> Reply:
        """Send one request once."""
        if self._chat is None:
            raise RuntimeError("the client is not open; use `async with SmallModelClient(endpoint) as client:`")
        return await self._chat.complete(request)


async def _address(process: asyncio.subprocess.Process) -> str:
    """Return the address that the server prints when it is ready."""
    stdout = process.stdout
    try:
        async with asyncio.timeout(_START_SECONDS):
            while stdout is not None and (line := (await stdout.readline()).decode().strip()):
                if line.startswith("http://"):
                    return line
    except TimeoutError:
        why = f"it was not ready after {_START_SECONDS:.0f} s"
    else:
        why = f"its process ended with exit code {await process.wait()}"
    shown = f"{Path(sys.executable).name} -m maspo.real.server {weights()} {THREADS}"
    raise ProviderError(f"The server of {MODEL} did not start: {why}. `{shown}` shows more")
