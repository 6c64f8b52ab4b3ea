"""Runs programs and their tests: fork servers, the conversation with one, and as many as there are cores."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Literal, Self

from maspo.core.errors import MaspoError
from maspo.sandbox.launch import ENVIRONMENT, Level, command
from maspo.sandbox.packages import NO_PACKAGES, Packages

Outcome = Literal["passed", "wrong", "unread", "failed"]
"""``unread``: the text is no program. ``failed``: the tests or the sandbox, not the program, are to blame."""

_START_SECONDS = 20.0
"""Far longer than a start takes, for machines that are busy."""
_REPLY_SECONDS = 10.0
"""Far longer than it takes to end two processes."""
_END_SECONDS = 2.0
"""For a fork server whose parent has hung up; then it is killed."""
_MEGABYTE = 1 << 20  # bytes
_MOST_RESULTS = _MEGABYTE
"""Bytes of an examiner's report: thousands of tests with a reason each."""
_MOST_TO_A_CORE = 20
"""Processes that are taken to share a core at most: with the defaults a sleeping program ends within ten minutes,
whatever a machine says of its load."""
_ERRORS_SHOWN = 500
"""Characters of what a fork server said of errors: its last lines."""


class SandboxFailed(MaspoError):
    """A fork server did not start, or is gone."""


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """The most that a program and its tests may use, each in its own process.

    ``cpu_seconds`` are whole seconds of computing, ``wall_seconds`` is the time until everything is ended
    where nobody waits for a core, and as many times more as processes do, 20 times at most: computing is what counts,
    and a program that only sleeps ends all the same. ``memory_mb`` is the address space, ``value_mb`` the size of one
    value that a program returns. The defaults leave a short program of a benchmark ample room; with fewer than 8 files
    no interpreter starts.
    """

    cpu_seconds: int = 10
    wall_seconds: float = 30.0
    memory_mb: int = 512
    value_mb: int = 16
    open_files: int = 32

    def __post_init__(self) -> None:
        least = min(self.cpu_seconds, self.wall_seconds, self.memory_mb, self.value_mb)
        if least <= 0 or self.open_files < 8:
            raise ValueError(f"{self}: every limit must be above 0, and open_files at least 8")


@dataclass(frozen=True, slots=True)
class Submission:
    """A program and its tests. ``setup`` runs before both; ``entry_point`` is the function that the tests call.

    Tests of a program that is ``tested_by`` ``printing`` call ``printed(text)``, which runs all of it with the text on
    its standard input and returns what it prints; the others call what the program defines.
    """

    code: str
    tests: tuple[str, ...]
    setup: str = ""
    entry_point: str = ""
    tested_by: Literal["calling", "printing"] = "calling"


@dataclass(frozen=True, slots=True)
class Grade:
    """What came of a submission. ``test`` is the number of the first test that does not hold, from 1; 0: it is none."""

    outcome: Outcome
    why: str = ""
    test: int = 0
    cpu_seconds: float = 0.0
    """Of both processes together."""
    unsound: str = ""
    """Why the tests of a program that passed show little: it decides one itself; see ``inside/soundness.py``."""


