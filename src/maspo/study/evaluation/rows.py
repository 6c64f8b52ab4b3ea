"""Working through the rows of an evaluation side by side, under the caps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from maspo.core.concurrency import together
from maspo.core.errors import BudgetReached, CallFailed
from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.core.trace import Trace
from maspo.study.session import Session

T = TypeVar("T")
_ROWS_UNDER_A_CAP = 16
"""Rows that are begun together under a cap, so that a cap leaves few rows half done."""


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """What was found for each input, by its key, in the order of the inputs; ``left_out`` are those cut by a cap."""

    found: Mapping[str, T]
    left_out: int


class _Cut:
    """Stands for a row that a cap left out."""


async def over_rows(
    session: Session,
    planned: int,
    one: Callable[[str], Awaitable[T]],
    enough: Callable[[Mapping[str, T]], bool] | None = None,
) -> Rows[T]:
    """Find something for each input; stop when it is enough.

    Inputs are taken in an order drawn from their content, so that a cap leaves out no particular part of a file.
    """
    keys = [row.key for row in session.job.inputs.rows]
    session.begin_stage("evaluation", len(keys), planned)
    caps = session.job.config.caps
    size = _ROWS_UNDER_A_CAP if enough or any((caps.calls, caps.usd, caps.minutes)) else len(keys)
    order = shuffled(keys, session.job.config.seed, "evaluate")
    found: dict[str, T] = {}

    async def row(work: Awaitable[T]) -> T | _Cut:
        try:
            return await work
        except BudgetReached:
            return _Cut()
        finally:
            session.advance()

    for begin in range(0, len(order), size):
        group = order[begin : begin + size]
        for key, result in zip(group, await together(row(one(key)) for key in group), strict=True):
            if not isinstance(result, _Cut):
                found[key] = result
        await session.save()
        if enough and enough(found):
            break
    return Rows({key: found[key] for key in keys if key in found}, len(keys) - len(found))


async def trace_of(session: Session, prompts: Prompts, input_key: str, repeat: int) -> Trace | None:
    """Return a run on one input, or None when a call of it failed for good; raises what else the model raises."""
    try:
        return await session.runner(repeat).run(prompts, input_key)
    except CallFailed:
        return None
