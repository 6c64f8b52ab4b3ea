"""The live panel of a notebook: the output of a cell, drawn anew while a run works."""

from __future__ import annotations

import contextlib
import html
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from maspo.cli.panel import facts, name_of, what_is_new
from maspo.cli.watch import Board, calls_expected
from maspo.events import Event
from maspo.report.phrases import duration, plural, signed
from maspo.report.visible import visible
from maspo.study.job import Progress

_EVERY: Final = 0.5
"""Seconds between two pictures: each is a message to the browser, which a notebook also keeps."""
_SOFT: Final = "opacity:.7"
_CELL: Final = "text-align:left;vertical-align:top;padding:.1em 1.5em .1em 0;border:0;background:none"
"""Notebooks put cells of a table at the right, on stripes."""
_BOX: Final = "max-width:60em;border:1px solid rgba(128,128,128,.5);border-radius:6px;padding:.6em 1em;line-height:1.5"
_LINE: Final = "white-space:nowrap;overflow:hidden;text-overflow:ellipsis"


class Shown(Protocol):
    """An output of a cell that can be replaced."""

    def update(self, obj: object) -> None:
        """Show something else in its place."""
        ...


@dataclass(frozen=True)
class Picture:
    """A board as a notebook shows it, and as text where there is no HTML."""

    text: str
    markup: str

    def __repr__(self) -> str:
        """Return the text."""
        return self.text

    def _repr_html_(self) -> str:
        return self.markup


@contextlib.contextmanager
def cell_panel(board: Board, show: Callable[[object], Shown] | None = None) -> Iterator[CellPanel]:
    """Show a board below the cell that is run, until the block ends; then one line is left of it."""
    panel = CellPanel(board, (show or _display)(picture(board)))
    try:
        yield panel
    finally:
        panel.end()


class CellPanel:
    """A ``Watcher`` that draws a board in the output of a cell, twice a second at most."""

    def __init__(self, board: Board, shown: Shown) -> None:
        self._board = board
        self._shown = shown
        self._drawn = time.monotonic()

    def on_event(self, event: Event) -> None:
        """Take note of an event."""
        self._board.on_event(event)
        self._draw()

    def on_progress(self, progress: Progress) -> None:
        """Take note of where the run stands."""
        self._board.on_progress(progress)
        self._draw()

    def end(self) -> None:
        """Leave a line: what the run came to is the value of the cell."""
        self._shown.update(ended(self._board))

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._drawn >= _EVERY:
            self._drawn = now
            self._shown.update(picture(self._board))


def picture(board: Board) -> Picture:
    """Return where the work stands."""
    title = visible(f"maspo: {name_of(board)}")
    told = list(facts(board))
    rows = "".join(
        f'<tr><th style="{_CELL}">{_text(name)}</th><td style="{_CELL}">{_text(it)}</td></tr>' for name, it in told
    )
    tried = ((signed(one.score, 3), f"{one.agent}: {what_is_new(board, one)}") for one in board.best())
    best = "".join(f'<div style="{_LINE}"><b>{_text(score)}</b> {_text(what)}</div>' for score, what in tried)
    recent = "".join(f'<div style="{_LINE};{_SOFT}">{_text(line.strip())}</div>' for line in board.recent)
    table = f'<table style="margin:.3em 0;border:0">{rows}</table>' if rows else ""
    markup = f'<div style="{_BOX}"><b>{_text(title)}</b>{_bar(board.progress)}{table}{best}{recent}</div>'
    text = "; ".join([title, *(f"{name} {it}" for name, it in told)])
    return Picture(visible(text), markup)


def ended(board: Board) -> Picture:
    """Return how far the work came, in a line."""
    progress = board.progress
    spent = [] if progress is None else [plural(progress.calls, "call"), duration(progress.seconds)]
    text = visible(", ".join([f"maspo: {name_of(board)}", *spent]))
    return Picture(text, f'<div style="{_SOFT}">{_text(text)}</div>')


def _bar(progress: Progress | None) -> str:
    """Return how many of the calls that are expected are made; nothing before that is known."""
    if progress is None or not calls_expected(progress):
        return ""
    share = min(1.0, progress.calls / calls_expected(progress))
    track = "height:.4em;border-radius:.2em;background:rgba(128,128,128,.25);margin:.4em 0"
    fill = f"height:100%;border-radius:.2em;background:currentColor;width:{100 * share:.0f}%"
    return f'<div style="{track}"><div style="{fill}"></div></div>'


def _text(text: str) -> str:
    return html.escape(visible(text))


def _display(first: object) -> Any:
    from IPython.display import display

    return display(first, display_id=True)
