"""Inputs: what the system is run on, identified by content, never by position."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field

from maspo.core.errors import InputsInvalid
from maspo.core.seeded import shuffled
from maspo.data.records import read_records

LABEL_COLUMN = "answer"
ID_COLUMN = "id"


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its columns as text. ``key`` is the content address of the columns, ``label`` the name for people.

    ``answer`` is a label for evaluation; it is not among the columns, so no prompt can show it to an agent.
    """

    key: str
    label: str
    columns: Mapping[str, str]
    answer: str | None = None


@dataclass(frozen=True)
class Inputs:
    """The inputs of a run, without duplicates; ``merged`` counts the rows that repeated another."""

    rows: tuple[Input, ...]
    merged: int = 0
    numbers: Annotated[Mapping[str, int], Field(exclude=True)] = field(default_factory=dict, compare=False, repr=False)
    """By key, which row of its file an input is, from 1; for errors, and in no record."""
    source: Annotated[str, Field(exclude=True)] = field(default="inputs", compare=False, repr=False)
    """What they were read from, as whoever gave it knows it; for errors, and in no record."""

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns that every row has: the names that a prompt may use as placeholders."""
        return frozenset.intersection(*(frozenset(row.columns) for row in self.rows))

    @property
    def asked(self) -> tuple[tuple[str, str | None], ...]:
        """What each input asks, all columns together, and its label."""
        return tuple(("\n".join(row.columns.values()), row.answer) for row in self.rows)

    def drawn(self, most: int) -> Inputs:
        """Return at most so many inputs, drawn by their content."""
        chosen = set(shuffled((row.key for row in self.rows), 0, "rows")[:most])
        return replace(self, rows=tuple(row for row in self.rows if row.key in chosen))


def load_inputs(path: str | Path, option: str = "--inputs") -> Inputs:
    """Read JSON Lines, or by suffix CSV, JSON or Parquet; ``option`` is what an error calls them by.

    Raises:
        InputsInvalid: the file is missing, unreadable, empty, or a row cannot be used; names file, row and fix.

    """
    file = Path(path)
    return make_inputs(read_records(file, f"{option} {file}"), source=str(file))


def make_inputs(rows: Iterable[str | Mapping[str, object]], source: str = "inputs") -> Inputs:
    """Build inputs from texts or rows; equal rows are merged.

    Raises:
        InputsInvalid: no rows, a row without text, or one id on two different rows.

    """
    found: dict[str, Input] = {}
    labels: dict[str, str] = {}
    numbers: dict[str, int] = {}
    merged = 0
    for number, row in enumerate(rows, start=1):
        place = f"{source}, row {number}"
        cells = {"input": row} if isinstance(row, str) else row
        columns = {as_text(k): as_text(value) for k, value in cells.items() if k not in (ID_COLUMN, LABEL_COLUMN)}
        if not any(text.strip() for text in columns.values()):
            raise InputsInvalid(f"{place}: no text; give `input` or the columns that the prompts name")
        key = hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()[:16]
        given = cells.get(ID_COLUMN)
        label = key if given in (None, "") else str(given)
        item = Input(key, label, columns, as_label(cells.get(LABEL_COLUMN)))
        if item.key in found:
            merged += 1
            continue
        if labels.setdefault(item.label, item.key) != item.key:
            raise InputsInvalid(f"{place}: id {item.label!r} is taken by another row; make ids unique")
        found[item.key], numbers[item.key] = item, number
    if not found:
        raise InputsInvalid(f'{source}: no inputs; give at least one row such as {{"input": "…"}}')
    return Inputs(tuple(found.values()), merged, numbers, source)


def input_text(row: Input, named: Sequence[str] = ()) -> str:
    """Return what an agent without placeholders reads: the ``input`` column, else the named columns, labelled."""
    if "input" in row.columns:
        return row.columns["input"]
    return "\n\n".join(f"{name}:\n{row.columns[name]}" for name in named or row.columns)


def as_label(value: object) -> str | None:
    """Return the label in a cell; None when the cell is empty, as a CSV has it in rows without one."""
    text = as_text(value)
    return text if text.strip() else None


def as_tests(value: object) -> tuple[str, ...]:
    """Return the tests in a cell, objects as JSON. Raises ValueError for what is neither a statement nor an object."""
    listed = list(value) if isinstance(value, list | tuple) else [value] if value else []
    if not all(isinstance(test, str | dict) for test in listed):
        kind = next(type(test).__name__ for test in listed if not isinstance(test, str | dict))
        raise ValueError(
            f'tests hold a {kind}; give a list of Python statements, or of objects {{"stdin": "…", "stdout": "…"}}'
        )
    return tuple(map(as_text, listed))


def as_text(value: object) -> str:
    """Return a cell as text: a list of texts line by line, anything else that is no text as JSON."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = "\n".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # A lone surrogate is no text: it could be neither sent nor kept.
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
