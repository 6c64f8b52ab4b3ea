"""Shuts the calling process in for good: limits, no privileges, Landlock, seccomp. Linux only.

What can be prepared is prepared once, in the fork server; a new process then needs a dozen system calls.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from maspo.sandbox.inside.filter import architecture, build

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
"""linux/prctl.h."""
_SECCOMP_MODE_FILTER = 2
"""linux/seccomp.h."""
_CAPABILITIES: Final = 41
"""``CAP_LAST_CAP + 1`` of linux/capability.h (Linux 5.9 and later); dropping one that is not there does nothing."""
_CAPABILITY_VERSION: Final = 0x20080522
"""``_LINUX_CAPABILITY_VERSION_3``."""
RULESET_PLACE: Final = 60
"""The descriptor of Landlock's rules, out of the way of those that a new process is given."""
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""Landlock's system calls, the same on all architectures (asm-generic/unistd.h). What follows is linux/landlock.h."""
_LANDLOCK_VERSION: Final = 1
"""``LANDLOCK_CREATE_RULESET_VERSION``: asks which version the kernel has."""
_PATH_BENEATH: Final = 1
"""``LANDLOCK_RULE_PATH_BENEATH``."""
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
"""``LANDLOCK_ACCESS_FS_READ_FILE`` and ``_READ_DIR``."""
_FILE_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many rights about files each version of Landlock knows; later ones as the last."""
_NO_NETWORK_SINCE, _SCOPED_SINCE = 4, 6
"""The versions that know rights about the network, and scopes for signals and abstract sockets; two of each."""


class NotConfined(OSError):
    """A step of the confinement failed, so nothing may run."""


@dataclass(frozen=True)
class ProcessLimits:
    """What a process may use at most: seconds of CPU, bytes of memory, open files."""

    cpu_seconds: int
    memory_bytes: int
    open_files: int


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


class _SockFilter(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("value", ctypes.c_uint32))


class _SockFprog(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("lines", ctypes.POINTER(_SockFilter)))


_libc = ctypes.CDLL(None, use_errno=True)


class Confinement:
    """What every confined process of this fork server gets.

    Only what lies below the paths of ``readable`` can be opened, and only to read.
    """

    def __init__(self, readable: Sequence[str]) -> None:
        target = architecture(os.uname().machine)
        if target is None:
            raise NotConfined(f"no table of system calls for {os.uname().machine}; x86_64 and aarch64 have one")
        self._landlock = _make_ruleset(readable)
        instructions = build(target)
        self._lines = (_SockFilter * len(instructions))(
            *(_SockFilter(one.code, one.yes, one.no, one.value) for one in instructions)
        )
        self._program = _SockFprog(len(instructions), self._lines)

    def apply(self, limits: ProcessLimits) -> None:
        """Shut this process in. Raises NotConfined when a step fails: the process must then end."""
        set_limits(limits)
        # For a normal user there is no capability to give up.
        for capability in range(_CAPABILITIES):
            _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
        _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "no capabilities")
        _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges")
        if self._landlock:
            _check(_libc.syscall(_RESTRICT_SELF, RULESET_PLACE, 0), "Landlock")
            os.close(RULESET_PLACE)
        done = _libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(self._program), 0, 0)
        _check(done, "seccomp")


def set_limits(limits: ProcessLimits) -> None:
    """Set the hard limits of this process, and have it end with its parent."""
    if sys.platform.startswith("linux"):
        _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "die with the parent")
    pairs = {
        # The soft limit is told by a signal that a program can ignore; one second later the hard one kills.
        resource.RLIMIT_CPU: (limits.cpu_seconds, limits.cpu_seconds + 1),
        resource.RLIMIT_AS: (limits.memory_bytes, limits.memory_bytes),
        resource.RLIMIT_NOFILE: (limits.open_files, limits.open_files),
        resource.RLIMIT_FSIZE: (0, 0),
        resource.RLIMIT_CORE: (0, 0),
    }
    for name, (soft, hard) in pairs.items():
        resource.setrlimit(name, (soft, hard))


def landlock_version() -> int:
    """Return the version of Landlock's interface; 0 where there is none."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_LANDLOCK_VERSION))))


def _make_ruleset(readable: Sequence[str]) -> bool:
    """Leave the rules at their descriptor; return whether this kernel has Landlock."""
    version = landlock_version()
    if not version:
        return False
    handled = (1 << _FILE_RIGHTS.get(version, _FILE_RIGHTS[5])) - 1
    network, scoped = (3 if version >= _NO_NETWORK_SINCE else 0), (3 if version >= _SCOPED_SINCE else 0)
    attributes = _RulesetAttributes(handled, network, scoped)
    size = 8 if version < _NO_NETWORK_SINCE else 16 if version < _SCOPED_SINCE else 24
    ruleset = int(_libc.syscall(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0))
    _check(ruleset, "Landlock's rules")
    for path in readable:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # What is not there needs no permission.
        rights = _READ_FILE | _READ_DIR if os.path.isdir(path) else _READ_FILE  # noqa: PTH112 - pathlib is not needed
        rule = _PathBeneath(rights, place)
        done = _libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
        os.close(place)
        _check(done, f"Landlock's rule for {path}")
    os.dup2(ruleset, RULESET_PLACE)
    os.close(ruleset)
    return True


def _check(done: int, step: str) -> None:
    if done < 0:
        code = ctypes.get_errno()
        raise NotConfined(code, f"{step}: {os.strerror(code)}")
