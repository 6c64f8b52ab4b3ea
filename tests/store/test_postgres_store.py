"""Runs in a store on Postgres: the same contract as a file's, against a real server that is killed, too."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from maspo.config import ModelSettings
from maspo.core.errors import ConfigInvalid, StoreError
from maspo.models.base import Message, Reply, Request
from maspo.models.budget import Ledger
from maspo.models.layers.compose import compose
from maspo.models.layers.retried import RetryPolicy
from maspo.report.folder import write_results
from maspo.store import Entry, RunStore
from maspo.store.address import StoreAddress, agreed, named, parse, pointer_in
from maspo.store.postgres import MIGRATIONS, connect, from_text, to_text, unusable
from maspo.store.records import IN_FOLDER, Keeping, copy, is_worked_on, stamp_of
from maspo.store.sqlite import SqliteDatabase
from maspo.study.connections import scope_of
from maspo.study.optimize import DATABASE, start
from maspo.study.record import open_for_reading
from maspo.study.resolve import resolve
from maspo.study.stores import copy_run
from maspo.testing.runs import Recorder, counted_world, go_on
from maspo.testing.store import check_run_store
from tests import postgres
from tests.going_on import wait_until
from tests.lengths import length
from tests.store.conftest import SmallRun


@pytest.fixture
def address() -> StoreAddress:
    return postgres.shared().database()


async def test_g01_a_file_keeps_the_contract(tmp_path: Path) -> None:
    await check_run_store(tmp_path / "run.db")


async def test_g02_a_store_keeps_the_contract(tmp_path: Path, address: StoreAddress) -> None:
    await check_run_store(tmp_path / "run.db", address)
    assert (tmp_path / "run.db").read_text(encoding="utf-8").count("\n") == 3


async def test_g03_a_run_is_the_same_in_a_store_and_in_a_file_and_copies_both_ways(
    small_run: SmallRun, tmp_path: Path, address: StoreAddress
) -> None:
    stored, model = tmp_path / "stored", counted_world(small_run.job)
    study = resolve(replace(small_run.job, world=None))
    outcome = await start(study, stored, Recorder(), model.provider, keeping=Keeping(address))
    assert small_run.ended_alike(outcome)
    assert model.calls == small_run.calls
    copied, back = tmp_path / "copied", tmp_path / "back"
    await copy_run(stored, copied)
    await copy_run(copied, back, address)
    assert SqliteDatabase.read(copied / DATABASE).damage == ""
    views = [replayed(folder) for folder in (stored, copied, back)]
    assert views[0] == views[1] == views[2]
    assert {"config.json", "prompts.json", "result.json", "seed_prompts.json"} <= views[0][1].keys()
    for folder in (stored, copied, back):
        again = counted_world(small_run.job)
        assert small_run.ended_alike(await go_on(small_run.job, folder, again))
        assert again.calls == 0


async def test_g15_a_run_whose_process_has_just_ended_is_copied_and_one_that_is_held_is_not(
    tmp_path: Path, address: StoreAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, looks = tmp_path / "run.db", 0
    held = RunStore.create(path, address)
    await held.append([Entry("k", "body")])
    monkeypatch.setattr("maspo.store.postgres.LOCK_SECONDS", 0)
    with pytest.raises(StoreError, match="a process works on this run"):
        await copy(path, tmp_path / "refused.db", IN_FOLDER)

    def just_ended(record: Path) -> bool:  # the server frees the run after the first look
        nonlocal looks
        looks += 1
        return looks == 1 or is_worked_on(record)

    await held.close()
    monkeypatch.setattr("maspo.store.postgres.LOCK_SECONDS", 60)
    monkeypatch.setattr("maspo.store.records.is_worked_on", just_ended)
    await copy(path, tmp_path / "copy.db", IN_FOLDER)
    assert looks > 1
    with open_for_reading(tmp_path / "copy.db") as store:
        assert [entry.body for entry in store.journal()] == ["body"]


def replayed(folder: Path) -> tuple[list[Entry], dict[str, bytes]]:
    """Return the journal of a run, and what is told of it, byte for byte."""
    write_results(folder)
    files = {file.name: file.read_bytes() for file in folder.glob("*.json*")}
    with open_for_reading(folder / DATABASE) as store:
        return store.journal(), files


async def test_g04_runs_with_the_same_key_share_replies_and_others_do_not(
    tmp_path: Path, address: StoreAddress
) -> None:
    asked = Request("m", (Message("user", "Hi\0"),), "agent", agent="a")
    paid = Reply("Hello \ud800", 3, 4, 0.5, 1.0, thoughts="hm", tokens_thought=2)
    async with (
        RunStore.create(tmp_path / "a.db", address) as first,
        RunStore.create(tmp_path / "b.db", address) as other,
    ):
        first.share("mine")
        await first.put(asked, paid)
        other.share("theirs")
        assert await other.borrow(asked.key) is None
        other.share("mine")
        lent = await other.borrow(asked.key)
        assert lent == replace(paid, usd=0.0, attempts=0)
        assert other.usage() == {}
        assert other.calls_made() == []
        ledger = Ledger(book=other)
        client = compose(Never(), other, ledger, RetryPolicy(), 2, lender=other)
        assert (await client.complete(asked)).text == paid.text
        unlike = replace(asked, messages=(Message("user", "Not asked before"),))
        await first.put(unlike, paid)
        assert (await client.complete(unlike)).cached
        assert ledger.calls == 0
        assert ledger.usage()["agent"].cached == 2
    async with RunStore.create(tmp_path / "c.db") as alone:
        alone.share("mine")
        assert await alone.borrow(asked.key) is None


class Never:
    async def complete(self, request: Request) -> Reply:
        raise AssertionError("was asked")


async def test_g16_a_call_reads_its_own_rows_whatever_the_server_took_the_tables_to_be(
    tmp_path: Path, address: StoreAddress
) -> None:
    calls = 200

    async def record(run: str, count: int) -> None:
        async with RunStore.create(tmp_path / f"{run}.db", address) as store:
            store.share("mine")
            for number in range(count):
                request = Request("m", (Message("user", f"{run} {number}"),), "agent", agent="a")
                assert store.get(request.key) is None and await store.borrow(request.key) is None
                await store.sent(request, 0.01)
                await store.put(request, Reply("x", 1, 1))
                assert store.last_call() > 0

    def counted(what: str) -> int:
        with connect(address) as connection:
            of = "relname IN ('calls', 'unanswered') AND schemaname = 'maspo'"
            row = connection.execute(f"SELECT SUM({what})::bigint FROM pg_stat_user_tables WHERE {of}").fetchone()
            return int(row[0]) if row else 0

    await record("new tables", calls)
    with connect(address) as connection:
        connection.execute("TRUNCATE maspo.calls, maspo.unanswered")
    await record("a small run", 3)
    with connect(address) as connection:
        connection.execute("ANALYZE maspo.calls, maspo.unanswered")
    await record("tables taken to be small", calls)
    # A session tells what it did when it ends.
    wait_until(lambda: counted("n_tup_del") >= 2 * calls, lambda: counted("n_tup_del"))
    assert counted("seq_tup_read + COALESCE(idx_tup_fetch, 0)") < 2 * calls * 8, "each call read those before it"


def test_g05_a_scope_is_of_key_and_address_and_tells_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    models = ModelSettings(base_url="https://one.example.com/v1")
    scopes = []
    for key in ("sk-first", "sk-second", "sk-first"):
        monkeypatch.setenv("OPENAI_API_KEY", key)
        scopes.append(scope_of(models))
    assert scopes[0] == scopes[2] != scopes[1]
    assert scope_of(models.model_copy(update={"base_url": "https://two.example.com/v1"})) not in scopes
    assert scope_of(models.model_copy(update={"client": "smollm2"})) == ""


# Who may go on


async def test_g06_a_client_that_was_cut_off_commits_nothing_any_more(tmp_path: Path, address: StoreAddress) -> None:
    path = tmp_path / "run.db"
    cut_off = RunStore.create(path, address)
    await cut_off.append([Entry("k", "before")])
    assert is_worked_on(path)
    with connect(address) as other:  # as if the network were cut: the server ends its sessions and it does not know
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    async with RunStore.open(path) as now:
        await now.append([Entry("k", "after")])
    with pytest.raises(StoreError, match="another maspo process has gone on"):
        await cut_off.append([Entry("k", "late")])
    assert [entry.body for entry in cut_off.journal()] == ["before", "after"]
    await cut_off.close()
    assert not is_worked_on(path)


async def test_g07_a_folder_of_others_is_not_followed(
    tmp_path: Path, address: StoreAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.db"
    await RunStore.create(path, address).close()
    monkeypatch.setattr("maspo.store.address._named", {})
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another user"))
    for opener in (RunStore.read, RunStore.open, is_worked_on):
        with pytest.raises(StoreError, match="you have not named on this machine; nothing was asked"):
            opener(path)
    assert stamp_of(path) == ()
    pointer = pointer_in(path)
    assert pointer is not None
    agreed(pointer, path, f"{'0' * 32},{pointer.address.fingerprint}")
    await RunStore.open(path).close()


def test_g08_no_secret_is_written_or_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "hunter2-hunter2"
    url = f"postgresql://me:{secret}@localhost:1/maspo?sslmode=require"
    found = named(url)
    assert found.shown == "postgresql://me@localhost:1/maspo?sslmode=require"
    assert parse(found.shown) == replace(found, password="")
    assert secret not in repr(found)
    with pytest.raises(StoreError) as told:
        RunStore.create(tmp_path / "run.db", found)
    assert secret not in str(told.value)
    assert not (tmp_path / "run.db").exists()
    kept = [
        file.read_text(encoding="utf-8") for file in Path(os.environ["XDG_STATE_HOME"]).rglob("*") if file.is_file()
    ]
    assert kept
    assert not any(secret in text for text in kept)
    for wrong in (
        f"mysql://me:{secret}@host/db",
        f"postgresql://me:{secret}@host/db?password={secret}",
        f"postgresql://me:{secret}@host/db?passfile=/etc/shadow",
        f"postgresql://me:{secret}@ho st/db",
        f"postgresql://me:{secret}@host/",
        f"postgresql://me:{secret}@host:port/db",
        f"postgresql://me:{secret}@/db?host=other",
    ):
        with pytest.raises(ConfigInvalid) as refused:
            parse(wrong)
        assert secret not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "maspo store 1\npostgresql://a:b@host/db\n" + "0" * 32 + "\n",
        "maspo store 1\npostgresql://host/db?options=-cx\n" + "0" * 32 + "\n",
        "maspo store 1\npostgresql://host/db\n../x\n",
        "maspo store 1\nhttp://host/db\n" + "0" * 32 + "\n",
        "maspo store 1\n",
    ],
)
def test_g09_a_folder_that_names_no_store_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.db"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match="no maspo wrote it"):
        RunStore.read(path)


def test_g10_a_store_is_brought_up_to_date_and_a_newer_one_refused(address: StoreAddress) -> None:
    with pytest.raises(StoreError, match="no store"):
        connect(address, looking=True)
    with connect(address) as first, connect(address) as second:
        for each in (first, second):
            assert each.execute("SELECT version FROM maspo.format").fetchall() == [(len(MIGRATIONS),)]
        first.execute("UPDATE maspo.format SET version = version + 1")
    with pytest.raises(StoreError, match="newer maspo"):
        connect(address)


@pytest.mark.parametrize(
    "made",
    [
        "CREATE SCHEMA maspo; CREATE TABLE maspo.runs (mine text)",
        "CREATE SCHEMA maspo; CREATE TABLE maspo.format (name text)",
        "CREATE SCHEMA maspo; CREATE TABLE maspo.format (version integer)",
        "CREATE SCHEMA maspo_run; CREATE VIEW maspo_run.calls AS SELECT 1 AS one",
    ],
)
def test_g13_a_database_of_somebody_else_is_refused_and_left_as_it_is(made: str, address: StoreAddress) -> None:
    with psycopg.connect(host=address.host, user=address.user, dbname=address.database, autocommit=True) as theirs:
        theirs.execute(made)
        tables = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema LIKE 'maspo%'"
        before = theirs.execute(tables).fetchall()
        for looking in (False, True):
            with pytest.raises(StoreError, match="createdb -E UTF8 maspo" if not looking else "createdb|no store"):
                connect(address, looking=looking)
        assert theirs.execute(tables).fetchall() == before


async def test_g14_the_page_shows_the_runs_of_a_store(
    small_run: SmallRun, tmp_path: Path, address: StoreAddress
) -> None:
    model = counted_world(small_run.job)
    await start(resolve(small_run.job), tmp_path / "here", Recorder(), model.provider, keeping=Keeping(address))

    def look() -> tuple[list[str], int]:
        command = [sys.executable, "-m", "maspo", "ui", "--store", address.shown, "--json"]
        environment = {**os.environ, "HOME": str(tmp_path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path) as page:
            try:
                assert page.stdout is not None
                url = json.loads(page.stdout.readline())["url"]
                with urllib.request.urlopen(f"{url}api/runs", timeout=30) as reply:
                    rows = json.load(reply)["runs"]
                with urllib.request.urlopen(f"{url}api/runs/{rows[0]['id']}", timeout=30) as reply:
                    return [row["name"] for row in rows], len(reply.read())
            finally:
                page.send_signal(signal.SIGTERM)

    names, size = await asyncio.to_thread(look)
    assert names == ["simulated-reflect"]
    assert size > 10_000


@given(st.text(st.characters(codec=None)))
@example("\0\x1a\ud800\x1a0000")
def test_g11_any_text_is_kept(text: str) -> None:
    to_text(text).encode()
    assert "\0" not in to_text(text)
    assert from_text(to_text(text)) == text


# Death

CLIENT = """
import asyncio, os, sys
from pathlib import Path
from maspo.models.base import Message, Reply, Request
from maspo.store import RunStore
from maspo.store.address import named

