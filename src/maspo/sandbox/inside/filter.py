"""A seccomp filter: a short program for the kernel that looks at every system call of a process. Pure.

It is a list of what is allowed; what is not on it fails with "not permitted". A call made for another architecture
kills the process, since its numbers mean something else.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from maspo.sandbox.inside.syscalls import Architecture

_LOAD: Final = 0x20
_EQUAL: Final = 0x15
_AT_LEAST: Final = 0x35
_ANY_BIT: Final = 0x45
_AND: Final = 0x54
_RETURN: Final = 0x06

ALLOW: Final = 0x7FFF0000
KILL: Final = 0x80000000
_FAIL: Final = 0x00050000
REFUSE: Final = _FAIL | errno.EPERM
UNKNOWN: Final = _FAIL | errno.ENOSYS

_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Offsets in ``struct seccomp_data``; each argument has eight bytes, the low half first on both architectures."""
_X32_BIT: Final = 0x40000000
_NOT_ONLY_READING: Final = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000 | 0o20000000
"""``O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | __O_TMPFILE``, the same on both architectures."""
_FCNTL: Final = (0, 1, 2, 3, 4, 1030)
"""Copy, look at and flag a descriptor; not who is sent signals about it."""
_IOCTL: Final = (0x5401, 0x5421, 0x5450, 0x5451)
"""Is it a terminal? May it block? Is it inherited? Nothing that changes a terminal."""
_UNIX, _STREAM, _KIND = 1, 1, 0xF


@dataclass(frozen=True)
class Instruction:
    """One instruction: an operation, how far to jump when it holds and when not, and its constant."""

    code: int
    yes: int
    no: int
    value: int


def build(target: Architecture) -> tuple[Instruction, ...]:
    """Return the filter for an architecture."""
    lines = [
        _load(_ARCHITECTURE),
        Instruction(_EQUAL, 1, 0, target.audit),
        _answer(KILL),
        _load(_NUMBER),
        Instruction(_AT_LEAST, 0, 1, _X32_BIT),
        _answer(KILL),
    ]
    conditions = _conditions()
    for name, number in target.numbers.items():
        body = conditions.get(name, (_answer(ALLOW),))
        lines += [Instruction(_EQUAL, 0, len(body), number), *body]
    return (*lines, _answer(REFUSE))


def _conditions() -> dict[str, tuple[Instruction, ...]]:
    """Return what is looked at for the calls that are allowed in part; every body ends with an answer."""
    reading_second = _unless_bits(1, _NOT_ONLY_READING)
    return {
        "open": reading_second,
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
