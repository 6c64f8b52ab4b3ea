"""The store of one run: its journal, its calls and its traces, in a SQLite file or in a store on Postgres."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeAlias

from maspo.core.errors import ConfigInvalid, StoreError
from maspo.core.trace import Trace
from maspo.core.usage import Usage, sum_by_purpose
from maspo.core.verdict import Comparison
from maspo.events import Recorded
from maspo.models.base import Message, Reply, Request
from maspo.models.leases import Pool
from maspo.store import attempts, comparisons, unpriced
from maspo.store.address import StoreAddress, pointer_in
from maspo.store.attempts import Heads, OpenAttempt
from maspo.store.budgets import BudgetPool
from maspo.store.codec import Entry, Item, RecordedResult, decode_recorded, encode
from maspo.store.comparisons import ComparedRuns, ComparisonLine, TraceRows, TraceState
from maspo.store.database import Change, Database, Transaction
from maspo.store.migrate import KEPT_TWICE
from maspo.store.postgres import PostgresDatabase, create_in, open_in, read_in
from maspo.store.sqlite import SqliteDatabase
from maspo.store.tables import CALLS, JOURNAL, META, SPARE, THOUGHTS, TRACES, UNANSWERED, Row, Table
from maspo.store.unpriced import Unpriced
from maspo.store.writer import Writer

_GET_CALL = "SELECT reply, tokens_in, tokens_out, usd, seconds, truncated, attempts FROM calls WHERE key = ?"
_NUMBERED = "calls.rowid > 0"
"""Says nothing, since all are; a server has an index for who says it."""
_OF_CALLS = f"calls.rowid > ? AND calls.rowid <= ? AND {_NUMBERED}"
"""Calls are added and never changed or taken away, so each has a higher number than those before it.

SQLite begins to read where the first condition says: with what says nothing first, it would read all calls."""
_LAST_CALL = f"SELECT rowid FROM calls WHERE {_NUMBERED} ORDER BY calls.rowid DESC LIMIT 1"  # noqa: S608 (our own words)
_EVER = (1 << 63) - 1
_USAGE = f"""
SELECT purpose, SUM(attempts), SUM(attempts - 1), COALESCE(SUM(tokens_in), 0), COALESCE(SUM(tokens_out), 0),
    SUM(CASE WHEN tokens_in IS NULL OR tokens_out IS NULL THEN 1 ELSE 0 END), ADD_UP(usd),
    SUM(CASE WHEN usd IS NULL THEN 1 ELSE 0 END),
    SUM(CASE WHEN truncated <> 0 AND trim(reply, ?) <> '' THEN 1 ELSE 0 END)
    FROM calls WHERE attempts > 0 AND {_OF_CALLS} GROUP BY purpose
"""  # noqa: S608 (our own words)
_SPACES = " \t\n\v\f\r"
_GET_THOUGHTS = "SELECT thoughts, tokens_thought, tokens_cached FROM thoughts WHERE key = ?"
_USAGE_OF_THOUGHTS = f"""
SELECT purpose, COALESCE(SUM(tokens_cached), 0), COALESCE(SUM(tokens_thought), 0),
    SUM(CASE WHEN tokens_thought = 0 AND thoughts <> '' THEN 1 ELSE 0 END)
    FROM calls JOIN thoughts USING (key) WHERE attempts > 0 AND {_OF_CALLS} GROUP BY purpose
"""  # noqa: S608 (our own words)
_ENTRIES_SINCE = "SELECT kind, body, seq, at FROM journal WHERE seq > ? ORDER BY seq"

_CALLS_MADE = f"""
SELECT purpose, agent, model, tokens_in, tokens_out, usd, seconds, at FROM calls
    WHERE attempts > 0 AND {_OF_CALLS} ORDER BY calls.rowid
"""  # noqa: S608 (our own words)
_CALLS_TOLD = """
SELECT key, purpose, agent, model, request, reply, tokens_in, tokens_out, usd, seconds, truncated, at FROM calls
    WHERE attempts > 0 ORDER BY calls.rowid
