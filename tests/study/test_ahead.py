"""What a search begins ahead: nobody waits for it before it is asked for; the record is that of a search in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from maspo.arena.clock import run_virtually
from maspo.core.errors import ProviderError
from maspo.models.base import PROPOSER, Request
from maspo.optimizers.base import Ask, Compare, Problem, Propose, Search
from maspo.store.writer import changes_waiting
from maspo.study.job import Outcome
from maspo.study.resolve import Parts
from maspo.testing.runs import SMALL_RACE, begin, counted_world, go_on, world_job
from tests.study.happened import happened

JOB = world_job(inputs=12)
LONG, SHORT = 100.0, 1.0


@dataclass(frozen=True)
class Waves:
    """A search of two waves of comparisons, and of drafts that it begins beside the first, or asks for at the end."""

    ahead: bool
    collects: bool = True
    config = SMALL_RACE

    def search(self, problem: Problem) -> Search:
        """Compare, compare, and ask for the drafts, or leave them."""
        seeds, name = problem.seed_prompts, problem.team.order[0]

        def compared(keys: Sequence[str]) -> tuple[Compare, ...]:
            return tuple(Compare(f"look/{key}", seeds, {name: f"{seeds[name]} Be exact."}, key, True) for key in keys)

        drafts = (Propose("draft", name, seeds, problem.inputs[:2], (), 2),)
        yield Ask(seeds, compared(problem.inputs[:2]), ahead=drafts if self.ahead else ())
        yield Ask(seeds, compared(problem.inputs[2:4]))
        if self.collects:
            yield Ask(seeds, drafts, begun=self.ahead)
        return Ask(seeds)


async def in_its_time(request: Request) -> None:
    await asyncio.sleep(LONG if request.purpose == PROPOSER else SHORT)


def play(search: Waves, out: Path) -> tuple[Outcome, float]:
    async def work() -> tuple[Outcome, float]:
        outcome = await begin(JOB, out, counted_world(JOB, in_its_time), parts=Parts(optimizer=search))
        return outcome, asyncio.get_running_loop().time()

    return run_virtually(work(), changes_waiting)


def lasting(folder: Path) -> dict[str, Any]:
    """Return what is recorded, whatever the order: nothing that a search tells hangs on it here."""
    return {name: found for name, found in happened(folder).items() if name != "events"}


def test_h01_what_is_begun_ahead_is_waited_for_where_it_is_asked_for_and_the_record_is_the_same(tmp_path: Path) -> None:
    _, in_turn = play(Waves(ahead=False), tmp_path / "in turn")
    _, ahead = play(Waves(ahead=True), tmp_path / "ahead")
    assert lasting(tmp_path / "ahead") == lasting(tmp_path / "in turn")
    second_wave = 2 * SHORT  # two agents at least
    assert LONG < ahead <= in_turn - second_wave


def test_h02_what_is_begun_and_never_asked_for_is_recorded_and_counted(tmp_path: Path) -> None:
    outcome, took = play(Waves(ahead=True, collects=False), tmp_path / "dropped")
    assert outcome.finished is not None and outcome.finished.usage[PROPOSER].calls == 1
    assert "draft" in happened(tmp_path / "dropped")["told"]
    assert took > LONG, "it is paid, so the run waits for it before it says what was spent"


@pytest.mark.parametrize("collects", [True, False])
async def test_h03_what_it_fails_by_is_met_in_the_end(collects: bool, tmp_path: Path) -> None:
    async def refuses(request: Request) -> None:
        if request.purpose == PROPOSER:
            raise ProviderError("no such key")

    model = counted_world(JOB, refuses)
    with pytest.raises(ProviderError, match="no such key"):
        await begin(JOB, tmp_path / "run", model, parts=Parts(optimizer=Waves(True, collects)))
    parts = Parts(optimizer=Waves(True, collects))
    outcome = await go_on(JOB, tmp_path / "run", counted_world(JOB), parts=parts)
    assert outcome.finished is not None


@pytest.mark.parametrize("after", [1, 4, 7, 10, 13])
async def test_h04_a_run_that_is_stopped_meanwhile_goes_on_and_repeats_no_call(after: int, tmp_path: Path) -> None:
    stop = asyncio.Event()

    async def stopping(request: Request) -> None:
        if model.calls >= after:
            stop.set()
        for _ in range(20 if request.purpose == PROPOSER else 2):
            await asyncio.sleep(0)

    model = counted_world(JOB, stopping)
    parts = Parts(optimizer=Waves(ahead=True))
    outcome = await begin(JOB, tmp_path / "run", model, stop, parts=parts)
    asked = model.keys
    if outcome.finished is None:
        model = counted_world(JOB)
        outcome = await go_on(JOB, tmp_path / "run", model, parts=parts)
        assert not asked & model.keys
    assert outcome.finished is not None
    await begin(JOB, tmp_path / "whole", counted_world(JOB), parts=Parts(optimizer=Waves(ahead=False)))
    assert lasting(tmp_path / "run") == lasting(tmp_path / "whole")


async def test_h05_a_run_that_fails_lets_what_is_begun_and_in_flight_end_and_repeats_none_of_it(tmp_path: Path) -> None:
    async def refuses(request: Request) -> None:
        if request.purpose == PROPOSER:
            await asyncio.sleep(0.3)
        elif model.purposes[PROPOSER]:
            raise ProviderError("no such key")

    parts = Parts(optimizer=Waves(ahead=True))
    model = counted_world(JOB, refuses)
    with pytest.raises(ProviderError, match="no such key"):
        await begin(JOB, tmp_path / "run", model, parts=parts)
    assert model.purposes[PROPOSER] == 1, "it was in flight"
    again = counted_world(JOB)
    outcome = await go_on(JOB, tmp_path / "run", again, parts=parts)
    assert outcome.finished is not None and outcome.finished.usage[PROPOSER].calls == 1
    assert PROPOSER not in again.purposes
