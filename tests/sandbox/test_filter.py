"""The filter of system calls, run by a small interpreter of the kernel's language, for both architectures."""

from __future__ import annotations

import platform
from collections.abc import Sequence

import pytest

from maspo.sandbox.inside.filter import (
    AARCH64,
    ALLOW,
    KILL,
    REFUSE,
    UNKNOWN,
    X86_64,
    Architecture,
    Instruction,
    architecture,
    build,
)

BOTH = pytest.mark.parametrize("target", [X86_64, AARCH64], ids=lambda one: one.name)
FORBIDDEN = {
    "x86_64": {"fork": 57, "vfork": 58, "clone": 56, "execve": 59, "kill": 62, "tgkill": 234, "ptrace": 101}
    | {"socket": 41, "connect": 42, "bind": 49, "mount": 165, "unshare": 272, "setns": 308, "bpf": 321, "keyctl": 250}
    | {"io_uring_setup": 425, "memfd_create": 319, "userfaultfd": 323, "perf_event_open": 298, "execveat": 322}
    | {"unlink": 87, "mkdir": 83, "chmod": 90, "rename": 82, "prctl": 157, "seccomp": 317, "setrlimit": 160},
    "aarch64": {"clone": 220, "execve": 221, "kill": 129, "tgkill": 131, "ptrace": 117, "socket": 198, "connect": 203}
    | {"bind": 200, "mount": 40, "unshare": 97, "setns": 268, "bpf": 280, "keyctl": 219, "io_uring_setup": 425}
    | {"memfd_create": 279, "userfaultfd": 282, "perf_event_open": 241, "execveat": 281, "unlinkat": 35}
    | {"mkdirat": 34, "fchmodat": 53, "renameat": 38, "prctl": 167, "seccomp": 277, "setrlimit": 164},
}


def run(lines: Sequence[Instruction], number: int, audit: int, arguments: Sequence[int] = ()) -> int:
    """Run a filter as the kernel does: one accumulator, jumps forward only."""
    words = [number, audit, 0, 0]
    for value in (*arguments, *[0] * (6 - len(arguments))):
        words += [value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF]
    held, at = 0, 0
    while True:
        line = lines[at]
        at += 1
        match line.code:
            case 0x20:
                held = words[line.value // 4]
            case 0x54:
                held &= line.value
            case 0x06:
                return line.value
            case 0x15:
                at += line.yes if held == line.value else line.no
            case 0x35:
                at += line.yes if held >= line.value else line.no
            case 0x45:
                at += line.yes if held & line.value else line.no
            case _:
                raise AssertionError(f"an instruction that is not known: {line}")


def answer(target: Architecture, name: str, *arguments: int) -> int:
    return run(build(target), target.numbers[name], target.audit, arguments)


@BOTH
def test_f01_only_what_is_on_the_list_is_allowed(target: Architecture) -> None:
    lines = build(target)
    allowed = {number for number in range(1024) if run(lines, number, target.audit) == ALLOW}
    assert allowed <= set(target.numbers.values())
    assert {target.numbers[name] for name in ("read", "write", "mmap", "futex", "exit_group", "getpid")} <= allowed


@BOTH
def test_f02_what_would_reach_out_is_refused(target: Architecture) -> None:
    lines = build(target)
    for name, number in FORBIDDEN[target.name].items():
        assert run(lines, number, target.audit) == REFUSE, name


@BOTH
def test_f03_another_architecture_kills(target: Architecture) -> None:
    lines = build(target)
    assert run(lines, 0, 0x40000003) == KILL  # 32-bit x86
    assert run(lines, 0x40000000 | 39, target.audit) == KILL  # x32


@BOTH
def test_f04_files_are_opened_only_to_read(target: Architecture) -> None:
    assert answer(target, "openat", 0, 1, 0o2000000) == ALLOW
    for flags in (0o1, 0o2, 0o100, 0o1000, 0o2000, 0o20000000, 0o2000102):
        assert answer(target, "openat", 0, 1, flags) == REFUSE, oct(flags)
    assert answer(target, "openat2") == UNKNOWN


@BOTH
def test_f05_only_a_pair_of_stream_sockets(target: Architecture) -> None:
    assert answer(target, "socketpair", 1, 1 | 0o2000000) == ALLOW
    for family, kind in ((1, 2), (1, 5), (2, 1), (16, 3)):
        assert answer(target, "socketpair", family, kind) == REFUSE
    assert answer(target, "sendto", 3, 1, 1, 0, 0) == ALLOW
    for address in (1, 1 << 32, 0x7FFF00000000):
        assert answer(target, "sendto", 3, 1, 1, 0, address) == REFUSE


@BOTH
def test_f06_limits_can_be_read_and_not_changed(target: Architecture) -> None:
    assert answer(target, "prlimit64", 0, 7, 0, 1 << 40) == ALLOW
    assert answer(target, "prlimit64", 0, 7, 1 << 40) == REFUSE
    assert answer(target, "prlimit64", 7, 7, 0) == REFUSE
    assert answer(target, "fcntl", 3, 1) == ALLOW
    assert answer(target, "fcntl", 3, 8, 7) == REFUSE  # who is sent signals about a file
    assert answer(target, "ioctl", 0, 0x5412) == REFUSE  # typing into a terminal


@BOTH
def test_f07_jumps_stay_inside(target: Architecture) -> None:
    lines = build(target)
    assert len(lines) < 4096
    for at, line in enumerate(lines):
        assert 0 <= line.yes <= 255 and 0 <= line.no <= 255
        assert at + max(line.yes, line.no) + 1 < len(lines) or line.code == 0x06
    assert lines[-1].code == 0x06


def test_f08_this_machine_has_a_table_or_is_told_so() -> None:
    assert (architecture(platform.machine()) is not None) == (platform.machine() in ("x86_64", "aarch64"))
    assert architecture("riscv64") is None
