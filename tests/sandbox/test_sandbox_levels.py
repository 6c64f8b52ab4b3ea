"""Which level is chosen, what happens when none holds, and when a fork server breaks down."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from maspo.sandbox import selftest
from maspo.sandbox.launch import ENVIRONMENT, Level, command
from maspo.sandbox.selftest import Finding, SandboxRefused, choose_level, examine, find_means
from maspo.sandbox.worker import (
    ForkServer,
    SandboxFailed,
    SandboxLimits,
    SandboxPool,
    Submission,
    _Ending,
    _Endings,
    _judge,
)

GOOD = Submission("def f(x): return x", ("assert f(1) == 1",))


@pytest.fixture
def fresh() -> Iterator[None]:
    """Examine anew, before and after."""
    examine.cache_clear()
    yield
    examine.cache_clear()


def fails(*levels: Level) -> object:
    return lambda level: Finding(level, "an attack succeeded" if level in levels else "")


def test_l01_the_strongest_level_that_holds_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for broken, expected in (((), "full"), (("full",), "prelude")):
        monkeypatch.setattr(selftest, "examine", fails(*broken))
        assert choose_level() == expected


def test_l02_nothing_runs_when_no_level_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "examine", fails("full", "prelude"))
    with pytest.raises(SandboxRefused, match=r"full: an attack succeeded; prelude: .*--unsafe-exec"):
        choose_level()
    with pytest.raises(SandboxRefused, match="full: an attack succeeded"):
        choose_level("full")
    assert choose_level("unsafe") == "unsafe"


def test_l03_the_self_test_sees_that_nothing_is_shut_in(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def unconfined(level: Level) -> list[str]:
        return command("unsafe")

    assert examine("unsafe").holds
    monkeypatch.setattr("maspo.sandbox.worker.command", unconfined)
    finding = examine("prelude")
    assert not finding.holds
    assert finding.why.startswith("attacks succeeded: the last call returned ['read a file', 'list a folder'")


def test_l04_without_bubblewrap_the_prelude_is_left(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "bwrap is not installed" in examine("full").why
    assert not find_means().bubblewrap


def test_l05_a_fork_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.sandbox.worker.command", lambda level: ["/bin/sh", "-c", "echo broken >&2"])
    with pytest.raises(SandboxFailed, match="did not start: broken"):
        ForkServer("prelude")


async def test_l06_a_dead_fork_server_is_replaced() -> None:
    async with SandboxPool("unsafe", SandboxLimits(), workers=1) as pool:
        assert [result.outcome for result in await pool.run([GOOD])] == ["passed"]
        worker = pool._seats[0]._server
        assert worker is not None
        os.kill(worker._server.pid, signal.SIGKILL)
        assert [result.outcome for result in await pool.run([GOOD, GOOD])] == ["passed", "passed"]


async def test_l12_a_cancelled_caller_does_not_wait_for_its_program() -> None:
    endless = Submission("def f(x):\n    while True: pass", ("f(1)",))
    for level in ("unsafe", choose_level()):
        began = time.monotonic()
        async with SandboxPool(level, SandboxLimits(), workers=1) as pool:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(pool.run([endless]), 1)
        assert time.monotonic() - began < 8  # and not the 10 s of CPU or 30 s in all that it may take


async def test_l07_without_fork_servers_jobs_fail_and_nothing_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maspo.sandbox.worker.command", lambda level: ["/nowhere/python"])
    async with SandboxPool("prelude", SandboxLimits(), workers=2) as pool:
        results = await pool.run([GOOD, GOOD])
    assert [result.outcome for result in results] == ["failed", "failed"]
    assert "cannot be started" in results[0].why


def test_l08_nothing_of_this_process_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    assert "sk-canary" not in json.dumps([ENVIRONMENT, command("prelude")])
    readable = json.loads(command("prelude")[-1])["readable"]
    home = str(Path.home())
    assert not any(Path(home).is_relative_to(path) or Path.cwd().is_relative_to(path) for path in readable)
    assert not any("site-packages" in path for path in readable)


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b'{"nonce": "n", "test": 0, "ok": true, "why": ""}\n',
        b'{"nonce": "n", "end": 0}\n',
        b'{"nonce": "n", "end": 1}\n',
        b'{"nonce": "x", "test": 0, "ok": true, "why": ""}\n{"nonce": "x", "end": 1}\n',
        b'{"nonce": "n", "test": 1, "ok": true, "why": ""}\n{"nonce": "n", "end": 1}\n',
        b'{"nonce": "n", "test": 0, "ok": 1, "why": ""}\n{"nonce": "n", "end": 1}\n',
        b'{"nonce": "n", "test": 0, "ok": true, "why": ""}\n{"nonce": "n", "end": 2}\n',
        b"[" * 100_000,
        b"\xff\x00\n[1]\nnull\n",
    ],
)
def test_l09_passed_needs_every_report_and_the_nonce(told: bytes) -> None:
    endings = _Endings(_Ending(0, 0.0), _Ending(0, 0.0), 0.0, SandboxLimits())
    assert _judge(told, "n", endings).outcome == "wrong"
    whole = b'{"nonce": "n", "test": 0, "ok": true, "why": ""}\n{"nonce": "n", "end": 1}\n'
    assert _judge(whole, "n", endings).outcome == "passed"


def test_l10_limits_make_sense() -> None:
    for change in ({"cpu_seconds": 0}, {"wall_seconds": -1}, {"memory_mb": 0}, {"open_files": 3}):
        with pytest.raises(ValueError, match="every limit"):
            dataclasses.replace(SandboxLimits(), **change)


def test_l11_looking_for_means_changes_nothing() -> None:
    assert find_means() == find_means()


def test_l13_a_signal_without_a_name_is_told_by_its_number() -> None:
    killed = Submission("import os\ndef f(): os.kill(os.getpid(), 40)", ("f()",))
    worker = ForkServer("unsafe")
    try:
        assert worker.run(killed, SandboxLimits()).why == "the program crashed (signal 40)"
    finally:
        worker.close()


def test_l14_time_is_longer_where_processes_wait_for_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Submission("import time\ndef f(): time.sleep(0.5)\n", ("assert f() is None",) * 3)
    limits = SandboxLimits(wall_seconds=1.0)
    worker = ForkServer("unsafe")
    try:
        monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0.0, 0.0))
        assert "not finished after" in worker.run(slow, limits).why
        monkeypatch.setattr(os, "getloadavg", lambda: (100.0 * (os.cpu_count() or 1), 0.0, 0.0))
        assert worker.run(slow, limits).outcome == "passed"
        # A load that no machine has, as containers on a large host may tell, lets nothing sleep on and on.
        asleep = Submission("import time\ndef f(): time.sleep(10_000)\n", ("assert f() is None",))
        monkeypatch.setattr(os, "getloadavg", lambda: (1e6 * (os.cpu_count() or 1), 0.0, 0.0))
        assert "not finished after" in worker.run(asleep, SandboxLimits(wall_seconds=0.1)).why
    finally:
        worker.close()
