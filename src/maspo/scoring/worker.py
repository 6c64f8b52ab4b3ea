"""A worker process: compares untrusted texts under hard limits of time and memory.

    python -m maspo.scoring.worker

The first line of stdin is ``{"skill": …, "given": …, "seconds": …, "memory_mb": …}``, every other line
``{"texts": […], "patience": …}``; each is answered by one line, ``{"value": …}``, or ``{"lost": …}`` when a limit ended
it, ``"late"`` when it was the wall clock's, before the text had half of its CPU time. The libraries are
loaded once by a guard, which forks the process that does the work; a process that is killed by its own clock is
replaced by the next fork within milliseconds, without loading anything again.
"""

from __future__ import annotations

import json
import mmap
import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from typing import BinaryIO, TypeAlias

Work: TypeAlias = Callable[[Sequence[str]], object]
"""Compares texts; what it returns is written as JSON. Exceptions count as "cannot say" (null)."""

OUT_OF_MEMORY = 3
ENOUGH = 0.5
"""Of its CPU time, after which a text that the wall clock cuts needs no second try: honest ones need a third."""
_CPU_BEFORE = struct.Struct("d")
READY = b'{"ready": true}\n'


def main() -> None:
    """Serve until stdin ends."""
    requests, replies = _private_streams()
    setup = json.loads(requests.readline())
    work = _SKILLS[setup["skill"]](setup["given"])
    _limit(resource.RLIMIT_AS, int(setup["memory_mb"]) << 20)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    seconds = float(setup["seconds"])
    before = mmap.mmap(-1, _CPU_BEFORE.size)
    replies.write(READY)
    while True:
        _CPU_BEFORE.pack_into(before, 0, 0.0)
        child = os.fork()
        if child == 0:
            os._exit(_serve(work, requests, replies, _Clocks(seconds, before)))
        _, status, used = os.wait4(child, 0)
        if status == 0:
            return
        (earlier,) = _CPU_BEFORE.unpack_from(before)
        late = _late(status, (used.ru_utime + used.ru_stime - earlier) / seconds)
        replies.write(json.dumps({"lost": _reason(status), "late": late}).encode() + b"\n")


@dataclass(frozen=True, slots=True)
class _Clocks:
    seconds: float
    before: mmap.mmap
    """Shared with the guard: the CPU seconds that the child had used when its present request came."""

    def start(self) -> None:
        _CPU_BEFORE.pack_into(self.before, 0, time.process_time())
        signal.setitimer(signal.ITIMER_PROF, self.seconds)


def _late(status: int, share: float) -> bool:
    """Whether the wall clock cut a child that had been given less than half of its CPU time."""
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM and share < ENOUGH


def _private_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return the two pipes under numbers of their own, so that nothing a library prints is taken for a reply."""
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    return requests, replies


def _limit(what: int, most: int) -> None:
    # Some systems refuse some limits; the time limit holds everywhere.
    with suppress(ValueError, OSError):
        resource.setrlimit(what, (most, most))


def _serve(work: Work, requests: BinaryIO, replies: BinaryIO, clocks: _Clocks) -> int:
    """Answer one request after the other; the default action of either clock ends the process, busy or not."""
    for clock in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(clock, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while line := _line(requests):
        clocks.start()
        try:
            request = json.loads(line)
            signal.setitimer(signal.ITIMER_REAL, request["patience"])
            value = work(request["texts"])
        except MemoryError:
            return OUT_OF_MEMORY
        except Exception:
            # The text is anybody's and the libraries are not ours: what they cannot handle, they cannot compare.
            value = None
        for timer in (signal.ITIMER_PROF, signal.ITIMER_REAL):
            signal.setitimer(timer, 0)
        replies.write(json.dumps({"value": value}).encode() + b"\n")
    return 0


def _line(requests: BinaryIO) -> bytes:
    try:
        return requests.readline()
    except MemoryError:
        # The rest of the line is still in the pipe, where it would be taken for the next request: end, guard and all.
        return b""


def _reason(status: int) -> str:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGPROF, signal.SIGALRM):
        return "took longer than the time limit"
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == OUT_OF_MEMORY:
        return "needed more memory than the limit"
    return "ended the worker"


def _math(_: str) -> Work:
    from maspo.scoring.mathematics.symbolic import equal

    # The libraries build their tables at the first formula of a kind; forks find them built.
    kinds = (
        r"\int_0^2 t dt",
        r"\sum_{k=1}^{5} k!",
        r"x \ne 2",
        r"(1,2)",
        r"2 \begin{pmatrix}1\\2\end{pmatrix}",
        "x 0.5",
    )
    for one, other in combinations(kinds, 2):
        equal(one, other)
    return lambda texts: equal(texts[0], texts[1])


def _regex(pattern: str) -> Work:
    from maspo.scoring.structured import last_match

    return lambda texts: last_match(pattern, texts[0])


def _occurs(pattern: str) -> Work:
    from maspo.core.patterns import compiled

    found = compiled(pattern)
    return lambda texts: found.search(texts[0]) is not None


def _json_schema(schema: str) -> Work:
    from maspo.scoring.structured import first_fault

    return lambda texts: first_fault(schema, texts[0])


_SKILLS: Mapping[str, Callable[[str], Work]] = {
    "math": _math,
    "regex": _regex,
    "occurs": _occurs,
    "json-schema": _json_schema,
}

if __name__ == "__main__":
    # A read error means that the parent is gone.
    with suppress(BrokenPipeError, KeyboardInterrupt):
        main()
    sys.exit(0)
