"""Runs every attack at a level and tells which succeeded; also as a program of its own, for another user.

python -m tests.sandbox.attacks.assault full
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from maspo.sandbox.launch import Level
from maspo.sandbox.worker import ForkServer, SandboxLimits, Submission
from tests.sandbox.attacks.attack import Break, Forgery, Place
from tests.sandbox.attacks.breaks import BREAKS
from tests.sandbox.attacks.forgeries import FORGERIES

SECRET = "canary-5d1f"
VARIABLE = "CANARY_API_KEY"
QUICK = SandboxLimits(cpu_seconds=1, wall_seconds=8)
SHORT = SandboxLimits(cpu_seconds=1, wall_seconds=0.6)
_PATIENCE = 12.0


def assault(level: Level) -> list[str]:
    """Return the names of the attacks that succeed at a level."""
    worker = ForkServer(level)
    try:
        return [*_forged(worker, FORGERIES), *broken(worker, BREAKS), *_spoiled(worker)]
    finally:
        worker.close()


def _forged(worker: ForkServer, attacks: Iterable[Forgery]) -> Iterator[str]:
    for attack in attacks:
        job = Submission(attack.code, attack.tests, attack.setup, attack.entry_point)
        if worker.run(job, QUICK).outcome == "passed":
            yield attack.name


def broken(worker: ForkServer, attacks: Iterable[Break]) -> list[str]:
    """Return the names of the breaks that get out: by what they return, and by what they leave behind."""
    succeeded = []
    for attack in attacks:
        with target() as place:
            before = _traces(place)
            began = time.monotonic()
            test = f"assert attack({asdict(place)!r}) in (True, {SECRET!r})"
            result = worker.run(Submission(attack.code, (test,)), SHORT if attack.hangs else QUICK)
            if "daemon" in attack.name:
                time.sleep(0.5)
            left = _traces(place) != before or time.monotonic() - began > _PATIENCE
        if result.outcome == "passed" or left:
            succeeded.append(attack.name)
    return succeeded


def _spoiled(worker: ForkServer) -> Iterator[str]:
    """An honest program must pass after all that, in the same worker."""
    honest = worker.run(Submission("def f(x): return x * x", ("assert f(2) == 4", "assert f(12) == 144")), QUICK)
    if honest.outcome != "passed":
        yield f"the worker is spoiled: {honest.why}"


_signals: list[int] = []
_sockets: dict[str, socket.socket] = {}


@contextmanager
def target() -> Iterator[Place]:
    """Put up what breaks are aimed at: files, sockets, a key in the environment, this process."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        Path(folder, "canary").write_text(SECRET, encoding="utf-8")
        local, abstract = f"{folder}/socket", f"canary-{os.getpid()}-{Path(folder).name}"
        for name, family, kind, address in (
            ("port", socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            ("datagrams", socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            ("local", socket.AF_UNIX, socket.SOCK_STREAM, local),
            ("abstract", socket.AF_UNIX, socket.SOCK_STREAM, f"\0{abstract}"),
        ):
            _sockets[name] = stack.enter_context(socket.socket(family, kind))
            _sockets[name].bind(address)
            _sockets[name].setblocking(False)
            if kind == socket.SOCK_STREAM:
                _sockets[name].listen()
        old = signal.signal(signal.SIGUSR1, lambda number, _: _signals.append(number))
        stack.callback(signal.signal, signal.SIGUSR1, old)
        os.environ[VARIABLE] = SECRET
        stack.callback(os.environ.pop, VARIABLE)
        port, datagrams = (_sockets[name].getsockname()[1] for name in ("port", "datagrams"))
        source = str(Path(__file__).resolve())
        yield Place(f"{folder}/canary", folder, port, datagrams, local, abstract, os.getpid(), "PATH", source)


def _traces(place: Place) -> tuple[object, ...]:
    """Return all that a break could have changed."""
    folder = Path(place.folder)
    canary = folder / "canary"
    whole = canary.is_file() and canary.read_text(encoding="utf-8") == SECRET and canary.stat().st_mtime_ns
    return (sorted(path.name for path in folder.iterdir()), whole, len(_signals), *map(_hit, _sockets.values()))


def _hit(listening: socket.socket) -> bool:
    """Whether somebody connected, or sent a datagram."""
    try:
        if listening.type == socket.SOCK_DGRAM:
            listening.recv(99)
        else:
            listening.accept()[0].close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    level: Level = "full" if sys.argv[1] == "full" else "prelude"
    print(json.dumps({"uid": os.getuid(), "succeeded": assault(level)}))
