# ruff: noqa: ASYNC240 (nothing else runs on the loop of a test)
"""Damaged databases: what is whole is saved, what is not is never taken for the truth, and nobody sees a traceback."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from maspo.core.errors import StoreError
from maspo.models.base import Message, Reply, Request
from maspo.report.document import build_document
from maspo.report.folder import look
from maspo.store import Entry, RunStore, mend
from maspo.store.pages import PAGE, read_log
from maspo.store.salvage import salvage
from maspo.store.schema import VERSION
from maspo.store.sqlite import SqliteDatabase
from maspo.study.optimize import DATABASE
from maspo.testing.runs import counted_world, go_on
from tests.lengths import length
from tests.report.pages import told
from tests.store.conftest import SmallRun
from tests.store.faulty_runs import recorded

HEADER = 100
DYING = """
import asyncio, os, sys
from maspo.models.base import Message, Reply, Request
from maspo.store import Entry, RunStore

async def main():
    store = RunStore.create(sys.argv[1])
    await store.append([], {"job": "a job", "run": "r"})
    for number in range(int(sys.argv[2])):
        request = Request("m", (Message("user", f"{sys.argv[3]} {number}"),), "agent")
        await store.sent(request, None)
        await store.put(request, Reply(f"reply {number} " + "x" * 300))
        await store.append([Entry("told", str(number))])
    os._exit(9)

asyncio.run(main())
"""


def asked(number: int, name: str = "question") -> Request:
    return Request("m", (Message("user", f"{name} {number}"),), "agent")


def dead_run(path: Path, calls: int = 40, name: str = "question") -> Path:
    """Let a process write a run and die, so that its log stays behind."""
    subprocess.run([sys.executable, "-c", DYING, str(path), str(calls), name], check=False)
    assert log_of(path).stat().st_size > calls * 1000
    return path


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def copied(run: SmallRun, out: Path) -> Path:
    """Copy a run's folder and return its database."""
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(run.folder, out)
    return out / DATABASE


def flip(path: Path, *places: int) -> None:
    data = bytearray(path.read_bytes())
    for place in places:
        data[place] ^= 0xFF
    path.write_bytes(data)


def mutate(path: Path, chance: random.Random) -> None:
    """Flip some bytes, and sometimes cut the file off."""
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 1, 1, 2, 5, 30])):
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
    if chance.random() < 0.2:
        del data[chance.randrange(len(data)) :]
    path.write_bytes(data)


# Whatever happens to a file


@pytest.mark.slow
def test_d01_a_mutated_run_is_whole_mended_or_refused_and_ends_alike(small_run: SmallRun, quick: Path) -> None:
    how = Counter(mutated(small_run, quick / "run", seed) for seed in range(length(200, 2000)))
    assert how["refused"] < 0.1 * how.total()
    assert how["mended"] > 0.5 * how.total()


def mutated(run: SmallRun, out: Path, seed: int) -> str:
    path = copied(run, out)
    mutate(path, random.Random(seed))
    try:
        told(look(out).view)
        build_document(out)
    except StoreError as error:
        assert "\n" not in str(error)
    try:
        said = mend(path)
    except StoreError as error:
        assert "\n" not in str(error)
        return "refused"
    known, model = recorded(out), counted_world(run.job)
    assert run.ended_alike(asyncio.run(go_on(run.job, out, model)))
    assert not known & model.keys.keys()
    return "mended" if said else "whole"


@pytest.mark.slow
def test_d02_of_a_mutated_log_most_is_saved_and_nothing_is_false(tmp_path: Path) -> None:
    (tmp_path / "dead").mkdir()
    dead = dead_run(tmp_path / "dead" / DATABASE)
    wanted = {asked(number).key: f"reply {number} " + "x" * 300 for number in range(40)}
    how: Counter[str] = Counter()
    for seed in range(length(25, 400)):
        path = tmp_path / "copy" / DATABASE
        shutil.rmtree(path.parent, ignore_errors=True)
        shutil.copytree(dead.parent, path.parent)
        mutate(log_of(path), random.Random(seed))
        cut = log_of(path).stat().st_size < log_of(dead).stat().st_size
        how["mended" if mend(path) else "whole"] += 1
        with closing(SqliteDatabase.read(path).reader) as reader:
            found = dict(reader.execute("SELECT key, reply FROM calls"))
        assert found.items() <= wanted.items()
        how["lost"] += 0 if cut else len(wanted) - len(found)
    assert how["lost"] < 0.05 * len(wanted) * (how["mended"] + how["whole"])
    assert how["mended"] > 0.5 * (how["mended"] + how["whole"])


