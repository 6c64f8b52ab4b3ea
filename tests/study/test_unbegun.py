"""A record that was made and never begun is taken back; whatever else lies at its place stays as it is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from maspo.models.base import Message, Reply, Request
from maspo.store.run_store import RunStore
from maspo.store.schema import APPLICATION_ID
from maspo.study.record import take_back_unbegun

ASKED = Request("m", (Message("user", "hello"),), "agent")


async def _made(path: Path, answered: bool = False) -> None:
    async with RunStore.create(path) as store:
        if answered:
            await store.put(ASKED, Reply("hello", 1, 1, 0.1))


def _another_s(*more: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with closing(sqlite3.connect(path)) as opened:
            for one in ("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)", *more):
                opened.execute(one)
            opened.commit()

    return make


def _damaged(path: Path) -> None:
    asyncio.run(_made(path))
    with closing(sqlite3.connect(path)) as opened:
        opened.execute("PRAGMA application_id=7")
        opened.execute("CREATE TABLE photos (name TEXT)")
        opened.commit()


STAYS: dict[str, Callable[[Path], object]] = {
    "another program's with a table of the same name": _another_s(),
    "one with rows": _another_s("CREATE TABLE photos (name TEXT)", "INSERT INTO photos VALUES ('mine')"),
    "one with our mark": _another_s(f"PRAGMA application_id={APPLICATION_ID}"),
    "ours that another program changed": _damaged,
    "a record with a reply": lambda path: asyncio.run(_made(path, answered=True)),
    "no database": lambda path: path.write_text("SQLite format 3 is what this note is about"),
    "an empty file": lambda path: path.touch(),
}


@pytest.mark.parametrize("what", STAYS)
def test_un01_what_is_not_surely_an_empty_record_stays(what: str, tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    STAYS[what](path)
    before = path.read_bytes()
    take_back_unbegun(path)
    assert path.read_bytes() == before


def test_un02_an_empty_record_goes_with_all_that_lies_beside_it(tmp_path: Path) -> None:
    asyncio.run(_made(tmp_path / "run.db"))
    take_back_unbegun(tmp_path / "run.db")
    assert not list(tmp_path.iterdir())
