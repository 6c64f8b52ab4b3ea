"""Programs scored in other processes, which may be on other machines: each in a sandbox that holds where it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from maspo.core.errors import ConfigInvalid
from maspo.core.executors import check_executor, open_workers
from maspo.core.running import run as in_loop
from maspo.core.workers import WorkerLost, Workers
from maspo.scoring.base import Sample, Score, Scorer
from maspo.scoring.registry import CODE, scorer_of

PART = 32
"""Programs that are sent together: a sandbox starts in a tenth of a second, a short program takes a fiftieth."""
_MOST_LOST = 3
"""Times that a part is lost before its programs count as failed; nothing is recorded or paid, so it begins anew."""


def check_scored_elsewhere(name: str, executor: str) -> None:
    """Check that a scorer may work where ``--executor`` says.

    Raises:
        ConfigInvalid: the executor is none, or the scorer runs no programs.

    """
    check_executor(executor)
    if executor and name.partition(":")[0] != CODE:
        raise ConfigInvalid(
            f"--executor {executor}: only programs are scored elsewhere, and the scorer {name} runs none; leave it out"
        )


@contextmanager
def scoring(name: str, executor: str = "") -> Iterator[Scorer]:
    """Open a scorer by its name, for programs in other processes where an executor says so.

    Raises:
        ConfigInvalid: what ``scorer_of`` raises; the executor cannot be used.

    """
    if not executor:
        yield scorer_of(name)
        return
    with open_workers(executor, 0) as workers:
        yield CodeElsewhere(name.partition(":")[2], workers)


class CodeElsewhere:
    """The scorer of programs, done by workers: a worker scores one program after the other.

    ``argument`` is that of ``code_scorer``. Which sandbox holds is tried out on each machine.
    """

    def __init__(self, argument: str, workers: Workers) -> None:
        self._argument, self._workers = argument, workers

    async def score(self, samples: Sequence[Sample]) -> list[Score]:
        """Return one score for each sample, in their order.

        Raises:
            ConfigInvalid: a machine has none of the packages that programs may import.
            SandboxRefused: no sandbox holds on a machine.

        """
        parts = [samples[begin : begin + PART] for begin in range(0, len(samples), PART)]
        return [score for part in await asyncio.gather(*map(self._part, parts)) for score in part]

    async def _part(self, part: Sequence[Sample]) -> Sequence[Score]:
        why = ""
        for _ in range(_MOST_LOST):
            try:
                return await asyncio.wrap_future(self._workers.submit(_score_there, self._argument, tuple(part)))
            except WorkerLost as error:
                why = str(error)
        return [Score(sample.id, "failed", why=f"its worker was lost {_MOST_LOST} times: {why}") for sample in part]


def _score_there(argument: str, samples: Sequence[Sample]) -> Sequence[Score]:
    """Score programs one after the other, in a process of a worker."""
    from maspo.scoring.code import code_scorer  # with all of the sandbox, which nobody else needs

    return in_loop(code_scorer(argument).one_at_a_time().score(samples))
