"""Every write fails once: the run ends with one clear message, nothing recorded is lost, and it can go on."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from maspo.core.errors import StoreError
from maspo.store.files import flush_folder, write_whole
from maspo.store.schema import unreadable
from maspo.study.optimize import DATABASE
from maspo.testing.runs import begin, counted_world, go_on
from maspo.testing.store import BROKEN, FULL, StoreFault, faulty_store, small_disk
from tests.lengths import length
from tests.store.conftest import SmallRun
from tests.store.faulty_runs import gone_on, recorded

HERE = Path(__file__).parent
CLEAR = ("cannot be written", "cannot be opened")


def clear(message: str) -> bool:
    """Return whether a message is one line that says what happened and what to do."""
    return message.count("\n") == 0 and any(words in message for words in CLEAR) and "resume" in message


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("cc") is None or sys.platform != "linux", reason="needs a C compiler on Linux")
def test_f01_each_write_of_a_run_fails_for_real_and_the_run_goes_on(quick: Path, tmp_path: Path) -> None:
    library = tmp_path / "faulty_disk.so"
    source = HERE / "faulty_disk.c"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True)
    child = subprocess.run(
        [sys.executable, str(HERE / "faulty_runs.py"), str(quick), str(length(1, 3))],
        env={**os.environ, "LD_PRELOAD": str(library)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (child.returncode, child.stderr) == (0, "")
    undisturbed, *tried = [json.loads(line) for line in child.stdout.splitlines()]
    assert not undisturbed["fired"]
    failed = [one for one in tried if one["fired"]]
    assert len({one["n"] for one in failed}) > 300
    assert sum(bool(one["error"]) for one in failed) > 0.9 * len(failed)
    assert [one for one in failed if not right(one, undisturbed)] == []


def right(one: dict[str, Any], undisturbed: dict[str, Any]) -> bool:
    kept = (one["lost"], one["repeated"], one["torn"]) == (0, 0, [])
    said = not one["error"] or clear(one["error"]) or "what was there is kept" in one["error"]
    return kept and said and one["again"] == "" and one["result"] == undisturbed["result"]


@pytest.mark.slow
@pytest.mark.parametrize("error", [FULL, BROKEN])
def test_f02_each_statement_that_writes_fails(small_run: SmallRun, quick: Path, error: str) -> None:
    at = 0
    while True:
        at += length(8, 1)
        with faulty_store(StoreFault(at, error, lasting=error == FULL)) as disk:
            failed = failing(small_run, quick / str(at))
        if not disk.fired:
            assert failed == ""
            break
        assert clear(failed)
        goes_on(small_run, quick / str(at))
    assert at > 100


@pytest.mark.slow
def test_f03_sqlite_finds_no_room_for_another_page(small_run: SmallRun, quick: Path) -> None:
    needed = len(small_run.database) // 4096
    for pages in range(1, needed):
        with small_disk(pages):
            assert clear(failing(small_run, quick / str(pages)))
        goes_on(small_run, quick / str(pages))


@pytest.mark.slow
def test_f04_the_system_allows_no_larger_file(small_run: SmallRun, quick: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        for size in range(1000, len(small_run.database), length(29_000, 1_000)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
            failed = failing(small_run, quick / str(size))
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            assert "cannot be written" in failed
            goes_on(small_run, quick / str(size))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def failing(run: SmallRun, out: Path) -> str:
    """Start a run and return the error that ended it; anything else than a store's error comes through."""
    try:
        asyncio.run(begin(run.job, out))
    except StoreError as error:
        return str(error)
    return ""


def goes_on(run: SmallRun, out: Path) -> None:
    """Go on with a run, or start it again when nothing is recorded, and see that it ends as if nothing had happened."""
    model = counted_world(run.job)
    known = recorded(out) if (out / DATABASE).exists() else set()
    assert gone_on(run.job, out, model) == ""
    assert not known & model.keys.keys()
    assert run.ended_alike(asyncio.run(go_on(run.job, out)))


def test_f05_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "result.json"
    write_whole(file, "old \ud800")
    assert file.read_text() == "old \\ud800"

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"result\.json: cannot be written \(No space left on device\)"):
        write_whole(file, "new")
    assert file.read_text() == "old \\ud800"
    assert [each.name for each in tmp_path.iterdir()] == ["result.json"]


def test_f06_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        write_whole(tmp_path / "missing" / "file", "x")
    flush_folder(tmp_path / "missing")


def test_f06_another_program_that_holds_the_record_is_told_apart_from_a_full_disk(tmp_path: Path) -> None:
    held = unreadable(tmp_path / DATABASE, sqlite3.OperationalError("database is locked"))
    assert clear(str(held))
    assert "another program" in str(held)
    assert "disk" not in str(held)
    full = unreadable(tmp_path / DATABASE, sqlite3.OperationalError("database or disk is full"))
    assert "Check the disk" in str(full)
