"""What a tool is to an agent: what it is told of it, and a call of it."""

from __future__ import annotations

from typing import Protocol

from maspo.models.base import ToolOffered


class ToolFailed(Exception):
    """A call of a tool brought no result; the agent is told why, and goes on."""


class Tools(Protocol):
    """One function, or the tools of one server."""

    async def offered(self) -> tuple[ToolOffered, ...]:
        """Return what an agent is told of them, by names of their own.

        Raises:
            ProviderError: they cannot be had.

        """
        ...

    async def call(self, name: str, arguments: dict[str, object]) -> str:
        """Call one of them and return its result as text.

        Raises:
            ToolFailed: there is no result; says why.

        """
        ...

    async def close(self) -> None:
        """End what it has started."""
        ...