class ForkServer:
    """Runs one submission at a time, each in fresh processes. Blocking.

    The thread that starts it must live as long: the kernel ends a fork server together with the thread that made it.
    """

    def __init__(self, level: Level, packages: Packages = NO_PACKAGES) -> None:
        """Start a fork server. Raises SandboxFailed."""
        near, far = socket.socketpair()
        self._control = near
        try:
            self._server = subprocess.Popen(  # noqa: S603 - fixed words and paths of our own
                command(level, packages) if packages.names else command(level),
                stdin=far.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            near.close()
            raise SandboxFailed(f"the sandbox at level {level} cannot be started: {error}") from error
        finally:
            far.close()
        if self._read_line(_START_SECONDS) != b"ready\n":
            reason = self.close()
            raise SandboxFailed(f"the sandbox at level {level} did not start: {reason or 'no reason was given'}")

    def close(self) -> str:
        """End the fork server and all that it started; return what it said of errors."""
        self._control.close()
        try:
            _, errors = self._server.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            _, errors = self._server.communicate()
        return bytes(errors).decode("utf-8", "replace").strip()[-_ERRORS_SHOWN:]

    def kill(self) -> None:
        """End the fork server at once, and with it a job that runs; ``close`` is still to follow. From any thread."""
        self._server.kill()

    def run(self, job: Submission, limits: SandboxLimits) -> Grade:
        """Run a submission. Raises SandboxFailed when the fork server is gone."""
        nonce = secrets.token_hex(16)
        program = {"setup": job.setup, "code": job.code, "entry_point": job.entry_point, "tested_by": job.tested_by}
        tests = {"setup": job.setup, "tests": job.tests, "entry_point": job.entry_point, "nonce": nonce}
        caps = {
            "cpu_seconds": limits.cpu_seconds,
            "memory_bytes": limits.memory_mb * _MEGABYTE,
            "open_files": limits.open_files,
            "value_bytes": limits.value_mb * _MEGABYTE,
        }
        with _unnamed_file(program) as program_file, _unnamed_file(tests) as tests_file:
            reading, writing = os.pipe()
            try:
                descriptors = [program_file.fileno(), tests_file.fileno(), writing]
                socket.send_fds(self._control, [json.dumps(caps).encode()], descriptors)
            except OSError as error:
                raise SandboxFailed("the sandbox is gone") from error
            finally:
                os.close(writing)
            try:
                report, late = _read_report(reading, limits.wall_seconds)
            finally:
                os.close(reading)
        try:
            # Whatever still runs is ended now, and how each process ended is told.
            self._control.sendall(b"end")
            raw = self._read_line(_REPLY_SECONDS)
            ends = {name: _Ending(end["signal"], end["cpu"]) for name, end in json.loads(raw).items()}
        except (OSError, ValueError) as error:
            raise SandboxFailed("the sandbox is gone") from error
        return _judge(report, nonce, _Endings(ends["program"], ends["examiner"], late, limits))

    def _read_line(self, seconds: float) -> bytes:
        """Return one line of the fork server; what there is of it when the time is over."""
        line, until = b"", time.monotonic() + seconds
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self._control], [], [], max(0.0, until - time.monotonic()))
            part = self._control.recv(4096) if ready else b""
            if not part:
                return line
            line += part
        return line


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a process ended: by a signal (0: by itself). SIGKILL is the end of the job, or of its last second of CPU."""

    signal: int
    cpu: float


@dataclass(frozen=True, slots=True)
class _Endings:
    program: _Ending
    examiner: _Ending
    late: float
    """The seconds after which it was ended, since its time was over; 0 where it was not."""
    limits: SandboxLimits

    def explain(self, why: str) -> str:
        """Return the reason why a job stopped, as far as the endings explain more than ``why``."""
        if self.late:
            return f"not finished after {self.late:.3g} s"
        for one in (self.program, self.examiner):
            if one.signal == signal.SIGXCPU or one.cpu > self.limits.cpu_seconds:
                return f"used more than {self.limits.cpu_seconds} s of CPU"
        if self.program.signal not in (0, signal.SIGKILL):
            # Real-time signals have no name.
            names = {one.value: one.name for one in signal.Signals}
            return f"the program crashed ({names.get(self.program.signal, f'signal {self.program.signal}')})"
        return why or "the tests came to no end"


def _judge(report: bytes, nonce: str, endings: _Endings) -> Grade:
    """Return the result: passed only when the examiner reported every test, with the nonce, and the end."""
    cpu, passed, unsound = endings.program.cpu + endings.examiner.cpu, 0, ""
    for line in report.splitlines():
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not isinstance(fields, dict) or fields.get("nonce") != nonce:
            break
        match fields:
            case {"stop": "wrong" | "unread" | "failed" as outcome, "why": str(why)}:
                return Grade(outcome, endings.explain(why) if outcome == "wrong" else why, cpu_seconds=cpu)
            case {"unsound": str(why)}:
                unsound = why
            case {"test": int(number), "ok": True} if number == passed:
                passed += 1
            case {"test": int(number), "ok": False, "why": str(why)} if number == passed:
                return Grade("wrong", endings.explain(why), number + 1, cpu)
            case {"end": int(count)} if count == passed > 0:
                return Grade("passed", cpu_seconds=cpu, unsound=unsound)
            case _:
                break
    return Grade("wrong", endings.explain(""), passed + 1, cpu)


def _unnamed_file(content: Mapping[str, object]) -> IO[bytes]:
    """Return a file without a name that holds the content, at its beginning."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(json.dumps(content).encode("ascii"))
    file.flush()
    file.seek(0)
    return file


def _read_report(descriptor: int, seconds: float) -> tuple[bytes, float]:
    """Read until the writer is gone; return what came, and after how many seconds the time was over (0: it was not)."""
    parts: list[bytes] = []
    size = 0
    began = time.monotonic()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while size < _MOST_RESULTS:
        took = time.monotonic() - began
        left = seconds * _processes_a_core() - took
        if left <= 0:
            return b"".join(parts), took
        if not poll.poll(left * 1000):
            continue  # By now the machine may be busier.
        part = os.read(descriptor, 1 << 16)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts), 0.0


def _processes_a_core() -> float:
    """Return how many processes share a core of this machine, at least one: the load of the last minute."""
    return min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), _MOST_TO_A_CORE)


class SandboxPool:
    """Runs jobs at a level, several at a time; used with ``async with``."""

    def __init__(
        self, level: Level, limits: SandboxLimits, workers: int | None = None, packages: Packages = NO_PACKAGES
    ) -> None:
        self._limits = limits
        self._seats = [_Seat(level, packages) for _ in range(workers or os.cpu_count() or 1)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(seat.close() for seat in self._seats))

    async def run(self, jobs: Sequence[Submission]) -> list[Grade]:
        """Return one result for each job, in their order; a job whose sandbox breaks down twice has ``failed``."""
        results: dict[int, Grade] = {}
        waiting = iter(enumerate(jobs))

        async def sit(seat: _Seat) -> None:
            for number, job in waiting:
                results[number] = await seat.run(job, self._limits)

        async with asyncio.TaskGroup() as group:
            for seat in self._seats:
                group.create_task(sit(seat))
        return [results[number] for number in range(len(jobs))]


class _Seat:
    """A server, started when it is first needed, and the thread that it must not outlive."""

    def __init__(self, level: Level, packages: Packages) -> None:
        self._level = level
        self._packages = packages
        self._server: ForkServer | None = None
        self._closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sandbox")

    async def run(self, job: Submission, limits: SandboxLimits) -> Grade:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, job, limits)

    async def close(self) -> None:
        """End the server, and a job that it still runs because its caller was cancelled."""
        self._closing = True
        if self._server is not None:
            self._server.kill()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._stop)
        self._thread.shutdown()

    def _run(self, job: Submission, limits: SandboxLimits) -> Grade:
        why = ""
        for _ in range(2):
            if self._closing:
                break
            try:
                self._server = self._server or ForkServer(self._level, self._packages)
                return self._server.run(job, limits)
            except SandboxFailed as error:
                why = str(error)
                self._stop()
        return Grade("failed", why)

    def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