"""
_AGENTS_CALLED = "SELECT DISTINCT agent FROM calls WHERE purpose = 'agent'"
_REPLIES = f"""
SELECT reply FROM calls WHERE {_OF_CALLS} AND substr(purpose, 1, ?) = ? AND instr(request, ?) > 0
"""  # noqa: S608 (our own words)


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


class CallTold(NamedTuple):
    """A recorded call with its texts, as JSON of the request and the reply as it is read."""

    key: str
    purpose: str
    agent: str
    model: str
    request: str
    reply: str
    tokens_in: int | None
    tokens_out: int | None
    usd: float | None
    seconds: float
    truncated: int
    """1 where the reply ended at the limit of tokens, else 0."""
    at: float
    """When its reply was recorded, in seconds since 1970."""


_HeadedChange: TypeAlias = Callable[[Transaction, Heads], None]
"""Something to do within a transaction, where the tables end as said."""


class RunStore:
    """The record of a run, and the ``CallStore`` of its model calls.

    Reads are immediate; writes return when they are durable, so what a caller was told survives ``kill -9``.
    Recorded calls never change: a second reply to the same question is not stored.

    Raises (from every method):
        StoreError: the record cannot be read or written.

    """

    def __init__(self, path: Path, database: Database, *, writes: bool = False, damage: str = "") -> None:
        self.path = path
        self.damage = damage
        """What is wrong with the record; what is read then is only what was salvaged. Empty when it is whole."""
        self._database = database
        self._writer = Writer(self._commit, path) if writes else None
        self._heads: Heads | None = None
        """Where the tables end, on the writer's thread; None before the first change and after one that failed."""
        self._closings: list[tuple[float | None, str]] = []
        """Attempts that have failed, to be recorded with the next change."""
        self._trace_states: dict[tuple[str, str], TraceState] = {}
        """What this process did with traces, by address and input."""

    @classmethod
    def create(cls, path: str | Path, store: StoreAddress | None = None, whole: Path | None = None) -> Self:
        """Make the record of a new run and lock it: a SQLite file, or rows in a store, with a file that names it.

        There it may be a part of larger work, whose record is ``whole``.

        Raises:
            StoreError: there is one already, it cannot be written, or another process holds the run.

        """
        file = Path(path)
        if store is None:
            return cls(file, SqliteDatabase.create(file), writes=True)
        return cls(file, create_in(store, file, whole), writes=True)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the record of an existing run to go on with it, and lock it; ``mend`` a damaged file first.

        A run of an earlier format is brought up to date.

        Raises:
            StoreError: it is missing, no run, damaged, of a newer maspo, or another process holds it.

        """
        file = Path(path)
        pointer = pointer_in(file)
        database = SqliteDatabase.open(file) if pointer is None else open_in(pointer, file)
        return cls(file, database, writes=True)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Open a run to look at it, also while another process writes; of a damaged file, what can be salvaged.

        Raises:
            StoreError: it is missing, no run, beyond repair, or of a newer maspo.

        """
        file = Path(path)
        pointer = pointer_in(file)
        if pointer is not None:
            return cls(file, read_in(pointer, file))
        found = SqliteDatabase.read(file)
        return cls(file, found, damage=found.damage)

    @classmethod
    def read_on(cls, path: str | Path) -> Self:
        """Open a run that a process works on and that was read before: what was verified then is not verified again.

        Raises:
            StoreError: it is missing or no run, or damaged.

        """
        file = Path(path)
        pointer = pointer_in(file)
        return cls(file, SqliteDatabase.read_on(file) if pointer is None else read_in(pointer, file))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def close_reader(self) -> None:
        """Close a store that was opened to look at it."""
        self._database.close()

    async def close(self) -> None:
        """Write what is waiting, close the record and free the run."""
        if self._writer is not None:
            if self._closings:
                with suppress(StoreError):  # what cannot be noted counts as in flight
                    await self._write(lambda *_: None)
            await self._writer.close()
        self._database.close()

    # Calls

    def get(self, key: str) -> Reply | None:
        """Return the recorded reply to a question, or None."""
        if self._writer is not None and key not in self._keys:
            return None
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
            "messages": [message.recorded for message in request.messages],
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
        self._keys.add(request.key)

        def change(transaction: Transaction, heads: Heads) -> None:
            transaction.put(CALLS, [row])
            if any(more[1:]):
                transaction.put(THOUGHTS, [more])
            heads.settle(transaction, request.key)

        await self._write(change)

    async def sent(self, request: Request, usd: float | None) -> None:
        """Record that a call is about to be sent, and its highest cost."""
        now = time.time()
        await self._write(lambda transaction, heads: heads.note_sent(transaction, request, usd, now))

    def failed(self, request: Request, usd: float | None) -> None:
        """Note that the call sent last brings no reply, and what it is charged at; recorded with the next change.

        A process that is killed before leaves it as a call in flight: listed, and charged at its highest cost.
        """
        self._closings.append((usd, request.key))

    def last_call(self) -> int:
        """Return the number of the call that was recorded last; 0 without any."""
        rows = self._select(_LAST_CALL)
        return int(rows[0][0]) if rows else 0

    def replies(self, purposes: str, asked_for: str, after: int = 0, until: int = _EVER) -> Iterator[str]:
        """Return the replies to questions whose purpose begins so, and which hold a text; of calls by their number."""
        asked = json.dumps(asked_for, ensure_ascii=False)[1:-1]
        return (reply for (reply,) in self._select(_REPLIES, after, until, len(purposes), purposes, asked))

    def agents_called(self) -> frozenset[str]:
        """Return the agents that a recorded call was made for, in any run of the team."""
        return frozenset(agent for (agent,) in self._select(_AGENTS_CALLED))

    def spent(self) -> list[unpriced.Spent]:
        """Return what each recorded call cost, or what it can be priced by, the first one first."""
        return [unpriced.Spent(*row) for row in self._select(unpriced.query_of_calls(self._has(THOUGHTS)))]

    def open_attempts(self) -> list[OpenAttempt]:
        """Return the calls of which only the sending is recorded: in flight now, or when a process died."""
        return [OpenAttempt(*row) for row in self._select(attempts.OPEN)]

    def usage(self) -> dict[str, Usage]:
        """Return what all calls cost, by purpose: those recorded, and each attempt without a reply as failed."""
        return sum_by_purpose(self.usage_answered(), self.unanswered())

    def usage_answered(self, after: int = 0, until: int = _EVER) -> dict[str, Usage]:
        """Return what recorded calls cost, by purpose; of those after a number and until another."""
        usage: defaultdict[str, Usage] = defaultdict(lambda: Usage(usd=0.0))
        rows = self._select(_USAGE, _SPACES, after, until)
        for purpose, calls, failed, tokens_in, tokens_out, unmetered, usd, without_price, cut in rows:
            usage[purpose] = Usage(
                calls=calls,
                failed=failed,
                tokens_in=int(tokens_in),
                tokens_out=int(tokens_out),
                unmetered=unmetered,
                usd=None if without_price else usd,
                cut=cut,
            )
        more = self._select(_USAGE_OF_THOUGHTS, after, until) if self._has(THOUGHTS) else []
        for purpose, cached, thought, untold in more:
            usage[purpose] += Usage(
                tokens_cached=int(cached), tokens_thought=int(thought), thoughts_untold=int(untold), usd=0.0
            )
        return dict(usage)

    def unpriced(self) -> list[Unpriced]:
        """Return the tokens of recorded calls without a cost, by purpose, agent and model, long prompts apart."""
        found = self._select(unpriced.query(self._has(THOUGHTS)))
        return [
            Unpriced(purpose, model, int(long), int(read), int(written), int(cached), int(untold), int(calls), agent)
            for purpose, model, long, read, written, cached, untold, calls, agent in found
        ]

    def priced(self) -> dict[str, float]:
        """Return what calls and attempts cost that have a cost, by purpose, in USD."""
        of_calls, of_attempts = unpriced.PRICED
        usd: defaultdict[str, float] = defaultdict(float)
        for purpose, one in self._select(of_calls) + (self._select(of_attempts) if self._has(UNANSWERED) else []):
            usd[purpose] += one
        return dict(usd)

    def unanswered(self) -> dict[str, Usage]:
        """Return what attempts cost that brought no reply, or none yet, by purpose."""
        rows = self._select(attempts.USAGE) if self._has(UNANSWERED) else []
        return {
            purpose: Usage(calls=calls, failed=calls, usd=None if without_price else usd)
            for purpose, calls, usd, without_price in rows
        }

    def calls_made(self, after: int = 0, until: int = _EVER) -> list[CallMade]:
        """Return recorded calls in the order of their replies, without their texts; by their number."""
        return [CallMade(*row) for row in self._select(_CALLS_MADE, after, until)]

    def calls_told(self) -> Iterator[CallTold]:
        """Return the calls that were paid for, in the order of their replies."""
        return (CallTold(*row) for row in self._select(_CALLS_TOLD))

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

        def change(transaction: Transaction, heads: Heads) -> None:
            add_entry(transaction, heads)
            if traces_to_add is not None:
                transaction.put(TRACES, traces_to_add.rows(transaction.select))
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
        return tuple(Message.of_record(each) for each in json.loads(rows[0][0])["messages"]) if rows else ()

    def thoughts(self, key: str) -> str:
        """Return what the model thought before it answered a recorded call; nothing when that is not known."""
        rows = self._select(_GET_THOUGHTS, key) if self._has(THOUGHTS) else []
        return str(rows[0][0]) if rows else ""

    # Copies, and what is shared

    def rows(self, table: Table) -> Sequence[Row]:
        """Return all rows of a table, in the order in which a copy has them."""
        order = "rowid" if table in (CALLS, TRACES) else ", ".join(table.key)
        query = f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY {order}"  # noqa: S608 (our own names)
        return self._select(query) if self._has(table) else []

    async def put_rows(self, table: Table, rows: Sequence[Row]) -> None:
        """Add rows of another record as they are."""
        if table is CALLS:
            self._keys.update(str(row[0]) for row in rows)

        def change(transaction: Transaction, _heads: Heads) -> None:
            transaction.put(table, rows)
            if table is META:
                transaction.put(SPARE, [row for row in rows if row[0] in KEPT_TWICE])

        await self._write(change)

    @property
    def is_shared(self) -> bool:
        """Whether it lies where those of others do."""
        return isinstance(self._database, PostgresDatabase)

    def share(self, scope: str) -> None:
        """Let runs of the same store that name the same scope use the replies of this one, and it those of theirs.

        ``scope`` stands for who answers, and with whose key. In a file of its own a run shares nothing. Neither does a
        part of larger work: what its calls come to is compared with those of the other parts.
        """
        if isinstance(self._database, PostgresDatabase) and not self._database.is_part():
            self._database.scope = scope

    def join(self, budget: str) -> None:
        """Let the run spend from a budget of its store.

        Raises:
            ConfigInvalid: it lies in none.

        """
        if not isinstance(self._database, PostgresDatabase):
            raise ConfigInvalid("--budget: budgets lie in a store; give --store postgresql://…, too")
        self._database.join(budget)

    @property
    def budget(self) -> str:
        """The budget of its store that the run spends from; empty for none."""
        return self._database.budget() if isinstance(self._database, PostgresDatabase) else ""

    def pool(self) -> Pool | None:
        """Return where the leases of the run come from; None where it spends from no budget."""
        if not isinstance(self._database, PostgresDatabase) or not (budget := self.budget):
            return None
        return BudgetPool(self._database.address, budget, self._database.run)

    async def borrow(self, key: str) -> Reply | None:
        """Return the reply that another run of the scope has to a question, now recorded here at no cost; or None."""
        database = self._database
        if not isinstance(database, PostgresDatabase) or not database.scope:
            return None
        run = await asyncio.to_thread(database.paid_by_another, key)
        if run is None:
            return None
        lent = [await asyncio.to_thread(database.rows_of, run, table, key) for table in (CALLS, THOUGHTS)]
        places = {name: place for place, name in enumerate(CALLS.columns)}
        self._keys.add(key)

        def change(transaction: Transaction, _heads: Heads) -> None:
            for row in lent[0]:
                own = list(row)
                own[places["usd"]], own[places["attempts"]], own[places["at"]] = 0.0, 0, time.time()
                transaction.put(CALLS, [tuple(own)])
            transaction.put(THOUGHTS, lent[1])

        await self._write(change)
        return self.get(key)

    @cached_property
    def _keys(self) -> set[str]:
        """The keys of calls that are recorded, or are about to be, where this process alone records them.

        Nearly every question of a run is new, and a look into the record takes as long as a twentieth of a call.
        """
        return {key for (key,) in self._select("SELECT key FROM calls")}

    def _has(self, table: Table) -> bool:
        """Say whether a run has a table: one that an older maspo wrote may not, until it is gone on with."""
        return table.name in self._database.tables

    def _select(self, query: str, *values: str | int) -> list[tuple[Any, ...]]:
        return self._database.select(query, *values)

    async def _write(self, change: _HeadedChange) -> None:
        if self._writer is None:
            raise StoreError(f"{self.path}: opened to look at it; open it with RunStore.open to write")
        closings, self._closings = self._closings, []

        def all_changes(transaction: Transaction) -> None:
            if self._heads is None:
                self._heads = Heads.of(transaction)
            self._heads.charge_unanswered(transaction, closings)
            change(transaction, self._heads)

        await self._writer.write(all_changes)

    def _commit(self, changes: Sequence[Change]) -> None:
        try:
            self._database.commit(changes)
        except StoreError:
            self._heads = None  # it counted what is not there
            raise


def add(entries: Sequence[Entry], meta: Mapping[str, str]) -> _HeadedChange:
    """Return the change that adds entries to the journal and sets meta values."""
    now = time.time()
    twice = [pair for pair in meta.items() if pair[0] in KEPT_TWICE]

    def change(transaction: Transaction, heads: Heads) -> None:
        transaction.put(JOURNAL, [(heads.next_entry(), entry.kind, entry.body, now) for entry in entries])
        transaction.put(META, meta.items())
        transaction.put(SPARE, twice)

    return change
