"""What an app's tools answered before, for those that ask: a tool call on an input is carried out once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

PATH: Final = "/tools"
"""Where a rollout's tools ask, below its address."""


class ToolRecord:
    """Results by input, tool and arguments, as long as a run goes on. They are the app's own, and are not looked at."""

    def __init__(self) -> None:
        self._results: dict[bytes, Any] = {}

    def answer(self, input_key: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Take note of a result that a question brings along; else return the one that is known, or an empty object."""
        key = hashlib.blake2b(
            json.dumps([input_key, asked.get("name"), asked.get("arguments")], sort_keys=True).encode(), digest_size=16
        ).digest()
        if "result" in asked:
            self._results.setdefault(key, asked["result"])
        return {"result": self._results[key]} if key in self._results else {}
