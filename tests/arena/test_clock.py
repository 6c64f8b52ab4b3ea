"""The virtual clock: time is what was waited for, and nothing else."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maspo.arena.clock import run_virtually


async def _now() -> float:
    return asyncio.get_running_loop().time()


def test_a01_waiting_takes_virtual_time_and_no_real_time() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return await _now()

    began = time.perf_counter()
    assert run_virtually(main()) == pytest.approx(3600)
    assert time.perf_counter() - began < 1


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.floats(0, 100), max_size=4), max_size=5))
def test_a02_the_time_of_chains_side_by_side_is_the_longest_of_them(chains: list[list[float]]) -> None:
    async def chain(waits: list[float]) -> None:
        for wait in waits:
            await asyncio.sleep(wait)

    async def main() -> float:
        await asyncio.gather(*map(chain, chains))
        return await _now()

    assert run_virtually(main()) == pytest.approx(max(map(sum, chains), default=0), abs=1e-6)


def test_a03_a_limit_of_two_takes_five_calls_three_rounds() -> None:
    async def main() -> float:
        slots = asyncio.Semaphore(2)

        async def call() -> None:
            async with slots:
                await asyncio.sleep(1)

        await asyncio.gather(*(call() for _ in range(5)))
        return await _now()

    assert run_virtually(main()) == pytest.approx(3)


def test_a04_the_clock_stands_still_for_executors() -> None:
    async def main() -> list[str]:
        order: list[str] = []

        async def thread() -> None:
            await asyncio.to_thread(time.sleep, 0.05)
            order.append(f"thread at {await _now():g}")

        async def timer() -> None:
            await asyncio.sleep(5)
            order.append(f"timer at {await _now():g}")

        await asyncio.gather(timer(), thread())
        return order

    assert run_virtually(main()) == ["thread at 0", "timer at 5"]


def test_a05_the_clock_stands_still_for_threads_that_are_counted_elsewhere() -> None:
    waiting = 0

    async def main() -> float:
        nonlocal waiting
        loop = asyncio.get_running_loop()
        alarm = loop.create_task(asyncio.sleep(5))
        told: asyncio.Future[None] = loop.create_future()
        waiting += 1
        thread = threading.Timer(0.05, loop.call_soon_threadsafe, [told.set_result, None])
        thread.start()
        await told
        waiting -= 1
        seen = await _now()
        thread.join()
        await alarm
        return seen

    assert run_virtually(main(), lambda: waiting) == 0


def test_a06_threads_that_still_work_at_the_end_are_waited_for() -> None:
    done = threading.Event()

    def work() -> None:
        time.sleep(0.05)
        done.set()

    async def main() -> None:
        asyncio.get_running_loop().run_in_executor(None, work)

    run_virtually(main())  # from Python 3.12 on a runner waits 300 seconds and warns, which this clock would jump over
    assert done.is_set()
