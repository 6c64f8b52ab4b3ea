"""The store of one run: its journal, its calls and its traces in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

from maspo.core.errors import StoreError
from maspo.core.trace import Trace
from maspo.core.usage import Usage
from maspo.events import Recorded
from maspo.models.base import Message, Reply, Request
from maspo.store import attempts, comparisons
from maspo.store.attempts import OpenAttempt
from maspo.store.codec import Entry, Item, RecordedResult, decode_recorded, encode
from maspo.store.comparisons import ComparedRuns, ComparisonLine, TraceRows, TraceState
from maspo.store.files import flush_folder
from maspo.store.migrate import KEPT_TWICE, bring_up_to_date
from maspo.store.salvage import damaged, in_memory, salvage
from maspo.store.schema import (
    BROKEN,
    RunLock,
    check,
    connect,
    create_tables,
    inspect,
    prepare,
    require,
    roll_back,
    salt_in,
    unreadable,
)
from maspo.store.tables import CALLS, JOURNAL, META, SPARE, TRACES, put
from maspo.store.writer import Writer

_GET_CALL = "SELECT reply, tokens_in, tokens_out, usd, seconds, truncated, attempts FROM calls WHERE key = ?"
_USAGE = """
SELECT purpose, SUM(attempts), SUM(attempts - 1), TOTAL(tokens_in), TOTAL(tokens_out),
    SUM(tokens_in IS NULL OR tokens_out IS NULL), SUM(usd), SUM(usd IS NULL),
    SUM(truncated AND trim(reply, ' ' || char(9, 10, 11, 12, 13)) <> '')
    FROM calls GROUP BY purpose
"""
_LAST_ENTRY = "SELECT COALESCE(MAX(seq), 0) FROM journal"
_ENTRIES_SINCE = "SELECT kind, body, seq, at FROM journal WHERE seq > ? ORDER BY seq"

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
        lock = RunLock(file)
        if file.exists() and file.stat().st_size:
            lock.release()
            raise StoreError(f"{file}: holds a run already; resume it with `maspo resume {file.parent}`")
        try:
            _make(file)
            return cls._locked(file, lock)
        except StoreError:
            lock.release()
            # Nothing is recorded yet: the same folder can be tried again.
            for suffix in ("", "-wal", "-shm", ".lock"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
            raise

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the database of an existing run to go on with it, and lock it; ``mend`` a damaged one first.

        A run of an earlier format is brought up to date.

        Raises:
            StoreError: it is missing, no run, damaged, of a newer maspo, or another process holds it.

        """
        file = Path(path)
        require(file)
        lock = RunLock(file)
        try:
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
        require(file)
        roll_back(file)
        connection = connect(file, "ro")
        try:
            connection.execute("SELECT COUNT(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            connection.close()
            return cls._as_it_stands(file)
        except BROKEN:
            connection.close()
            return cls._salvaged(file, inspect(file))
        return cls._checked(file, connection)

    @classmethod
    def _as_it_stands(cls, file: Path) -> Self:
        """Read a run in a folder where nothing can be written, so that SQLite cannot show its write-ahead log."""
        log, journal = (file.with_name(f"{file.name}-{kind}") for kind in ("wal", "journal"))
        if journal.exists() and journal.stat().st_size:
            raise unreadable(file, f"{journal.name} holds a change that only a folder with room to write can take back")
        if not (log.exists() and log.stat().st_size):
            return cls._checked(file, connect(file, "ro&immutable=1"))
        found = salvage(file)
        if found is None:
            raise unreadable(file, f"{log.name} holds changes that only a folder with room to write can show")
        return cls(file, in_memory(found))

    @classmethod
    def _checked(cls, file: Path, connection: sqlite3.Connection) -> Self:
        try:
            damage = check(connection, file)
        except StoreError:
            connection.close()
            raise
        if not damage:
            return cls(file, connection)
        connection.close()
        return cls._salvaged(file, damage)

    @classmethod
    def _salvaged(cls, file: Path, damage: str) -> Self:
        found = salvage(file)
        if found is None:
            raise unreadable(file, damage)
        return cls(file, in_memory(found), damage)

    @classmethod
    def _locked(cls, file: Path, lock: RunLock) -> Self:
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
        return Reply(text, tokens_in, tokens_out, usd, seconds, bool(truncated), attempts)

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

        def change(connection: sqlite3.Connection, salt: int) -> None:
            put(connection, CALLS, [row], salt)
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
        for purpose, calls, usd, unpriced in self._unanswered():
            usage[purpose] += Usage(calls=calls, failed=calls, usd=None if unpriced else usd)
        return dict(usage)

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

    def trace(self, prompts_id: str, input_key: str) -> Trace | None:
        """Return how a prompt set ran on an input, or None when no trace of it is kept."""
        return comparisons.trace_of(self._select, prompts_id, input_key)

    def messages(self, key: str) -> tuple[Message, ...]:
        """Return what a recorded call asked; nothing when it is not recorded."""
        rows = self._select("SELECT request FROM calls WHERE key = ?", key)
        return tuple(Message(*each) for each in json.loads(rows[0][0])["messages"]) if rows else ()

    def _unanswered(self) -> list[tuple[Any, ...]]:
        return self._select(attempts.USAGE) if attempts.is_there(self._reader) else []

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


def _make(file: Path) -> None:
    """Make a new run's database; whoever looks at the folder meanwhile sees none, or a whole one."""
    fresh = file.with_name(f"{file.name}.new")
    try:
        fresh.unlink(missing_ok=True)
        with closing(connect(fresh, "rwc")) as connection:
            create_tables(connection)
        fresh.replace(file)
        flush_folder(file.parent)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise unreadable(file, error) from error


@dataclass(frozen=True, slots=True)
class _Writing:
    """What a store needs to write: the thread that does it, its connection, the lock, and the salt of all marks."""

    writer: Writer
    connection: sqlite3.Connection
    lock: RunLock
    salt: int
