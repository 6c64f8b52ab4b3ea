"""How much two processes gain over one, for the arena and for a comparison: by CPU, not by clock.

``python benchmarks/side_by_side.py [--executor ray]``: a machine that does other work makes wall clocks useless, so
each process' CPU is read. Two free cores would take the caller's CPU and that of the busiest worker, or half of
everything, whichever is more: what Ray does for itself is in it. One would take what the processes use with one job.

Beside it stands the most that two could gain: what the caller does alone is done by one, in whichever way the rest is
shared out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from maspo.arena.play import play_all
from maspo.arena.programme import Programme
from maspo.cli.arena import rivals
from maspo.config import RunConfig
from maspo.data.inputs import make_inputs
from maspo.study.comparison.compare import SideBySide, compare, settled
from maspo.study.comparison.plan import Comparison, Method
from maspo.study.job import Progress
from maspo.world import World, WorldSpec

_TICK = os.sysconf("SC_CLK_TCK")
_LOOK = 0.2
"""Seconds between two looks: what a process uses after the last one is not counted."""


class Nobody:
    """Looks on and says nothing."""

    def on_event(self, event: object) -> None:
        """Say nothing."""

    def on_progress(self, progress: Progress) -> None:
        """Say nothing."""


def cpu_below(seen: dict[int, float], own: list[float], ended: threading.Event) -> None:
    """Read the CPU seconds of this process' children, and theirs, until it is told to end; tell what that costs."""
    ours = {os.getpid()}
    while not ended.wait(_LOOK):
        for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda folder: int(folder.name)):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) in ours or int(folder.name) in seen:  # a child of one that has ended is still ours
                ours.add(int(folder.name))
                seen[int(folder.name)] = (int(fields[11]) + int(fields[12])) / _TICK
    own.append(time.thread_time())


def cpu(work: Callable[[], object]) -> tuple[float, list[float]]:
    """Return the CPU seconds of this process, and those of each process below it, that a piece of work takes."""
    seen: dict[int, float] = {}
    own: list[float] = []
    ended = threading.Event()
    looking = threading.Thread(target=cpu_below, args=(seen, own, ended))
    before = os.times()
    looking.start()
    work()
    ended.set()
    looking.join()
    after = os.times()
    return after.user + after.system - before.user - before.system - sum(own), sorted(seen.values(), reverse=True)


def arena(seeds: int, jobs: int, executor: str) -> None:
    """Play matches."""
    programme = Programme(
        ["reflect"], ["base"], rivals(["default"], "ignore", ()), range(100, 100 + seeds), 120, ("none",)
    )
    for _ in play_all(list(programme.matches()), jobs, executor):
        pass


def compared(seeds: int, jobs: int, executor: str) -> None:
    """Compare three methods, each with some seeds."""
    world = World(WorldSpec(seed=1))
    config = RunConfig.model_validate({"models": {"agent": "simulated"}})
    names = {"default": {}, "spo": {"method": "spo"}, "opro": {"method": "opro"}}
    methods = tuple(
        Method(name, RunConfig.model_validate({"search": search, "models": {"agent": "simulated"}}))
        for name, search in names.items()
    )
    asked = Comparison(world.system("reflect"), make_inputs(world.inputs(120)), config, methods, tuple(range(seeds)))
    asked = replace(asked, world=WorldSpec(seed=1))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        asyncio.run(compare(settled(asked, out), out, SideBySide(Nobody(), jobs=jobs, executor=executor)))


def main() -> None:
    """Measure and print."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seeds", type=int, default=8)
    given.add_argument("--executor", default="", help="where two work: ray, or processes of this machine")
    seeds, executor = (found := given.parse_args()).seeds, found.executor
    for name, work in (("arena", arena), ("compare", compared)):
        mine, others = cpu(lambda work=work: work(seeds, 1, ""))  # type: ignore[misc]
        alone = mine + sum(others)
        mine, others = cpu(lambda work=work: work(seeds, 2, executor))  # type: ignore[misc]
        both = max(mine + max(others), (mine + sum(others)) / 2)
        shown = f"{alone:.1f} s of CPU with one; with two {mine:.1f} s of the caller, {both:.1f} s in all on two cores"
        print(
            f"{name}: {shown}: {alone / both:.2f} times, at most {alone / (mine + (alone - mine) / 2):.2f}", flush=True
        )


if __name__ == "__main__":
    main()
