"""The contract of a run's record, and disks that fail, for tests of what a run does when it cannot be written.

::

    async def test_my_run_survives_a_full_disk() -> None:
        with faulty_store(StoreFault(at=40)) as disk:
            with pytest.raises(StoreError):
                await my_run(folder)
        assert disk.fired
        await resume(folder)                # nothing that was recorded is done again

``faulty_store`` lets the n-th statement that writes fail as SQLite would say it; ``small_disk`` gives the database a
limit of pages, so that SQLite itself finds no room. Both concern every run that this process opens meanwhile.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from maspo.core.errors import StoreError
from maspo.core.trace import Call, Trace
from maspo.models.base import Message, Reply, Request
from maspo.optimizers.base import Scored
from maspo.store import Entry, RecordedResult, RunOfTeam, RunStore, Unpriced, sqlite
from maspo.store.address import StoreAddress
from maspo.store.records import IN_FOLDER, copy
from maspo.store.tables import CALLS, THOUGHTS, TRACES, UNANSWERED
from maspo.testing.models import HARD_TEXTS, check_call_store
from maspo.testing.rules import rule

FULL = "database or disk is full"
BROKEN = "disk I/O error"

_Connect: TypeAlias = Callable[[Path, str], Any]
_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "COMMIT")


@dataclass(frozen=True, slots=True)
class StoreFault:
    """What happens to the ``at``-th statement that writes, counted from 1; if lasting, to all later ones, too."""

    at: int
    error: str = FULL
    lasting: bool = True


class Disk:
    """Counts the statements that write, and lets some of them fail."""

    def __init__(self, fault: StoreFault) -> None:
        self.fault = fault
        self.writes = 0

    @property
    def fired(self) -> bool:
        """Whether a statement has failed."""
        return self.writes >= self.fault.at

    def check(self, statement: str) -> None:
        """Let a statement pass or fail.

        Raises:
            sqlite3.OperationalError: its turn has come.

        """
        if not statement.lstrip().startswith(_WRITES):
            return
        self.writes += 1
        if self.writes == self.fault.at or (self.fault.lasting and self.fired):
            raise sqlite3.OperationalError(self.fault.error)


class _Faulty:
    """A connection whose statements pass a disk first."""

    def __init__(self, inner: sqlite3.Connection, disk: Disk) -> None:
        self._inner = inner
        self._disk = disk

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        self._disk.check(statement)
        return self._inner.execute(statement, values)

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> sqlite3.Cursor:
        self._disk.check(statement)
        return self._inner.executemany(statement, rows)

    def close(self) -> None:
        self._inner.close()


@contextmanager
def faulty_store(fault: StoreFault) -> Iterator[Disk]:
    """Let a write of the stores that are opened meanwhile fail."""
    disk = Disk(fault)
    with _connecting(lambda connection: _Faulty(connection, disk)):
        yield disk


@contextmanager
def small_disk(pages: int) -> Iterator[None]:
    """Give the stores that are opened meanwhile room for so many pages of 4 KB each."""

    def limited(connection: sqlite3.Connection) -> sqlite3.Connection:
        connection.execute(f"PRAGMA max_page_count={pages}")
        return connection

    with _connecting(limited):
        yield


@contextmanager
def _connecting(wrapped: Callable[[sqlite3.Connection], Any]) -> Iterator[None]:
    # A patch, because only tests need it: no run should carry a switch that breaks it.
    names: dict[str, Any] = vars(sqlite)
    before: _Connect = names["connect"]

    def connect(path: Path, mode: str) -> Any:
        connection = before(path, mode)
        return wrapped(connection) if mode.startswith("rw") else connection

    names["connect"] = connect
    try:
        yield
    finally:
        names["connect"] = before


async def check_run_store(path: Path, store: StoreAddress | None = None) -> None:
    """Check what a run relies on, with the record of a new run at ``path``, in a file or in a store.

    A reply is there once it is told, and never changes; any text comes back as it was; an attempt is counted until it
    has its reply; changes are made whole or not at all; a run has one writer, whom readers see at once; and a copy is
    the same entry for entry.
    """
    async with RunStore.create(path, store) as made:
        await _check_writing(made, path)
    await check_call_store(lambda: RunStore.open(path))
    async with RunStore.read(path) as reader:
        await _refused(lambda: reader.append([Entry("k", "x")]), "who looks at a record does not write it")
        there = path.parent / "copy" / path.name
        there.parent.mkdir()
        await copy(path, there, IN_FOLDER)
        async with RunStore.read(there) as again:
            rule(again.journal() == reader.journal(), "a copy has every entry, with its place and its time")
            rule(again.usage() == reader.usage() and again.meta() == reader.meta(), "a copy has spent the same")
            for table in (CALLS, TRACES, UNANSWERED, THOUGHTS):
                rule(again.rows(table) == reader.rows(table), f"a copy has the same {table.name}")


async def _check_writing(made: RunStore, path: Path) -> None:
    trace = Trace("k", (Call("a", "out \ud800\0", tokens_out=1, seconds=0.5, key="c"),), "out \ud800\0")
    entries = [Entry("k", text) for text in HARD_TEXTS]
    await made.append(entries, {"a": "1", "b": "\ud800\0"})
    await made.append([Entry("last", "")], {"a": "2"})
    rule([entry.body for entry in made.journal()] == [*HARD_TEXTS, ""], "the journal keeps order and any text")
    numbers = list(range(1, len(HARD_TEXTS) + 2))
    rule([entry.seq for entry in made.journal()] == numbers, "entries are numbered without gaps")
    rule(made.meta() == {"a": "2", "b": "\ud800\0"}, "meta holds what was set last")
    broken = Entry(None, "x")  # type: ignore[arg-type]
    await _refused(lambda: made.append([Entry("k", "x"), broken], {"a": "3"}), "what cannot be stored is an error")
    rule(made.meta()["a"] == "2" and len(made.journal()) == len(numbers), "a change that fails leaves nothing")
    await asyncio.gather(*(made.append([Entry("k", f"{n} a"), Entry("k", f"{n} b")]) for n in range(20)))
    bodies = [entry.body for entry in made.journal()[len(numbers) :]]
    rule(all(one[:-1] == two[:-1] for one, two in zip(bodies[::2], bodies[1::2], strict=True)), "changes are whole")
    result = RecordedResult("w", Scored("k", None), runs=(RunOfTeam("p", trace.digest),))
    await made.put_result(result, [trace])
    rule(made.trace("p", "k") == trace and made.trace("p", "other") is None, "a trace is found by prompts and input")
    asked = [Request("m", (Message("user", text),), "agent", agent="a") for text in ("sent", "failed", "answered")]
    for request in asked:
        await made.sent(request, 0.5)
    made.failed(asked[1], 0.25)
    await made.put(asked[2], Reply("x", 1, 2, 0.125, thoughts="hm", tokens_thought=1))
    rule([one.key for one in made.open_attempts()] == [asked[0].key], "an attempt is open until it has an end")
    used = made.usage()["agent"]
    rule((used.calls, used.failed, used.usd) == (3, 2, 0.875), f"each attempt is counted once: {used!r}")
    async with RunStore.read(path) as reader:
        await made.put(asked[0], Reply("y"))
        rule(reader.get(asked[0].key) == Reply("y"), "a reader sees a reply once it is recorded")
        unpriced = [Unpriced("agent", "m", 0, 0, 0, 0, 1, calls=1, agent=asked[0].agent)]
        rule(list(reader.unpriced()) == unpriced, "a call without a cost is known as one")
        rule(reader.priced() == {"agent": 0.375}, "and so is what all others cost")
    try:
        RunStore.open(path)
    except StoreError as error:
        rule("another maspo process" in str(error), f"the second writer is told of the first: {error}")
    else:
        rule(False, "a run has one writer")


async def _refused(write: Callable[[], Awaitable[None]], why: str) -> None:
    try:
        await write()
    except StoreError:
        return
    rule(False, why)