# One place at a time


async def saved(path: Path) -> set[int]:
    """Mend a dead run and return the numbers of the calls that it still knows."""
    said = mend(path)
    assert "is kept as run.damaged-1.db" in said
    async with RunStore.open(path) as store:
        found = {number for number in range(40) if store.get(asked(number).key)}
        assert all(store.get(asked(number).key) == Reply(f"reply {number} " + "x" * 300) for number in found)
        await store.put(asked(99), Reply("goes on"))
        assert len(store.journal()) == len({entry.body for entry in store.journal()})
    return found


@pytest.mark.parametrize("place", [0, 16, 24, 28, 44, 68, HEADER, HEADER + 3, HEADER + 9])
async def test_d03_a_damaged_header_loses_no_call(tmp_path: Path, place: int) -> None:
    path = tmp_path / DATABASE
    async with RunStore.create(path) as store:
        await store.append([Entry("told", "1")], {"job": "a job", "run": "r"})
        for number in range(40):
            await store.put(asked(number), Reply(f"reply {number} " + "x" * 300))
    flip(path, place)
    with closing(SqliteDatabase.read(path).reader) as reader:
        assert reader.execute("SELECT COUNT(*) FROM calls").fetchone() == (40,)
    if mend(path):
        async with RunStore.open(path) as store:
            assert sum(store.get(asked(number).key) is not None for number in range(40)) == 40


