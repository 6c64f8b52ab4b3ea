"""Salvage: what a damaged database still holds, proven row by row, and a new database made of it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from maspo.core.errors import StoreError, typed
from maspo.core.plain_files import is_there, open_plain
from maspo.store.address import pointer_in
from maspo.store.codec import TOLD
from maspo.store.files import flush_folder, make_anew
from maspo.store.locks import RecordLock
from maspo.store.looking import inspect, log_of
from maspo.store.pages import Found, pages_of, read_log, records_in
from maspo.store.schema import connect, create_tables, require, unreadable
from maspo.store.tables import CALLS, JOURNAL, META, SPARE, TABLES, UNANSWERED, Row, Table, mark, put, salt_of

_ALWAYS_TRUE = (TOLD, "call_lost")
"""Journal entries that mean the same without those before them; a resumed run says all others again."""
_RUN, _WATCH = "run.db", "watch.db"
"""Records that one command goes on with, and one whose entries build on all before, so that none may be missing."""

_Tables: TypeAlias = dict[str, dict[Row, Row]]


@dataclass(frozen=True)
class SalvagedRows:
    """The rows of a damaged database that are proven to be as they were written, by table and key."""

    salt: int
    rows: Mapping[str, Mapping[Row, Row]] = field(repr=False)

    @property
    def calls(self) -> int:
        """How many recorded calls were saved."""
        return len(self.rows.get(CALLS.name, ()))

    @property
    def entries(self) -> int:
        """How many entries of the journal were saved."""
        return len(self.rows.get(JOURNAL.name, ()))

    def tells(self, *names: str) -> bool:
        """Whether one of these values is there."""
        return any((name,) in self.rows.get(META.name, {}) for name in names)

    def write(self, connection: sqlite3.Connection) -> None:
        """Put the rows into an empty database."""
        create_tables(connection, self.salt)
        connection.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            put(connection, table, self.rows.get(table.name, {}).values(), self.salt)
        connection.execute("COMMIT")


def salvage(path: Path) -> SalvagedRows | None:
    """Read what is left of a run from its files, without SQLite; None when nothing in them is a run's.

    Raises:
        StoreError: the files cannot be read at all.

    """
    try:
        handle = open_plain(path)
        try:
            pages = pages_of(handle)
        finally:
            os.close(handle)
        frames = read_log(log_of(path))
    except OSError as error:
        raise unreadable(path, error.strerror) from error
    shown = {**dict(pages), **dict(frames.whole)}
    sure = list(records_in(list(shown.items()), shown))
    # A log may be another run's, or broken: what it hides, and what lies behind the break, is looked at, too.
    unsure = [*records_in(pages, dict(pages)), *records_in(frames.broken, {**shown, **dict(frames.broken)})]
    salts = Counter(salt for found in (*sure, *unsure) if (salt := _salt(found)) is not None)
    if not salts:
        return None
    salt = salts.most_common(1)[0][0]
    return SalvagedRows(salt, _joined(_by_table(sure, salt), _by_table(unsure, salt)))


_BY_WIDTH: Mapping[int, tuple[Table, ...]] = {
    width: tuple(table for table in TABLES if len(table.columns) == width)
    for width in {len(table.columns) for table in TABLES}
}


def _salt(found: Found) -> int | None:
    """Return the salt of a record that is whole."""
    salt = salt_of(found.last) if isinstance(found.last, int) else -1
    return None if _table_of(found, salt) is None else salt


def _table_of(found: Found, salt: int) -> tuple[Table, Row] | None:
    """Return the table in which a record was written with this salt, and its row."""
    for table in _BY_WIDTH.get(len(found.values), ()):
        row = (found.rowid, *found.values[1:]) if table.numbered else found.values
        if mark(table, row, salt) == found.last:
            return table, row
    return None


def _by_table(records: Iterable[Found], salt: int) -> _Tables:
    tables: _Tables = defaultdict(dict)
    for found in records:
        known = _table_of(found, salt)
        if known is not None:
            table, row = known
            tables[table.name][table.key_of(row)] = row
    return tables


def _joined(trusted: _Tables, unsure: _Tables) -> _Tables:
    """Join rows that SQLite would show with rows from behind a damaged place, which only fill gaps."""
    joined: _Tables = {table.name: {**unsure[table.name], **trusted[table.name]} for table in TABLES}
    joined[META.name] = {**unsure[SPARE.name], **unsure[META.name], **trusted[SPARE.name], **trusted[META.name]}
    joined[META.name].pop(("salt",), None)
    joined[SPARE.name].pop(("salt",), None)
    joined[JOURNAL.name] = _journal(trusted[JOURNAL.name], unsure[JOURNAL.name])
    # The only rows that are ever taken back: an old page may still hold them.
    joined[UNANSWERED.name] = trusted[UNANSWERED.name]
    return joined


def _journal(trusted: Mapping[Row, Row], unsure: Mapping[Row, Row]) -> dict[Row, Row]:
    """Return the entries up to the first gap, and of later ones those that are true by themselves."""
    whole: list[Row] = []
    while (len(whole) + 1,) in trusted:
        whole.append(trusted[(len(whole) + 1,)])
    behind = {key: row for key, row in {**unsure, **trusted}.items() if key not in {(row[0],) for row in whole}}
    for key in sorted(behind, key=str):
        _, kind, body, at = behind[key]
        if kind in _ALWAYS_TRUE:
            whole.append((len(whole) + 1, kind, body, at))
    return {(row[0],): row for row in whole}


def in_memory(found: SalvagedRows) -> sqlite3.Connection:
    """Return a database that holds what was salvaged and goes with the process."""
    connection = connect(Path("salvaged"), "memory")
    found.write(connection)
    return connection


def mend(path: str | Path, needed: str = "job") -> str:
    """Make a database whole again when it is damaged; return what happened in a sentence, or "".

    The damaged files are kept beside it. Calls that could not be saved will be made again. ``needed`` is the value
    without which nobody could go on, so that all is left as it is; empty where the command that goes on gives it.

    Raises:
        StoreError: it is missing, no run, of a newer maspo, held by another process, or beyond repair.

    """
    file = Path(path)
    if pointer_in(file) is not None:
        return ""  # keeping it whole is the server's work
    require(file)
    lock = RecordLock(file)
    try:
        alone = _without_log(file)
        damage = inspect(file)
        return _mend(file, damage, needed) if damage else alone
    finally:
        lock.release()


def _without_log(file: Path) -> str:
    """Return a remark when a process died here and its log has been taken away since."""
    log, index = (file.with_name(file.name + suffix) for suffix in ("-wal", "-shm"))
    if is_there(log) or not is_there(index):
        return ""
    return f"{log} is missing: what was recorded last is lost with it, and may be done again"


def _mend(file: Path, damage: str, needed: str) -> str:
    found = salvage(file)
    if found is None or (needed and not found.tells(needed)):
        raise unreadable(file, damage)
    evidence = _free(file)
    fresh = file.with_name(f"{file.name}.mended")
    try:
        with make_anew(fresh, "-journal", "-wal", "-shm"):
            pass
        lock = RecordLock(fresh)  # before anybody can see it under the name of the record
    except OSError as error:
        raise unreadable(file, f"{damage}; what it holds could not be saved: {error}") from error
    try:
        connection = connect(fresh, "rw")
        try:
            found.write(connection)
        finally:
            connection.close()
        # Both are there in each moment; a log left beside the new file is salvaged along with it, if need be.
        for suffix in ("", "-wal", "-journal"):
            if is_there(source := file.with_name(file.name + suffix)):
                _copy(source, evidence.with_name(evidence.name + suffix))
        # Old pages must not be put back into the new file.
        _remove(file.with_name(f"{file.name}-journal"))
        fresh.replace(file)
        _remove(file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm"))
    except (OSError, sqlite3.Error) as error:
        _remove(fresh)
        raise unreadable(file, f"{damage}; what it holds could not be saved: {error}") from error
    finally:
        lock.release()
    flush_folder(file.parent)
    return (
        f"{file} was damaged ({damage}). Saved: {found.calls} recorded calls, {found.entries} entries of the journal; "
        f"what is missing will be done again. The damaged file is kept as {evidence.name}"
    )


def _free(file: Path) -> Path:
    number = 1
    while any(
        is_there(file.with_name(f"{file.stem}.damaged-{number}{file.suffix}{suffix}"))
        for suffix in ("", "-wal", "-journal")
    ):
        number += 1
    return file.with_name(f"{file.stem}.damaged-{number}{file.suffix}")


def _copy(source: Path, target: Path) -> None:
    """Copy a plain file into a new one."""
    handle = open_plain(source)
    with os.fdopen(handle, "rb") as read, make_anew(target) as written:
        shutil.copyfileobj(read, written)


def _remove(*files: Path) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def damaged(path: Path, damage: str) -> StoreError:
    """Return the error for a run whose database is damaged: says what can be saved, and how."""
    found = salvage(path)
    if found is None or not found.tells("job", "evaluation"):
        return unreadable(path, damage)
    if path.name == _WATCH:
        return StoreError(f"{path}: damaged ({damage}); restore it from a backup, or watch with another --state")
    again = f"`maspo resume {typed(path.parent)}`" if path.name == _RUN else "the command that wrote it, given again,"
    return StoreError(
        f"{path}: damaged ({damage}); {found.calls} recorded calls can be saved: {again} "
        "keeps the damaged file, makes a new one of what is whole, and goes on"
    )
