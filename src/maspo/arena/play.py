"""Playing matches side by side: whole runs on their worlds, in processes of their own, and what they came to."""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future, as_completed
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from maspo.arena.clock import run_virtually
from maspo.arena.programme import Match, Timing
from maspo.arena.records import Record, Truth
from maspo.core.errors import MaspoError
from maspo.core.executors import open_workers
from maspo.core.usage import total
from maspo.core.workers import WorkerLost
from maspo.data.inputs import make_inputs
from maspo.events import ConflictFound, Event, RunFinished
from maspo.models.base import PROBE, ModelClient, Reply, Request
from maspo.store.writer import changes_waiting
from maspo.study.job import Job, Progress
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.world import World, WorldSpec

UNLIMITED = 1_000_000
"""Calls in flight when the depth of a run is measured: more than any run makes."""
IN_FLIGHT = 64
"""Calls in flight when its time is measured: what ``wall`` of a record is defined by."""
UNIT = 1.0
"""Seconds of a reply when depth is measured."""
_LATENCY, _PER_TOKEN = 0.2, 0.002
"""Seconds of a reply when time is measured: round figures for a hosted model, named in docs/arena.md."""
_MOST_TRUTHS, _FEWEST_TRUTHS = 2000, 400
"""Inputs on which true accuracy is computed: a standard error of 1.1 points, 2.5 at the fewest, alike for rivals."""
_TRUTH_WORK = 60_000
"""Inputs × agents, at most, so that a large system takes no longer than one of 30 agents."""


def play_all(matches: Sequence[Match], jobs: int, executor: str = "") -> Iterator[Record]:
    """Yield the records of matches in the order in which they are finished.

    When the caller stops, matches that have not begun are dropped and running ones are ended.
    """
    with open_workers(executor, jobs) as workers:
        truths: dict[object, Future[Truth]] = {}
        played: dict[Future[Record], Match] = {}
        for match in matches:
            place = truth_key(match)
            if place not in truths:
                truths[place] = workers.submit(truth, match)
            played[workers.submit(play, match)] = match
        for done in as_completed(played):
            try:
                known = truths[truth_key(played[done])].result()
                done.result()
            except WorkerLost as error:
                raise WorkerLost(f"{played[done].key}: {error}; with --out the same command goes on") from None
            yield replace(done.result(), seed_accuracy=known.seed, optimum=known.optimum)


@dataclass(slots=True)
class TimedWorld:
    """The world as a ``ModelClient`` whose replies take their time on the run's clock; what arrives is counted."""

    world: World
    timing: Timing
    world_seconds: float = 0.0
    """CPU seconds of the world itself, which a real model would spend elsewhere."""
    repeats: int = 0
    """Calls at temperature 0 that had been asked before in the same words."""
    _asked: set[str] = field(default_factory=set)

    async def complete(self, request: Request) -> Reply:
        """Answer one request when its time has passed."""
        if request.temperature == 0 and request.purpose != PROBE:
            self.repeats += request.key in self._asked
            self._asked.add(request.key)
        began = time.thread_time()
        reply = self.world.reply(request)
        self.world_seconds += time.thread_time() - began
        if self.timing != "none":
            await asyncio.sleep(UNIT if self.timing == "depth" else _LATENCY + _PER_TOKEN * (reply.tokens_out or 0))
        return reply


@dataclass(frozen=True)
class _TimedRun:
    """One run at one timing. ``clock`` is what its clock showed at the end, ``cpu`` are seconds of its own."""

    finished: RunFinished
    model: TimedWorld
    conflicts: int
    clock: float
    cpu: float


def play(match: Match) -> Record:
    """Play a match at each of its timings and return the record, without the truth of its world.

    Raises:
        MaspoError: the run broke off, which no run on a world should.

    """
    began = time.perf_counter()
    played = {timing: _run(match, timing) for timing in match.timings}
    first = next(iter(played.values()))
    finished, usage = first.finished, first.finished.usage
    calls, spent = {purpose: one.calls for purpose, one in usage.items()}, total(usage.values())
    world, system, n = World(match.spec), World().system(match.graph), truth_inputs(match)
    return Record(
        key=match.key,
        graph=match.graph,
        world=match.world,
        rival=match.rival.name,
        without=match.rival.without,
        labels=match.config.labels,
        seed=match.seed,
        winners=world.accuracy(system, finished.winners, n),
        shipped=world.accuracy(system, finished.prompts, n),
        verdict=finished.verdict,
        changed=finished.shipped == "optimized",
        calls=calls,
        repeats=first.model.repeats,
        conflicts=first.conflicts,
        tokens_in=spent.tokens_in,
        tokens_out=spent.tokens_out,
        own_ms=1000 * first.cpu / max(sum(calls.values()), 1),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10),
        depth=played["depth"].clock / UNIT if "depth" in played else None,
        wall=played["wall"].clock if "wall" in played else None,
        seconds=time.perf_counter() - began,
    )


def truth(match: Match) -> Truth:
    """Return the true accuracy of the seed prompts and of nearly optimal ones; it depends only on ``truth_key``."""
    world, system, n = World(match.spec), World().system(match.graph), truth_inputs(match)
    seed = world.accuracy(system, {}, n)
    return Truth(seed, max(seed, world.accuracy(system, world.best_prompts(system), n)))


def truth_key(match: Match) -> tuple[str, WorldSpec]:
    """Return what the truth depends on: judge and proposer do not matter."""
    spec = match.spec
    return match.graph, WorldSpec(seed=spec.seed, effects=spec.effects, traps=spec.traps, conflicts=spec.conflicts)


def truth_inputs(match: Match) -> int:
    """Return on how many inputs true accuracy is computed: 2000, fewer for systems of more than 30 agents."""
    return min(_MOST_TRUTHS, max(_TRUTH_WORK // len(World().system(match.graph).agents), _FEWEST_TRUTHS))


class _Conflicts:
    """Counts the conflicts that a run finds."""

    def __init__(self) -> None:
        self.found = 0

    def on_event(self, event: Event) -> None:
        self.found += isinstance(event, ConflictFound)

    def on_progress(self, progress: Progress) -> None: ...


def _run(match: Match, timing: Timing) -> _TimedRun:
    model = TimedWorld(World(match.spec), timing)
    concurrency = UNLIMITED if timing == "depth" else IN_FLIGHT
    models = match.config.models.model_copy(update={"concurrency": concurrency})
    job = Job(
        World().system(match.graph),
        make_inputs(model.world.inputs(match.inputs)),
        match.config.model_copy(update={"models": models}),
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
        finished, message, clock = asyncio.run(begun) if timing == "none" else run_virtually(begun, changes_waiting)
        cpu = time.process_time() - cpu - model.world_seconds
    if finished is None:
        raise MaspoError(f"arena: {match.rival} on {match.graph}, {match.world}, seed {match.seed}: {message}")
    return _TimedRun(finished, model, conflicts.found, clock, cpu)
