"""Benchmarks as they are published: which files hold them, who may use them, and how a row is read.

Nothing is fetched from the Hugging Face Hub unless that is agreed to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from maspo.core.errors import InputsInvalid
from maspo.data.records import Record, find, rows_below
from maspo.data.tasks.task import Task, TaskOptions, TaskRow, without_overlap

_REASON = 300
"""Characters of what the library says when the rows cannot be had: its first lines."""


@dataclass(frozen=True, slots=True)
class Hub:
    """One split of a dataset on the Hub. ``repo`` may also be a local folder of the same layout."""

    repo: str
    split: str
    config: str = ""
    revision: str = "main"
    """A commit, so that the rows can never change; ``main`` where none is known."""
    file: str = ""
    """The one file to read, in a dataset that holds several tables."""
    gated: bool = False
    """Whether its terms must be accepted on its page first."""

    @property
    def address(self) -> str:
        """Where people can look at it."""
        return f"https://huggingface.co/datasets/{self.repo}"


def read_hub(hub: Hub) -> list[Record]:
    """Fetch the rows of a split through the ``datasets`` library, which keeps them in its own cache.

    Raises:
        InputsInvalid: the library is not installed, or the rows cannot be had; says why and what else can be done.

    """
    try:
        from datasets import load_dataset
    except ImportError:
        raise InputsInvalid(
            f"{hub.address}: fetching it needs the datasets library; install it with `pip install 'maspo[datasets]'`, "
            "or give a local file"
        ) from None
    which: Mapping[str, str] = {"data_files": hub.file} if hub.file else {}
    try:
        rows = load_dataset(hub.repo, hub.config or None, split=hub.split, revision=hub.revision, **which)
        return [dict(row) for row in rows]
    except Exception as error:
        terms = "; accept its terms on that page and log in with `hf auth login` first" if hub.gated else ""
        raise InputsInvalid(
            f"{hub.address} ({hub.split}): cannot be had, {type(error).__name__}: {str(error)[:_REASON]}{terms}; "
            "or give a local file"
        ) from error


@dataclass(frozen=True, slots=True)
class Part:
    """The test rows or the pool of a benchmark: how their file may be called, and where the Hub has them."""

    names: tuple[str, ...]
    """Names without suffix of a file, or of a folder of files, in the folder that the user gives; first found wins."""
    hub: Hub
    keep: Callable[[Record], bool] = lambda _: True
    """Which rows of the file belong here; a file may hold both parts."""


@dataclass(frozen=True)
class PublishedRows:
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
            parts = [self.test, *([self.pool] if self.pool else [])]
            sources = " and ".join(dict.fromkeys(f"{part.hub.address} ({part.hub.split})" for part in parts))
            gated = " Its terms must be accepted on that page first." if any(part.hub.gated for part in parts) else ""
            raise InputsInvalid(
                f"{self.name}: no data given, and nothing is downloaded unasked. Give a local file or folder "
                f"(--data PATH or MASPO_DATA; in a folder: {self.test.names[0]}.jsonl"
                f"{f' and {self.pool.names[0]}.jsonl' if self.pool else ''}), or agree to the download with "
                f"MASPO_DOWNLOAD=1 from {sources}.{gated} {self.source}"
            )
        test = self._rows(self.test, data)
        pool = () if self.pool is None or options.split else self._rows(self.pool, data)
        if options.drop_overlap:
            pool = without_overlap(pool, test)
        notes: tuple[str, ...] = ()
        if self.size and len(test) != self.size:
            notes = (f"{self.name}: {len(test)} test rows are given; the published test set has {self.size}",)
        task = Task(self.name, test, pool, self.scorer, self.final_answer, self.source, notes)
        share = self.share if options.split is None else options.split
        return task.split(share) if share else task

    def _rows(self, part: Part, data: Path | None) -> tuple[TaskRow, ...]:
        rows = []
        for number, record in enumerate(self._records(part, data), start=1):
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

    def _records(self, part: Part, data: Path | None) -> Iterable[Record]:
        """Return the records of a part; a single file holds the test rows, and the pool only if both share names."""
        if data is None:
            return read_hub(part.hub)
        if not data.is_dir():
            return rows_below(data) if set(part.names) & set(self.test.names) else []
        found = find(data, *part.names)
        if found is None and part is self.test:
            raise InputsInvalid(
                f"{data}: holds no data of {self.name}; give the file itself, or a folder with one of "
                f"{', '.join(part.names)} (as .jsonl, .json, .csv or .parquet)"
            )
        return rows_below(found) if found is not None else []