async def test_d04_a_changed_reply_is_noticed_and_not_believed(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    async with RunStore.create(path) as store:
        await store.append([], {"job": "a job", "run": "r"})
        await store.put(asked(1), Reply("the answer is 4711"))
        await store.put(asked(2), Reply("the answer is 42"))
    path.write_bytes(path.read_bytes().replace(b"4711", b"4712"))
    with pytest.raises(StoreError, match=r"a row of calls is not as it was written.*1 recorded calls can be saved"):
        RunStore.open(path)
    assert "Saved: 1 recorded calls" in mend(path)
    async with RunStore.open(path) as store:
        assert store.get(asked(1).key) is None
        assert store.get(asked(2).key) == Reply("the answer is 42")


async def test_d05_what_lies_behind_a_broken_frame_of_the_log_is_saved(tmp_path: Path) -> None:
    path = dead_run(tmp_path / DATABASE)
    flip(log_of(path), log_of(path).stat().st_size // 3)
    assert len(await saved(path)) >= 38


async def test_d06_a_log_with_a_broken_header_is_saved(tmp_path: Path) -> None:
    path = dead_run(tmp_path / DATABASE)
    flip(log_of(path), 17)
    assert await saved(path) == set(range(40))


async def test_d07_an_emptied_file_is_made_again_from_its_log(tmp_path: Path) -> None:
    path = dead_run(tmp_path / DATABASE)
    path.write_bytes(b"")
    assert await saved(path) == set(range(40))


@pytest.mark.parametrize("suffix", ["-shm", "-wal"])
async def test_d08_without_index_or_log_a_run_opens_as_it_was_last_put_together(tmp_path: Path, suffix: str) -> None:
    path = dead_run(tmp_path / DATABASE)
    path.with_name(path.name + suffix).unlink()
    if suffix == "-shm":
        async with RunStore.open(path) as store:
            assert all(store.get(asked(number).key) for number in range(40))
    else:
        assert "run.db-wal is missing" in mend(path)
        async with RunStore.open(path) as store:
            assert store.journal() == []


async def test_d09_another_runs_log_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = dead_run(tmp_path / "other" / DATABASE, 4, "other")
    path = tmp_path / DATABASE
    async with RunStore.create(path) as store:
        await store.append([Entry("told", "1")], {"job": "a job", "run": "r"})
        for number in range(40):
            await store.put(asked(number), Reply(f"reply {number} " + "x" * 300))
    shutil.copy(log_of(other), log_of(path))
    assert len(await saved(path)) == 40
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM calls WHERE request LIKE '%other%'").fetchone() == (0,)


async def test_d10_after_a_gap_only_results_and_lost_calls_are_kept(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    kinds = ["run_started", "told", "step_started", "told", "call_lost", "step_started", "run_finished", "told"]
    async with RunStore.create(path) as store:
        await store.append([Entry(kind, f"body {n}") for n, kind in enumerate(kinds)], {"job": "a job", "run": "r"})
    path.write_bytes(path.read_bytes().replace(b"body 3", b"body X"))
    assert "5 entries of the journal" in mend(path)
    async with RunStore.open(path) as store:
        assert [entry.body for entry in store.journal()] == ["body 0", "body 1", "body 2", "body 4", "body 7"]


async def test_d11_rows_that_are_missing_without_a_trace_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    async with RunStore.create(path) as store:
        await store.append([Entry("told", "1"), Entry("told", "2"), Entry("told", "3")], {"job": "a job"})
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM journal WHERE seq = 2")
        connection.commit()
    with pytest.raises(StoreError, match="entries of the journal are missing"):
        RunStore.open(path)


async def test_d12_what_a_run_cannot_go_on_without_is_kept_twice(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    async with RunStore.create(path) as store:
        await store.append([], {"job": "a job " * 2000, "run": "r", "seconds": "1"})
    data = path.read_bytes()
    path.write_bytes(data.replace(b"a job", b"a hut", 1))
    assert mend(path)
    async with RunStore.open(path) as store:
        assert store.meta() == {"job": "a job " * 2000, "run": "r", "seconds": "1"}
    path.write_bytes(path.read_bytes().replace(b"a job", b"a hut"))
    with pytest.raises(StoreError, match=r"the run's database cannot be used"):
        mend(path)


async def test_d13_a_second_mending_keeps_the_first_evidence(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    for _ in range(2):
        path.unlink(missing_ok=True)
        async with RunStore.create(path) as store:
            await store.append([Entry("told", "1")], {"job": "a job"})
        flip(path, 0)
        mend(path)
    assert {file.name for file in tmp_path.glob("run*.db")} == {"run.db", "run.damaged-1.db", "run.damaged-2.db"}


async def test_d14_a_mending_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / DATABASE
    async with RunStore.create(path) as store:
        await store.append([Entry("told", "1")], {"job": "a job"})
    flip(path, 0)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(StoreError, match="No space left on device"):
        mend(path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.mended"))


async def test_d15_a_whole_run_needs_no_mending(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    await RunStore.create(path).close()
    assert mend(path) == ""
    with pytest.raises(StoreError, match="holds no run"):
        mend(tmp_path / "other.db")


# Files of others


@pytest.mark.parametrize("look_at", [RunStore.open, RunStore.read, mend])
async def test_d16_files_of_others_are_refused_and_left_alone(
    tmp_path: Path, look_at: Callable[[Path], object]
) -> None:
    path = tmp_path / DATABASE
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE journal (x)")
    texts = [b"", b"\0" * PAGE, b"just some text " * 1000, b"PK\x03\x04" * 300, path.read_bytes(), b"SQLite format 3\0"]
    for content in texts:
        path.write_bytes(content)
        with pytest.raises(StoreError, match=r"no record of maspo|cannot be used") as caught:
            look_at(path)
        assert "\n" not in str(caught.value)
        assert path.read_bytes() == content


@pytest.mark.parametrize("look_at", [RunStore.open, RunStore.read, mend])
async def test_d17_a_newer_format_is_refused(tmp_path: Path, look_at: Callable[[Path], object]) -> None:
    path = tmp_path / DATABASE
    await RunStore.create(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version={VERSION + 1}")
    with pytest.raises(StoreError, match="newer maspo"):
        look_at(path)


def test_d18_logs_are_read_as_sqlite_reads_them(tmp_path: Path) -> None:
    log = log_of(dead_run(tmp_path / DATABASE)).read_bytes()
    found = read_log(log)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint").fetchone()[1] == len(found.whole)
    assert (found.broken, found.damaged) == ([], False)
    assert len(read_log(log[: -PAGE // 2]).whole) < len(found.whole)
    assert read_log(b"") == read_log(log[:40])


def test_d19_records_that_lead_nowhere_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    page = bytearray(PAGE)
    page[0:1] = b"\x0d"
    cells = [b"\x05", b"\xff" * 9, b"\x03\x01\x02\x0b", b"\xa0\x00\x01" + b"\0" * 4000, b"\x00\x01"]
    struct.pack_into(">H", page, 3, len(cells) + 1)
    at = PAGE
    for number, cell in enumerate(cells):
        at -= min(len(cell), at - 100)
        page[at : at + len(cell)] = cell
        struct.pack_into(">H", page, 8 + 2 * number, at)
    struct.pack_into(">H", page, 8 + 2 * len(cells), 0xFFFF)
    path.write_bytes(bytes(PAGE) + bytes(page[:PAGE]))
    assert salvage(path) is None
