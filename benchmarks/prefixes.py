"""What a provider's prefix cache could serve of the prompts of whole runs, by purpose.

    python benchmarks/prefixes.py [--graphs reflect,hierarchical] [--seeds 2] [--first-seed 1200] [--profile default]

A prompt is cut into blocks of 64 characters, about the 16 tokens of a block in vLLM. A block can be served when an
earlier request of the run began with the same characters up to its end. Nothing is forgotten, and a request that is
still being answered counts as seen, so this is the most that a cache can do.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from maspo.arena.play import IN_FLIGHT
from maspo.cli.arena import rivals
from maspo.data.inputs import make_inputs
from maspo.events import Event
from maspo.models.base import PROBE, ModelClient, Reply, Request
from maspo.study.job import Job, Progress
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.world import World, WorldSpec

BLOCK = 64
"""Characters of a block: 16 tokens of about four characters."""


@dataclass
class Counted:
    """A world that counts, by purpose, the characters that are asked and those that a cache has met."""

    world: World
    asked: Counter[str] = field(default_factory=Counter)
    served: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    _met: set[int] = field(default_factory=set)

    async def complete(self, request: Request) -> Reply:
        """Answer one request."""
        if request.purpose != PROBE:
            self.count(request)
        return self.world.reply(request)

    def count(self, request: Request) -> None:
        """Count the blocks of a request from its beginning up to the first that was not met."""
        text = "\0".join(f"{message.role}\n{message.content}" for message in request.messages)
        self.asked[request.purpose] += len(text)
        self.calls[request.purpose] += 1
        place, serving = hash(request.model), True
        for at in range(0, len(text) - BLOCK + 1, BLOCK):
            place = hash((place, text[at : at + BLOCK]))
            serving = serving and place in self._met
            self.served[request.purpose] += BLOCK * serving
            self._met.add(place)


class _Silent:
    def on_event(self, event: Event) -> None: ...

    def on_progress(self, progress: Progress) -> None: ...


async def play(graph: str, seed: int, profile: str, sets: tuple[str, ...]) -> Counted:
    model = Counted(World(WorldSpec(seed=seed)))
    config = rivals([profile], "ignore", sets)[0].config.model_copy(update={"seed": seed})
    config = config.model_copy(update={"models": config.models.model_copy(update={"concurrency": IN_FLIGHT})})
    job = Job(model.world.system(graph), make_inputs(model.world.inputs(120)), config)

    @asynccontextmanager
    async def provider(_: Job, __: str) -> AsyncIterator[ModelClient]:
        yield model

    with tempfile.TemporaryDirectory() as folder:
        outcome = await start(resolve(job), Path(folder) / "run", _Silent(), provider)
    if outcome.finished is None:
        raise SystemExit(f"{graph}, seed {seed}: {outcome.message}")
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", default="reflect,hierarchical")
    parser.add_argument("--profile", default="default")
    parser.add_argument("--seeds", type=int, default=2, help="worlds of each graph")
    parser.add_argument("--first-seed", type=int, default=1200)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    print(f"{'graph':14} {'purpose':16} {'calls':>7} {'characters':>11} {'a call':>7} {'served':>7}")
    for graph in options.graphs.split(","):
        sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            found = asyncio.run(play(graph, seed, options.profile, tuple(options.set)))
            for name in ("asked", "served", "calls"):
                sums[name] += getattr(found, name)
        for name in ("asked", "served", "calls"):
            sums[name]["all"] = sum(sums[name].values())
        for purpose in (*sorted(set(sums["asked"]) - {"all"}), "all"):
            asked, calls = sums["asked"][purpose], sums["calls"][purpose]
            share = sums["served"][purpose] / asked
            print(f"{graph:14} {purpose:16} {calls:7} {asked:11} {asked / calls:7.0f} {share:7.1%}")


if __name__ == "__main__":
    main()
