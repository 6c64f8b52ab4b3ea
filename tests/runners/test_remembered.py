"""Runs that are remembered: shared while they are under way, known afterwards, forgotten when they fail."""

from __future__ import annotations

import asyncio

import pytest

from maspo.core.errors import CallFailed
from maspo.core.trace import Trace
from maspo.runners.remembered import RememberedRuns


class Team:
    """Counts its runs; each waits until it may go on."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.may_end = asyncio.Event()

    async def run(self, key: str, fails: bool = False) -> Trace:
        self.begun.append(key)
        await self.may_end.wait()
        if fails:
            raise CallFailed("no answer")
        return Trace(key, (), "7")


async def test_r01_equal_runs_that_overlap_are_one_and_known_afterwards() -> None:
    team, runs = Team(), RememberedRuns(2)
    asked = [asyncio.create_task(runs.get({"a": "P"}, "one", lambda: team.run("one"))) for _ in range(3)]
    other = asyncio.create_task(runs.get({"a": "Q"}, "one", lambda: team.run("one")))
    await asyncio.sleep(0)
    asked.pop().cancel()  # the others still wait for the run
    team.may_end.set()
    assert (await asyncio.gather(*asked))[0] is (await asked[1]) is not (await other)
    assert await runs.get({"a": "P"}, "one", lambda: team.run("one")) is asked[0].result()
    assert team.begun == ["one", "one"]


async def test_r02_a_failure_is_everybodys_who_waits_and_then_forgotten() -> None:
    team, runs = Team(), RememberedRuns(1)
    asked = [asyncio.create_task(runs.get({}, "one", lambda: team.run("one", fails=True))) for _ in range(2)]
    team.may_end.set()
    assert all(isinstance(one, CallFailed) for one in await asyncio.gather(*asked, return_exceptions=True))
    assert (await runs.get({}, "one", lambda: team.run("one"))).output == "7"
    assert team.begun == ["one", "one"]


async def test_r03_the_runs_asked_for_last_are_kept() -> None:
    team, runs = Team(), RememberedRuns(10**6)  # of so large a team 64 are remembered
    team.may_end.set()
    for number in (*range(64), 0, 64, 0, 1):
        await runs.get({}, str(number), lambda key=str(number): team.run(key))  # type: ignore[misc]
    assert team.begun == [*map(str, range(65)), "1"]


async def test_r04_at_the_end_nothing_runs_on() -> None:
    team, runs = Team(), RememberedRuns(1)
    asked = asyncio.create_task(runs.get({}, "one", lambda: team.run("one")))
    await asyncio.sleep(0)
    await runs.close()
    with pytest.raises(asyncio.CancelledError):
        await asked
