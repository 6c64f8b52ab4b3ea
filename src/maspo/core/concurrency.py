"""Running coroutines side by side: when one fails, the others finish, since their calls are paid for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from maspo.core.errors import CallFailed, MaspoError

T = TypeVar("T")
WAITING: Final = 1024
"""Connections to a server of ours that wait until they are taken: rollouts and parallel tools begin by the hundred in
one moment. Beyond, the kernel lets a connection wait for seconds before it is tried again."""


async def together(jobs: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all jobs concurrently and return their results in order.

    When one fails with an error of ours, the others finish, since their calls are paid for; then the severest error is
    raised. A bug cancels the others at once.
    """
    pending = list(jobs)
    if len(pending) == 1:
        return [await pending[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_settled(job)) for job in pending]
    except BaseExceptionGroup as group_of_failures:
        first: BaseException = group_of_failures
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from group_of_failures
    settled = [task.result() for task in tasks]
    failures = [result.error for result in settled if isinstance(result, _Failed)]
    if failures:
        raise min(failures, key=lambda error: isinstance(error, CallFailed))
    return [result for result in settled if not isinstance(result, _Failed)]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: MaspoError


async def _settled(job: Coroutine[Any, Any, T]) -> T | _Failed:
    try:
        return await job
    except MaspoError as error:
        return _Failed(error)
