"""The same responses lead to the same result: whatever order they come in, whatever the hash seed, resumed or not."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from maspo.models.base import Request
from maspo.testing.runs import Counted, begin, counted_world, go_on
from tests.study.happened import SMALL, digest, happened, small_job

ORDERS = 200
HASH_SEEDS = 10
LONGEST = 8
"""Turns of the event loop that a reply may take."""


def shuffled(draw: random.Random, stop: asyncio.Event, after: int) -> Counted:
    """Return the world whose replies come in a random order; it asks to stop once so many calls were sent."""

    async def before(_: Request) -> None:
        if model.calls >= after:
            stop.set()
        for _turn in range(draw.randrange(LONGEST)):
            await asyncio.sleep(0)

    model = counted_world(small_job("default"), before)
    return model


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("undisturbed")

    async def run_all() -> None:
        for profile in SMALL:
            await begin(small_job(profile), folder / profile)

    asyncio.run(run_all())
    return {profile: happened(folder / profile) for profile in SMALL}


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
async def test_l01_any_order_of_completion_gives_the_same_run(
    tmp_path: Path, undisturbed: dict[str, dict[str, Any]], part: int
) -> None:
    for number in range(ORDERS * part // 10, ORDERS * (part + 1) // 10):
        draw = random.Random(number)
        profile = draw.choice(list(SMALL))
        folder = tmp_path / str(number)
        stop = asyncio.Event()
        stops_after = draw.randint(1, 70) if number % 2 else 10**9
        model = shuffled(draw, stop, stops_after)
        outcome = await begin(small_job(profile), folder, model, stop)
        asked = model.keys
        while outcome.finished is None:
            model = shuffled(draw, stop := asyncio.Event(), draw.randint(10, 100))
            outcome = await go_on(small_job(profile), folder, model, stop)
            assert not asked & model.keys, "a recorded call was repeated"
            asked = asked + model.keys
        found = happened(folder)
        for name, expected in undisturbed[profile].items():
            assert found[name] == expected, f"order {number}, {profile}: {name}"


@pytest.mark.slow
async def test_l02_any_hash_seed_gives_the_same_run(tmp_path: Path, undisturbed: dict[str, dict[str, Any]]) -> None:
    expected = [f"{profile} {digest(found)}" for profile, found in undisturbed.items()]
    for seed in range(HASH_SEEDS):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.study.happened", str(tmp_path / str(seed))),
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await process.communicate()
        assert process.returncode == 0
        assert printed.decode().splitlines() == expected, f"PYTHONHASHSEED={seed}"


def test_l03_the_small_runs_are_worth_comparing(undisturbed: dict[str, dict[str, Any]]) -> None:
    for profile, found in undisturbed.items():
        assert len(found["calls"]) > 50, profile
        assert any("PromptChanged" in event for event in found["events"]), profile
    assert undisturbed["default"]["calls"] != undisturbed["cheap"]["calls"]
