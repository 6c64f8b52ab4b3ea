"""The fork server: one warm interpreter that starts two confined processes for each job.

It never reads a job. The parent passes the descriptors of the program and of the tests, and each goes to the process
that it is for; so the memory that the untrusted process inherits holds no test.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final

from maspo.sandbox.inside.channel import Broken, Frames
from maspo.sandbox.inside.confine import RULESET_PLACE, Confinement, ProcessLimits, set_limits
from maspo.sandbox.inside.examiner import examine
from maspo.sandbox.inside.program import read_job, run_program

_WARM: Final = """
abc array bisect calendar cmath collections contextlib copy dataclasses datetime decimal enum fractions functools
hashlib heapq itertools math operator queue random re statistics string textwrap time typing
"""
"""What programs often import, loaded once."""
_PROGRAM, _TESTS, _RESULTS = range(3)
_FIRST_FREE: Final = 3
"""The first descriptor behind the standard ones."""
_MOST_OPEN: Final = 4096
"""Descriptors are closed up to here: far more than a fork server opens."""


def main(settings: str) -> None:
    """Serve jobs that arrive on descriptor 0 until the parent is gone."""
    given = json.loads(settings)
    for name in _WARM.split():
        importlib.import_module(name)
    # What the user names is loaded before anything is shut in; what lies beside it stays out of sight.
    sys.path += given["folders"]
    for name in given["packages"]:
        importlib.import_module(name)
    del sys.path[len(sys.path) - len(given["folders"]) :]
    confinement = Confinement(given["readable"]) if given["confined"] else None
    # What anybody prints goes to nowhere, from here on; the way for errors of the start is closed.
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    gc.freeze()
    with socket.socket(fileno=os.dup(0)) as control:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        control.sendall(b"ready\n")
        while _serve(control, confinement):
            pass


def _serve(control: socket.socket, confinement: Confinement | None) -> bool:
    """Run one job until the parent calls it ended; return whether there is a parent."""
    raw, descriptors, _, _ = socket.recv_fds(control, 4096, 3)
    if len(descriptors) != _FIRST_FREE:
        return False
    job = json.loads(raw)
    limits = ProcessLimits(job["cpu_seconds"], job["memory_bytes"], job["open_files"])
    near, far = socket.socketpair()
    most = job["value_bytes"]
    program = _start(
        lambda: run_program(read_job(_FIRST_FREE + 1), Frames(_FIRST_FREE, most)),
        [far.fileno(), descriptors[_PROGRAM]],
        (limits, confinement),
    )
    examiner = _start(
        lambda: examine(_FIRST_FREE + 1, Frames(_FIRST_FREE, most), _FIRST_FREE + 2),
        [near.fileno(), descriptors[_TESTS], descriptors[_RESULTS]],
        (limits, confinement),
    )
    near.close()
    far.close()
    for descriptor in descriptors:
        os.close(descriptor)
    goes_on = bool(control.recv(16))
    ends = json.dumps({"program": _end(program), "examiner": _end(examiner)}).encode() + b"\n"
    if goes_on:
        control.sendall(ends)
    return goes_on


def _start(work: Callable[[], None], keep: list[int], shut_in: tuple[ProcessLimits, Confinement | None]) -> int:
    """Start a process that has the descriptors of ``keep``, as 3, 4, … and no others."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        limits, confinement = shut_in
        # Descriptors move to 3, 4, …; all others but Landlock's rules are closed.
        high = [fcntl.fcntl(one, fcntl.F_DUPFD, RULESET_PLACE + 1) for one in keep]
        for place, descriptor in enumerate(high, _FIRST_FREE):
            os.dup2(descriptor, place)
        os.closerange(_FIRST_FREE + len(keep), RULESET_PLACE)
        os.closerange(RULESET_PLACE + 1, _MOST_OPEN)
        confinement.apply(limits) if confinement else set_limits(limits)
        work()
        code = 0
    except (Broken, MemoryError):
        code = 0
    finally:
        os._exit(code)


def _end(process: int) -> dict[str, float]:
    """End a process if it still runs; return the signal that ended it (0: none), and its seconds of CPU."""
    os.kill(process, signal.SIGKILL)  # Without effect on one that is ending already.
    _, status, usage = os.wait4(process, 0)
    return {
        "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
        "cpu": usage.ru_utime + usage.ru_stime,
    }
