"""A worker: one fork server and the conversation with it. Blocking; belongs to the thread that started it."""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Literal

from maspo.core.errors import MaspoError
from maspo.sandbox.launch import Level, command, environment
from maspo.sandbox.limits import Limits

Outcome = Literal["passed", "wrong", "unread", "failed"]
"""``unread``: the text is no program. ``failed``: the tests or the sandbox, not the program, are to blame."""

_START_SECONDS = 20.0
_REPLY_SECONDS = 10.0
_END_SECONDS = 2.0
_MOST_RESULTS = 1 << 20
_MEGABYTE = 1 << 20
_ERRORS_SHOWN = 500


class SandboxFailed(MaspoError):
    """A fork server did not start, or is gone."""


@dataclass(frozen=True, slots=True)
class Job:
    """A program and its tests. ``setup`` runs before both; ``entry_point`` is the function that the tests call."""

    code: str
    tests: tuple[str, ...]
    setup: str = ""
    entry_point: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job. ``test`` is the number of the first test that does not hold, from 1; 0 when it is none."""

    outcome: Outcome
    why: str = ""
    test: int = 0
    cpu_seconds: float = 0.0
    """Of both processes together."""


class Worker:
    """Runs one job at a time, each in fresh processes.

    The thread that starts it must live as long: the kernel ends a fork server together with the thread that made it.
    """

    def __init__(self, level: Level) -> None:
        """Start a fork server. Raises SandboxFailed."""
        near, far = socket.socketpair()
        self._control = near
        try:
            self._server = subprocess.Popen(  # noqa: S603 - fixed words and paths of our own
                command(level),
                stdin=far.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=environment(),
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            near.close()
            raise SandboxFailed(f"the sandbox at level {level} cannot be started: {error}") from error
        finally:
            far.close()
        if self._heard(_START_SECONDS) != b"ready\n":
            said = self.close()
            raise SandboxFailed(f"the sandbox at level {level} did not start: {said or 'no reason was given'}")

    def close(self) -> str:
        """End the fork server and all that it started; return what it said of errors."""
        self._control.close()
        try:
            _, said = self._server.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._server.kill()
            _, said = self._server.communicate()
        return bytes(said).decode("utf-8", "replace").strip()[-_ERRORS_SHOWN:]

    def kill(self) -> None:
        """End the fork server at once, and with it a job that runs; ``close`` is still to follow. From any thread."""
        self._server.kill()

    def run(self, job: Job, limits: Limits) -> Result:
        """Run a job. Raises SandboxFailed when the fork server is gone."""
        nonce = secrets.token_hex(16)
        program = {"setup": job.setup, "code": job.code, "entry_point": job.entry_point}
        tests = {"setup": job.setup, "tests": job.tests, "entry_point": job.entry_point, "nonce": nonce}
        with _file(program) as program_file, _file(tests) as tests_file:
            reading, writing = os.pipe()
            try:
                self._send(limits, [program_file.fileno(), tests_file.fileno(), writing])
            finally:
                os.close(writing)
            try:
                told, in_time = _read(reading, time.monotonic() + limits.wall_seconds)
            finally:
                os.close(reading)
        ends = self._end()
        return _judge(told, nonce, _Endings(ends["program"], ends["examiner"], in_time, limits))

    def _send(self, limits: Limits, descriptors: list[int]) -> None:
        caps = {
            "cpu_seconds": limits.cpu_seconds,
            "memory_bytes": limits.memory_mb * _MEGABYTE,
            "open_files": limits.open_files,
            "value_bytes": limits.value_mb * _MEGABYTE,
        }
        try:
            socket.send_fds(self._control, [json.dumps(caps).encode()], descriptors)
        except OSError as error:
            raise SandboxFailed("the sandbox is gone") from error

    def _end(self) -> Mapping[str, _Ending]:
        """Have whatever still runs ended, and learn how each process ended."""
        try:
            self._control.sendall(b"end")
            raw = self._heard(_REPLY_SECONDS)
            return {name: _Ending(end["signal"], end["cpu"]) for name, end in json.loads(raw).items()}
        except (OSError, ValueError) as error:
            raise SandboxFailed("the sandbox is gone") from error

    def _heard(self, seconds: float) -> bytes:
        """Return one line of the fork server; what there is of it when the time is over."""
        heard, until = b"", time.monotonic() + seconds
        while not heard.endswith(b"\n"):
            ready, _, _ = select.select([self._control], [], [], max(0.0, until - time.monotonic()))
            part = self._control.recv(4096) if ready else b""
            if not part:
                return heard
            heard += part
        return heard


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a process ended: by a signal (0: by itself). SIGKILL is the end of the job, or of its last second of CPU."""

    signal: int
    cpu: float


@dataclass(frozen=True, slots=True)
class _Endings:
    program: _Ending
    examiner: _Ending
    in_time: bool
    limits: Limits

    def told(self, why: str) -> str:
        """Return the reason why a job stopped, as far as the endings explain more than ``why``."""
        if not self.in_time:
            return f"not finished after {self.limits.wall_seconds:g} s"
        for one in (self.program, self.examiner):
            if one.signal == signal.SIGXCPU or one.cpu > self.limits.cpu_seconds:
                return f"used more than {self.limits.cpu_seconds} s of CPU"
        if self.program.signal not in (0, signal.SIGKILL):
            return f"the program crashed ({_name_of(self.program.signal)})"
        return why or "the tests came to no end"


def _name_of(number: int) -> str:
    """Return a signal's name; real-time signals have none."""
    known = {one.value: one.name for one in signal.Signals}
    return known.get(number, f"signal {number}")


def _judge(told: bytes, nonce: str, endings: _Endings) -> Result:
    """Return the result: passed only when the examiner reported every test, with the nonce, and the end."""
    cpu, passed = endings.program.cpu + endings.examiner.cpu, 0
    for line in told.splitlines():
        match _fields(line, nonce):
            case {"stop": "wrong" | "unread" | "failed" as outcome, "why": str(why)}:
                return Result(outcome, endings.told(why) if outcome == "wrong" else why, cpu_seconds=cpu)
            case {"test": int(number), "ok": True} if number == passed:
                passed += 1
            case {"test": int(number), "ok": False, "why": str(why)} if number == passed:
                return Result("wrong", endings.told(why), number + 1, cpu)
            case {"end": int(count)} if count == passed > 0:
                return Result("passed", cpu_seconds=cpu)
            case _:
                break
    return Result("wrong", endings.told(""), passed + 1, cpu)


def _fields(line: bytes, nonce: str) -> Mapping[str, object]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and found.get("nonce") == nonce else {}


def _file(content: Mapping[str, object]) -> IO[bytes]:
    """Return a file without a name that holds the content, at its beginning."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(json.dumps(content).encode("ascii"))
    file.flush()
    file.seek(0)
    return file


def _read(descriptor: int, until: float) -> tuple[bytes, bool]:
    """Read until the writer is gone; return what came, and whether it was all before the time was over."""
    parts: list[bytes] = []
    size = 0
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while size < _MOST_RESULTS:
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            return b"".join(parts), False
        part = os.read(descriptor, 1 << 16)
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts), True
