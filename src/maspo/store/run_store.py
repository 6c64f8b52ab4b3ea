"""The store of one run: its journal, its calls and its traces in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeAlias

from maspo.core.errors import StoreError
from maspo.core.plain_files import is_plain, is_there
from maspo.core.trace import Trace
from maspo.core.usage import Usage
from maspo.core.verdict import Comparison
from maspo.events import Recorded
from maspo.models.base import Message, Reply, Request
from maspo.store import attempts, comparisons
from maspo.store.attempts import OpenAttempt
from maspo.store.codec import Entry, Item, RecordedResult, decode_recorded, encode
from maspo.store.comparisons import ComparedRuns, ComparisonLine, TraceRows, TraceState
from maspo.store.files import flush_folder, make_anew
from maspo.store.locks import RecordLock, made_as
from maspo.store.looking import BESIDE, check_beside, check_journal, inspect, stamp_of, view
from maspo.store.migrate import KEPT_TWICE, bring_up_to_date
from maspo.store.salvage import damaged, in_memory, salvage
from maspo.store.schema import (
    BROKEN,
    check,
    connect,
    create_tables,
    prepare,
    require,
    salt_in,
    unreadable,
)
from maspo.store.tables import CALLS, JOURNAL, META, SPARE, THOUGHTS, TRACES, UNANSWERED, Table, put
from maspo.store.writer import Writer

_GET_CALL = "SELECT reply, tokens_in, tokens_out, usd, seconds, truncated, attempts FROM calls WHERE key = ?"
_USAGE = """
SELECT purpose, SUM(attempts), SUM(attempts - 1), TOTAL(tokens_in), TOTAL(tokens_out),
    SUM(tokens_in IS NULL OR tokens_out IS NULL), SUM(usd), SUM(usd IS NULL),
    SUM(truncated AND trim(reply, ' ' || char(9, 10, 11, 12, 13)) <> '')
    FROM calls GROUP BY purpose
