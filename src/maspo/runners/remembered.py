"""Runs of a team that are remembered: asking for one again costs nothing, and equal runs that overlap are one run."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.trace import Trace

_CALLS = 60_000
"""Calls in remembered traces, over all of them: about 100 MB at 1,500 characters each."""
_FEWEST = 64
"""Traces that are remembered of the largest team: as many as calls run side by side by default."""


class RememberedRuns:
    """The last runs of a team by their prompts and input; a run has so many calls, about. Failures are forgotten."""

    def __init__(self, calls: int) -> None:
        self._most = max(_CALLS // max(1, calls), _FEWEST)
        self._tasks: OrderedDict[tuple[str, str], asyncio.Task[Trace]] = OrderedDict()

    async def get(self, prompts: Prompts, input_key: str, make: Callable[[], Coroutine[Any, Any, Trace]]) -> Trace:
        """Return the trace of a run, which is made if it is neither known nor under way.

        Whoever is cancelled while it waits does not end the run: others may wait for it. Raises what the run raises.
        """
        task = self.begin(prompts, input_key, make)
        if task.done():  # most runs are asked for more than once
            return task.result()
        return await asyncio.shield(task)

    def begin(
        self, prompts: Prompts, input_key: str, make: Callable[[], Coroutine[Any, Any, Trace]]
    ) -> asyncio.Task[Trace]:
        """Return a run, which is begun if it is neither known nor under way."""
        address = (prompts_id(prompts), input_key)
        task = self._tasks.get(address)
        if task is None:
            task = self._tasks[address] = asyncio.create_task(make())
            task.add_done_callback(partial(self._forget_failure, address))
            while len(self._tasks) > self._most:
                self._tasks.popitem(last=False)
        else:
            self._tasks.move_to_end(address)
        return task

    async def close(self) -> None:
        """Cancel what is still running."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget_failure(self, address: tuple[str, str], done: asyncio.Task[Trace]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._tasks.pop(address, None)
