# ruff: noqa: ASYNC220, ASYNC240 (nothing else runs on the loop of a test)
"""The run's database: durable, atomic, locked, and clear about what it cannot read."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from maspo.core.errors import StoreError
from maspo.core.trace import Call, Trace
from maspo.events import Usage
from maspo.models.base import Message, Reply, Request
from maspo.optimizers.base import Scored
from maspo.store import Entry, RecordedResult, RunOfTeam, RunStore
from maspo.store.run_store import _OF_CALLS
from maspo.store.schema import APPLICATION_ID, VERSION
from maspo.store.tables import CALLS
from maspo.store.writer import Writer
from maspo.testing.models import HARD_TEXTS, check_call_store

WRITER = """
import asyncio, sys
from maspo.models.base import Message, Reply, Request
from maspo.store import RunStore

async def put(store, number):
    request = Request("m", (Message("user", f"question {number}"),), "agent")
    await store.put(request, Reply(f"reply {number} " + "x" * 500))
    print(request.key, flush=True)

async def main():
    store = RunStore.open(sys.argv[1])
    number = 0
    while True:
        await asyncio.gather(*(put(store, number + each) for each in range(16)))
        number += 16

asyncio.run(main())
"""


def ask(text: str = "Hi", purpose: str = "agent") -> Request:
    return Request("m", (Message("user", text),), purpose=purpose, agent="solver")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[RunStore]:
    async with RunStore.create(path) as made:
        yield made


async def made(path: Path) -> Path:
    """Make a run, leave it, and return where it is."""
    await RunStore.create(path).close()
    return path


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()


# Calls


async def test_i01_it_keeps_the_contract_of_a_call_store(path: Path) -> None:
    await made(path)

    @asynccontextmanager
    async def opened() -> AsyncIterator[RunStore]:
        async with RunStore.open(path) as store:
            yield store

    await check_call_store(opened)


async def test_i02_a_write_is_there_for_others_when_it_returns(store: RunStore, path: Path) -> None:
    async with RunStore.read(path) as reader:
        await store.put(ask(), Reply("x"))
        assert reader.get(ask().key) == Reply("x")


async def test_i03_a_put_that_is_cancelled_is_still_written(store: RunStore) -> None:
    task = asyncio.create_task(store.put(ask(), Reply("x")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.put(ask("other"), Reply("y"))
    assert store.get(ask().key) == Reply("x")


async def test_i23_what_is_recorded_is_found_by_whoever_looked_before(path: Path, tmp_path: Path) -> None:
    async with RunStore.create(path) as store:
        await store.put(ask(), Reply("x"))
    async with RunStore.open(path) as again, RunStore.create(tmp_path / "copy.db") as copy:
        assert again.get(ask("new").key) is None and copy.get(ask().key) is None
        await again.put(ask("new"), Reply("y"))
        await copy.put_rows(CALLS, again.rows(CALLS))
        for one in (again, copy):
            assert [one.get(ask(text).key) for text in ("Hi", "new", "other")] == [Reply("x"), Reply("y"), None]


async def test_i04_usage_by_purpose_is_what_the_calls_cost(store: RunStore) -> None:
    await store.put(ask("1"), Reply("", 10, 20, usd=0.25, attempts=3))
    await store.put(ask("2"), Reply("", 1, 2, usd=0.5))
    await store.put(ask("3", "proposer"), Reply("", None, 5))
    for number in range(6):
        await store.sent(ask("lost"), 1.0)
        store.failed(ask("lost"), 0.125 * number)
    await store.sent(ask("open", "judge.local"), 0.5)
    await store.sent(ask("1"), None)
    assert [attempt.key for attempt in store.open_attempts()] == [ask("open").key, ask("1").key]
    await store.put(ask("1"), Reply("again"))
    assert [attempt.usd for attempt in store.open_attempts()] == [0.5]
    assert store.usage() == {
        "agent": Usage(calls=10, failed=8, tokens_in=11, tokens_out=22, usd=2.625),
        "proposer": Usage(calls=1, tokens_out=5, unmetered=1, usd=None),
        "judge.local": Usage(calls=1, failed=1, usd=0.5),
    }


async def test_i05_what_cannot_be_stored_is_an_error_and_the_store_goes_on(store: RunStore) -> None:
    with pytest.raises(StoreError, match=r"run\.db"):
        await store.put(ask(), Reply("x", tokens_in=2**70))
    assert store.get(ask().key) is None
    await store.put(ask(), Reply("x"))
    assert store.get(ask().key) == Reply("x")


# Journal, meta, traces


async def test_i06_the_journal_keeps_order_and_any_text(store: RunStore) -> None:
    await store.append([Entry("k", text) for text in HARD_TEXTS], {"a": "1", "b": "\ud800\0"})
    await store.append([Entry("last", "")], {"a": "2"})
    journal = store.journal()
    assert [entry.body for entry in journal] == [*HARD_TEXTS, ""]
    assert [entry.seq for entry in journal] == list(range(1, len(HARD_TEXTS) + 2))
    assert all(entry.at > 1.6e9 for entry in journal)
    assert store.meta() == {"a": "2", "b": "\ud800\0"}


async def test_i07_entries_and_meta_are_written_together_or_not_at_all(store: RunStore) -> None:
    broken = Entry(None, "x")  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        await store.append([Entry("k", "x"), broken], {"a": "1"})
    assert (store.journal(), store.meta()) == ([], {})


async def test_i08_many_tasks_append_without_loss(store: RunStore) -> None:
    await asyncio.gather(*(store.append([Entry("k", f"{n} a"), Entry("k", f"{n} b")]) for n in range(200)))
    bodies = [entry.body for entry in store.journal()]
    assert len(bodies) == 400
    pairs = list(zip(bodies[::2], bodies[1::2], strict=True))
    assert all(first[:-1] == second[:-1] for first, second in pairs)


async def test_i22_what_is_asked_in_one_turn_is_committed_together(path: Path) -> None:
    groups: list[int] = []
    writer = Writer(lambda changes: groups.append(len(changes)), path)
    await asyncio.gather(*(writer.write(lambda _: None) for _ in range(100)))
    await writer.close()
    assert groups == [100]


async def test_i09_traces_are_found_by_prompts_and_input(store: RunStore) -> None:
    trace = Trace("k", (Call("a", "out \ud800", tokens_out=1, seconds=0.5, key="c"),), "out \ud800")
    await store.put_result(RecordedResult("w", Scored("k", None), runs=(RunOfTeam("p", trace.digest),)), [trace])
    assert store.trace("p", "k") == trace
    assert store.trace("p", "other") is None
    assert store.trace("other", "k") is None


# Who may open what


async def test_i10_a_second_writer_is_refused_and_admitted_after_the_first_closed(path: Path) -> None:
    async with RunStore.create(path):
        with pytest.raises(StoreError, match="another maspo process"):
            RunStore.open(path)
        with pytest.raises(StoreError, match="another maspo process"):
            RunStore.create(path)
    await RunStore.open(path).close()


async def test_i11_a_run_is_not_made_over_another(path: Path) -> None:
    await made(path)
    with pytest.raises(StoreError, match="maspo resume"):
        RunStore.create(path)
    await RunStore.open(path).close()


async def test_i12_a_reader_cannot_write(path: Path) -> None:
    await made(path)
    async with RunStore.read(path) as reader:
        with pytest.raises(StoreError, match=r"RunStore\.open"):
            await reader.put(ask(), Reply("x"))


async def test_i13_a_closed_store_says_so(path: Path) -> None:
    store = RunStore.create(path)
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.put(ask(), Reply("x"))
    with pytest.raises(StoreError):
        store.get(ask().key)
    await store.close()


async def test_i14_closing_writes_what_is_waiting(path: Path) -> None:
    store = RunStore.create(path)
    tasks = [asyncio.create_task(store.put(ask(str(number)), Reply("x"))) for number in range(50)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*tasks)
    async with RunStore.read(path) as reader:
        assert all(reader.get(ask(str(number)).key) for number in range(50))


@pytest.mark.parametrize("opener", [RunStore.open, RunStore.read])
async def test_i15_files_that_are_no_run_are_refused_with_a_fix(path: Path, opener: Callable[[Path], RunStore]) -> None:
    with pytest.raises(StoreError, match="holds no run"):
        opener(path)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="no record of maspo"):
        opener(path)
    path.write_bytes(b"just some text, long enough to be looked at" * 100)
    with pytest.raises(StoreError, match="no record of maspo"):
        opener(path)
    path.unlink()
    change(path, "CREATE TABLE t (x)")
    with pytest.raises(StoreError, match="no record of maspo"):
        opener(path)


@pytest.mark.parametrize("opener", [RunStore.open, RunStore.read])
async def test_i16_a_newer_schema_is_refused(path: Path, opener: Callable[[Path], RunStore]) -> None:
    change(await made(path), f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(StoreError, match="newer maspo"):
        opener(path)


async def test_i17_a_damaged_file_without_its_job_is_shown_and_not_gone_on_with(path: Path) -> None:
    async with RunStore.create(path) as store:
        for number in range(50):
            await store.append([Entry("k", f"{number}" * 2000)])
    whole = path.read_bytes()
    half = len(whole) // 2
    path.write_bytes(whole[:half] + b"\xff" * 8192 + whole[half + 8192 :])
    for damaged in (path.read_bytes(), whole[:half]):
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match="cannot be used"):
            RunStore.open(path)
        async with RunStore.read(path) as reader:
            assert reader.damage
            assert 10 < len(reader.journal()) < 50


async def test_i18_a_refused_file_stays_free_for_the_next_try(path: Path) -> None:
    change(path, "CREATE TABLE t (x)")
    with pytest.raises(StoreError):
        RunStore.open(path)
    path.unlink()
    await RunStore.create(path).close()


async def test_i19_a_folder_that_is_missing_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        RunStore.create(tmp_path / "missing" / "run.db")


async def test_i20_the_file_says_what_it_is(path: Path) -> None:
    await made(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


# Death


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
async def test_i21_kill_9_loses_nothing_that_was_acknowledged(path: Path, seed: int) -> None:
    await made(path)
    chance = random.Random(seed)
    wanted = chance.randint(1, 400)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        printed = [child.stdout.readline().strip() for _ in range(wanted)]
        child.kill()
        printed += [line.strip() for line in child.stdout if line.endswith("\n")]
    assert len(printed) >= wanted
    async with RunStore.read(path) as reader:
        assert [key for key in printed if reader.get(key) is None] == []
    async with RunStore.open(path) as store:
        assert store.usage()["agent"].calls >= len(printed)


def test_i22_to_read_on_from_a_call_reads_none_before_it() -> None:
    work = []
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE calls (rowid INTEGER PRIMARY KEY, reply TEXT)")
        database.executemany("INSERT INTO calls VALUES (?, '')", ((number,) for number in range(1, 10_001)))
        database.set_progress_handler(lambda: work.append(1), 1)  # for each instruction of SQLite's machine
        found = database.execute(f"SELECT rowid FROM calls WHERE {_OF_CALLS}", (9_990, 10_000)).fetchall()
    assert len(found) == 10
    assert len(work) < 1_000, "as many as there are new calls, not as many as there are calls"
