"""A task: rows to be scored on, rows to optimize on, and how the two are kept apart.

How to use one::

    task = task_of("aqua", Path("data"))                 # maspo.data.tasks.registry
    for row in task.test.rows: ...                       # what agents see: an Input with its columns
    samples = [task.sample(key, output) for key, output in outputs.items()]
    scores = await scorer_of(task.scorer).score(samples) # maspo.scoring.registry
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from maspo.core.errors import InputsInvalid
from maspo.data.inputs import Input, Inputs, make_inputs
from maspo.data.split import find_repeated, is_drawn
from maspo.scoring.base import Sample

_NAMED = 5
"""Pairs of repeated rows that a message names: enough to see what is wrong."""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One row: ``columns`` is all that agents may see; the rest is for the scorer alone."""

    columns: Mapping[str, str]
    id: str = ""
    answer: str | None = None
    """The label, for everything but code."""
    tests: tuple[str, ...] = ()
    """For code: statements that must each pass, or what must be printed; for calls: those that must be made."""
    setup: str = ""
    """For code: what runs before the program, such as imports or the given head of a function."""
    entry_point: str = ""
    """For code: the function that the tests call."""
    gold: str = ""
    """An output that is right, when the source has one (a worked solution, a reference program)."""


@dataclass(frozen=True)
class Task:
    """Rows to be scored on (``test_rows``) and, disjoint from them, rows to optimize on (``pool_rows``).

    ``scorer`` is a name for ``maspo.scoring.registry.scorer_of``. ``final_answer`` is how a system file for the task
    would usually say that its answer is read. ``source`` tells where the rows come from and under which licence.

    Raises:
        InputsInvalid: no test rows, or a pool row that repeats a test row; names both and says how to drop them.

    """

    name: str
    test_rows: tuple[TaskRow, ...]
    pool_rows: tuple[TaskRow, ...] = ()
    scorer: str = "exact"
    final_answer: str = "auto"
    source: str = ""
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "test_rows", tuple(self.test_rows))
        object.__setattr__(self, "pool_rows", tuple(self.pool_rows))
        if not self.test_rows:
            raise InputsInvalid(f"{self.name}: no test rows; give a file that holds at least one")
        found = find_repeated([_text(row) for row in self.pool_rows], [_text(row) for row in self.test_rows])
        if found:
            pairs = [(_label(self.pool_rows[pool], pool), _label(self.test_rows[test], test)) for pool, test in found]
            named = ", ".join(f"{pool} = {test}" for pool, test in pairs[:_NAMED])
            more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
            raise InputsInvalid(
                f"{self.name}: {len(found)} pool rows are also test rows, by their text without case, spaces and "
                f"punctuation (pool = test: {named}{more}); remove them from the pool, or load the task with "
                "TaskOptions(drop_overlap=True)"
            )

    @cached_property
    def test(self) -> Inputs:
        """The rows to be scored on, as inputs."""
        return _inputs(self.test_rows, f"{self.name}, test")

    @cached_property
    def pool(self) -> Inputs:
        """The rows to optimize on, as inputs.

        Raises:
            InputsInvalid: the task has no pool; says how to get one.

        """
        if not self.pool_rows:
            raise InputsInvalid(
                f"{self.name}: no rows to optimize on; give the file of its pool beside the test file (docs/tasks.md "
                "names both), or in Python set a share of the test rows aside: TaskOptions(split=0.2)"
            )
        return _inputs(self.pool_rows, f"{self.name}, pool")

    def sample(self, input_key: str, output: str) -> Sample:
        """Return what a scorer is given for the output that a system wrote on an input of this task.

        Raises:
            KeyError: no row of this task has that key.

        """
        label, row = self._by_key[input_key]
        return Sample(
            id=label,
            output=output,
            answer=row.answer,
            tests=row.tests,
            setup=row.setup,
            entry_point=row.entry_point,
            question=_text(row),
        )

    def row(self, input_key: str) -> TaskRow:
        """Return the row that an input came from."""
        return self._by_key[input_key][1]

    def split(self, share: float) -> Task:
        """Return the same task with a share of its test rows, drawn by their content alone, as its pool instead."""
        aside = {number for number, row in enumerate(self.test_rows) if is_drawn(_text(row), share)}
        test = tuple(row for number, row in enumerate(self.test_rows) if number not in aside)
        pool = tuple(row for number, row in enumerate(self.test_rows) if number in aside)
        if not test or not pool:
            raise InputsInvalid(
                f"{self.name}: a share of {share:g} of {len(self.test_rows)} rows leaves one side empty; "
                "give a share between 0 and 1 and enough rows for both sides"
            )
        note = f"{self.name}: {len(pool)} of {len(self.test_rows)} test rows are set aside for optimization"
        return replace(self, test_rows=test, pool_rows=pool, notes=(*self.notes, note))

    @cached_property
    def _by_key(self) -> Mapping[str, tuple[str, TaskRow]]:
        pairs: list[tuple[Input, TaskRow]] = []
        for rows in (self.pool_rows, self.test_rows):
            pairs += [(_inputs((row,), self.name).rows[0], row) for row in rows]
        # Among rows that agents cannot tell apart the first counts, as where inputs are merged.
        return {item.key: (item.label, row) for item, row in reversed(pairs)}


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What may be done to get at a task."""

    download: bool = False
    """Fetch the rows from the Hugging Face Hub when no file is given. Nothing is ever fetched without it."""
    drop_overlap: bool = False
    """Leave out pool rows that repeat a test row, instead of refusing the task."""
    split: float | None = None
    """Share of the test rows that becomes the pool, drawn by content. None: as the task does it; 0: none, all are
    test rows."""


class Benchmark(Protocol):
    """A task that is known by name: one class of this shape, found by entry point (group ``maspo.tasks``).

    ::

        class Riddles:
            name = "riddles"

            def load(self, data: Path | None, options: TaskOptions) -> Task:
                if data is None:
                    raise InputsInvalid("riddles: give the file that holds them")
                rows = [TaskRow({"input": row["riddle"]}, answer=row["answer"]) for row in read_records(data)]
                return Task(self.name, tuple(rows), scorer="exact").split(options.split or 0.5)

    ``maspo.testing.tasks.check_benchmark`` checks the contract: without data nothing is fetched unasked, no label is
    among the columns, pool and test share no row.
    """

    @property
    def name(self) -> str:
        """The name that ``--task`` takes."""

    def load(self, data: Path | None, options: TaskOptions) -> Task:
        """Read the task from a file or folder, or, when agreed to, from where it is published.

        Raises:
            InputsInvalid: the data are missing or cannot be used; says what was looked for and how to get it.

        """


def without_overlap(pool: tuple[TaskRow, ...], test: tuple[TaskRow, ...]) -> tuple[TaskRow, ...]:
    """Return the pool rows that repeat no test row."""
    dropped = {number for number, _ in find_repeated([_text(row) for row in pool], [_text(row) for row in test])}
    return tuple(row for number, row in enumerate(pool) if number not in dropped)


def _inputs(rows: tuple[TaskRow, ...], source: str) -> Inputs:
    made = make_inputs(({**row.columns, "id": row.id, "answer": row.answer} for row in rows), source)
    return replace(made, numbers={})  # the rows may have been drawn, and then no file has them at these places


def _text(row: TaskRow) -> str:
    return row.columns.get("input") or "\n".join(row.columns.values())


def _label(row: TaskRow, number: int) -> str:
    return row.id or f"row {number + 1}"
