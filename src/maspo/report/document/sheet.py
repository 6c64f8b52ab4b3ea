"""The document of other work than a run: an evaluation, an arena, a watch and so on. See docs/interface.md.

It shows figures that files for scripts hold as well (``evaluation.json`` and so on), laid out in parts; each part holds
words, drawings, tables and texts, shown in this order. Texts are made visible already.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pydantic import ValidationError

from maspo.core.errors import StoreError
from maspo.core.plain import Dumped
from maspo.core.plain_files import MOST_TEXT, read_plain
from maspo.core.usage import Usage
from maspo.events import CallUnsettled
from maspo.events.base import reader
from maspo.report import phrases, sentences
from maspo.report.document.model import FORMAT, Remark
from maspo.report.document.room import Room, short, shorten

SheetKind: TypeAlias = Literal[
    "evaluation", "judge check", "comparison", "arena", "stress", "structure", "watch", "prompts and structure"
]
SheetState: TypeAlias = Literal["running", "stopped", "finished"]
SheetTone: TypeAlias = Literal["improved", "worse", "no_evidence", "cannot_tell", "open"]
Unit: TypeAlias = Literal["percent", "signed percent", "number", "money"]

DOCUMENT_OPENS: Final = '<script id="maspo-document" type="application/json">'
DOCUMENT_CLOSES: Final = "</script>"
"""What a document stands between in its page."""

_TEXTS = 500_000
"""Bytes of the texts of a sheet: with tables and the page around it below a megabyte."""
_MOST_TEXT = 12_000
"""Characters of a text, some four times the usual prompt; longer ones are cut in the middle."""
_MOST_CELL = 4_000
"""Characters of a cell: some hundred ids of rows."""
_MOST_ROWS = 500
_MOST_LINE = 2_000


@dataclass(frozen=True, slots=True)
class Cells(Dumped):
    """A table of texts. The first ``names`` columns are names, the others figures."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    rows_count: int
    """How many there were; those that tell most come first."""
    names: int = 1


@dataclass(frozen=True, slots=True)
class Dot(Dumped):
    """An estimate with its interval; lines of one group stand together."""

    group: str
    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Dots(Dumped):
    """Estimates on one axis, with a line at what they are to be compared with."""

    caption: str
    unit: Unit
    dots: tuple[Dot, ...]
    least: float
    most: float
    """Ends of the axis."""
    fair: float | None
    """Where nothing is gained, or chance alone is; None where there is no such place."""
    lower_is_better: bool = False
    """Whether what lies below is the good side, as of costs."""


@dataclass(frozen=True, slots=True)
class Point(Dumped):
    """A place of a curve; ``low`` and ``high`` equal ``y`` where no interval is known."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve(Dumped):
    """A line through points, or a single one, with its name."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Curves(Dumped):
    """Curves over one axis, and levels that run across."""

    caption: str
    x: str
    """What the axis tells, in words."""
    x_unit: Unit
    logarithmic: bool
    unit: Unit
    curves: tuple[Curve, ...]
    levels: tuple[tuple[str, float], ...]
    growing: bool = False
    """Whether values grow by factors from nothing on, so that a tenfold takes the same room wherever it is."""


@dataclass(frozen=True, slots=True)
class Bar(Dumped):
    """How much of what was planned was used; ``planned`` is None where nothing was."""

    name: str
    value: float
    planned: float | None


@dataclass(frozen=True, slots=True)
class Bars(Dumped):
    """What was used of what was planned, on one axis from nothing on."""

    caption: str
    unit: Unit
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Link(Dumped):
    """A way to the page of a run that is part of this work."""

    name: str
    told: str
    """What it came to, or how far it is."""
    folder: str
    """Its run folder, from the folder of this work."""
    page: str
    """Where its page lies beside this one; empty while there is none."""
    run: str = ""
    """Its id in the list of a server."""


@dataclass(frozen=True, slots=True)
class Passage(Dumped):
    """A text under its name; with ``before``, what it was before: shown as what changed."""

    name: str
    text: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Fold(Dumped):
    """Texts that belong together, folded under a title."""

    title: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Part(Dumped):
    """A part of a sheet, with its heading."""

    title: str
    words: tuple[str, ...] = ()
    dots: tuple[Dots, ...] = ()
    curves: tuple[Curves, ...] = ()
    tables: tuple[Cells, ...] = ()
    folds: tuple[Fold, ...] = ()
    more: str = ""
    """What was left out."""
    bars: tuple[Bars, ...] = ()
    links: tuple[Link, ...] = ()

    def __bool__(self) -> bool:
        """Say whether there is anything under the heading."""
        return any(getattr(self, one.name) for one in fields(self)[1:])


@dataclass(frozen=True, slots=True)
class Sheet(Dumped):
    """What an evaluation, an arena, a watch and so on found, as its page shows it."""

    format: Literal["maspo.view/1"]
    kind: SheetKind
    name: str
    line: str
    """Run, seed, models or arguments, in one line."""
    simulated: bool
    label: str
    tone: SheetTone
    headline: str
    facts: tuple[tuple[str, str], ...]
    remarks: tuple[Remark, ...]
    parts: tuple[Part, ...]
    summary: str
    """All of it in plain text."""
    state: SheetState = "finished"


@dataclass(frozen=True, slots=True)
class SheetRow(Dumped):
    """A sheet as a list shows it."""

    id: str
    """By which the list names it; given by whoever makes the list."""
    kind: SheetKind
    name: str
    folder: str
    label: str
    headline: str
    written: float
    simulated: bool
    state: SheetState = "finished"


