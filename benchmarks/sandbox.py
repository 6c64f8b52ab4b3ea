"""What the sandbox costs for each program, and how many programs pass through it in a second.

    python benchmarks/sandbox.py [--json] [--programs 300] [--workers 2]

The level full is left out where bubblewrap is not installed. It hides what its processes use, so "CPU in all" is told
for the other levels only. A program is ``def f(x): return 2 * x`` with three tests. CPU counts everything: this
process, the fork servers and the two processes of each program. The overhead is what a program takes beside its own
work, which here is nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import statistics
import time
from dataclasses import asdict, dataclass

from maspo.sandbox.launch import LEVELS, Level
from maspo.sandbox.selftest import examine
from maspo.sandbox.worker import ForkServer, SandboxLimits, SandboxPool, Submission

JOB = Submission(
    "def f(x):\n    return 2 * x\n", ("assert f(2) == 4", "assert f('a') == 'aa'", "assert f([1]) == [1, 1]")
)


@dataclass(frozen=True)
class Figures:
    """Milliseconds are medians over programs run one after the other; the rate is of all workers together."""

    level: Level
    holds: bool
    start_ms: float
    wall_ms: float
    processes_cpu_ms: float
    total_cpu_ms: float | None
    """None where it cannot be known."""
    programs_per_second: float


def one_by_one(level: Level, programs: int) -> tuple[float, float, float]:
    """Return the time of the start, and the medians of wall-clock and of CPU in the two processes, in ms."""
    began = time.perf_counter()
    worker = ForkServer(level)
    start = time.perf_counter() - began
    walls, cpus = [], []
    for _ in range(programs):
        began = time.perf_counter()
        result = worker.run(JOB, SandboxLimits())
        walls.append(time.perf_counter() - began)
        cpus.append(result.cpu_seconds)
        assert result.outcome == "passed", result
    worker.close()
    return start * 1e3, statistics.median(walls) * 1e3, statistics.median(cpus) * 1e3


async def together(level: Level, programs: int, workers: int) -> float:
    """Return programs a second; the start of the workers is not counted."""
    async with SandboxPool(level, SandboxLimits(), workers) as pool:
        await pool.run([JOB] * workers)
        began = time.perf_counter()
        await pool.run([JOB] * programs)
        return programs / (time.perf_counter() - began)


def cpu() -> float:
    """Return the seconds of CPU of this process and of all that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def measure(level: Level, programs: int, workers: int) -> Figures:
    start, wall, processes = one_by_one(level, programs)
    before = cpu()
    rate = asyncio.run(together(level, programs, workers))
    total = (cpu() - before) / (programs + workers) * 1e3 if level != "full" else None
    return Figures(level, examine(level).holds, start, wall, processes, total, rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--programs", type=int, default=300)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    levels = [level for level in LEVELS if level != "full" or shutil.which("bwrap")]
    found = [measure(level, given.programs, given.workers) for level in levels]
    if given.json:
        print(json.dumps([asdict(one) for one in found]))
        return
    print("level    holds  start ms  wall ms  CPU of both ms  CPU in all ms  programs/s")
    for one in found:
        total = "-" if one.total_cpu_ms is None else f"{one.total_cpu_ms:.1f}"
        figures = f"{one.start_ms:8.0f} {one.wall_ms:8.1f} {one.processes_cpu_ms:15.1f} {total:>14}"
        print(f"{one.level:8} {'yes' if one.holds else 'no':5} {figures} {one.programs_per_second:11.0f}")


if __name__ == "__main__":
    main()
