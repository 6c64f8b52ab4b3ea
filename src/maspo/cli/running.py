"""Running a job in the foreground: the question before it, the panel, and Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn, TypeAlias, TypeVar

import typer

from maspo.cli.log import logged
from maspo.cli.metrics import Metrics, sent, served, where_asked
from maspo.cli.options import Arguments
from maspo.cli.printed import ended
from maspo.cli.stores import keeping_of
from maspo.cli.terminal import can_ask, note, print_json, say, seconds_of_command
from maspo.cli.watch import Together, watching
from maspo.core.errors import EXIT_BUDGET, EXIT_INTERRUPTED, EXIT_OK, Interrupted, ProviderError, typed
from maspo.core.plain import Dumped
from maspo.core.plain_files import is_there
from maspo.core.running import run
from maspo.events import Event
from maspo.report.phrases import duration, list_names
from maspo.store import mend
from maspo.study.attention import Attention
from maspo.study.fruitless import NothingLearned
from maspo.study.job import Looks, Watcher

T = TypeVar("T")
Begin: TypeAlias = Callable[[Watcher, asyncio.Event], Awaitable[T]]
"""Starts or resumes a run that is watched, and that stops when the event is set."""

_MUCH: Final = 10.0
"""Seconds that nobody wonders about."""
_MUCH_OF_RUN: Final = 0.25
"""Part of the time of a run that nobody wonders about."""
_STDERR = 2
"""The file descriptor (POSIX)."""
_SHOW_CURSOR = b"\r\n\x1b[?25h"
"""DECTCEM, after a new line: the terminal shows its cursor again."""


def told_by_the_clock(worked: float, before: Sequence[str] = ()) -> str:
    """Return how much longer a command has taken by the clock than the run in it; empty where that is not much.

    ``before`` names what came before the run, besides starting the program.
    """
    whole = seconds_of_command()
    if whole - worked < max(_MUCH, _MUCH_OF_RUN * worked):
        return ""
    return (
        f"By the clock {duration(whole)}, of which the run worked {duration(worked)}: the rest went into "
        f"{list_names(('starting', *before))}"
    )


def confirm(plan: str, yes: bool) -> None:
    """Show the plan and ask whether to start, unless ``yes`` says so; ends the command where the answer is no."""
    note(plan)
    if not (yes or agreed()):
        note("Not started; nothing was paid.")
        raise typer.Exit(1)


def agreed() -> bool:
    """Ask before money is spent, but only where a person can answer."""
    if not can_ask():
        return True
    return typer.confirm("Start?", default=True, err=True)


def agreed_to_write(yes: bool) -> bool:
    """Ask before files of the user's are changed; where nobody can answer, only ``yes`` does."""
    if yes or not can_ask():
        return yes
    return typer.confirm("Write?", default=False, err=True)


def make_whole(database: Path, needed: str = "") -> None:
    """Mend the record that a command goes on with, where there is one, and tell what was damaged.

    ``needed`` is what the record alone can tell the command.

    Raises:
        StoreError: it is beyond repair, no record of maspo, or another process works on it.

    """
    remark = mend(database, needed) if is_there(database) else ""
    if remark:
        note(f"note: {remark}")


def work_at(
    database: Path,
    arguments: Arguments,
    again: str,
    work: Callable[[Attention], Awaitable[T]],
    looks: Looks | None = None,
) -> T:
    """Do work that is recorded in a database, new or gone on with, while a person looks on; ``again`` goes on with it.

    Raises what ``make_whole`` and ``run_watched`` raise.
    """
    make_whole(database)
    keeping = keeping_of(arguments, database)
    return run_watched(
        lambda watcher, stop: work(Attention(watcher, stop=stop, looks=looks, keeping=keeping)), database, again
    )


def end_command(figures: Dumped, folder: Path, page: str, further: str, *, cut_short: bool, as_json: bool) -> NoReturn:
    """End a command whose work is done, or was cut short by a cap; print its figures where a script asks for them.

    ``further`` says what to do under a higher cap.
    """
    code = EXIT_BUDGET if cut_short else EXIT_OK
    if cut_short:
        say(f"A cap has cut this short; with a higher one {further}")
    if as_json:
        print_json(ended(figures, code, folder, page))
    raise typer.Exit(code)


def run_watched(
    begin: Begin[T],
    record: Path,
    again: str = "",
    beside: tuple[Watcher, ...] = (),
    past: Sequence[Event] = (),
) -> T:
    """Run to the end or to the first Ctrl-C, which lets calls in flight finish; a second one ends the process.

    SIGTERM does the same, and so does a terminal that is closed (SIGHUP), which never ends it at once.

    ``again`` is how to go on with what is recorded: by ``maspo resume`` unless something else is said. ``beside`` are
    told what happens, too. ``past`` is what happened before, in a run that goes on.

    Raises:
        MaspoError: what ended the run. After a failure of the endpoint the way to go on is told first.

    """

    async def watched() -> T:
        stop = asyncio.Event()
        with watching(past) as watcher, stopped_by_signals(stop):
            return await begin(Together((watcher, *beside)), stop)

    try:
        with contextlib.ExitStack() as stack:
            log = stack.enter_context(logged(record.parent, past))
            beside = (*beside, *log, *stack.enter_context(metrics_where_asked(past)))
            return run(watched())
    except ProviderError as error:
        if record.is_file() and not isinstance(error, NothingLearned):
            note(f"What is recorded is kept; go on with: {again or f'maspo resume {typed(record.parent)}'}")
        raise
    except Interrupted as error:
        if not again:
            raise
        raise Interrupted(f"{error} Everything paid for is saved; go on with: {again}") from None


@contextlib.contextmanager
def metrics_where_asked(past: Sequence[Event] = ()) -> Iterator[tuple[Watcher, ...]]:
    """Tell a monitor figures of the work where the option or the variable asks for it; yield what has to be told.

    ``past`` is what a run that goes on has told before.
    """
    if (where := where_asked()) is None:
        yield ()
        return
    figures = Metrics(past)
    with served(figures, where) if isinstance(where, int) else sent(figures, where) as at:
        note(f"Metrics: {where if at is None else f'http://127.0.0.1:{at}/metrics'}")
        yield (figures,)


@contextlib.contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set an event at the first Ctrl-C, SIGTERM or closed terminal; end the process at the second."""
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        if stop.is_set():
            if number == signal.SIGHUP:
                return  # the system and the shell both tell of a terminal that was closed
            if sys.stderr.isatty():
                os.write(_STDERR, _SHOW_CURSOR)  # the panel hid it, and holds back what is printed
            os._exit(EXIT_INTERRUPTED)  # at once: every recorded reply is on disk already
        stop.set()
        note("Stopping: calls in flight are finished and recorded. Ctrl-C again ends at once.")

    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # else by nohup, which asks to go on
        signals.append(signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
