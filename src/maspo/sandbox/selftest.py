"""Which level holds on this machine: attacks are tried, once per process, before anything untrusted runs."""

from __future__ import annotations

import os
import socket
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maspo.core.errors import MaspoError
from maspo.sandbox.launch import LEVELS, Level
from maspo.sandbox.limits import Limits
from maspo.sandbox.worker import Job, SandboxFailed, Worker

_PROBES = Path(__file__).with_name("probes.py")
_FORGED = """
class Equal:
    def __eq__(self, other):
        return True
def forged():
    return Equal()
"""


class SandboxRefused(MaspoError):
    """No level that was asked for holds here, so no untrusted program is run."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a level holds. ``why`` says what went wrong, empty when it holds."""

    level: Level
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether programs run and none of the attacks succeeded."""
        return not self.why


def choose_level(asked: Level | None = None) -> Level:
    """Return the strongest level that holds, or the one that is asked for. Raises SandboxRefused.

    ``unsafe`` shuts nothing in, so it is never chosen, only asked for.
    """
    findings = [examine(level) for level in ((asked,) if asked else LEVELS) if asked or level != "unsafe"]
    for finding in findings:
        if finding.holds:
            return finding.level
    reasons = "; ".join(f"{finding.level}: {finding.why}" for finding in findings)
    raise SandboxRefused(
        f"no sandbox holds on this machine, so no code is run ({reasons}). Install bubblewrap, or use a Linux kernel "
        "with Landlock and seccomp, or pass --unsafe-exec to run the code without protection, as your own user."
    )


@cache
def examine(level: Level) -> Finding:
    """Try a level out: honest programs must pass, forged ones must not, and (but for ``unsafe``) no attack succeeds."""
    try:
        worker = Worker(level)
    except SandboxFailed as error:
        return Finding(level, str(error))
    try:
        return Finding(level, _fault(worker, level))
    except SandboxFailed as error:
        return Finding(level, str(error))
    finally:
        worker.close()


def _fault(worker: Worker, level: Level) -> str:
    """Return what is wrong, empty when nothing is."""
    honest = worker.run(Job("def double(x):\n    return 2 * x", ("assert double(2) == 4",)), Limits())
    if honest.outcome != "passed":
        return f"a right program did not pass: {honest.why}"
    if worker.run(Job(_FORGED, ("assert forged() == 4",)), Limits()).outcome != "wrong":
        return "a forged result passed"
    if level == "unsafe":
        return ""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as server:
        canary = Path(folder, "canary")
        canary.write_text("secret", encoding="utf-8")
        place = (str(canary), folder, server.getsockname()[1], os.getpid())
        tests = (f"assert probe(*{place!r}) == []",)
        attacked = worker.run(Job(_PROBES.read_text(encoding="utf-8"), tests), Limits())
    return "" if attacked.outcome == "passed" else f"attacks succeeded: {attacked.why}"
