"""Under ``--max-minutes`` the search ends early enough in time that the hold-out test fits, on a virtual clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from maspo.arena.clock import run_virtually
from maspo.config import Caps, search_of
from maspo.models.base import PROBE, Request, Stage, Transient
from maspo.store.writer import changes_waiting
from maspo.study.job import Job, Outcome
from maspo.testing.runs import Before, begin, counted_world, with_config, world_job
from maspo.world.spec import WorldSpec


def now() -> float:
    return asyncio.get_running_loop().time()


def taking(seconds: Callable[[Request], float]) -> Before:
    async def answer(request: Request) -> None:
        await asyncio.sleep(seconds(request))

    return answer


def slots(places: int, seconds: float) -> Before:
    free = asyncio.Semaphore(places)

    async def answer(_: Request) -> None:
        async with free:
            await asyncio.sleep(seconds)

    return answer


def at_most(rate: float) -> Before:
    """Refuse what comes faster than so many calls a second."""
    left, last = 1.0, 0.0

    async def answer(request: Request) -> None:
        nonlocal left, last
        left, last = min(max(1.0, 2 * rate), left + (now() - last) * rate), now()
        if left < 1 and request.purpose != PROBE:
            raise Transient("too fast", Stage.LIMITED, retry_after=1 / rate)
        left -= 1
        await asyncio.sleep(1.0)

    return answer


KINDS: dict[str, Callable[[], Before]] = {
    "steady": lambda: taking(lambda _: 5.0),
    "a slow judge": lambda: taking(lambda asked: 30.0 if asked.purpose.startswith("judge") else 3.0),
    "slow agents": lambda: taking(lambda asked: 30.0 if asked.purpose == "agent" else 3.0),
    "long tails": lambda: taking(lambda asked: 2.0 * random.Random(asked.key).lognormvariate(0, 1)),
    "two places": lambda: slots(2, 5.0),
    "a rate limit": lambda: at_most(1.0),
    "slower and slower": lambda: taking(lambda _: 1.0 + now() / 50),
}


def job() -> Job:
    return with_config(world_job(inputs=40, spec=WorldSpec(seed=5)), search=search_of("cheap", {}))


def play(job: Job, kind: str, out: Path) -> tuple[Outcome, float]:
    async def work() -> tuple[Outcome, float]:
        return await begin(job, out, counted_world(job, KINDS[kind]())), now()

    return run_virtually(work(), changes_waiting)


@cache
def minutes_of_a_whole_run(kind: str) -> float:
    with TemporaryDirectory() as folder:
        return play(job(), kind, Path(folder) / "run")[1] / 60


@pytest.mark.parametrize("share", [0.6, 0.8])
@pytest.mark.parametrize("kind", KINDS)
def test_c15_the_hold_out_test_fits_into_what_is_left_of_the_minutes(kind: str, share: float, tmp_path: Path) -> None:
    cap = share * minutes_of_a_whole_run(kind)
    outcome, seconds = play(with_config(job(), caps=Caps(minutes=cap)), kind, tmp_path / "run")
    assert outcome.finished is not None and "--max-minutes" in outcome.finished.why
    assert outcome.finished.winners != job().system.prompts
    assert outcome.finished.holdout.n + outcome.finished.holdout.undecided == 20, outcome.finished.why
    assert "left out" not in outcome.finished.why
    assert outcome.seconds == pytest.approx(seconds)
    assert 0.6 * 60 * cap < seconds <= 60 * cap, "and the search had most of the rest"