def sheet(
    kind: SheetKind,
    name: str,
    *,
    line: str,
    label: str,
    headline: str,
    simulated: bool,
    tone: SheetTone = "open",
    facts: Iterable[tuple[str, str]] = (),
    remarks: Iterable[str] = (),
    parts: Iterable[Part] = (),
    summary: str = "",
    state: SheetState = "finished",
) -> Sheet:
    """Return a sheet whose texts are made visible and fit; parts with nothing in them are left out."""
    room = Room(_TEXTS)
    return Sheet(
        format=FORMAT,
        kind=kind,
        name=short(name),
        line=shorten(line, _MOST_LINE),
        simulated=simulated,
        label=label,
        tone=tone,
        headline=shorten(headline, _MOST_LINE),
        facts=tuple((short(name), shorten(text, _MOST_LINE)) for name, text in facts if text),
        remarks=tuple(Remark("note", shorten(text, _MOST_LINE)) for text in remarks),
        parts=tuple(_fitted(part, room) for part in parts if part),
        summary=room.fit(summary, 2 * _MOST_TEXT),
        state=state,
    )


def _fitted(part: Part, room: Room) -> Part:
    shown, folds = 0, list[Fold]()
    for fold in part.folds:
        if room.full():
            break
        shown += 1
        folds.append(
            Fold(
                short(fold.title),
                tuple(
                    Passage(
                        short(one.name),
                        room.fit(one.text, _MOST_TEXT),
                        None if one.before is None else room.fit(one.before, _MOST_TEXT),
                    )
                    for one in fold.passages
                ),
            )
        )
    left = len(part.folds) - shown
    return replace(
        part,
        words=tuple(shorten(line, _MOST_LINE) for line in part.words),
        dots=tuple(
            replace(one, dots=tuple(replace(dot, group=short(dot.group), name=short(dot.name)) for dot in one.dots))
            for one in part.dots
        ),
        curves=tuple(
            replace(one, curves=tuple(replace(curve, name=short(curve.name)) for curve in one.curves))
            for one in part.curves
        ),
        bars=tuple(
            replace(one, bars=tuple(replace(bar, name=short(bar.name)) for bar in one.bars)) for one in part.bars
        ),
        links=tuple(replace(one, name=short(one.name), told=shorten(one.told, _MOST_LINE)) for one in part.links),
        folds=tuple(folds),
        more=part.more or (f"{phrases.number(left)} more did not fit." if left else ""),
    )


def cells(caption: str, columns: Sequence[str], rows: Sequence[Sequence[str]], names: int = 1) -> Cells:
    """Return a table; of very many rows the first ones."""
    kept = tuple(tuple(shorten(cell, _MOST_CELL) for cell in row) for row in rows[:_MOST_ROWS])
    return Cells(caption, tuple(short(column) for column in columns), kept, len(rows), names)


def headings(columns: Iterable[str]) -> tuple[str, ...]:
    """Return columns as headings of a page, which begin with a capital; signs such as a p-value's stay as they are."""
    return tuple(one if one.startswith("p ") or len(one) == 1 else f"{one[:1].upper()}{one[1:]}" for one in columns)


def unsettled_part(calls: Sequence[CallUnsettled]) -> Part:
    """Return the calls that a killed process had in flight; an empty part without any."""
    if not calls:
        return Part("Possibly billed twice")
    words = (
        "These calls were in flight when the run was killed. Their replies are not recorded, so they were asked again. "
        f"Together {sentences.unsettled_bound(calls)}."
    )
    rows = [(phrases.purpose(call.purpose), call.agent, call.model, phrases.at_most(call.usd)) for call in calls[::-1]]
    table = cells("Calls possibly billed twice", ("Purpose", "Agent", "Model", "Cost"), rows, names=3)
    return Part("Possibly billed twice", words=(words,), tables=(table,))


def spent_facts(spent: Usage, simulated: bool, seconds: float) -> list[tuple[str, str]]:
    """Return what the work cost."""
    replies = [("Replies", line) for line in phrases.describe_replies({"": spent})]
    money = ("Money", phrases.money_spent(spent, simulated))
    return [*replies, ("Spent", phrases.spent(spent)), money, ("Time", phrases.duration(seconds))]


def read_sheet(page: str) -> Sheet:
    """Return the sheet that lies in a page.

    Raises:
        StoreError: there is none, or not one of this format.

    """
    _, opened, rest = page.partition(DOCUMENT_OPENS)
    text, closed, _ = rest.partition(DOCUMENT_CLOSES)
    if not (opened and closed):
        raise StoreError("the page holds no document; the command that made it writes it again")
    try:
        found: Sheet = reader(Sheet).validate_python(json.loads(text))
        return found
    except (ValidationError, ValueError, RecursionError) as error:
        why = f"{error.error_count()} things are not as expected" if isinstance(error, ValidationError) else str(error)
        raise StoreError(
            f"the document in the page cannot be read ({why}); the command that made it writes it again"
        ) from error


def sheet_in(file: Path) -> Sheet:
    """Return the sheet that lies in the page of a file.

    Raises:
        StoreError: the file cannot be read, or holds no sheet.

    """
    try:
        return read_sheet(read_plain(file, MOST_TEXT).decode("utf-8"))
    except (OSError, UnicodeDecodeError, StoreError) as error:
        raise StoreError(f"{file}: cannot be read ({error})") from error


def sheet_row(of: Sheet, folder: str, written: float) -> SheetRow:
    """Return a sheet as a list shows it; ``written`` is the time of its file, in seconds since 1970."""
    return SheetRow("", of.kind, of.name, short(folder), of.label, of.headline, written, of.simulated, of.state)
