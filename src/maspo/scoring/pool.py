"""A pool of killable worker processes: a hostile text costs its time limit and nothing else.

The workers are served by threads, not by an event loop, so that a pool outlives the loop that first used it.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
import time
import weakref
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeAlias

from maspo.scoring.limits import LAST_PATIENCE, PATIENCE, Limits

KEPT_ENVIRONMENT = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "HOME", "TMPDIR")
"""What a worker sees of the environment: no key of anybody."""
SECONDS_TO_START = 60.0
GRACE = 30.0
"""Seconds for a worker to say that a text was cut by the clock."""


@dataclass(frozen=True, slots=True)
class Skill:
    """What the workers of a pool do: a name that ``maspo.scoring.worker`` knows, and what it is given once."""

    name: str
    given: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a worker says to one request."""

    value: object = None
    """Its result as JSON; None when it cannot say."""
    lost: str = ""
    """Why there is no result: the limit that ended it."""
    late: bool = False
    """Whether it was the wall clock's limit, with CPU time left: on a busy machine, a second try can tell more."""
    broken: str = ""
    """Why nobody could be asked, which is not the text's fault."""


class Worker:
    """One worker process, started when it is made."""

    def __init__(self, skill: Skill, limits: Limits) -> None:
        self._limits = limits
        self._read = b""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "maspo.scoring.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ},
            start_new_session=True,
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise OSError("a scoring worker has no pipes")
        self._requests, self._replies = self._process.stdin, self._process.stdout
        setup = {"skill": skill.name, "given": skill.given, "seconds": limits.seconds, "memory_mb": limits.memory_mb}
        self._send(setup)
        if self._line(SECONDS_TO_START) is None:
            self.kill()
            raise OSError("a scoring worker did not start")

    def ask(self, texts: Sequence[str], patience: float) -> Reply | None:
        """Return the reply to one request, cut after some seconds; None when the process is gone or was killed."""
        try:
            self._send({"texts": list(texts), "patience": patience})
            line = self._line(patience + GRACE)
        except OSError:
            line = None
        if line is None:
            self.kill()
            return None
        return Reply(**json.loads(line))

    @property
    def ended(self) -> bool:
        """Whether the process ended while nobody asked it anything."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End the process and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for stream in (self._requests, self._replies):
            with suppress(OSError):
                stream.close()
        self._process.wait()

    def _send(self, message: object) -> None:
        self._requests.write(json.dumps(message).encode() + b"\n")
        self._requests.flush()

    def _line(self, seconds: float) -> bytes | None:
        """Return the next line; None when none comes in time or the process has ended."""
        pipe = self._replies.fileno()
        end = time.monotonic() + seconds
        while b"\n" not in self._read:
            ready, _, _ = select.select([pipe], [], [], max(0.0, end - time.monotonic()))
            part = os.read(pipe, 1 << 16) if ready else b""
            if not part:
                return None
            self._read += part
        line, _, self._read = self._read.partition(b"\n")
        return line


Idle: TypeAlias = SimpleQueue["Worker | None"]
"""The places of a pool that are free: a waiting worker, or None where one must be started."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Requests, their replies, and the places of those that nobody has been asked yet."""

    requests: Sequence[Sequence[str]]
    replies: list[Reply]
    waiting: deque[int]
    patience: float


class Pool:
    """Asks worker processes, as many at a time as the limits say; they start when first needed and stay warm."""

    def __init__(self, skill: Skill, limits: Limits | None = None) -> None:
        self._skill = skill
        self._limits = limits or Limits()
        self._threads = ThreadPoolExecutor(self._limits.workers, thread_name_prefix="maspo-scoring")
        self._idle: Idle = SimpleQueue()
        for _ in range(self._limits.workers):
            self._idle.put(None)
        self._end = weakref.finalize(self, _close, self._threads, self._idle)

    async def ask_all(self, requests: Sequence[Sequence[str]]) -> list[Reply]:
        """Return one reply for each request, in their order."""
        replies = [Reply(broken="was not asked")] * len(requests)
        loop = asyncio.get_running_loop()
        work = _Batch(requests, replies, deque(range(len(requests))), PATIENCE)
        runners = [
            loop.run_in_executor(self._threads, self._run, work)
            for _ in range(min(self._limits.workers, len(requests)))
        ]
        await asyncio.gather(*runners)
        late = deque(place for place, reply in enumerate(replies) if reply.late)
        if late:
            work = _Batch(requests, replies, late, LAST_PATIENCE)
            await loop.run_in_executor(self._threads, self._run, work)
        return replies

    def close(self) -> None:
        """End all workers; the pool cannot be used any more."""
        self._end()

    def _run(self, work: _Batch) -> None:
        worker = self._idle.get()
        try:
            while work.waiting:
                with suppress(IndexError):
                    place = work.waiting.popleft()
                    worker, work.replies[place] = self._ask(worker, work.requests[place], work.patience)
        finally:
            self._idle.put(worker)

    def _ask(self, worker: Worker | None, texts: Sequence[str], patience: float) -> tuple[Worker | None, Reply]:
        if worker is not None and worker.ended:
            worker.kill()
            worker = None
        try:
            worker = worker or Worker(self._skill, self._limits)
        except OSError as error:
            return None, Reply(broken=f"no worker process: {error}")
        reply = worker.ask(texts, patience)
        return (worker, reply) if reply is not None else (None, Reply(lost="ended the worker"))


def _close(threads: ThreadPoolExecutor, idle: Idle) -> None:
    # The last to let go of a pool may be one of its own threads, which cannot wait for itself.
    with suppress(RuntimeError):
        threads.shutdown(wait=True)
    with suppress(Empty):
        while True:
            worker = idle.get_nowait()
            if worker is not None:
                worker.kill()