"""
_GET_THOUGHTS = "SELECT thoughts, tokens_thought, tokens_cached FROM thoughts WHERE key = ?"
_USAGE_OF_THOUGHTS = """
SELECT purpose, TOTAL(tokens_cached), TOTAL(tokens_thought) FROM thoughts JOIN calls USING (key) GROUP BY purpose
"""
_LAST_ENTRY = "SELECT COALESCE(MAX(seq), 0) FROM journal"
_ENTRIES_SINCE = "SELECT kind, body, seq, at FROM journal WHERE seq > ? ORDER BY seq"

_LOOKS = 3
"""Looks at a record that seems damaged, as long as somebody writes it."""

_CALLS_MADE = "SELECT purpose, agent, model, tokens_in, tokens_out, usd, seconds, at FROM calls ORDER BY at"


class CallMade(NamedTuple):
    """A recorded call without its texts. Of many thousands of them, so a tuple."""

    purpose: str
    agent: str
    model: str
    tokens_in: int | None
    tokens_out: int | None
    usd: float | None
    seconds: float
    at: float
    """When its reply was recorded, in seconds since 1970."""


_Change: TypeAlias = Callable[[sqlite3.Connection, int], None]
"""Something to do within a transaction; the number is the salt of all marks."""


class RunStore:
    """A run's database, and the ``CallStore`` of its model calls.

    Reads are immediate; writes return when they are durable, so what a caller was told survives ``kill -9``.
    Recorded calls never change: a second reply to the same question is not stored.

    Raises (from every method):
        StoreError: the file cannot be read or written.

    """

    def __init__(self, path: Path, reader: sqlite3.Connection, damage: str = "") -> None:
        self.path = path
        self.damage = damage
        """What is wrong with the file; what is read then is only what was salvaged. Empty when it is whole."""
        self._reader = reader
        self._writing: _Writing | None = None
        self._closings: list[tuple[float | None, str]] = []
        """Attempts that have failed, to be recorded with the next change."""
        self._trace_states: dict[tuple[str, str], TraceState] = {}
        """What this process did with traces, by address and input."""

    @classmethod
    def create(cls, path: str | Path) -> Self:
        """Make the database of a new run and lock it.

        Raises:
            StoreError: there is one already, the folder cannot be written, or another process holds the run.

        """
        file = Path(path)
        lock = _make(file)
        try:
            return cls._locked(file, lock)
        except StoreError as error:
            # Nothing is recorded yet: the same folder can be tried again.
            for suffix in ("", *BESIDE):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
            raise _not_begun(file, error.__cause__ or error) from error

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the database of an existing run to go on with it, and lock it; ``mend`` a damaged one first.

        A run of an earlier format is brought up to date.

        Raises:
            StoreError: it is missing, no run, damaged, of a newer maspo, or another process holds it.

        """
        file = Path(path)
        require(file)
        lock = RecordLock(file)
        try:
            check_beside(file)
            check_journal(file)
            damage = inspect(file)
            if damage:
                raise damaged(file, damage)
        except StoreError:
            lock.release()
            raise
        return cls._locked(file, lock)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Open a run to look at it, also while another process writes; of a damaged one, what can be salvaged.

        Raises:
            StoreError: it is missing, no run, beyond repair, or of a newer maspo.

        """
        file = Path(path)
        damage = ""
        for _ in range(_LOOKS):
            before = stamp_of(file)
            try:
                connection = view(file)
            except OSError as error:
                return cls._without_room(file, error)
            if isinstance(connection, str):
                return cls._salvaged(file, connection)
            try:
                damage = check(connection, file)
            except StoreError:
                connection.close()
                raise
            if not damage:
                return cls(file, connection)
            connection.close()
            if stamp_of(file) == before:
                break  # else a process began to write meanwhile
        return cls._salvaged(file, damage)

    @classmethod
    def _without_room(cls, file: Path, why: OSError) -> Self:
        """Read a record that has a log or a journal where there is no room for a copy."""
        log, journal = (file.with_name(f"{file.name}-{kind}") for kind in ("wal", "journal"))
        room = f"there is no room for one: {why.strerror}"
        if journal.exists() and journal.stat().st_size:
            raise unreadable(file, f"{journal.name} holds a change that only a copy can take back; {room}") from why
        found = salvage(file)
        if found is None:
            raise unreadable(file, f"{log.name} holds changes that only a copy can show; {room}")
        return cls(file, in_memory(found))

    @classmethod
    def _salvaged(cls, file: Path, damage: str) -> Self:
        found = salvage(file)
        if found is None:
            raise unreadable(file, damage)
        return cls(file, in_memory(found), damage)

    @classmethod
    def _locked(cls, file: Path, lock: RecordLock) -> Self:
        connections: list[sqlite3.Connection] = []
        try:
            connections.append(connect(file, "rw"))
            prepare(connections[0])
            bring_up_to_date(connections[0])
            connections.append(connect(file, "ro"))
            salt = salt_in(connections[0])
        except (StoreError, *BROKEN) as error:
            for connection in connections:
                connection.close()
            lock.release()
            raise error if isinstance(error, StoreError) else unreadable(file, error) from error
        writer, reader = connections
        store = cls(file, reader)
        store._writing = _Writing(Writer(writer, file), writer, lock, salt)
        return store

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def close_reader(self) -> None:
        """Close a store that was opened to look at it."""
        self._reader.close()

    async def close(self) -> None:
        """Write what is waiting, close the file and free the run."""
        self._reader.close()
        if self._writing is not None:
            if self._closings:
                with suppress(StoreError):  # what cannot be noted counts as in flight
                    await self._write(lambda *_: None)
            await self._writing.writer.close()
            self._writing.connection.close()
            self._writing.lock.release()

    # Calls

    def get(self, key: str) -> Reply | None:
        """Return the recorded reply to a question, or None."""
        rows = self._select(_GET_CALL, key)
        if not rows:
            return None
        text, tokens_in, tokens_out, usd, seconds, truncated, attempts = rows[0]
        reply = Reply(text, tokens_in, tokens_out, usd, seconds, bool(truncated), attempts)
        more = self._select(_GET_THOUGHTS, key) if self._has(THOUGHTS) else []
        for thoughts, thought, cached in more:
            return replace(reply, thoughts=thoughts, tokens_thought=thought, tokens_cached=cached)
        return reply

    async def put(self, request: Request, reply: Reply) -> None:
        """Record a reply, unless the question has one."""
        asked = {
            "messages": [[message.role, message.content] for message in request.messages],
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "identity": request.identity,
        }
        row = (
            request.key,
            *(request.purpose, request.agent, request.model),
            json.dumps(asked, ensure_ascii=False),
            reply.text,
            reply.tokens_in,
            reply.tokens_out,
            reply.usd,
            reply.seconds,
            reply.attempts,
            reply.truncated,
            time.time(),
        )

        more = (request.key, reply.thoughts, reply.tokens_thought, reply.tokens_cached)

        def change(connection: sqlite3.Connection, salt: int) -> None:
            put(connection, CALLS, [row], salt)
            if any(more[1:]):
                put(connection, THOUGHTS, [more], salt)
            attempts.answered(connection, request.key)

        await self._write(change)

    async def sent(self, request: Request, usd: float | None) -> None:
        """Record that a call is about to be sent, and its highest cost."""
        now = time.time()
        await self._write(lambda connection, salt: attempts.sent(connection, request, usd, now, salt))

    def failed(self, request: Request, usd: float | None) -> None:
        """Note that the call sent last brings no reply, and what it is charged at; recorded with the next change.

        A process that is killed before leaves it as a call in flight: listed, and charged at its highest cost.
        """
        self._closings.append((usd, request.key))

    def replies(self, purposes: str, asked_for: str) -> Iterator[str]:
        """Return the replies to questions whose purpose begins so, and which hold a text."""
        query = "SELECT reply FROM calls WHERE instr(purpose, ?) = 1 AND instr(request, ?) > 0"
        return (reply for (reply,) in self._select(query, purposes, json.dumps(asked_for, ensure_ascii=False)[1:-1]))

    def spending(self) -> list[tuple[float, float | None]]:
        """Return when each recorded call was recorded, in seconds since 1970, and its cost, the first one first."""
        return self._select("SELECT at, usd FROM calls ORDER BY at, key")

    def open_attempts(self) -> list[OpenAttempt]:
        """Return the calls of which only the sending is recorded: in flight now, or when a process died."""
        return [OpenAttempt(*row) for row in self._select(attempts.OPEN)]

    def usage(self) -> dict[str, Usage]:
        """Return what all calls cost, by purpose: those recorded, and each attempt without a reply as failed."""
        usage: defaultdict[str, Usage] = defaultdict(lambda: Usage(usd=0.0))
        for purpose, calls, failed, tokens_in, tokens_out, unmetered, usd, unpriced, cut in self._select(_USAGE):
            usage[purpose] = Usage(
                calls=calls,
                failed=failed,
                tokens_in=int(tokens_in),
                tokens_out=int(tokens_out),
                unmetered=unmetered,
                usd=None if unpriced else usd,
                cut=cut,
            )
        more = self._select(_USAGE_OF_THOUGHTS) if self._has(THOUGHTS) else []
        for purpose, cached, thought in more:
            usage[purpose] += Usage(tokens_cached=int(cached), tokens_thought=int(thought), usd=0.0)
        for purpose, calls, usd, unpriced in self._unanswered():
            usage[purpose] += Usage(calls=calls, failed=calls, usd=None if unpriced else usd)
        return dict(usage)

    def calls_made(self) -> list[CallMade]:
        """Return the recorded calls in the order of their replies, without their texts."""
        return [CallMade(*row) for row in self._select(_CALLS_MADE)]

    # Journal

    async def append(self, entries: Sequence[Entry], meta: Mapping[str, str] | None = None) -> None:
        """Add entries to the journal and set meta values, all or nothing."""
        await self._write(add(entries, meta or {}))

    def journal(self) -> list[Entry]:
        """Return all entries in the order in which they were added."""
        return [Entry(*row) for row in self._select("SELECT kind, body, seq, at FROM journal ORDER BY seq")]

    def meta(self) -> dict[str, str]:
        """Return the values kept beside the journal."""
        return dict(self._select("SELECT key, value FROM meta"))

    def read_since(self, seq: int = 0) -> list[Recorded[Item]]:
        """Return what was recorded after an entry, in order, with place, time and span; 0 is before all of them.

        Whoever follows a run gives the number of the last entry that it was given. An entry is shown once it and all
        before it are durable, so nothing is passed over, also while another process writes.
        """
        return [decode_recorded(Entry(*row)) for row in self._select(_ENTRIES_SINCE, seq)]

    async def put_result(
        self, result: RecordedResult, traces: Sequence[Trace] = (), meta: Mapping[str, str] | None = None
    ) -> None:
        """Record the result of a request, traces of its ``runs`` if given, and meta values, all or nothing.

        Traces that cannot be kept within their bound are left out, all of this result.
        """
        add_entry = add([encode(result)], meta or {})
        traces_to_add = TraceRows(result.runs, traces, self._trace_states) if traces else None

        def change(connection: sqlite3.Connection, salt: int) -> None:
            add_entry(connection, salt)
            if traces_to_add is not None:
                put(connection, TRACES, traces_to_add.rows(connection), salt)
                # Here, in the order of the writes: what is based on what must not be told from an older state.
                self._trace_states.update(traces_to_add.now)

        await self._write(change)

    # Comparisons

    def comparisons(self) -> list[ComparisonLine]:
        """Return every comparison that is recorded, in order: of search, hold-out and check of the judge.

        Those of formats before, and those that were too many, are listed without traces.
        """
        return comparisons.listed(self._select)

    def comparison(self, request: str) -> ComparedRuns | None:
        """Return the runs behind a comparison by the id of its request; None when it is not there, or not kept."""
        return comparisons.found(self._select, request)

    def compared(self, beginning: str) -> dict[str, tuple[Comparison, ComparedRuns | None]]:
        """Return by their ids the comparisons whose ids begin in a way, each with its runs if these are kept."""
        return comparisons.found_below(self._select, beginning)

    def trace(self, prompts_id: str, input_key: str) -> Trace | None:
        """Return how a prompt set ran on an input, or None when no trace of it is kept."""
        return comparisons.trace_of(self._select, prompts_id, input_key)

    def messages(self, key: str) -> tuple[Message, ...]:
        """Return what a recorded call asked; nothing when it is not recorded."""
        rows = self._select("SELECT request FROM calls WHERE key = ?", key)
        return tuple(Message(*each) for each in json.loads(rows[0][0])["messages"]) if rows else ()

    def thoughts(self, key: str) -> str:
        """Return what the model thought before it answered a recorded call; nothing when that is not known."""
        rows = self._select(_GET_THOUGHTS, key) if self._has(THOUGHTS) else []
        return str(rows[0][0]) if rows else ""

    def _unanswered(self) -> list[tuple[Any, ...]]:
        return self._select(attempts.USAGE) if self._has(UNANSWERED) else []

    def _has(self, table: Table) -> bool:
        """Say whether a run has a table: one that an older maspo wrote may not, until it is gone on with."""
        return table.name in self._tables

    @cached_property
    def _tables(self) -> frozenset[str]:
        return frozenset(name for (name,) in self._select("SELECT name FROM sqlite_master WHERE type = 'table'"))

    def _select(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        try:
            return self._reader.execute(query, values).fetchall()
        except BROKEN as error:
            raise unreadable(self.path, error) from error

    async def _write(self, change: _Change) -> None:
        if self._writing is None:
            raise StoreError(f"{self.path}: opened to look at it; open it with RunStore.open to write")
        closings, self._closings = self._closings, []
        salt = self._writing.salt

        def all_changes(connection: sqlite3.Connection) -> None:
            attempts.close(connection, closings, salt)
            change(connection, salt)

        await self._writing.writer.write(all_changes)


def add(entries: Sequence[Entry], meta: Mapping[str, str]) -> _Change:
    """Return the change that adds entries to the journal and sets meta values."""
    now = time.time()
    twice = [pair for pair in meta.items() if pair[0] in KEPT_TWICE]

    def change(connection: sqlite3.Connection, salt: int) -> None:
        last = connection.execute(_LAST_ENTRY).fetchone()[0]
        lines = [(last + number, entry.kind, entry.body, now) for number, entry in enumerate(entries, start=1)]
        put(connection, JOURNAL, lines, salt)
        put(connection, META, meta.items(), salt)
        put(connection, SPARE, twice, salt)

    return change


def _make(file: Path) -> RecordLock:
    """Make a new run's database, locked; whoever looks at the folder meanwhile sees none, or a whole one."""
    fresh = made_as(file)
    _take_away_empty(file)
    if is_plain(fresh) and fresh.stat().st_nlink == 1:
        RecordLock(fresh).release()  # else another process is just making it
    try:
        with make_anew(fresh, *BESIDE):
            pass
    except OSError as error:
        raise StoreError(f"{file}: cannot be opened ({error.strerror}); give a folder that you may write to") from error
    lock = RecordLock(fresh)
    try:
        with closing(connect(fresh, "rw")) as connection:
            create_tables(connection)
        for suffix in BESIDE:  # of no record: SQLite would take them for this one's
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        _put(fresh, file)
        flush_folder(file.parent)
    except (OSError, StoreError, sqlite3.Error) as error:
        lock.release()
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise error if isinstance(error, StoreError) else _not_begun(file, error) from error
    return lock


def _not_begun(file: Path, why: object) -> StoreError:
    """Return the error for a run that could not be begun: nothing is there to go on with."""
    return StoreError(
        f"{file}: cannot be written ({why}); nothing is recorded and nothing was paid. Check the disk, free some "
        "space, then give the same command again (maspo resume needs a run that has begun)"
    )


def _take_away_empty(file: Path) -> None:
    """Take away what an older maspo left that was killed before it wrote anything."""
    if not is_there(file):
        return
    require(file)
    lock = RecordLock(file)
    try:
        if file.stat().st_size:
            raise StoreError(f"{file}: holds a run already; resume it with `maspo resume {file.parent}`")
        file.unlink()
    finally:
        lock.release()


def _put(fresh: Path, file: Path) -> None:
    """Give a new database its name, unless another process was first."""
    try:
        file.hardlink_to(fresh)
    except FileExistsError:
        raise StoreError(f"{file}: another maspo process has just begun a run there; give another folder") from None
    except OSError:  # a file system without hard links
        fresh.rename(file)
    else:
        fresh.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Writing:
    """What a store needs to write: the thread that does it, its connection, the lock, and the salt of all marks."""

    writer: Writer
    connection: sqlite3.Connection
    lock: RecordLock
    salt: int
