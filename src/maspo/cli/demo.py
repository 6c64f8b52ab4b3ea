"""``maspo demo``: the main job on the simulated world, without key and network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maspo.cli.options import Json
from maspo.cli.terminal import note

if TYPE_CHECKING:
    import asyncio

    from maspo.study.job import Job, Outcome, Watcher

INPUTS = 120


def demo(
    topology: Annotated[
        str, typer.Option("--topology", metavar="reflect|hierarchical|sequential4|…", help="The shape of the team.")
    ] = "reflect",
    seed: Annotated[int, typer.Option("--seed", help="Seed of the world and of the search.")] = 0,
    inputs: Annotated[int, typer.Option("--inputs", min=4, help="How many inputs the world gives.")] = INPUTS,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The run folder [default: maspo-runs/demo-TOPOLOGY-N].", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the main job on a simulated world.

    No key, no network, no language model: agents, judge and proposer are seeded stand-ins.
    """
    from maspo.cli.prepare import check_folder
    from maspo.cli.running import conclude, run_watched
    from maspo.report.folder import JOURNAL, RUNS, free_folder
    from maspo.study.optimize import start
    from maspo.study.resolve import resolve

    job = demo_job(topology, seed, inputs)
    folder = out or free_folder(RUNS, f"demo-{topology}")
    check_folder(folder)
    note("Simulated world: no language model is asked; agents, judge and proposer are seeded stand-ins.")

    async def begin(watcher: Watcher, stop: asyncio.Event) -> Outcome:
        return await start(resolve(job), folder, watcher, stop=stop)

    raise typer.Exit(conclude(run_watched(begin, folder / JOURNAL), folder, as_json))


def demo_job(topology: str, seed: int, inputs: int) -> Job:
    """Return the job of the demo: a team of this shape on inputs of the world with this seed."""
    from maspo.config import RunConfig
    from maspo.data.inputs import make_inputs
    from maspo.study.job import Job
    from maspo.world import World, WorldSpec

    spec = WorldSpec(seed=seed)
    world = World(spec)
    config = RunConfig.model_validate({"seed": seed, "models": {"agent": "simulated"}})
    return Job(world.system(topology), make_inputs(world.inputs(inputs), source="demo"), config, world=spec)
