"""What an app's tools answered before, for those that ask: a tool call on an input is carried out once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from maspo.models.base import TOOL, KeepsResults, Message, Request

PATH: Final = "/tools"
"""Where a rollout's tools ask, below its address."""


class ToolRecord:
    """Results by input, tool and arguments: in the record of calls where there is one, else as long as a run goes on.

    They are the app's own: JSON, of which nothing is looked at but whether a key stands in it.
    """

    def __init__(self, model: object = None) -> None:
        self._record: KeepsResults = model if isinstance(model, KeepsResults) else _InMemory()

    async def answer(
        self, input_key: str, asked: Mapping[str, Any], without_keys: Callable[[str], str] = str
    ) -> dict[str, Any]:
        """Return the result that is known, else an empty object; a question that brings a result along tells it.

        Of several results that are told, the first is kept, so that all rollouts go on with one. A result that holds a
        key of the app is not kept: the record is shown to others.
        """
        name, arguments = str(asked.get("name", "")), json.dumps(asked.get("arguments"), sort_keys=True)
        told = json.dumps(asked["result"]) if "result" in asked else None
        if any(without_keys(text) != text for text in (name, arguments, told or "")):
            return {}
        question = Request(name, (Message("user", arguments),), TOOL, identity=f"{input_key}/{name}")

        async def make() -> str:
            if told is None:
                raise _NotKnownError
            return told

        try:
            return {"result": json.loads(await self._record.keep_result(question, make))}
        except _NotKnownError:
            return {}


class _NotKnownError(Exception):
    """Nobody has told this result yet; nothing is recorded."""


class _InMemory:
    """Keeps results where nothing is recorded."""

    def __init__(self) -> None:
        self._results: dict[str, str] = {}

    async def keep_result(self, request: Request, make: Callable[[], Any]) -> str:
        """Return what is kept under a request's key; else make it."""
        if request.key not in self._results:
            self._results[request.key] = await make()
        return self._results[request.key]
