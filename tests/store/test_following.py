"""Following a run while it is written: every entry once, in order, from another connection."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from maspo.events import Event, Recorded, RunFinished
from maspo.store import Entry, Item, RecordedResult, RunStore
from maspo.store.run_store import _ENTRIES_SINCE
from maspo.study.optimize import DATABASE
from maspo.testing.runs import Recorder, begin, counted_world, world_job
from tests.store.conftest import SmallRun

WRITER = """
import asyncio, sys
from maspo.events import Paused, encode
from maspo.store import Entry, RunStore

async def main():
    async with RunStore.create(sys.argv[1]) as store:
        print("created", flush=True)
        number = 0
        while number < 2000:
            some = [Paused(f"event {number + each}", 0.0) for each in range(1 + number % 4)]
            await store.append([Entry(one.kind, encode(one)) for one in some])
            number += len(some)
            await asyncio.sleep(0.0005)

asyncio.run(main())
"""


def follow(store: RunStore, seen: list[Recorded[Item]]) -> None:
    seen += store.read_since(seen[-1].seq if seen else 0)


async def test_l01_a_follower_of_a_run_is_given_every_event_once_and_in_order(tmp_path: Path) -> None:
    watcher, seen, looks = Recorder(), list[Recorded[Item]](), 0
    job = world_job()
    running = asyncio.create_task(begin(job, tmp_path, counted_world(job), watcher=watcher))
    while not (tmp_path / DATABASE).exists():  # noqa: ASYNC110 - another process would not tell either
        await asyncio.sleep(0.001)
    with closing(RunStore.read(tmp_path / DATABASE)._database) as database:
        store = RunStore(tmp_path / DATABASE, database)
        while not (seen and isinstance(seen[-1].item, RunFinished)):
            await asyncio.sleep(0.002)
            before = len(seen)
            follow(store, seen)
            looks += len(seen) > before
        await running
        follow(store, seen)
        assert store.read_since(seen[-1].seq) == []
    assert looks > 5, "the run was not followed while it was written"
    assert [entry.seq for entry in seen] == list(range(1, len(seen) + 1))
    assert [entry.at for entry in seen] == sorted(entry.at for entry in seen)
    events: list[Event] = [entry.item for entry in seen if not isinstance(entry.item, RecordedResult)]
    assert events == watcher.events


def test_l02_another_process_writes_meanwhile(quick: Path) -> None:
    path, seen, looks = quick / DATABASE, list[Recorded[Item]](), 0
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "created\n"
        with closing(RunStore.read(path)._database) as database:
            store = RunStore(path, database)
            while len(seen) < 2000:
                before = len(seen)
                follow(store, seen)
                looks += len(seen) > before
                assert writer.poll() in (None, 0)
    assert looks > 5
    assert [entry.seq for entry in seen] == list(range(1, len(seen) + 1))
    assert [entry.item.reason for entry in seen] == [f"event {number}" for number in range(len(seen))]  # type: ignore[union-attr]


def test_l03_a_look_reads_only_what_is_new(small_run: SmallRun) -> None:
    with closing(sqlite3.connect(small_run.folder / DATABASE)) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {_ENTRIES_SINCE}", (3,)).fetchall()
    assert [row[-1] for row in plan] == ["SEARCH journal USING INTEGER PRIMARY KEY (rowid>?)"]


def test_l04_what_is_read_since_an_entry_is_the_rest(small_run: SmallRun) -> None:
    with closing(RunStore.read(small_run.folder / DATABASE)._database) as database:
        store = RunStore(small_run.folder / DATABASE, database)
        whole = store.read_since()
        for seq in range(len(whole) + 2):
            assert store.read_since(seq) == whole[seq:]
        assert [entry.seq for entry in whole] == [entry.seq for entry in store.journal()]


async def test_l05_an_entry_that_cannot_be_read_says_which(tmp_path: Path) -> None:
    async with RunStore.create(tmp_path / DATABASE) as store:
        await store.append([Entry("paused", '{"reason": "r", "seconds": 1}'), Entry("paused", "no json")])
        try:
            store.read_since()
        except Exception as error:
            assert "journal entry 2 (paused) cannot be read" in str(error)
        assert len(store.read_since(2)) == 0
