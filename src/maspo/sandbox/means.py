"""What this machine offers for shutting programs in. Whether it holds is another question: see ``selftest``."""

from __future__ import annotations

import ctypes
import errno
import shutil
import subprocess
import sys
from dataclasses import dataclass

_PR_GET_SECCOMP = 21
_TRIAL_SECONDS = 5


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

    return Means(bubblewrap=_bubblewrap(), landlock=landlock_version(), seccomp=_seccomp())


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


def _seccomp() -> bool:
    """Ask for this process's mode: only a kernel without seccomp answers that the question is invalid."""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 or ctypes.get_errno() != errno.EINVAL)
