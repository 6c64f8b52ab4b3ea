# ruff: noqa: ASYNC220 (nothing else runs on the loop of a test)
"""A run is not alone: second writers, readers beside it, dead processes, and clocks that jump."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from maspo.cli.app import app
from maspo.core.errors import StoreError
from maspo.models.base import Message, Reply, Request
from maspo.report.folder import look
from maspo.report.result import result_of
from maspo.store import Entry, RunStore, mend
from maspo.store.locks import RecordLock, made_as
from maspo.store.sqlite import SqliteDatabase
from maspo.study.optimize import DATABASE
from maspo.testing.runs import Recorder, begin, counted_world, go_on
from tests.lengths import length
from tests.store.conftest import SmallRun

HOLDER = """
import asyncio, sys
from maspo.store import RunStore

async def main():
    store = RunStore.create(sys.argv[1])
    await store.append([], {"job": "a job"})
    print("held", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
READER = """
import sys
from pathlib import Path
from maspo.core.errors import UsageError
from maspo.report.folder import look
from maspo.report.text import summary

out, looks = Path(sys.argv[1]), 0
print("looking", flush=True)
while not (out / "prompts.json").exists():
    try:
        summary(look(out).view)
        looks += 1
        Path(sys.argv[2]).write_text("x" * looks)
    except UsageError:
        pass
print(looks)
"""


def asked(number: int) -> Request:
    return Request("m", (Message("user", f"question {number}"),), "agent")


# Two processes


async def test_p01_a_second_process_is_told_who_holds_the_run_until_that_one_dies(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        for opener in (RunStore.open, RunStore.create):
            with pytest.raises(StoreError, match=rf"another maspo process .*\(process {child.pid}\)"):
                opener(path)
        async with RunStore.read(path) as reader:
            assert reader.meta()["job"] == "a job"
        child.kill()
    async with RunStore.open(path) as store:
        with pytest.raises(StoreError, match=rf"\(process {os.getpid()}\)"):
            RunStore.open(path)
        assert store.meta()["job"] == "a job"


async def test_p02_nothing_that_is_taken_away_or_put_beside_a_record_breaks_its_lock(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        beside = path.with_name(f"{path.name}.lock")
        for spoil in (beside.touch, lambda: beside.write_bytes(b"no database at all" * 100), beside.unlink):
            spoil()
            with pytest.raises(StoreError, match="another maspo process"):
                RunStore.open(path)
            with pytest.raises(StoreError, match="another maspo process"):
                mend(path)
        child.kill()
    await RunStore.open(path).close()


async def test_p09_a_mended_record_is_locked_from_its_first_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / DATABASE
    async with RunStore.create(path) as store:
        await store.append([Entry("told", "x" * 5000)], {"job": "a job"})
    data = bytearray(path.read_bytes())
    data[0] ^= 0xFF
    path.write_bytes(data)
    refused = []

    def replace(self: Path, target: Path) -> Path:
        os.replace(self, target)  # noqa: PTH105 (the method is what this stands for)
        with pytest.raises(StoreError, match="another maspo process"):
            RecordLock(path)
        refused.append(target)
        return target

    monkeypatch.setattr(Path, "replace", replace)
    assert "was damaged" in mend(path)
    assert refused == [path]


async def test_p10_a_start_that_was_killed_before_it_took_away_its_first_name_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    await RunStore.create(path).close()
    made_as(path).hardlink_to(path)
    await RunStore.open(path).close()
    assert not made_as(path).exists()


# Readers


@pytest.mark.slow
async def test_p03_readers_neither_break_a_run_nor_fail(small_run: SmallRun, tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-c", READER, str(out)]
    notes = [tmp_path / f"looks {number}" for number in range(3)]
    readers = [
        subprocess.Popen([*command, str(note)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for note in notes
    ]
    for reader in readers:
        assert reader.stdout is not None
        reader.stdout.readline()

    async def slow(_: Request) -> None:
        await asyncio.sleep(0.05)
        # Readers that are starved for a while would not look at all.
        while model.calls > 20 and not all(note.exists() and note.stat().st_size >= 3 for note in notes):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    model = counted_world(small_run.job, slow)
    outcome = await begin(small_run.job, out, model)
    assert small_run.ended_alike(outcome)
    told = [await asyncio.to_thread(reader.communicate) for reader in readers]
    assert [errors for _, errors in told] == ["", "", ""]
    assert all(int(looks) >= 3 for looks, _ in told)


@pytest.mark.slow
async def test_p04_a_reader_that_never_lets_go_does_not_hold_up_the_writer(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    async with RunStore.create(path) as store:
        databases = [SqliteDatabase.read(path) for _ in range(3)]
        held = [each.reader.execute("SELECT name FROM sqlite_master") for each in databases]
        assert [cursor.fetchone() for cursor in held]
        count = length(300, 5000)
        began = time.monotonic()
        for number in range(count):
            await store.put(asked(number), Reply("x" * 3000))
        assert time.monotonic() - began < 0.1 * count
        for cursor, reader in zip(held, (RunStore(path, each) for each in databases), strict=True):
            cursor.close()
            assert reader.usage()["agent"].calls == count
            reader.close_reader()


# Clocks


@pytest.mark.parametrize(
    "jump", [lambda n: -3e7 * n, lambda n: 3e7 * n, lambda n: -(2.0**40), lambda n: (-1) ** n * 1e9, lambda n: 0.0]
)
async def test_p05_a_wall_clock_that_jumps_changes_nothing(
    small_run: SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: Callable[[int], float]
) -> None:
    ticks, real = itertools.count(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump(next(ticks)))
    stop, out = asyncio.Event(), tmp_path / "run"

    async def stop_in_the_middle(_: Request) -> None:
        if first.calls == 12:
            stop.set()

    first, second = counted_world(small_run.job, stop_in_the_middle), counted_world(small_run.job)
    began = time.monotonic()
    assert (await begin(small_run.job, out, first, stop)).finished is None
    outcome = await go_on(small_run.job, out, second)
    assert small_run.ended_alike(outcome)
    assert not first.keys.keys() & second.keys.keys()
    assert 0 < outcome.seconds <= time.monotonic() - began + 0.1
    assert told(out) == told(small_run.folder)
    async with RunStore.read(out / DATABASE) as store:
        assert [entry.seq for entry in store.journal()] == list(range(1, len(store.journal()) + 1))


def told(out: Path) -> dict[str, Any]:
    """Return what a run tells, but for what differs between any two: its id, its seconds and the calls saved."""
    found = result_of(look(out).view).dump()
    kept = ("verdict", "shipped", "why", "holdout", "agents", "influence", "proxy", "conflicts", "complete")
    return {name: found[name] for name in kept}


# What the commands say


def test_p06_resume_mends_a_damaged_run_and_says_so(small_run: SmallRun, tmp_path: Path) -> None:
    out = simulated(small_run, tmp_path / "runs" / "one")
    data = bytearray((out / DATABASE).read_bytes())
    data[5 * 4096] ^= 0xFF
    (out / DATABASE).write_bytes(data)
    run = CliRunner().invoke
    for command in (["runs", str(out.parent)], ["report", str(out)]):
        looked = run(app, command)
        assert (looked.exit_code, "the record is damaged" in looked.stderr) == (0, True)
    resumed = run(app, ["resume", str(out), "--json"])
    assert (resumed.exit_code, "Traceback" in resumed.output) == (0, False)
    assert re.search(r"was damaged .*Saved: \d+ recorded calls.*kept as run.damaged-1.db", resumed.stderr)
    assert json.loads(resumed.stdout.splitlines()[-1])["holdout"] == told(small_run.folder)["holdout"]
    assert "damaged" not in run(app, ["report", str(out)]).stderr


def test_p07_a_run_beyond_repair_is_refused_in_one_line(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "one"
    out.mkdir(parents=True)
    (out / DATABASE).write_bytes(b"SQLite format 3\0" + bytes(9000))
    run = CliRunner().invoke
    for command in ("resume", "report"):
        refused = run(app, [command, str(out)])
        assert (refused.exit_code, refused.stderr.count("\n"), "Traceback" in refused.output) == (1, 1, False)
    listed = run(app, ["runs", str(out.parent)])
    assert (listed.exit_code, "no runs, evaluations or other work" in listed.stdout) == (0, True)


def simulated(run: SmallRun, out: Path) -> Path:
    """Return a folder with a finished run whose world answers by itself."""
    from maspo.study.optimize import start
    from maspo.study.resolve import resolve

    asyncio.run(start(resolve(run.job), out, Recorder()))
    return out


async def test_p08_a_run_in_a_folder_without_room_is_shown_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "live").mkdir()
    async with RunStore.create(tmp_path / "live" / DATABASE) as store:
        await store.append([Entry("told", "1")], {"job": "a job"})
        shutil.copytree(tmp_path / "live", tmp_path / "dead")
    path = tmp_path / "dead" / DATABASE
    path.with_name(f"{DATABASE}-shm").unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
        reader = RunStore.read(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [entry.body for entry in reader.journal()] == ["1"]
    assert (reader.damage, path.with_name(f"{DATABASE}-shm").exists()) == ("", False)
    reader.close_reader()
