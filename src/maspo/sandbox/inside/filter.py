"""A seccomp filter: a short program for the kernel that looks at every system call of a process. Pure.

It is a list of what is allowed; what is not on it fails with "not permitted". A call made for another architecture
kills the process, since its numbers mean something else.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

# Operations of the kernel's filter language: linux/bpf_common.h.
_LOAD: Final = 0x20
"""``BPF_LD | BPF_W | BPF_ABS``."""
_EQUAL: Final = 0x15
"""``BPF_JMP | BPF_JEQ | BPF_K``; the next two are ``BPF_JGE`` and ``BPF_JSET`` instead of ``BPF_JEQ``."""
_AT_LEAST: Final = 0x35
_ANY_BIT: Final = 0x45
_AND: Final = 0x54
"""``BPF_ALU | BPF_AND | BPF_K``."""
_RETURN: Final = 0x06
"""``BPF_RET | BPF_K``."""

# Answers of a filter: linux/seccomp.h (SECCOMP_RET_ALLOW, _KILL_PROCESS, _ERRNO).
ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000
_FAIL: Final = 0x00050000
REFUSE: Final = _FAIL | errno.EPERM
UNKNOWN: Final = _FAIL | errno.ENOSYS

_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in ``struct seccomp_data``; each argument has eight bytes, the low half first on both architectures."""
_X32_BIT: Final = 0x40000000
"""``__X32_SYSCALL_BIT`` (asm/unistd.h): calls of another kind, with the same audit number."""
_NOT_ONLY_READING: Final = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000 | 0o20000000
"""``O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | __O_TMPFILE``, the same on both architectures."""
_FCNTL: Final = (0, 1, 2, 3, 4, 1030)
"""``F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC``: not who is sent signals about a descriptor."""
_IOCTL: Final = (0x5401, 0x5421, 0x5450, 0x5451)
"""``TCGETS, FIONBIO, FIONCLEX, FIOCLEX`` (asm-generic/ioctls.h). Nothing that changes a terminal."""
_UNIX, _STREAM, _KIND = 1, 1, 0xF
"""``AF_UNIX``, ``SOCK_STREAM`` and the mask of a socket's type (linux/net.h)."""

# Sources: the kernel's tables for x86_64 (arch/x86/entry/syscalls) and the generic one that aarch64 uses.
_ALLOWED_CALLS: Final = """
# files: reading what is open, and opening (only to read: see the conditions of the filter)
read 0 63, write 1 64, readv 19 65, writev 20 66, pread64 17 67, lseek 8 62, close 3 57, close_range 436 436,
fstat 5 80, newfstatat 262 79, stat 4 -, lstat 6 -, statx 332 291, open 2 -, openat 257 56, access 21 -,
faccessat 269 48, faccessat2 439 439, getdents64 217 61, getcwd 79 17, dup 32 23, dup2 33 -, dup3 292 24,
pipe 22 -, pipe2 293 59, fcntl 72 25, ioctl 16 29
# memory
mmap 9 222, munmap 11 215, mprotect 10 226, mremap 25 216, brk 12 214, madvise 28 233
# signals to oneself, by the kernel's hand only
rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, sigaltstack 131 132, restart_syscall 219 128,
alarm 37 -, setitimer 38 103, getitimer 36 102
# time and waiting
futex 202 98, sched_yield 24 124, clock_gettime 228 113, clock_getres 229 114, clock_nanosleep 230 115,
nanosleep 35 101, gettimeofday 96 169, time 201 -, times 100 153, poll 7 -, ppoll 271 73, select 23 -,
pselect6 270 72, epoll_create 213 -, epoll_create1 291 20, epoll_ctl 233 21, epoll_wait 232 -,
epoll_pwait 281 22, epoll_pwait2 441 441, eventfd2 290 19
# a pair of connected sockets, which an event loop wakes itself with
socketpair 53 199, sendto 44 206, recvfrom 45 207
# facts about oneself
getrandom 318 278, uname 63 160, getpid 39 172, getppid 110 173, gettid 186 178, getuid 102 174, geteuid 107 175,
getgid 104 176, getegid 108 177, getresuid 118 148, getresgid 120 150, getrusage 98 165, getrlimit 97 163,
prlimit64 302 261, sched_getaffinity 204 123, getcpu 309 168
# the end
exit 60 93, exit_group 231 94
# refused as "not known", so that the C library falls back to an older call
clone3 435 435, openat2 437 437
"""
"""The system calls that a confined program may make: name, number on x86_64, number on aarch64."""


