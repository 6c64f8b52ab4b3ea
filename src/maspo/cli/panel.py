"""The live panel of a terminal, drawn from a Board four times a second by rich."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from math import ceil
from typing import TextIO, cast

from rich.console import Console, Group, RenderableType
from rich.constrain import Constrain
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from maspo.cli.terminal import Lasting
from maspo.cli.watch import Board, accuracy, cost, remaining, verdicts
from maspo.events import CandidateScored
from maspo.report.phrases import duration, signed
from maspo.report.visible import visible
from maspo.study.job import Progress

_REFRESHES_PER_SECOND = 4
"""What rich takes by default: smooth to the eye, at no noticeable cost."""
_TEXT_SHOWN = 300
"""Letters of a candidate: more than the widest terminal has; rich cuts the line."""
_BAR_WIDTH = 40
"""Half of the classic terminal of 80 columns."""


@contextlib.contextmanager
def live_panel(board: Board, console: Console | None = None) -> Iterator[None]:
    """Show a board on stderr until the block ends; the last picture stays."""
    live = _Resized(
        get_renderable=lambda: draw(board),
        console=console or Console(file=cast(TextIO, Lasting(sys.stderr))),
        refresh_per_second=_REFRESHES_PER_SECOND,
        redirect_stdout=sys.stdout.isatty(),  # what the code of a user prints stands above the panel
    )
    with live:
        yield


class _Resized(Live):
    """A live picture in a terminal that may get narrower: its lines then break in two, and rich overwrites half."""

    _drawn: tuple[int, int] = (0, 0)
    """Columns and lines of the last picture."""

    def refresh(self) -> None:
        """Draw anew, without leaving a part of the old picture behind."""
        width, height = self._drawn
        now = self.console.width
        if self.console.is_terminal and now < width:
            # The cursor is on the last line; rich goes up by the lines that it drew, and these are more now.
            more = height * (ceil(width / now) - 1)
            self.console.file.write(f"\x1b[{more}A\x1b[J")
        super().refresh()
        self._drawn = now, len(self.console.render_lines(self.get_renderable(), pad=False))


def draw(board: Board) -> RenderableType:
    """Return the picture of a board. Text of models and systems is shown literally: no markup, no control codes."""
    grid = Table.grid(padding=(0, 2))
    for name, text in facts(board):
        grid.add_row(Text(name, style="bold"), _line(text))
    progress = board.progress
    if progress is not None and progress.wave and board.finished is None:
        # In figures, too: without colours nothing is seen of what is left of a bar.
        done = Table.grid(padding=(0, 1))
        bar = ProgressBar(progress.wave, progress.done, complete_style="cyan", finished_style="cyan")
        done.add_row(_line(f"{progress.done:,} of {progress.wave:,}"), Constrain(bar, _BAR_WIDTH))
        grid.add_row(Text("done", style="bold"), done)
    parts: list[RenderableType] = [grid]
    for place, candidate in enumerate(board.best()):
        first = f"{'kept' if place == 0 else '':<6}{signed(candidate.score, 3)}  {candidate.agent}: "
        parts.append(_line(first + what_is_new(board, candidate), "cyan"))
    parts += [_line(line, "dim") for line in board.recent]
    return Panel(Group(*parts), title=Text(visible(f"maspo: {name_of(board)}")), title_align="left")


def name_of(board: Board) -> str:
    """Return whose prompts are worked on."""
    if board.started is not None:
        return board.started.system
    return "evaluation" if board.progress is not None and board.progress.phase == "evaluation" else "starting"


def what_is_new(board: Board, candidate: CandidateScored) -> str:
    """Return how a candidate goes on after the words that it shares with the seed prompt, on one line."""
    seed = board.started.seed_prompts.get(candidate.agent, "") if board.started else ""
    pairs = enumerate(zip(seed, candidate.text, strict=False))
    shared = next((index for index, (one, other) in pairs if one != other), len(seed))
    return ("… " * bool(shared) + " ".join(candidate.text[shared:].split()))[:_TEXT_SHOWN]


def facts(board: Board) -> Iterator[tuple[str, str]]:
    """Yield what is known of the work, each with its name."""
    progress = board.progress
    if board.finished is not None:
        yield "step", "finished"
    elif progress is not None and progress.phase == "holdout":
        yield "step", "final test on the hold-out"
    elif progress is not None and progress.phase == "evaluation":
        yield "step", f"{progress.done:,} of {progress.wave:,} rows"
    elif progress is not None and progress.phase == "runs":
        yield "step", f"{progress.done:,} of {progress.wave:,} runs have ended"
    elif board.steps:
        yield "step", board.step_name()
    if progress is not None:
        simulated = board.started is not None and board.started.simulated
        yield "calls", f"{progress.calls:,} of {_calls_expected(progress)}"
        if board.finished is None:
            yield "in flight", f"{progress.in_flight}"
        yield "money", cost(progress, simulated)
        if progress.waiting:
            yield "waiting", progress.waiting
        yield "time", duration(progress.seconds)
        if board.finished is not None:
            return
        if left := remaining(progress):
            yield "left", left
        if right := accuracy(progress):
            yield "correct", right
        counts, net = verdicts(progress)
        if counts:
            yield "so far", counts
            yield "net", net


def _calls_expected(progress: Progress) -> str:
    """Return how many calls there will be in all: about as many as planned, or the cap where that is fewer."""
    if progress.calls_cap is not None and progress.calls_cap < progress.calls_planned:
        return f"{progress.calls_cap:,}, the cap"
    return f"about {progress.calls_planned:,}"


def _line(text: str, style: str = "") -> Text:
    return Text(visible(text), style=style, no_wrap=True, overflow="ellipsis")
