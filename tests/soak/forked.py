"""Processes of the command line that begin where imports end: forked from one process that imported everything."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "maspo.cli",
        "maspo.cli.optimize",
        "maspo.study.optimize",
        "maspo.models.chat_completions",
    ]
)


class Forked:
    """What of ``asyncio.subprocess.Process`` the tests use, of a process that is forked."""

    def __init__(self, process: ForkServerProcess, stderr: asyncio.StreamReader) -> None:
        self.stderr = stderr
        self._process = process

    @property
    def pid(self) -> int:
        """The number of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code; the number of a signal, negative, where one ended the process."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal; nobody gets it when the process has just ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait for the end; return nothing, and what is left of stderr."""
        said = await self.stderr.read()
        await asyncio.to_thread(self._process.join)
        return b"", said


async def forked(arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> Forked:
    """Start the command line with these arguments in a folder."""
    reading, writing = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_run, args=(arguments, folder, dict(environment), writing), daemon=True)
    process.start()
    writing.close()
    stderr = asyncio.StreamReader()
    pipe = os.fdopen(os.dup(reading.fileno()), "rb", buffering=0)
    reading.close()
    # At the end of what is said, the pipe closes itself.
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stderr), pipe)
    return Forked(process, stderr)


def _run(arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str], stderr: Connection) -> None:
    """Be the process: streams, folder and environment are what they are for a program just started."""
    from maspo.cli import main

    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 1)
    os.dup2(stderr.fileno(), 2)
    stderr.close()
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["maspo", *arguments]
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run behind nohup, which a child inherits
    main()
