"""What a search under stress brings: clean answers, what failing agents cost, and how far planted notes travel.

    python -m benchmarks.stress [--arms clean,notes,nonsense,every] [--worlds 8] [--first 0] [--records FILE]
                                [--set search.…=…]

Each arm is a search on the same world and inputs, with other faults on a share of them. Clean answers are told by the
world, in expectation on fresh inputs; what faults do to what was found, as `maspo stress` does, on others.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from benchmarks.latents import keep

from maspo.cli.arena import rivals
from maspo.config import RunConfig, RunnerSettings
from maspo.core.prompts import Prompts
from maspo.data.inputs import make_inputs
from maspo.data.tasks.task import Task, TaskRow
from maspo.runners.faults import PLANTED, Kind
from maspo.study.attention import Attention
from maspo.study.evaluation.job import Evaluation
from maspo.study.job import Job
from maspo.study.stress import Cell, stress
from maspo.testing.runs import Counted, Recorder, begin
from maspo.world import World, WorldSpec
from maspo.world.world import FRESH, Simulation, world_key

GRAPH = "reflect"
INPUTS, TRUTH, STRESSED = 120, 500, 60
"""Inputs of a search, those by which clean answers are told, and those on which faults are met afterwards."""
ARMS: Mapping[str, Mapping[str, object]] = {
    "clean": {},
    "notes": {"stress": 0.5, "faults": ["planted-input@solver", "planted-output@solver"]},
    "nonsense": {"stress": 0.5, "faults": ["nonsense@solver"]},
    "every": {"stress": 0.4},
}
"""Options of the runner by arm."""
_FAILS = (Kind.NONSENSE, Kind.LATE, Kind.FORMAT)


def searched(world: World, options: Mapping[str, object], config: RunConfig) -> tuple[Prompts, int]:
    """Return what a search under stress ends with, and its calls."""
    runner = RunnerSettings(options=options) if options else config.runner
    config = config.model_copy(update={"seed": world.spec.seed, "runner": runner})
    job, model = Job(world.system(GRAPH), make_inputs(world.inputs(INPUTS)), config), Counted(world)
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(begin(job, Path(folder) / "run", model))
    assert outcome.finished is not None
    return outcome.finished.winners, model.calls


def stressed(world: World, prompts: Prompts) -> Sequence[Cell]:
    """Return what each fault does to prompts."""
    rows = tuple(
        TaskRow({"input": str(row["input"])}, str(row["id"]), str(row["answer"]))
        for row in world.inputs(STRESSED, FRESH + TRUTH)
    )
    system = world.system(GRAPH)
    given = Evaluation(system, Task("world", rows), RunConfig(), {**system.prompts, **prompts})
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(stress(given, Path(folder), Attention(Recorder(), Counted(world).provider), False)).cells


def measured(seed: int, arm: str, config: RunConfig) -> dict[str, Any]:
    """Return what an arm comes to in a world; ``seed prompts`` is what it begins with."""
    world = World(WorldSpec(seed=seed))
    found, calls = ({}, 0) if arm == "seed prompts" else searched(world, ARMS[arm], config)
    keys = [world_key(FRESH + number) for number in range(TRUTH)]
    cells = stressed(world, found)
    return {
        "arm": arm,
        "seed": seed,
        "clean": Simulation(world.latents, world.system(GRAPH)).expected(found, keys),
        "fails": fmean(cell.cost.mean for cell in cells if cell.kind in _FAILS),
        "missing": fmean(cell.cost.mean for cell in cells if cell.kind is Kind.MISSING),
        "follow": fmean(cell.spread.mean for cell in cells if cell.kind in PLANTED and cell.spread is not None),
        "calls": calls,
    }


def table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the means, and clean answers in pairs with the search on clean inputs alone."""
    clean = {row["seed"]: row["clean"] for row in rows if row["arm"] == "clean"}
    columns = ["searched for", "worlds", "clean answers right", "against clean alone", "nonsense, late, format cost"]
    columns += ["missing costs", "agents that follow a note", "calls"]
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
    for arm in ("seed prompts", *ARMS):
        own = [row for row in rows if row["arm"] == arm]
        if not own:
            continue
        pairs = [row["clean"] - clean[row["seed"]] for row in own if row["seed"] in clean]
        gap = f"{fmean(pairs):+.3f} ± {stdev(pairs) / len(pairs) ** 0.5:.3f}" if len(pairs) > 1 else "–"
        means = " | ".join(f"{fmean(row[name] for row in own):.3f}" for name in ("fails", "missing", "follow"))
        calls = fmean(row["calls"] for row in own)
        print(f"| {arm} | {len(own)} | {fmean(row['clean'] for row in own):.3f} | {gap} | {means} | {calls:,.0f} |")


def main() -> None:
    """Measure what is not recorded, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--worlds", type=int, default=8)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--records", type=Path)
    parser.add_argument("--set", dest="sets", action="append", default=[], metavar="search.…=…")
    given = parser.parse_args()
    config = rivals(("default",), "ignore", tuple(given.sets))[0].config
    recorded = given.records is not None and given.records.exists()
    rows = [json.loads(line) for line in given.records.read_text().splitlines()] if recorded else []
    known = {(row["arm"], row["seed"]) for row in rows}
    for seed in range(given.first, given.first + given.worlds):
        for arm in ("seed prompts", *given.arms.split(",")):
            if (arm, seed) not in known:
                rows.append(measured(seed, arm, config))
                keep(rows[-1], given.records)
    table(rows)


if __name__ == "__main__":
    main()
