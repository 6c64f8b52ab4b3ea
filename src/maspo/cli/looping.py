"""The event loop of a command that only passes bytes on: uvloop's, where it is installed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from typing import Any, TypeVar

T = TypeVar("T")


def run_fast(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end, as ``asyncio.run`` does, on the fastest loop there is."""
    with closing(main), asyncio.Runner(loop_factory=_fastest()) as runner:
        return runner.run(main)


def _fastest() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        from uvloop import new_event_loop
    except ImportError:  # without the extra `fast`, and on Windows
        return None
    made: Callable[[], asyncio.AbstractEventLoop] = new_event_loop
    return made
