"""What the commands print: results to stdout, notes to stderr, foreign text always made harmless first.

A command that is asked for JSON prints nothing else to stdout: its result for people stands beside its notes.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Final, TextIO

from maspo.core.errors import typed
from maspo.core.plain import Dumped, plain
from maspo.report.visible import visible

_NUMBER = re.compile(r"[-+−~≤ ]*\$?[\d,.]*( %)?|unknown")
"""A cell of a column of figures: counts, shares, money, p-values; an unknown one among them."""
_DUMB = frozenset({"dumb", "unknown"})
"""Terminals that move no cursor and know no colours: values of ``TERM``, as terminfo names them."""
_BEGAN: Final = ContextVar[float]("when the command began")
_FOR_PROGRAMS: Final = ContextVar("stdout is read by a program", default=False)


def draws(stream: TextIO) -> bool:
    """Return whether a stream is a terminal on which a picture can be drawn anew."""
    return stream.isatty() and os.environ.get("TERM", "") not in _DUMB


def can_ask() -> bool:
    """Return whether somebody sits at a terminal, to read a question and to answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def in_notebook() -> bool:
    """Return whether this process answers the cells of a notebook."""
    # Whoever is asked by a notebook has imported IPython.
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def colours(stream: TextIO) -> bool:
    """Return whether colours are seen on a stream, and wanted (https://no-color.org)."""
    return draws(stream) and not os.environ.get("NO_COLOR")


@contextlib.contextmanager
def timed() -> Iterator[None]:
    """Take the time of a command."""
    before = _BEGAN.set(time.monotonic())
    try:
        yield
    finally:
        _BEGAN.reset(before)


def seconds_of_command() -> float:
    """Return how long the command has taken by the clock; 0 outside of one."""
    return time.monotonic() - _BEGAN.get(time.monotonic())


@contextlib.contextmanager
def json_alone(asked: bool) -> Iterator[None]:
    """Keep stdout for JSON while a command works that is ``asked`` for it."""
    before = _FOR_PROGRAMS.set(asked)
    try:
        yield
    finally:
        _FOR_PROGRAMS.reset(before)


def for_people() -> TextIO:
    """Return the stream on which people read the result."""
    return sys.stderr if _FOR_PROGRAMS.get() else sys.stdout


def say(text: str = "") -> None:
    """Print a part of the result, for people."""
    stream = for_people()
    try:
        print(visible(text), file=stream, flush=True)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        _look_away(stream)


def width_for_people(most: int) -> int:
    """Return how many characters a line of the result has: at most so many, fewer on a narrow terminal."""
    return min(most, shutil.get_terminal_size((most, 0)).columns) if for_people().isatty() else most


def note(text: str) -> None:
    """Print progress or a remark: to stderr, so that scripts can read the result. Work goes on if nobody reads it."""
    Lasting(sys.stderr).write(f"{visible(text)}\n")


def note_each(remarks: Iterable[str]) -> None:
    """Write remarks that are worth reading before work begins, each once."""
    for remark in dict.fromkeys(remarks):
        note(f"note: {remark}")


class Lasting:
    """A stream to look on, such as stderr, that outlives the terminal or the program that shows it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    @property
    def encoding(self) -> str:
        """The encoding of the stream."""
        return self._stream.encoding

    def write(self, text: str) -> int:
        """Write and show at once, if anybody is there."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            _look_away(self._stream)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        """Say whether it is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the stream."""
        return self._stream.fileno()


def _look_away(stream: TextIO) -> None:
    """Let a stream that is gone lead nowhere, so that what it still holds is no error at the end of the process."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def note_damage(folder: Path, damage: str) -> None:
    """Say that a record is damaged, if it is, and what to do."""
    if damage:
        note(
            f"note: {folder}: the record is damaged ({damage}); shown is what is whole. "
            f"`maspo resume {typed(folder)}` mends it and goes on"
        )


def print_json(content: Dumped | Mapping[str, object]) -> None:
    """Print something for machines as one line of stdout."""
    print(json.dumps(plain(content), ensure_ascii=True), flush=True)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns; a column whose cells are all numbers is right-aligned."""
    cells = [[visible(cell).replace("\n", " ") for cell in row] for row in (headers, *rows)]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(_NUMBER.fullmatch(cell) for cell in column[1:]) for column in columns]
    lines = []
    for row in cells:
        padded = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def lay_out(*rows: tuple[str, str], width: int = 10) -> str:
    """Return names and texts as two columns, the first ``width`` characters wide."""
    return "\n".join(f"{name:<{width}}{text}" for name, text in rows)


def say_files(folder: Path, *files: tuple[str, str], width: int = 10) -> None:
    """Say which files of a folder hold what; names of what they hold come first."""
    say(lay_out(*((name, str(folder / file)) for name, file in files), width=width))
