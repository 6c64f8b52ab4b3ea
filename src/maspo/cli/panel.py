"""The live panel of a terminal, drawn from a Board four times a second by rich."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from maspo.cli.watch import Board, cost, remaining
from maspo.report.shown import visible
from maspo.report.words import duration, worth

_REFRESHES_PER_SECOND = 4
_TEXT_SHOWN = 300
_BAR_WIDTH = 40


@contextlib.contextmanager
def live_panel(board: Board, console: Console | None = None) -> Iterator[None]:
    """Show a board on stderr until the block ends; the last picture stays."""
    live = Live(
        get_renderable=lambda: draw(board),
        console=console or Console(stderr=True),
        refresh_per_second=_REFRESHES_PER_SECOND,
        redirect_stdout=False,
    )
    with live:
        yield


def draw(board: Board) -> RenderableType:
    """Return the picture of a board. Text of models and systems is shown literally: no markup, no control codes."""
    parts: list[RenderableType] = [_standing(board), *_beam(board), *(_line(line, "dim") for line in board.recent)]
    name = board.started.system if board.started else "starting"
    title = Text(visible(f"maspo: {name}"))
    return Panel(Group(*parts), title=title, title_align="left")


def _standing(board: Board) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, text in _facts(board):
        table.add_row(Text(name, style="bold"), _line(text))
    progress = board.progress
    if progress is not None and progress.wave and board.finished is None:
        table.add_row(Text("wave", style="bold"), ProgressBar(progress.wave, progress.done, width=_BAR_WIDTH))
    return table


def _facts(board: Board) -> Iterator[tuple[str, str]]:
    progress = board.progress
    if board.finished is not None:
        yield "step", "finished"
    elif progress is not None and progress.phase == "holdout":
        yield "step", "final test on the hold-out"
    elif board.steps:
        yield "step", board.step_name()
    if progress is not None:
        simulated = board.started is not None and board.started.simulated
        flight = f", {progress.in_flight} in flight" if progress.in_flight else ""
        yield "calls", f"{progress.calls:,} of about {progress.calls_planned:,}{flight}"
        yield "money", cost(progress, simulated)
        if progress.waiting:
            yield "waiting", progress.waiting
        left = "" if board.finished else remaining(progress)
        yield "time", ", ".join(filter(None, (duration(progress.seconds), left)))


def _beam(board: Board) -> Iterator[RenderableType]:
    """Return the best candidates, each by what it says after the words that it shares with the seed prompt."""
    for place, candidate in enumerate(board.best()):
        seed = board.started.seed_prompts.get(candidate.agent, "") if board.started else ""
        shared = _shared(seed, candidate.text)
        text = "… " * bool(shared) + " ".join(candidate.text[shared:].split())
        yield _line(
            f"{'kept' if place == 0 else '':<6}{worth(candidate.score)}  {candidate.agent}: {text[:_TEXT_SHOWN]}",
            "cyan",
        )


def _shared(one: str, other: str) -> int:
    """Return how many leading characters are equal."""
    return next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))


def _line(text: str, style: str = "") -> Text:
    return Text(visible(text), style=style, no_wrap=True, overflow="ellipsis")
