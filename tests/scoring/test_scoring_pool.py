"""The pool of workers: order, limits of time and memory, lost workers, several event loops, no key in sight."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from maspo.scoring.limits import Limits
from maspo.scoring.pool import Pool, Reply, Skill
from maspo.scoring.worker import _late

SLOW = "a" * 60 + "!"


def regex_pool(pattern: str, seconds: float = 0.3, memory_mb: int = 1024) -> Pool:
    return Pool(Skill("regex", pattern), Limits(seconds=seconds, memory_mb=memory_mb, workers=2))


def environment(process: int) -> bytes:
    return Path(f"/proc/{process}/environ").read_bytes()


def children() -> set[int]:
    listed = subprocess.run(
        ["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, text=True, check=False
    )
    return {int(line.split()[0]) for line in listed.stdout.splitlines() if "maspo.scoring.worker" in line}


async def test_p01_replies_come_in_the_order_of_the_requests() -> None:
    pool = regex_pool(r"\d+")
    replies = await pool.ask_all([(f"number {number}",) for number in range(300)])
    assert replies == [Reply(value=str(number)) for number in range(300)]
    assert await pool.ask_all([]) == []
    pool.close()


async def test_p02_the_slow_are_cut_and_the_rest_is_answered() -> None:
    pool = regex_pool("(a+)+$")
    await pool.ask_all([("a",)] * 2)
    begun = time.monotonic()
    replies = await pool.ask_all([(SLOW,), ("aa",), (SLOW,), ("aaa",), (SLOW,), ("a",)])
    assert time.monotonic() - begun < 60  # each of the slow ones takes years
    assert [reply.value for reply in replies] == [None, "aa", None, "aaa", None, "a"]
    assert all("time limit" in replies[place].lost for place in (0, 2, 4))
    pool.close()


async def test_p03_a_worker_that_needs_too_much_memory_is_lost_alone() -> None:
    pool = regex_pool("x+", seconds=5, memory_mb=200)
    replies = await pool.ask_all([("x" * size,) for size in (1, 15_000_000, 2, 90_000_000, 3)])
    assert [reply.value for reply in replies[::2]] == ["x", "xx", "xxx"]
    assert replies[3].lost in ("needed more memory than the limit", "ended the worker")
    pool.close()


async def test_p04_killed_workers_are_replaced() -> None:
    pool = regex_pool(r"\w+")
    assert [reply.value for reply in await pool.ask_all([("one",), ("two",)])] == ["one", "two"]
    for worker in children():
        os.killpg(worker, signal.SIGKILL)
    await pool.ask_all([("three",)] * 2)
    assert [reply.value for reply in await pool.ask_all([("four",)] * 4)] == ["four"] * 4
    pool.close()


def test_p05_a_pool_outlives_the_event_loop_that_first_used_it() -> None:
    pool = regex_pool(r"\w+")
    for word in ("one", "two"):
        assert asyncio.run(pool.ask_all([(word,)]))[0].value == word
    pool.close()


async def test_p06_no_worker_is_left_behind() -> None:
    gc.collect()  # Pools that earlier tests left behind.
    before = children()
    pool = regex_pool(r"\w+")
    await pool.ask_all([("one",)] * 2)
    assert children() > before
    del pool
    gc.collect()
    assert children() == before


def test_p07_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "import asyncio, os, signal\n"
        "from maspo.scoring.pool import Pool, Skill\n"
        "pool = Pool(Skill('regex', 'x'))\n"
        "asyncio.run(pool.ask_all([('x',)]))\n"
        "worker = pool._idle.get() or pool._idle.get() or pool._idle.get()\n"
        "print(worker._process.pid if worker else 0, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    worker = int(ran.stdout)
    end = time.monotonic() + 5
    while time.monotonic() < end and Path(f"/proc/{worker}/stat").exists():
        if Path(f"/proc/{worker}/stat").read_text(encoding="utf-8").split()[2] == "Z":
            break
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{worker}").exists()


async def test_p08_no_key_reaches_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-1234")
    pool = regex_pool(r"\w+")
    before = children()
    await pool.ask_all([("one",)])
    for worker in children() - before:
        assert b"canary" not in environment(worker)
    pool.close()


async def test_p09_when_no_worker_starts_nobody_is_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    pool = regex_pool(r"\w+")
    (reply,) = await pool.ask_all([("one",)])
    assert reply.value is None and not reply.lost
    assert "no worker process" in reply.broken
    pool.close()


async def test_p10_what_the_clock_cut_is_tried_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.scoring.pool.PATIENCE", 0.001)
    pool = regex_pool("(?:a+)+$|!", seconds=5)
    texts = ["a" * 20 + "!" * count for count in (1, 2, 3)]
    assert [reply.value for reply in await pool.ask_all([(text,) for text in texts])] == ["!"] * 3
    monkeypatch.setattr("maspo.scoring.pool.LAST_PATIENCE", 0.001)
    (reply,) = await pool.ask_all([(texts[0],)])
    assert reply.late and "time limit" in reply.lost
    pool.close()


@pytest.mark.parametrize(
    ("status", "share", "late"),
    [(signal.SIGALRM, 0.1, True), (signal.SIGALRM, 0.6, False), (signal.SIGPROF, 0.1, False), (256, 0.1, False)],
)
def test_p11_what_had_its_share_of_the_processor_is_not_tried_again(status: int, share: float, late: bool) -> None:
    assert _late(status, share) is late


async def test_p12_a_pool_may_be_let_go_by_its_own_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", failed.append)
    pools = [regex_pool("x")]
    await asyncio.wrap_future(pools[0]._threads.submit(pools.clear))
    await asyncio.sleep(0)
    gc.collect()
    assert not failed
