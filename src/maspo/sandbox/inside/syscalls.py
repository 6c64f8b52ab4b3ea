"""The system calls that a confined program may make, by number. Everything else is refused.

Sources: the kernel's tables for x86_64 (``arch/x86/entry/syscalls``) and the generic one that aarch64 uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Architecture:
    """A processor's name for audits (``AUDIT_ARCH_…``) and its numbers."""

    name: str
    audit: int
    numbers: Mapping[str, int]


_BOTH: Final[Mapping[str, tuple[int | None, int | None]]] = {
    # files: reading what is open, and opening (only to read: see the conditions of the filter)
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "lseek": (8, 62),
    "close": (3, 57),
    "close_range": (436, 436),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "stat": (4, None),
    "lstat": (6, None),
    "statx": (332, 291),
    "open": (2, None),
    "openat": (257, 56),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "getdents64": (217, 61),
    "getcwd": (79, 17),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    # memory
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "brk": (12, 214),
    "madvise": (28, 233),
    # signals to oneself, by the kernel's hand only
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "alarm": (37, None),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    # time and waiting
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "epoll_create": (213, None),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441),
    "eventfd2": (290, 19),
    # a pair of connected sockets, which an event loop wakes itself with
    "socketpair": (53, 199),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    # facts about oneself
    "getrandom": (318, 278),
    "uname": (63, 160),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "prlimit64": (302, 261),
    "sched_getaffinity": (204, 123),
    "getcpu": (309, 168),
    # the end
    "exit": (60, 93),
    "exit_group": (231, 94),
    # refused as "not known", so that the C library falls back to an older call
    "clone3": (435, 435),
    "openat2": (437, 437),
}


def _numbers(column: int) -> dict[str, int]:
    return {name: number for name, both in _BOTH.items() if (number := both[column]) is not None}


X86_64: Final = Architecture("x86_64", 0xC000003E, _numbers(0))
AARCH64: Final = Architecture("aarch64", 0xC00000B7, _numbers(1))


def architecture(machine: str) -> Architecture | None:
    """Return the table of a machine as ``os.uname()`` names it; None when there is none."""
    return {"x86_64": X86_64, "aarch64": AARCH64}.get(machine)
