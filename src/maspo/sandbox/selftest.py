"""Which level holds on this machine: attacks are tried, once per process, before anything untrusted runs.

What the machine offers for shutting programs in (``find_means``) is told to people; it proves nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maspo.core.errors import MaspoError
from maspo.sandbox.launch import LEVELS, Level
from maspo.sandbox.worker import ForkServer, SandboxFailed, SandboxLimits, Submission

_PR_GET_SECCOMP = 21
"""linux/prctl.h."""
_TRIAL_SECONDS = 5
"""Far longer than bubblewrap takes to start."""
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
        server = ForkServer(level)
    except SandboxFailed as error:
        return Finding(level, str(error))
    try:
        return Finding(level, _find_fault(server, level))
    except SandboxFailed as error:
        return Finding(level, str(error))
    finally:
        server.close()


def _find_fault(server: ForkServer, level: Level) -> str:
    """Return what is wrong, empty when nothing is."""
    honest = server.run(Submission("def double(x):\n    return 2 * x", ("assert double(2) == 4",)), SandboxLimits())
    if honest.outcome != "passed":
        return f"a right program did not pass: {honest.why}"
    if server.run(Submission(_FORGED, ("assert forged() == 4",)), SandboxLimits()).outcome != "wrong":
        return "a forged result passed"
    if level == "unsafe":
        return ""
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        canary = Path(folder, "canary")
        canary.write_text("secret", encoding="utf-8")
        place = (str(canary), folder, listener.getsockname()[1], os.getpid())
        tests = (f"assert probe(*{place!r}) == []",)
        attacked = server.run(Submission(_PROBES.read_text(encoding="utf-8"), tests), SandboxLimits())
    return "" if attacked.outcome == "passed" else f"attacks succeeded: {attacked.why}"


@dataclass(frozen=True)
class Means:
    """The means that were found. ``bubblewrap`` was tried out; the other two were asked of the kernel."""

    bubblewrap: bool
    landlock: int
    """The version of Landlock's interface; 0 is none."""
    seccomp: bool


def find_means() -> Means:
    """Look for the means of shutting code in, without changing this process."""
    if not sys.platform.startswith("linux"):
        return Means(bubblewrap=False, landlock=0, seccomp=False)
    from maspo.sandbox.inside.confine import landlock_version

    # Bubblewrap is tried: on many machines it is installed and not permitted.
    bubblewrap = False
    program, true = shutil.which("bwrap"), shutil.which("true")
    if program is not None and true is not None:
        trial = [program, "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", true]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(trial, capture_output=True, timeout=_TRIAL_SECONDS, check=False)  # noqa: S603 - fixed words
            bubblewrap = done.returncode == 0
    # This process's mode is asked for: only a kernel without seccomp answers that the question is invalid.
    libc = ctypes.CDLL(None, use_errno=True)
    seccomp = libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 or ctypes.get_errno() != errno.EINVAL
    return Means(bubblewrap, landlock_version(), bool(seccomp))
