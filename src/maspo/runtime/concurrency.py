"""Running things side by side, with one exception out instead of a group."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from maspo.errors import BudgetReached, CallFailed, Interrupted, ProviderError

T = TypeVar("T")
_SEVEREST = (BudgetReached, Interrupted, ProviderError)


async def together(jobs: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all jobs concurrently and return their results in order.

    When one fails the others are cancelled, and the severest failure is raised.
    """
    pending = list(jobs)
    if not pending:
        return []
    if len(pending) == 1:
        return [await pending[0]]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job) for job in pending]
    except BaseExceptionGroup as failures:
        raise _severest(failures) from failures
    return [task.result() for task in tasks]


def _severest(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    leaves = list(_leaves(failures))
    unexpected = [leaf for leaf in leaves if not isinstance(leaf, _SEVEREST)]
    final = [leaf for leaf in leaves if isinstance(leaf, _SEVEREST) and not isinstance(leaf, CallFailed)]
    return (unexpected or final or leaves)[0]


def _leaves(failure: BaseException) -> Iterable[BaseException]:
    if isinstance(failure, BaseExceptionGroup):
        for inner in failure.exceptions:
            yield from _leaves(inner)
    else:
        yield failure
