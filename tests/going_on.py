"""Waiting for as long as something goes on: on a busy machine all is late, and only what stands still has failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

STILL = 600.0
"""Seconds in which nothing may stand still: on two cores that thirty processes wanted, a start took more than 120."""
_LOOK = 0.05


def wait_until(done: Callable[[], bool], seen: Callable[[], object], still: float = STILL) -> None:
    """Wait until ``done``; fails when what is ``seen`` has not changed for so many seconds."""
    last, since = seen(), time.monotonic()
    while not done():
        if (now := seen()) != last:
            last, since = now, time.monotonic()
        assert time.monotonic() < since + still, f"nothing has changed for {still:g} seconds: {last}"
        time.sleep(_LOOK)


def worked(pid: int) -> int:
    """Return the CPU that a process and its children have used, in ticks; proc(5)."""
    found = 0
    for each in (pid, *children(pid)):
        if fields := _fields(each):
            found += int(fields[11]) + int(fields[12])
    return found


def children(pid: int) -> list[int]:
    """Return a process's own processes."""
    found = [(int(path.name), _fields(int(path.name))) for path in Path("/proc").glob("[0-9]*")]
    return [each for each, fields in found if fields and int(fields[1]) == pid]


def lives(pid: int) -> bool:
    """Say whether a process runs: one that nobody has waited for yet does not."""
    fields = _fields(pid)
    return bool(fields) and fields[0] not in "ZX"


def _fields(pid: int) -> list[str]:
    """Return what the system tells of a process, behind its name: state, parent, and so on; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (OSError, UnicodeDecodeError):
        return []
