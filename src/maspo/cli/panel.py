"""The live panel of a terminal, drawn from a Board four times a second by rich."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from maspo.cli.terminal import Lasting
from maspo.cli.watch import Board, cost, remaining
from maspo.report.phrases import duration, signed
from maspo.report.visible import visible

_REFRESHES_PER_SECOND = 4
"""What rich takes by default: smooth to the eye, at no noticeable cost."""
_TEXT_SHOWN = 300
"""Letters of a candidate: more than the widest terminal has; rich cuts the line."""
_BAR_WIDTH = 40
"""Half of the classic terminal of 80 columns."""


@contextlib.contextmanager
def live_panel(board: Board, console: Console | None = None) -> Iterator[None]:
    """Show a board on stderr until the block ends; the last picture stays."""
    live = Live(
        get_renderable=lambda: draw(board),
        console=console or Console(file=cast(TextIO, Lasting(sys.stderr))),
        refresh_per_second=_REFRESHES_PER_SECOND,
        redirect_stdout=False,
    )
    with live:
        yield


def draw(board: Board) -> RenderableType:
    """Return the picture of a board. Text of models and systems is shown literally: no markup, no control codes."""
    grid = Table.grid(padding=(0, 2))
    for name, text in _facts(board):
        grid.add_row(Text(name, style="bold"), _line(text))
    progress = board.progress
    if progress is not None and progress.wave and board.finished is None:
        grid.add_row(Text("wave", style="bold"), ProgressBar(progress.wave, progress.done, width=_BAR_WIDTH))
    parts: list[RenderableType] = [grid]
    for place, candidate in enumerate(board.best()):
        # Each by what it says after the words that it shares with the seed prompt.
        seed = board.started.seed_prompts.get(candidate.agent, "") if board.started else ""
        pairs = enumerate(zip(seed, candidate.text, strict=False))
        shared = next((index for index, (one, other) in pairs if one != other), len(seed))
        text = "… " * bool(shared) + " ".join(candidate.text[shared:].split())
        first = f"{'kept' if place == 0 else '':<6}{signed(candidate.score, 3)}  {candidate.agent}: "
        parts.append(_line(first + text[:_TEXT_SHOWN], "cyan"))
    parts += [_line(line, "dim") for line in board.recent]
    title = f"maspo: {board.started.system if board.started else 'starting'}"
    return Panel(Group(*parts), title=Text(visible(title)), title_align="left")


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


def _line(text: str, style: str = "") -> Text:
    return Text(visible(text), style=style, no_wrap=True, overflow="ellipsis")
