"""Playing one case: a whole run on its world, in a folder that is thrown away, and what it came to."""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from maspo.arena.cases import Case
from maspo.arena.clock import run_virtually
from maspo.arena.measured import UNIT, Measured, Pace
from maspo.arena.records import Record, Truth
from maspo.core.errors import MaspoError
from maspo.data.inputs import make_inputs
from maspo.events import ConflictFound, Event, RunFinished
from maspo.models.base import ModelClient
from maspo.store.writer import changes_waiting
from maspo.study.job import Job, Progress
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.world import World, WorldSpec

UNLIMITED = 1_000_000
"""Calls in flight when the depth of a run is measured."""
IN_FLIGHT = 64
"""Calls in flight when its time is measured."""
_MOST_TRUTHS = 2000
_TRUTH_WORK = 60_000
"""Inputs × agents on which true accuracy is computed, at most."""


@dataclass(frozen=True)
class _Played:
    """One run at one pace. ``clock`` is what its clock showed at the end, ``cpu`` are seconds of its own."""

    finished: RunFinished
    model: Measured
    conflicts: int
    clock: float
    cpu: float


def play(case: Case) -> Record:
    """Play a case at each of its paces and return the record, without the truth of its world.

    Raises:
        MaspoError: the run broke off, which no run on a world should.

    """
    began = time.perf_counter()
    played = {pace: _run(case, pace) for pace in case.paces}
    first = next(iter(played.values()))
    finished, usage = first.finished, first.finished.usage
    calls = {purpose: one.calls for purpose, one in usage.items()}
    world, system, n = World(case.spec), World().system(case.graph), truth_inputs(case)
    return Record(
        key=case.key,
        graph=case.graph,
        world=case.world,
        rival=case.rival.name,
        without=case.rival.without,
        labels=case.config.labels,
        seed=case.seed,
        winners=world.accuracy(system, finished.winners, n),
        shipped=world.accuracy(system, finished.prompts, n),
        verdict=finished.verdict,
        changed=finished.shipped == "optimized",
        calls=calls,
        repeats=first.model.repeats,
        conflicts=first.conflicts,
        tokens_in=sum(one.tokens_in for one in usage.values()),
        tokens_out=sum(one.tokens_out for one in usage.values()),
        own_ms=1000 * first.cpu / max(sum(calls.values()), 1),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
        depth=played["depth"].clock / UNIT if "depth" in played else None,
        wall=played["wall"].clock if "wall" in played else None,
        seconds=time.perf_counter() - began,
    )


def truth(case: Case) -> Truth:
    """Return the true accuracy of the seed prompts and of nearly optimal ones; it depends only on ``truth_key``."""
    world, system, n = World(case.spec), World().system(case.graph), truth_inputs(case)
    seed = world.accuracy(system, {}, n)
    return Truth(seed, max(seed, world.accuracy(system, world.best_prompts(system), n)))


def truth_key(case: Case) -> tuple[str, WorldSpec]:
    """Return what the truth depends on: judge and proposer do not matter."""
    spec = case.spec
    return case.graph, WorldSpec(seed=spec.seed, effects=spec.effects, traps=spec.traps, conflicts=spec.conflicts)


def truth_inputs(case: Case) -> int:
    """Return on how many inputs true accuracy is computed: 2000, fewer for systems of more than 30 agents."""
    return min(_MOST_TRUTHS, max(_TRUTH_WORK // len(World().system(case.graph).agents), 400))


class _Conflicts:
    """Counts the conflicts that a run finds."""

    def __init__(self) -> None:
        self.found = 0

    def on_event(self, event: Event) -> None:
        self.found += isinstance(event, ConflictFound)

    def on_progress(self, progress: Progress) -> None: ...


def _run(case: Case, pace: Pace) -> _Played:
    model = Measured(World(case.spec), pace)
    concurrency = UNLIMITED if pace == "depth" else IN_FLIGHT
    models = case.config.models.model_copy(update={"concurrency": concurrency})
    job = Job(
        World().system(case.graph),
        make_inputs(model.world.inputs(case.inputs)),
        case.config.model_copy(update={"models": models}),
    )

    @asynccontextmanager
    async def provider(_: Job, __: str) -> AsyncIterator[ModelClient]:
        yield model

    conflicts = _Conflicts()

    async def main(folder: Path) -> tuple[RunFinished | None, str, float]:
        outcome = await start(resolve(job), folder, conflicts, provider)
        return outcome.finished, outcome.message, asyncio.get_running_loop().time()

    with tempfile.TemporaryDirectory(prefix="maspo-arena-") as folder:
        cpu = time.process_time()
        begun = main(Path(folder) / "run")
        finished, message, clock = asyncio.run(begun) if pace == "none" else run_virtually(begun, changes_waiting)
        cpu = time.process_time() - cpu - model.world_seconds
    if finished is None:
        raise MaspoError(f"arena: {case.rival} on {case.graph}, {case.world}, seed {case.seed}: {message}")
    return _Played(finished, model, conflicts.found, clock, cpu)
