"""The store of one run: its journal, its calls and its traces in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from maspo.errors import StoreError
from maspo.events import CallLost, Usage
from maspo.models.base import Reply, Request
from maspo.store.codec import Entry, decode, decode_trace, encode_trace
from maspo.store.schema import RunLock, check, connect, create_tables, prepare, to_column, unreadable
from maspo.store.writer import Change, Writer
from maspo.trace import Trace

_PUT_CALL = """
INSERT INTO calls VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT),
    ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_GET_CALL = "SELECT reply, tokens_in, tokens_out, usd, seconds, truncated, attempts FROM calls WHERE key = ?"
_PUT_ENTRY = "INSERT INTO journal (kind, body, at) VALUES (?, CAST(? AS TEXT), ?)"
_PUT_META = "INSERT OR REPLACE INTO meta VALUES (?, CAST(? AS TEXT))"
_PUT_TRACE = "INSERT OR REPLACE INTO traces VALUES (?, ?, CAST(? AS TEXT))"
_USAGE = """
SELECT purpose, SUM(attempts), SUM(attempts - 1), TOTAL(tokens_in), TOTAL(tokens_out),
    SUM(tokens_in IS NULL OR tokens_out IS NULL), SUM(usd), SUM(usd IS NULL) FROM calls GROUP BY purpose
"""


class RunStore:
    """A run's database, and the ``CallStore`` of its model calls.

    Reads are immediate; writes return when they are durable, so what a caller was told survives ``kill -9``.
    Recorded calls never change: a second reply to the same question is not stored.

    Raises (from every method):
        StoreError: the file cannot be read or written.

    """

    def __init__(
        self, path: Path, reader: sqlite3.Connection, writing: tuple[Writer, sqlite3.Connection] | None
    ) -> None:
        self.path = path
        self._reader = reader
        self._writing = writing
        self._lock: RunLock | None = None

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
        return cls._locked(file, lock, "rwc")

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the database of an existing run to go on with it, and lock it.

        Raises:
            StoreError: it is missing, no run, damaged, of a newer maspo, or another process holds it.

        """
        file = Path(path)
        _require(file)
        return cls._locked(file, RunLock(file), "rw")

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Open a run to look at it, also while another process writes.

        Raises:
            StoreError: it is missing, no run, damaged, or of a newer maspo.

        """
        file = Path(path)
        _require(file)
        connection = connect(file, "ro")
        try:
            connection.execute("SELECT COUNT(*) FROM sqlite_master")
        except sqlite3.OperationalError:
            connection.close()
            connection = _as_it_stands(file)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise unreadable(file, error) from error
        try:
            check(connection, file)
        except StoreError:
            connection.close()
            raise
        return cls(file, connection, None)

    @classmethod
    def _locked(cls, file: Path, lock: RunLock, mode: str) -> Self:
        connections: list[sqlite3.Connection] = []
        try:
            connections.append(connect(file, mode))
            if mode == "rwc":
                prepare(connections[0])
                create_tables(connections[0])
            check(connections[0], file)
            prepare(connections[0])
            connections.append(connect(file, "ro"))
        except (StoreError, sqlite3.Error) as error:
            for connection in connections:
                connection.close()
            lock.release()
            raise error if isinstance(error, StoreError) else unreadable(file, error) from error
        writer_connection, reader = connections
        store = cls(file, reader, (Writer(writer_connection, file), writer_connection))
        store._lock = lock
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
            writer, connection = self._writing
            await writer.close()
            connection.close()
        if self._lock is not None:
            self._lock.release()

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
        attribution = (request.purpose, request.agent, request.model)
        row = (
            request.key,
            *map(to_column, (*attribution, json.dumps(asked, ensure_ascii=False), reply.text)),
            reply.tokens_in,
            reply.tokens_out,
            reply.usd,
            reply.seconds,
            reply.attempts,
            reply.truncated,
            time.time(),
        )
        await self._write(partial(_execute, _PUT_CALL, [row]))

    def usage(self) -> dict[str, Usage]:
        """Return what the recorded calls cost, by purpose; calls that the journal says are lost count as failed."""
        usage: defaultdict[str, Usage] = defaultdict(lambda: Usage(usd=0.0))
        for purpose, calls, failed, tokens_in, tokens_out, unmetered, usd, unpriced in self._select(_USAGE):
            usage[purpose] = Usage(
                calls=calls,
                failed=failed,
                tokens_in=int(tokens_in),
                tokens_out=int(tokens_out),
                unmetered=unmetered,
                usd=None if unpriced else usd,
            )
        for entry in self._entries("WHERE kind = 'call_lost'"):
            lost = decode(entry)
            if isinstance(lost, CallLost):
                before = usage[lost.purpose]
                usage[lost.purpose] = replace(
                    before, calls=before.calls + lost.attempts, failed=before.failed + lost.attempts
                )
        return dict(usage)

    # Journal

    async def append(self, entries: Sequence[Entry], meta: Mapping[str, str] | None = None) -> None:
        """Add entries to the journal and set meta values, all or nothing."""
        now = time.time()
        lines = [(entry.kind, to_column(entry.body), now) for entry in entries]
        values = [(key, to_column(value)) for key, value in (meta or {}).items()]

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany(_PUT_ENTRY, lines)
            connection.executemany(_PUT_META, values)

        await self._write(change)

    def journal(self) -> list[Entry]:
        """Return all entries in the order in which they were added."""
        return self._entries("")

    def meta(self) -> dict[str, str]:
        """Return the values kept beside the journal."""
        return dict(self._select("SELECT key, value FROM meta"))

    # Traces

    async def put_trace(self, prompts_id: str, trace: Trace) -> None:
        """Record how a prompt set ran on an input."""
        row = (prompts_id, trace.input_key, to_column(encode_trace(trace)))
        await self._write(partial(_execute, _PUT_TRACE, [row]))

    def trace(self, prompts_id: str, input_key: str) -> Trace | None:
        """Return how a prompt set ran on an input, or None."""
        rows = self._select("SELECT body FROM traces WHERE prompts_id = ? AND input_key = ?", prompts_id, input_key)
        return decode_trace(rows[0][0]) if rows else None

    def _entries(self, where: str) -> list[Entry]:
        rows = self._select(f"SELECT kind, body, seq, at FROM journal {where} ORDER BY seq")  # noqa: S608 (our own text)
        return [Entry(*row) for row in rows]

    def _select(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise unreadable(self.path, error) from error

    async def _write(self, change: Change) -> None:
        if self._writing is None:
            raise StoreError(f"{self.path}: opened to look at it; open it with RunStore.open to write")
        await self._writing[0].write(change)


def _execute(statement: str, rows: Sequence[Sequence[object]], connection: sqlite3.Connection) -> None:
    connection.executemany(statement, rows)


def _as_it_stands(file: Path) -> sqlite3.Connection:
    """Open a run in a folder that may not be written, where SQLite cannot keep its index of the write-ahead log."""
    log = file.with_name(file.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise unreadable(file, f"{log.name} holds changes that only a writable folder can show")
    return connect(file, "ro&immutable=1")


def _require(file: Path) -> None:
    if not file.is_file():
        raise StoreError(f"{file}: no such run; give the folder that `maspo optimize` wrote")
