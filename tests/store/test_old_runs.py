"""Old runs stay readable: a stored run of every format opens, renders, and is brought up to date without loss."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from maspo.core.errors import MaspoError, StoreError
from maspo.report.folder import look, write_results
from maspo.report.text import summary
from maspo.store import RunStore, mend
from maspo.store.schema import VERSION
from maspo.study.optimize import DATABASE, reach_in, resume
from maspo.testing.runs import Recorder
from tests.report.pages import told

RUNS = Path(__file__).parent / "runs"
FOLDERS = sorted(file.parent for file in RUNS.rglob(DATABASE))
COLUMNS = {
    "meta": "key, value",
    "journal": "kind, body, at",
    "calls": "key, purpose, agent, model, request, reply, tokens_in, tokens_out, usd, seconds, attempts, truncated, at",
    "traces": "prompts_id, input_key, body",
}


def name_of(folder: Path) -> str:
    return str(folder.relative_to(RUNS))


@pytest.fixture(params=FOLDERS, ids=name_of)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a stored run."""
    folder = tmp_path / "run"
    shutil.copytree(request.param, folder)
    return folder


def rows(folder: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(folder / DATABASE)) as connection:
        connection.text_factory = bytes
        return {
            table: sorted(connection.execute(f"SELECT {columns} FROM {table}").fetchall())
            for table, columns in COLUMNS.items()
        }


def test_h01_every_format_is_stored() -> None:
    assert {name_of(folder).split("/")[0] for folder in FOLDERS} == {f"format{n}" for n in range(1, VERSION + 1)}


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_h02_stored_runs_are_small_and_of_the_format_that_they_stand_for(folder: Path) -> None:
    files = [file.read_bytes() for file in folder.iterdir()]
    assert sum(map(len, files)) < 200_000
    assert not [content for content in files if b"/tmp/" in content or b"/home/" in content or b"/root/" in content]
    with closing(sqlite3.connect(f"{(folder / DATABASE).as_uri()}?immutable=1", uri=True)) as connection:
        (number,) = connection.execute("PRAGMA user_version").fetchone()
    assert f"format{number}" in folder.parts


def test_h03_an_old_run_opens_and_renders(old: Path) -> None:
    before = (old / DATABASE).read_bytes()
    found = look(old)
    assert found.damage == ""
    assert found.view.state == ("paused" if (old / "prompts.json").exists() is False else "finished")
    assert "seed" in summary(found.view) or found.view.state == "paused"
    assert found.view.started is not None and found.view.started.run in told(found.view)
    assert write_results(old) == found
    assert (old / DATABASE).read_bytes() == before


async def test_h04_an_old_run_is_brought_up_to_date_without_loss(old: Path) -> None:
    before = rows(old)
    async with RunStore.open(old / DATABASE) as store:
        calls = sum(usage.calls for usage in store.usage().values())
    after = rows(old)
    assert after == before
    assert calls >= len(before["calls"]) > 0
    assert mend(old / DATABASE) == ""
    await RunStore.open(old / DATABASE).close()


def test_h08_traces_of_an_old_run_are_lists_of_calls(old: Path) -> None:
    store = RunStore.read(old / DATABASE)
    try:
        (job,) = [json.loads(value) for name, value in store.meta().items() if name == "job"]
        order = [agent["name"] for agent in job["system"]["agents"]]
        stored = [(prompts.decode(), key.decode()) for prompts, key, _ in rows(old)["traces"]]
        traces = [store.trace(*address) for address in stored]
    finally:
        store.close_reader()
    assert bool(traces) == ("finished" in look(old).view.state)
    for trace, (_, key) in zip(traces, stored, strict=True):
        assert trace is not None
        assert (trace.input_key, trace.output) == (key, trace.calls[-1].output)
        assert sorted(call.agent for call in trace.calls) == sorted(order)
        assert all(place < number for number, call in enumerate(trace.calls) for place in call.reads)
        assert all(call.key for call in trace.calls)


def test_h05_an_old_run_goes_on_or_says_why_not(old: Path) -> None:
    try:
        outcome = asyncio.run(resume(old, Recorder(), allowed=reach_in(old).fingerprint))
    except MaspoError as error:
        assert "version of maspo" in str(error) or "--trust" in str(error)
    else:
        assert outcome.finished is not None


def test_h06_a_damaged_run_without_marks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    data = (RUNS / "format1" / "finished" / DATABASE).read_bytes()
    for damaged in (b"\xff" + data[1:], data[: len(data) // 2], data[:4096] + b"\xff" * 4096 + data[8192:]):
        path.write_bytes(damaged)
        for look_at in (RunStore.open, RunStore.read, mend):
            with pytest.raises(StoreError, match="cannot be used"):
                look_at(path)


def test_h07_bringing_up_to_date_happens_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    shutil.copy(RUNS / "format1" / "finished" / DATABASE, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE journal SET kind = 'call_lost' WHERE seq = 1")
        connection.commit()
    before = rows(tmp_path)
    with pytest.raises(StoreError):
        RunStore.open(path)
    assert rows(tmp_path) == before
