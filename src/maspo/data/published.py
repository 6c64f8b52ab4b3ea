"""Benchmarks as they are published: which files hold them, who may use them, and how a row is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from maspo.core.errors import InputsInvalid
from maspo.data.hub import Hub, read_hub
from maspo.data.records import Record, find, read_any
from maspo.data.tasks.task import Task, TaskOptions, TaskRow, without_overlap


def every(_: Record) -> bool:
    """Keep every row."""
    return True


@dataclass(frozen=True, slots=True)
class Part:
    """The test rows or the pool of a benchmark: how their file may be called, and where the Hub has them."""

    names: tuple[str, ...]
    """Names without suffix of a file, or of a folder of files, in the folder that the user gives; first found wins."""
    hub: Hub
    keep: Callable[[Record], bool] = every
    """Which rows of the file belong here; a file may hold both parts."""


@dataclass(frozen=True)
class Published:
    """A ``Benchmark`` that is a set of published rows.

    ``row`` turns a row of any published form into a task row; a ``KeyError`` says which column it misses. ``share``
    is the share of test rows that becomes the pool where the source has none.
    """

    name: str
    row: Callable[[Record], TaskRow]
    test: Part
    pool: Part | None = None
    scorer: str = "exact"
    final_answer: str = "auto"
    source: str = ""
    size: int = 0
    """How many test rows there are in all."""
    share: float = 0.0

    def load(self, data: Path | None, options: TaskOptions) -> Task:
        """Read the task from a file or folder, or, when agreed to, from the Hub.

        Raises:
            InputsInvalid: there are no data, or a row misses a column; says what was looked for and how to get it.

        """
        if data is None and not options.download:
            raise InputsInvalid(self._offer())
        share = self.share if options.split is None else options.split
        test = self._rows(self.test, self._test_records(data))
        pool = () if self.pool is None or options.split else self._rows(self.pool, self._pool_records(data, self.pool))
        if options.drop_overlap:
            pool = without_overlap(pool, test)
        notes = (self._size_note(len(test)),) if self.size and len(test) != self.size else ()
        task = Task(self.name, test, pool, self.scorer, self.final_answer, self.source, notes)
        return task.split(share) if share else task

    def _test_records(self, data: Path | None) -> list[Record]:
        if data is None:
            return read_hub(self.test.hub)
        if not data.is_dir():
            return read_any(data)
        found = find(data, *self.test.names)
        if found is None:
            raise InputsInvalid(
                f"{data}: holds no data of {self.name}; give the file itself, or a folder with one of "
                f"{', '.join(self.test.names)} (as .jsonl, .json, .csv or .parquet)"
            )
        return read_any(found)

    def _pool_records(self, data: Path | None, pool: Part) -> list[Record]:
        if data is None:
            return read_hub(pool.hub)
        if data.is_dir():
            found = find(data, *pool.names)
            return read_any(found) if found is not None else []
        return read_any(data) if set(pool.names) & set(self.test.names) else []

    def _rows(self, part: Part, records: list[Record]) -> tuple[TaskRow, ...]:
        rows = []
        for number, record in enumerate(records, start=1):
            try:
                if part.keep(record):
                    rows.append(self.row(record))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                missing = f"column {error} is missing" if isinstance(error, KeyError) else f"cannot be read ({error})"
                raise InputsInvalid(
                    f"{self.name}, row {number}: {missing}; the row has {', '.join(record) or 'no columns'}. "
                    "Give the rows as they are published"
                ) from None
        return tuple(rows)

    def _size_note(self, found: int) -> str:
        return f"{self.name}: {found} test rows are given; the published test set has {self.size}"

    def _offer(self) -> str:
        parts = [self.test, *([self.pool] if self.pool else [])]
        sources = " and ".join(dict.fromkeys(f"{part.hub.address} ({part.hub.split})" for part in parts))
        gated = " Its terms must be accepted on that page first." if any(part.hub.gated for part in parts) else ""
        return (
            f"{self.name}: no data given, and nothing is downloaded unasked. Give a local file or folder "
            f"(--data PATH or MASPO_DATA; in a folder: {self.test.names[0]}.jsonl"
            f"{f' and {self.pool.names[0]}.jsonl' if self.pool else ''}), or agree to the download with "
            f"MASPO_DOWNLOAD=1 from {sources}.{gated} {self.source}"
        )
