"""Ctrl-C, SIGTERM, a closed terminal: what is in flight is finished and recorded. Only a second Ctrl-C ends at once."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import pty
import random
import signal
import sys
import termios
import warnings
from dataclasses import replace
from time import perf_counter

import pytest

from maspo.cli import running
from maspo.core.errors import EXIT_INTERRUPTED, EXIT_OK
from tests.lengths import length
from tests.soak.children import LATENCY, MODEL, SECONDS, SETTINGS, Child, Team, lasting, sent

STOPS = length(20, 500)
CHAIN = 10
"""Stops of one run before it may finish."""
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LIMIT = 3.0
"""Seconds that a call may take where the process is stopped for longer."""
AT_ONCE = 1.0
"""Seconds that the second Ctrl-C may take."""


async def stopped(team: Team, name: str, number: int, draw: random.Random) -> bool:
    """Stop a run at a random moment; return whether it was not over before."""
    child = await team.go(name)
    moment = [team.endpoint.another(draw.randint(1, 8)), asyncio.sleep(draw.random() * 3 * LATENCY)]
    code, said = await child.signalled(number, moment)
    if code == EXIT_OK:
        return False
    assert code == EXIT_INTERRUPTED, said
    assert f"maspo resume {name}" in said
    received = team.endpoint.received[team.run_id(name)]
    assert set(received) == set(team.recorded(name)), "a reply was lost"
    return True


async def finish(team: Team, name: str) -> None:
    """Let a run finish and compare it with the one that nobody disturbed."""
    code, said = await (await team.go(name)).ended()
    assert code == EXIT_OK, said
    assert (team.folder / name / "prompts.json").read_bytes() == (team.folder / "whole/prompts.json").read_bytes()
    assert lasting(team.result(name)) == lasting(team.result("whole"))


def test_q00_a_process_that_ends_before_its_signal_leaves_nothing_unawaited() -> None:
    async def ended() -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "", stderr=asyncio.subprocess.PIPE)
        return await Child(process).signalled(signal.SIGINT, [asyncio.Event().wait(), asyncio.sleep(0)])

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert asyncio.run(ended()) == (0, "")
        gc.collect()
    assert [str(each.message) for each in said] == []


@pytest.mark.slow
async def test_q02_a_stopped_run_loses_no_reply_and_repeats_no_call(team: Team) -> None:
    draw = random.Random(3)
    stops = number = 0
    while stops < STOPS:
        number += 1
        name = f"run{number}"
        for turn in range(CHAIN):
            stops += await stopped(team, name, STOPPING[turn % len(STOPPING)], draw)
        await finish(team, name)
        result, received = team.result(name), team.endpoint.received[team.run_id(name)]
        assert set(received.values()) == {1}, "a call was repeated"
        assert result["possibly_billed_twice"] == []
        assert received.total() == sent(result) == sent(team.result("whole"))
    print(f"{stops} stops in {number} runs")


@pytest.mark.slow
async def test_q03_a_second_ctrl_c_ends_at_once_also_while_the_endpoint_hangs(team: Team) -> None:
    draw = random.Random(4)
    slowest = 0.0
    listed = 0
    for turn in range(STOPS):
        name = f"run{turn // CHAIN}"
        child = await team.go(name)
        await asyncio.wait_for(team.endpoint.another(draw.randint(1, 5)), SECONDS)
        await asyncio.wait_for(team.endpoint.hangs(), SECONDS)
        await asyncio.sleep(draw.random() * 2 * LATENCY)
        child.process.send_signal(signal.SIGINT)
        await child.says("Ctrl-C again")
        began = perf_counter()
        child.process.send_signal(draw.choice((signal.SIGINT, signal.SIGTERM)))
        code, said = await child.ended()
        slowest = max(slowest, perf_counter() - began)
        assert code == EXIT_INTERRUPTED, said
        team.endpoint.answers.set()
        if turn % CHAIN == CHAIN - 1:
            await finish(team, name)
            listed += len(team.result(name)["possibly_billed_twice"])
    assert slowest <= AT_ONCE
    assert listed >= STOPS, "what was left behind in flight is listed"
    print(f"{STOPS} second Ctrl-C, the slowest {slowest:.2f} s; {listed} calls listed as possibly billed twice")


@pytest.mark.slow
async def test_q04_a_terminal_that_is_closed_is_told_twice_and_ends_nothing_at_once(team: Team) -> None:
    child = await team.go("run")
    await team.endpoint.another(3)
    await asyncio.wait_for(team.endpoint.hangs(), SECONDS)
    child.process.send_signal(signal.SIGHUP)
    await child.says("Ctrl-C again")
    child.process.send_signal(signal.SIGHUP)  # as a shell does that is told, too
    team.endpoint.answers.set()
    code, _ = await child.ended()
    assert code == EXIT_INTERRUPTED
    assert set(team.endpoint.received[team.run_id("run")]) == set(team.recorded("run")), "a reply was lost"
    await finish(team, "run")
    assert set(team.endpoint.received[team.run_id("run")].values()) == {1}
    assert team.result("run")["possibly_billed_twice"] == []


def _in_terminal() -> None:
    """Be a process of the terminal that is its input, which hears of its end also when the tests do not."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.slow
