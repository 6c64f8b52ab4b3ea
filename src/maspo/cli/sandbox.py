"""What this machine offers for running foreign code shut in. It is only reported: maspo runs no code of models."""

from __future__ import annotations

import ctypes
import errno
import shutil
import subprocess
import sys
from dataclasses import dataclass

_LANDLOCK_CREATE_RULESET = 444
"""The system call's number, the same on all architectures."""
_LANDLOCK_VERSION = 1
_PR_GET_SECCOMP = 21
_TRIAL_SECONDS = 5


@dataclass(frozen=True)
class Sandbox:
    """The means that were found. ``bubblewrap`` was tried out; the other two were asked of the kernel."""

    bubblewrap: bool
    landlock: int
    """The version of Landlock's interface; 0 is none."""
    seccomp: bool

    @property
    def level(self) -> str:
        """The strongest combination that is there, or ``none``."""
        kernel = [name for name, there in (("landlock", self.landlock), ("seccomp", self.seccomp)) if there]
        return " + ".join([*(["bubblewrap"] if self.bubblewrap else []), *kernel]) or "none"


def find_sandbox() -> Sandbox:
    """Look for the means of shutting code in, without changing this process."""
    if not sys.platform.startswith("linux"):
        return Sandbox(bubblewrap=False, landlock=0, seccomp=False)
    return Sandbox(bubblewrap=_bubblewrap(), landlock=_landlock(), seccomp=_seccomp())


def _bubblewrap() -> bool:
    """Try it: on many machines it is installed and not permitted."""
    program, true = shutil.which("bwrap"), shutil.which("true")
    if program is None or true is None:
        return False
    trial = [program, "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", true]
    try:
        done = subprocess.run(trial, capture_output=True, timeout=_TRIAL_SECONDS, check=False)  # noqa: S603 - fixed words
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _landlock() -> int:
    call = ctypes.CDLL(None, use_errno=True).syscall
    version = int(call(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_LANDLOCK_VERSION)))
    return max(0, version)


def _seccomp() -> bool:
    """Ask for this process's mode: only a kernel without seccomp answers that the question is invalid."""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 or ctypes.get_errno() != errno.EINVAL)
