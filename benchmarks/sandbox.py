"""What the sandbox costs for each program, and how many programs pass through it in a second.

    python benchmarks/sandbox.py [--json] [--programs 300] [--workers 2]
    python benchmarks/sandbox.py --pairs 9 [--programs 300] [--workers 2]

The level full is left out where bubblewrap is not installed. It hides what its processes use, so "CPU in all" is told
for the other levels only. A program is ``def f(x): return 2 * x`` with three tests. CPU counts everything: this
process, the fork servers and the two processes of each program. The overhead is what a program takes beside its own
work, which here is nothing.

With ``--pairs`` the same programs go through one sandbox and through all, in turn, and the median of how many times
faster all are is told. On a busy machine that says how much of the cores was free, so it is told, too: what two
processes that only compute were faster than one in the same minutes, as a bound of what anybody could be.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from maspo.sandbox.launch import LEVELS, Level
from maspo.sandbox.selftest import examine
from maspo.sandbox.worker import ForkServer, SandboxLimits, SandboxPool, Submission

JOB = Submission(
    "def f(x):\n    return 2 * x\n", ("assert f(2) == 4", "assert f('a') == 'aa'", "assert f([1]) == [1, 1]")
)
WORKING = Submission(
    "def f(n):\n    return sum(i * i % 7 for i in range(n))\n", ("assert f(300_000) > 0", "assert f(10) == 19")
)
JOBS = {"which do nothing": JOB, "of some 30 ms": WORKING}


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


async def together(level: Level, programs: int, workers: int, job: Submission = JOB) -> float:
    """Return programs a second; the start of the workers is not counted."""
    async with SandboxPool(level, SandboxLimits(), workers) as pool:
        await pool.run([job] * workers)
        began = time.perf_counter()
        await pool.run([job] * programs)
        return programs / (time.perf_counter() - began)


@dataclass(frozen=True)
class Faster:
    """How many times the programs a second of one sandbox several have: the median, and the quarters around it."""

    level: Level
    programs: str
    workers: int
    times: float
    lower: float
    upper: float
    bound: float
    """The median of what processes that only compute were faster than one of them, measured between."""


def compare(level: Level, name: str, pairs: int, programs: int, workers: int) -> Faster:
    """Measure one sandbox and several in turn."""
    job, ratios, bounds = JOBS[name], [], []
    for number in range(pairs):
        counts = (1, workers) if number % 2 else (workers, 1)
        rates = {count: asyncio.run(together(level, programs, count, job)) for count in counts}
        ratios.append(rates[workers] / rates[1])
        bounds.append(workers * spin(1) / spin(workers))
    lower, middle, upper = statistics.quantiles(ratios, n=4)
    return Faster(level, name, workers, middle, lower, upper, statistics.median(bounds))


def spin(processes: int) -> float:
    """Return the seconds until so many processes at once have counted to some millions."""
    words = [sys.executable, "-S", "-c", "for _ in range(12_000_000): pass"]
    began = time.perf_counter()
    for each in [subprocess.Popen(words) for _ in range(processes)]:
        each.wait()
    return time.perf_counter() - began


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
    parser.add_argument("--pairs", type=int, default=0, help="measure one sandbox and all in turn, so many times")
    given = parser.parse_args()
    levels = [level for level in LEVELS if level != "full" or shutil.which("bwrap")]
    if given.pairs:
        for level, name in itertools.product(levels, JOBS):
            pair = compare(level, name, given.pairs, given.programs, given.workers)
            spread = f"{pair.lower:.2f} to {pair.upper:.2f}; the cores gave {pair.bound:.2f}"
            said = f"{level:8} programs {name:17} {pair.times:.2f} ({spread})"
            print(json.dumps(asdict(pair)) if given.json else said)
        return
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