async def ask(store, notes, run, number):
    request = Request("m", (Message("user", f"question {run} {number}"),), "agent", agent="a")
    if store.get(request.key) is None:
        await store.sent(request, 0.5)
        os.write(notes, f"paid {request.key}\\n".encode())
        await store.put(request, Reply(f"reply {number} " + "x" * 500, usd=0.25))
    os.write(notes, f"told {request.key}\\n".encode())

def opened(address, path):
    return RunStore.open(path) if path.exists() else RunStore.create(path, address)

async def work(store, folder, run, calls):
    async with store:
        notes = os.open(folder / f"{run}.notes", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for first in range(0, calls, 8):
            await asyncio.gather(*(ask(store, notes, run, number) for number in range(first, first + 8)))

async def main():
    url, folder, calls, *runs = sys.argv[1:]
    folder = Path(folder)
    stores = {run: opened(named(url), folder / f"{run}.db") for run in runs}
    print("working", flush=True)
    await asyncio.gather(*(work(store, folder, run, int(calls)) for run, store in stores.items()))

asyncio.run(main())
"""


@pytest.mark.slow
def test_g12_runs_at_once_lose_and_repeat_nothing_when_clients_and_the_server_are_killed(tmp_path: Path) -> None:
    clients, runs_each, calls = length(2, 4), length(3, 4), length(80, 1000)
    kills, began = length(1, 12), time.monotonic()
    draw = random.Random(seed := length(1, int(time.time())))
    with postgres.server() as server:
        url = server.database().shown

        def begin_client(number: int) -> subprocess.Popen[str]:
            names = [f"run{number}-{each}" for each in range(runs_each)]
            command = [sys.executable, "-c", CLIENT, url, str(tmp_path), str(calls), *names]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert child.stdout is not None
            child.stdout.readline()
            child.stdout.close()
            return child

        def all_ended() -> bool:
            return all(child.poll() is not None for child in working.values())

        def wait_for_more(lines: int) -> None:
            before = told_lines(tmp_path)
            wait_until(lambda: told_lines(tmp_path) >= before + lines or all_ended(), lambda: told_lines(tmp_path))

        working = {number: begin_client(number) for number in range(clients)}
        for _ in range(kills):
            wait_for_more(draw.randint(20, 60))
            server.kill()
            server.start()
            wait_for_more(draw.randint(20, 60))
            assert not all_ended(), "who is killed at the end proves nothing"
            killed = draw.randrange(clients)
            working[killed].kill()
            working[killed].wait()
            working[killed] = begin_client(killed)
        wait_until(all_ended, lambda: told_lines(tmp_path))
        assert [child.returncode for child in working.values()] == [0] * clients
        recorded = again = 0
        for notes in tmp_path.glob("*.notes"):
            said = Counter(notes.read_text(encoding="utf-8").split("\n"))
            keys = {line.split()[1] for line in said if line}
            assert len(keys) == calls
            with closing(RunStore.read(notes.with_suffix(".db"))._database) as database:
                store = RunStore(notes, database)
                assert all(store.get(key) is not None for key in keys)
                # An attempt is open for good when its process was killed before its reply was recorded.
                left = Counter(one.key for one in store.open_attempts())
                assert {key for key in keys if said[f"paid {key}"] > 1 + left[key]} == set()
                assert store.usage()["agent"].calls == calls + left.total()
            recorded, again = recorded + len(keys), again + sum(said[f"paid {key}"] - 1 for key in keys)
    both = f"{kills} kills of the server and {kills} of clients"
    print(f"seed {seed}: {both}, {recorded} calls recorded in {time.monotonic() - began:.0f} s, {again} paid again")


def told_lines(folder: Path) -> int:
    return sum(notes.read_bytes().count(b"\n") for notes in folder.glob("*.notes"))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("FATAL:  sorry, too many clients already", "max_connections"),
        (
            "FATAL:  remaining connection slots are reserved for non-replication superuser connections",
            "max_connections",
        ),
        ('FATAL:  database "nodb" does not exist', "createdb"),
        ('FATAL:  password authentication failed for user "me"', "PGPASSWORD"),
        ("fe_sendauth: no password supplied", "PGPASSWORD"),
        ("Connection refused", "check that the server runs"),
    ],
)
def test_a_store_that_lets_nobody_in_tells_what_helps_against_that(said: str, words: str) -> None:
    error = unusable(parse("postgresql://me:secret-word@127.0.0.1/maspo"), f"connection failed: {said}")
    assert words in str(error) and "secret-word" not in str(error)
