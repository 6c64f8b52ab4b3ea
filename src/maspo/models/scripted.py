"""A fake model that does what a function says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TypeAlias

from maspo.models.base import Reply, Request

Scripted: TypeAlias = str | Reply | Exception
"""What a script answers: a text, a whole reply, or an error to raise."""


class ScriptedModel:
    """A ``ModelClient`` for tests: answers as ``script`` says and records the requests that it got."""

    def __init__(self, script: Callable[[Request], Scripted | Awaitable[Scripted]]) -> None:
        self.requests: list[Request] = []
        self._script = script

    async def complete(self, request: Request) -> Reply:
        """Answer as scripted."""
        self.requests.append(request)
        answer = self._script(request)
        if isawaitable(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return Reply(answer) if isinstance(answer, str) else answer