@dataclass(frozen=True)
class Architecture:
    """A processor's name for audits (``AUDIT_ARCH_…``) and its numbers."""

    name: str
    audit: int
    numbers: Mapping[str, int]


def _read_numbers(column: int) -> dict[str, int]:
    lines = [line for line in _ALLOWED_CALLS.splitlines() if not line.startswith("#")]
    calls = [call.split() for call in ",".join(lines).split(",") if call.strip()]
    return {call[0]: int(call[column]) for call in calls if call[column] != "-"}


X86_64: Final = Architecture("x86_64", 0xC000003E, _read_numbers(1))
AARCH64: Final = Architecture("aarch64", 0xC00000B7, _read_numbers(2))
# AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64 of linux/audit.h.


def architecture(machine: str) -> Architecture | None:
    """Return the table of a machine as ``os.uname()`` names it; None when there is none."""
    return {"x86_64": X86_64, "aarch64": AARCH64}.get(machine)


@dataclass(frozen=True)
class Instruction:
    """One instruction: an operation, how far to jump when it holds and when not, and its constant."""

    code: int
    yes: int
    no: int
    value: int


def build(target: Architecture) -> tuple[Instruction, ...]:
    """Return the filter for an architecture."""
    # What is looked at for the calls that are allowed in part; every body ends with an answer.
    conditions = {
        "open": _unless_bits(1, _NOT_ONLY_READING),
        "openat": _unless_bits(2, _NOT_ONLY_READING),
        "fcntl": _if_one_of(1, _FCNTL),
        "ioctl": _if_one_of(1, _IOCTL),
        "socketpair": (*_require(0, _UNIX), *_require(1, _STREAM, _KIND), _answer(ALLOW)),
        # An address would reach other sockets; a new limit would lift the old one.
        "sendto": (*_require_null(4), _answer(ALLOW)),
        "prlimit64": (*_require_null(0), *_require_null(2), _answer(ALLOW)),
        "clone3": (_answer(UNKNOWN),),
        "openat2": (_answer(UNKNOWN),),
    }
    lines = [
        _load(_ARCHITECTURE),
        Instruction(_EQUAL, 1, 0, target.audit),
        _answer(KILL),
        _load(_NUMBER),
        Instruction(_AT_LEAST, 0, 1, _X32_BIT),
        _answer(KILL),
    ]
    for name, number in target.numbers.items():
        body = conditions.get(name, (_answer(ALLOW),))
        lines += [Instruction(_EQUAL, 0, len(body), number), *body]
    return (*lines, _answer(REFUSE))


def _load(offset: int) -> Instruction:
    return Instruction(_LOAD, 0, 0, offset)


def _answer(value: int) -> Instruction:
    return Instruction(_RETURN, 0, 0, value)


def _low(argument: int) -> Instruction:
    return _load(_ARGUMENTS + 8 * argument)


def _unless_bits(argument: int, bits: int) -> tuple[Instruction, ...]:
    return (_low(argument), Instruction(_ANY_BIT, 0, 1, bits), _answer(REFUSE), _answer(ALLOW))


def _if_one_of(argument: int, values: Iterable[int]) -> tuple[Instruction, ...]:
    checks = [step for value in values for step in (Instruction(_EQUAL, 0, 1, value), _answer(ALLOW))]
    return (_low(argument), *checks, _answer(REFUSE))


def _require(argument: int, value: int, mask: int = 0xFFFFFFFF) -> tuple[Instruction, ...]:
    masked = Instruction(_AND, 0, 0, mask)
    return (_low(argument), masked, Instruction(_EQUAL, 1, 0, value), _answer(REFUSE))


def _require_null(argument: int) -> tuple[Instruction, ...]:
    """Both halves: a pointer whose low half is zero is still a pointer."""
    high = _load(_ARGUMENTS + 8 * argument + 4)
    zero = (Instruction(_EQUAL, 1, 0, 0), _answer(REFUSE))
    return (_low(argument), *zero, high, *zero)