async def test_q05_a_terminal_that_goes_away_for_good_costs_no_reply(team: Team) -> None:
    ours, theirs = pty.openpty()
    sets = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    url = ("--base-url", team.endpoint.url, "--agent-model", MODEL)
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "maspo",
            "optimize",
            "system.yaml",
            "--inputs",
            "inputs.jsonl",
            "--out",
            "run",
            "--yes",
        ),
        *(*url, *sets),
        cwd=team.folder,
        env={**os.environ, "OPENAI_API_KEY": "", "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_in_terminal,
    )
    os.close(theirs)
    loop = asyncio.get_running_loop()
    loop.add_reader(ours, lambda: os.read(ours, 65536))  # else the panel waits for somebody to look at it
    await asyncio.wait_for(team.endpoint.another(10), SECONDS)
    loop.remove_reader(ours)
    os.close(ours)
    assert await asyncio.wait_for(process.wait(), SECONDS) == EXIT_INTERRUPTED
    assert set(team.endpoint.received[team.run_id("run")]) == set(team.recorded("run")), "a reply was lost"
    await finish(team, "run")
    assert set(team.endpoint.received[team.run_id("run")].values()) == {1}
    assert team.result("run")["possibly_billed_twice"] == []


@pytest.mark.slow
async def test_q06_a_process_that_is_stopped_for_longer_than_a_call_may_take_pays_for_nothing_again(team: Team) -> None:
    patient = replace(team, settings={**SETTINGS, "models.timeout": LIMIT})
    child = await patient.go("run")
    await team.endpoint.another(3)
    await asyncio.wait_for(team.endpoint.hangs(), SECONDS)
    child.process.send_signal(signal.SIGSTOP)
    team.endpoint.answers.set()
    await asyncio.sleep(1.5 * LIMIT)
    child.process.send_signal(signal.SIGCONT)
    code, said = await child.ended()
    assert code == EXIT_OK, said
    assert set(team.endpoint.received[team.run_id("run")].values()) == {1}, "a call was repeated"
    assert team.result("run")["seconds"] < LIMIT + SECONDS


def test_q07_a_run_that_is_told_to_outlive_its_terminal_does() -> None:
    async def under(handling: signal.Handlers) -> bool:
        before = signal.signal(signal.SIGHUP, handling)
        stop = asyncio.Event()
        try:
            with running.stopped_by_signals(stop):
                os.kill(os.getpid(), signal.SIGHUP)
                await asyncio.sleep(0.01)
            return stop.is_set()
        finally:
            signal.signal(signal.SIGHUP, before)

    assert asyncio.run(under(signal.SIG_DFL))
    assert not asyncio.run(under(signal.SIG_IGN)), "nohup"
