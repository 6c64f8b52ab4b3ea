"""How much two processes gain over one, for the arena and for a comparison: by CPU, not by clock.

``python benchmarks/side_by_side.py``: a machine that does other work makes wall clocks useless, so each process' CPU is
read. What two free cores would take is the caller's CPU and that of the busiest worker; with one, all of it together.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from maspo.arena.play import play_all
from maspo.arena.programme import Programme
from maspo.cli.arena import rivals
from maspo.config import RunConfig
from maspo.data.inputs import make_inputs
from maspo.study.comparison.compare import Attention, compare, settled
from maspo.study.comparison.plan import Comparison, Method
from maspo.study.job import Progress
from maspo.world import World, WorldSpec

_TICK = os.sysconf("SC_CLK_TCK")
_LOOK = 0.1
"""Seconds between two looks: what a process uses after the last one is not counted."""


class Nobody:
    """Looks on and says nothing."""

    def on_event(self, event: object) -> None:
        """Say nothing."""

    def on_progress(self, progress: Progress) -> None:
        """Say nothing."""


def cpu_of_children(seen: dict[int, float], ended: threading.Event) -> None:
    """Read the CPU seconds of this process' children until it is told to end."""
    me = str(os.getpid())
    while not ended.wait(_LOOK):
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                try:
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if fields[1] == me:
                    seen[int(folder.name)] = (int(fields[11]) + int(fields[12])) / _TICK


def cpu(work: Callable[[], object]) -> tuple[float, list[float]]:
    """Return the CPU seconds of this process, and those of each child, that a piece of work takes."""
    seen: dict[int, float] = {}
    ended = threading.Event()
    looking = threading.Thread(target=cpu_of_children, args=(seen, ended))
    before = os.times()
    looking.start()
    work()
    ended.set()
    looking.join()
    after = os.times()
    return after.user + after.system - before.user - before.system, sorted(seen.values(), reverse=True)


def arena(seeds: int, jobs: int) -> None:
    """Play matches."""
    programme = Programme(
        ["reflect"], ["base"], rivals(["default"], "ignore", ()), range(100, 100 + seeds), 120, ("none",)
    )
    for _ in play_all(list(programme.matches()), jobs):
        pass


def compared(seeds: int, jobs: int) -> None:
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
        asyncio.run(compare(settled(asked, out), out, Attention(Nobody(), jobs=jobs)))


def main() -> None:
    """Measure and print."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seeds", type=int, default=8)
    seeds = given.parse_args().seeds
    for name, work in (("arena", arena), ("compare", compared)):
        one, two = (cpu(lambda jobs=jobs, work=work: work(seeds, jobs)) for jobs in (1, 2))  # type: ignore[misc]
        alone, path = one[0] + sum(one[1]), two[0] + max(two[1], default=0.0)
        shown = f"{alone:.1f} s of CPU with one, {path:.1f} s on the longest path with two"
        print(f"{name}: {shown}: {alone / path:.2f} times")


if __name__ == "__main__":
    main()
