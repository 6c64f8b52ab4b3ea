"""Commands of maspo that go on in the background, each known by the file or folder that it writes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from maspo.core.errors import EXIT_ERROR

_LINES_KEPT: Final = 40
"""Of what a command said last."""
_LONGEST_LINE: Final = 16 * 2**20
"""Bytes of one line: the JSON of a run of hundreds of agents is some megabytes."""


@dataclass
class Job:
    """A command at work, or what is left of it: its exit code, what it printed, and what it said last."""

    path: str
    """The file or folder that it writes, by which it is asked for."""
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_LINES_KEPT))
    printed: str = ""
    exit_code: int | None = None
    listeners: list[Callable[[str], None]] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _process: asyncio.subprocess.Process | None = None

    @property
    def figures(self) -> dict[str, Any] | None:
        """What it printed for scripts, at its end."""
        lines = self.printed.splitlines()
        with contextlib.suppress(ValueError, IndexError):
            found = json.loads(lines[-1])
            if isinstance(found, dict):
                return found
        return None

    async def run(self, arguments: Sequence[str]) -> None:
        """Run a command to its end. It reads nothing, and is nobody's child in the eyes of a terminal."""
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "maspo", *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_LONGEST_LINE,
                env=_environment(),
                start_new_session=True,
            )
            await asyncio.gather(self._read(process.stdout), self._listen(process.stderr))
            self.exit_code = await process.wait()
        except (OSError, ValueError) as error:
            if self._process is not None:
                raise
            # What it was given is too long for the system, or holds a zero byte: it has failed, and is not at work.
            self.said.append(f"maspo {arguments[0]} cannot be started: {error}")
            self.exit_code = EXIT_ERROR
        finally:
            self.ended.set()

    async def _read(self, stream: asyncio.StreamReader | None) -> None:
        if stream is not None:
            self.printed = (await stream.read()).decode("utf-8", "replace")

    async def _listen(self, stream: asyncio.StreamReader | None) -> None:
        if stream is None:
            return
        async for line in stream:
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                self.said.append(text)
                for listener in self.listeners:
                    listener(text)

    def interrupt(self) -> None:
        """Stop it as Ctrl-C does: calls in flight are finished and recorded."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)


class Jobs:
    """The jobs of this server. When it ends they are stopped, too; what they have recorded can be gone on with."""

    def __init__(self) -> None:
        self._started: list[Job] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def all(self) -> tuple[Job, ...]:
        """Return every job that can be asked for."""
        return tuple(job for job in self._started if job.path)

    def find(self, path: str) -> Job | None:
        """Return the latest job that writes there."""
        return next((job for job in reversed(self.all()) if job.path == path), None)

    def start(self, path: str, arguments: Sequence[str]) -> Job:
        """Start a command that writes there; with an empty path one that nobody asks for later."""
        job = Job(path)
        self._started = [one for one in self._started if one.path or one.exit_code is None] + [job]
        task = asyncio.ensure_future(job.run(arguments))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def end(self) -> None:
        """Stop all that is at work."""
        for job in self._started:
            job.interrupt()


async def wait(job: Job, seconds: float, progress: Callable[[str], None]) -> bool:
    """Wait until a job has ended, at most so long, and tell what it says; return whether it has."""
    job.listeners.append(progress)
    try:
        async with asyncio.timeout(seconds):
            await job.ended.wait()
    except TimeoutError:
        return False
    finally:
        job.listeners.remove(progress)
    return True


def _environment() -> dict[str, str]:
    """Return the environment of a command: its stdout is its answer, so no log stands there, and its lines are read."""
    found = {**os.environ, "PYTHONUNBUFFERED": "1", "MASPO_PROGRESS": "lines"}
    if found.get("MASPO_LOG") == "-":
        del found["MASPO_LOG"]
    return found
