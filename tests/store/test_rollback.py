# ruff: noqa: ASYNC240 (nothing else runs on the loop of a test)
"""Folders without a write-ahead log, and the first moment of every run: a change that a process died in is undone."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from maspo.core.errors import StoreError
from maspo.store import Entry, RunStore, mend
from maspo.study.optimize import DATABASE


@pytest.fixture
async def left(tmp_path: Path) -> Path:
    """A run as a process leaves it that dies within a change of its entries."""
    path, left = tmp_path / DATABASE, tmp_path / "left" / DATABASE
    async with RunStore.create(path) as store:
        await store.append([Entry("told", f"{number}" * 3000) for number in range(9)], {"job": "a job"})
    left.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE journal SET body = hex(zeroblob(2000))")
        for suffix in ("", "-journal"):
            shutil.copy(path.with_name(path.name + suffix), left.with_name(left.name + suffix))
    assert left.read_bytes() != path.read_bytes()
    return left


def told(path: Path) -> str:
    """Return the first letter of each entry of a run that must be whole."""
    reader = RunStore.read(path)
    assert reader.damage == ""
    letters = "".join(entry.body[0] for entry in reader.journal())
    reader.close_reader()
    return letters


@pytest.mark.parametrize("look_at", [RunStore.open, RunStore.read, mend])
async def test_d20_a_change_that_a_process_died_in_is_taken_back(left: Path, look_at: Callable[[Path], object]) -> None:
    found = look_at(left)
    if isinstance(found, RunStore):
        await found.close()
    assert told(left) == "012345678"


async def test_d21_what_cannot_be_taken_back_for_want_of_room_is_not_shown(left: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, limits[1]))
        with pytest.raises(StoreError, match=r"run\.db-journal holds a change"):
            RunStore.read(left)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert told(left) == "012345678"


async def test_d22_old_pages_are_not_put_back_into_a_mended_run(left: Path) -> None:
    left.write_bytes(b"\xff" + left.read_bytes()[1:])
    assert "its header is gone" in mend(left)
    assert not left.with_name(f"{left.name}-journal").exists()
    assert left.with_name("run.damaged-1.db-journal").exists()
    told(left)
