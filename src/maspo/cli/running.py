"""Running a job in the foreground: the panel, Ctrl-C, and what is printed at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeAlias, TypeVar

from maspo.cli.printed import ended
from maspo.cli.terminal import note, print_json, say
from maspo.cli.watch import watching
from maspo.core.errors import EXIT_INTERRUPTED, ProviderError
from maspo.report.folder import REPORT, look, write_results
from maspo.report.result import result_of
from maspo.report.text import summary
from maspo.store import mend
from maspo.study.job import Outcome, Watcher

T = TypeVar("T")
Begin: TypeAlias = Callable[[Watcher, asyncio.Event], Awaitable[T]]
"""Starts or resumes a run that is watched, and that stops when the event is set."""

_STDERR = 2
_SHOW_CURSOR = b"\r\n\x1b[?25h"


def make_whole(database: Path, needed: str = "") -> None:
    """Mend the record that a command goes on with, where there is one, and tell what was damaged.

    ``needed`` is what the record alone can tell the command.

    Raises:
        StoreError: it is beyond repair, no record of maspo, or another process works on it.

    """
    remark = mend(database, needed) if database.is_file() else ""
    if remark:
        note(f"note: {remark}")


def run_watched(begin: Begin[T], record: Path, again: str = "") -> T:
    """Run to the end or to the first Ctrl-C, which lets calls in flight finish; a second one ends the process.

    ``again`` is how to go on with what is recorded: by ``maspo resume`` unless something else is said.

    Raises:
        MaspoError: what ended the run. After a failure of the endpoint the way to go on is told first.

    """

    async def watched() -> T:
        stop = asyncio.Event()
        with watching() as watcher, _stopped_by_signals(stop):
            return await begin(watcher, stop)

    try:
        return asyncio.run(watched())
    except ProviderError:
        if record.is_file():
            note(f"What is recorded is kept; go on with: {again or f'maspo resume {record.parent}'}")
        raise


@contextlib.contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            if sys.stderr.isatty():
                os.write(_STDERR, _SHOW_CURSOR)  # the panel hid it, and holds back what is printed
            os._exit(EXIT_INTERRUPTED)  # at once: every recorded reply is on disk already
        stop.set()
        note("Stopping: calls in flight are finished and recorded. Ctrl-C again ends at once.")

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


def conclude(outcome: Outcome, out: Path, as_json: bool) -> int:
    """Write result and report into the run folder and print how the run ended; return the exit code."""
    view = look(out).view
    write_results(out, view)
    say(summary(view))
    say()
    say(f"report    {out / REPORT}")
    say(f"prompts   {out / 'prompts.json'}" if outcome.finished else f"resume    maspo resume {out}")
    if outcome.finished is None:
        note(outcome.message)
    if as_json:
        print_json(ended(result_of(view), outcome.exit_code, out, REPORT))
    return outcome.exit_code
