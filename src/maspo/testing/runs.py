"""Small runs on the simulated world, for tests of everything that a run touches."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from maspo.config import Caps, ModelSettings, RunConfig
from maspo.data.inputs import make_inputs
from maspo.events import Event
from maspo.models.base import ModelClient, Reply, Request
from maspo.optimizers.base import OptimizerConfig
from maspo.optimizers.registry import make_config
from maspo.study.job import Job, Outcome, Progress, Provider, Watcher
from maspo.study.optimize import resume, start
from maspo.study.resolve import Parts, resolve
from maspo.world import World
from maspo.world.spec import WorldSpec

SMALL_ASCENT = make_config(
    {"method": "ascent", "passes": 2, "drafts": 1, "generations": 1, "batch": 4, "promotion": (4,)}
)
SMALL_RACE = make_config({"method": "race", "passes": 2, "drafts": 1, "edits": 2, "traces": 2, "stages": (3, 6)})
SMALL: Mapping[str, OptimizerConfig] = {"ascent": SMALL_ASCENT, "race": SMALL_RACE}
"""Settings of each optimizer under which a run takes a fraction of a second on the world."""

Before = Callable[[Request], Awaitable[None]]
"""Called with each request just before it is answered; may raise what a model raises."""


class Recorder:
    """A watcher that keeps all events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def on_event(self, event: Event) -> None:
        """Keep an event."""
        self.events.append(event)

    def on_progress(self, progress: Progress) -> None:
        """Look away."""


class Counted:
    """A ``ModelClient`` that counts what it is asked, by content address and purpose, and passes it on."""

    def __init__(self, inner: ModelClient, before: Before | None = None) -> None:
        self.keys: Counter[str] = Counter()
        self.purposes: Counter[str] = Counter()
        self._inner = inner
        self._before = before

    @property
    def calls(self) -> int:
        """How many requests came."""
        return self.keys.total()

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does."""
        self.keys[request.key] += 1
        self.purposes[request.purpose] += 1
        if self._before is not None:
            await self._before(request)
        return await self._inner.complete(request)

    @property
    def provider(self) -> Provider:
        """The provider that gives this model to a run."""

        @asynccontextmanager
        async def provide(_job: Job, _run: str) -> AsyncIterator[ModelClient]:
            yield self

        return provide


def world_job(topology: str = "reflect", inputs: int = 14, spec: WorldSpec | None = None) -> Job:
    """Return a small job whose models are the simulated world of a spec; its seed is the search's, too."""
    world = World(spec)
    config = RunConfig(search=SMALL_ASCENT, seed=world.spec.seed, models=ModelSettings(agent="simulated"))
    return Job(world.system(topology), make_inputs(world.inputs(inputs)), config, world=world.spec)


def with_config(job: Job, **changes: object) -> Job:
    """Return a job with some sections of its config replaced."""
    return replace(job, config=job.config.model_copy(update=changes))


def counted_world(job: Job, before: Before | None = None) -> Counted:
    """Return the world of a job, counted."""
    return Counted(World(job.world), before)


async def begin(
    job: Job,
    out: Path,
    model: Counted | None = None,
    stop: asyncio.Event | None = None,
    watcher: Watcher | None = None,
    parts: Parts | None = None,
) -> Outcome:
    """Start a job as against an endpoint: its world answers, but the run does not know that it is simulated."""
    provider = (model or counted_world(job)).provider
    return await start(resolve(replace(job, world=None), parts), out, watcher or Recorder(), provider, stop)


async def go_on(
    job: Job,
    out: Path,
    model: Counted | None = None,
    stop: asyncio.Event | None = None,
    caps: Caps | None = None,
    parts: Parts | None = None,
) -> Outcome:
    """Resume a run of ``begin``."""
    return await resume(out, Recorder(), caps, (model or counted_world(job)).provider, stop, parts)
