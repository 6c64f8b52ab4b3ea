"""``--log FILE``: what an operator should know of the work, as lines of JSON, while it works."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from maspo.cli.caps import NearCaps
from maspo.cli.terminal import Lasting, note
from maspo.core.errors import EXIT_ERROR, EXIT_INTERRUPTED, ConfigInvalid, MaspoError, said_of
from maspo.core.plain import plain
from maspo.events import Event, RunStarted
from maspo.report.logged import Entry, Level, Rounds, entry_of
from maspo.study.job import PAUSED, Progress

VARIABLE = "MASPO_LOG"
STDOUT = "-"

Write: TypeAlias = Callable[[str], object]


class Log:
    """A ``Watcher`` that writes a line for whatever deserves an operator's attention.

    ``folder`` is where the work is recorded, ``past`` what a run that goes on has told before.
    """

    def __init__(self, write: Write, folder: Path, past: Sequence[Event] = ()) -> None:
        self._write = write
        self._folder = str(folder.absolute())
        self._run: RunStarted | None = None
        self._now: Progress | None = None
        self._rounds = Rounds()
        self._caps = NearCaps()
        for event in past:
            self._see(event)

    def tell(self, entry: Entry) -> None:
        """Write an entry, with when it is and what was spent so far."""
        line: dict[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": entry.level,
            "event": entry.event,
            "run": self._run.run if self._run is not None else None,
            "folder": self._folder,
        }
        if (now := self._now) is not None:
            usd = None if self._run is not None and self._run.simulated else now.usd
            line |= {"calls": now.calls, "usd": usd, "work_seconds": round(now.seconds, 3)}
        self._write(json.dumps(line | plain(entry.fields)) + "\n")

    def begin(self) -> None:
        """Say that the work begins, or that it goes on."""
        self.tell(Entry("work_started" if self._run is None else "work_resumed"))

    def end(self, error: BaseException | None = None) -> None:
        """Say that the work is over, and what ended it where it came to no end of its own."""
        if error is None:
            self.tell(Entry("work_ended"))
            return
        code = error.exit_code if isinstance(error, MaspoError) else EXIT_ERROR
        level: Level = "warning" if code == EXIT_INTERRUPTED else "error"
        self.tell(Entry("work_failed", level, {"error": type(error).__name__, "exit_code": code}))

    def on_event(self, event: Event) -> None:
        """Write the line of an event, if it has one, after that of the round which it ends."""
        if (ended := self._see(event)) is not None:
            self.tell(ended)
        if (entry := entry_of(event, self._run)) is not None:
            self.tell(entry)

    def _see(self, event: Event) -> Entry | None:
        if isinstance(event, RunStarted):
            self._run, self._caps = event, NearCaps()
        return self._rounds.see(event)

    def on_progress(self, progress: Progress) -> None:
        """Take note of where the work stands; tell of a new phase, of the endpoint, of a cap and of a lease."""
        before, self._now = self._now, progress
        if before is None or before.phase != progress.phase:
            self.tell(Entry("phase_started", fields={"phase": progress.phase}))
        if _is_held_up(progress) and not (before and _is_held_up(before)):
            self.tell(Entry("endpoint_waits", "warning"))
        if before and _is_held_up(before) and not _is_held_up(progress):
            self.tell(Entry("endpoint_answers"))
        for cap, share in self._caps.reached(progress):
            self.tell(Entry("cap_near", "warning", {"cap": cap, "share": share}))
        if (lease := progress.leased) is not None and (before is None or before.leased != lease):
            held = {"usd_held": lease.usd, "calls_held": lease.calls, "budget_share": lease.share}
            self.tell(Entry("lease_taken", fields=held))


def _is_held_up(progress: Progress) -> bool:
    """Return whether the endpoint lets calls wait; a run that a person has paused waits for that person."""
    return progress.waiting not in ("", PAUSED)


@contextmanager
def logged(folder: Path, past: Sequence[Event] = ()) -> Iterator[tuple[Log, ...]]:
    """Write the log of the work where the option or the variable asks for one; yield what has to be told.

    Raises:
        ConfigInvalid: nothing can be written there.

    """
    where = os.environ.get(VARIABLE, "")
    if not where:
        yield ()
        return
    with _opened(where) as write:
        log = Log(write, folder, past)
        log.begin()
        try:
            yield (log,)
        except BaseException as error:
            log.end(error)
            raise
        log.end()


def _at_once(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody reads is refused, and one whose reader is slow loses lines: no work waits."""
    return os.open(path, flags | os.O_NONBLOCK, 0o666)


@contextmanager
def _opened(where: str) -> Iterator[Write]:
    """Open what a log is written to. Each line is one write at the end, so that several runs can share a file.

    On stdout the log is alone: whatever else would stand there goes to stderr, also after the work.
    """
    if where == STDOUT:
        stream = Lasting(sys.stdout)
        sys.stdout = sys.stderr
        yield stream.write
        return
    told = False

    def write(line: str) -> None:
        nonlocal told
        try:
            if file.write(line.encode()) is None:
                raise BlockingIOError("nobody reads it")
        except OSError as error:  # a full disk, a reader that is gone: the work goes on
            if not told:
                note(f"note: --log {where}: a line is lost ({error}); the work goes on")
            told = True

    with ExitStack() as stack:
        try:
            file = stack.enter_context(open(where, "ab", buffering=0, opener=_at_once))
        except (OSError, ValueError) as error:
            raise _unwritable(where, error) from None
        yield write


def ask_for(where: str | None) -> None:
    """Take the option, which stands for the variable in whatever this command does.

    Raises:
        ConfigInvalid: nothing can be written there, as far as that shows without a file being made.

    """
    if where is None:
        return
    os.environ[VARIABLE] = where
    path = Path(where)
    if where in ("", STDOUT):
        return
    try:
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
        if not path.exists() and not path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {path.parent}")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise PermissionError("it is not allowed")
    except (OSError, ValueError) as error:
        raise _unwritable(where, error) from None


def _unwritable(where: str, error: Exception) -> ConfigInvalid:
    return ConfigInvalid(f"--log {where}: cannot be written ({said_of(error)}); give a file, or - for stdout")
