"""What a warm start is worth: searches that start from what one on another world found, beside cold ones, in pairs.

    python -m benchmarks.transfer [--worlds 20] [--first 9100] [--graph reflect] [--shares 0.5] [--records FILE]

On each world a first search runs to its end. Then, on a sibling (four in five sentences do the same there, other
inputs) and on an unrelated world: a cold one with all planned calls, and cold and warm ones with shares of them.
Accuracy is that of what the search ended with, in expectation over the noise on fresh inputs of the new world. All of
it is played on the latents of the worlds, without texts and records.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from benchmarks.latents import Latent, run_whole

from maspo.config import RunConfig
from maspo.core.prompts import Prompts
from maspo.data.inputs import make_inputs
from maspo.study.carried import Earlier, carried_over
from maspo.study.job import Job
from maspo.study.resolve import resolve
from maspo.world.kin import KinWorld
from maspo.world.spec import WorldSpec
from maspo.world.world import FRESH, Simulation, world_key

SHARED = 0.8
"""Of the effects of a sibling, how many are those of the world that was searched first."""
INPUTS, TRUTH = 120, 500
_SECOND_INPUTS = 5000
"""Where the inputs of the second task begin, so that it shares none with the first."""


@dataclass(frozen=True)
class Task:
    """A world, and where the inputs begin that a search on it sees."""

    world: KinWorld
    graph: str
    start: int = 0

    def job(self, share: float) -> Job:
        """Return a search with a part of the usual plan."""
        system, seed = self.world.system(self.graph), self.world.spec.seed
        given = {"seed": seed, "models": {"agent": "simulated"}}
        job = Job(system, make_inputs(self.world.inputs(INPUTS, self.start)), RunConfig.model_validate(given))
        calls = {"search": {"calls": round(share * resolve(job).plan.planned)}}
        return replace(job, config=RunConfig.model_validate(given | calls))

    def accuracy(self, prompts: Prompts) -> float:
        """Return the true accuracy of prompts."""
        keys = [world_key(FRESH + number) for number in range(TRUTH)]
        return Simulation(self.world.latents, self.world.system(self.graph)).expected(prompts, keys)


def search(job: Job, task: Task) -> tuple[Prompts, Prompts, int]:
    """Return what a search ends with, what it ships, and the calls of the whole run."""
    latent = Latent(task.world, task.graph, labels=False)
    end, _, found = run_whole(latent, job)
    return end.prompts, end.prompts if found.shipped != "seed" else {}, latent.calls.total()


def measured(graph: str, seed: int, shares: Sequence[float]) -> dict[str, Any]:
    """Search on one world, then cold and warm on a sibling and on an unrelated world; return what that came to."""
    first = Task(KinWorld(WorldSpec(seed=seed), seed, 1.0), graph)
    job = first.job(1.0)
    winners, _, _ = search(job, first)
    earlier = Earlier(job.system.prompts, {**job.system.prompts, **winners})
    row: dict[str, Any] = {"graph": graph, "seed": seed}
    for kind, shared in (("sibling", SHARED), ("unrelated", 0.0)):
        task = Task(KinWorld(WorldSpec(seed=seed + 100_000), seed, shared), graph, _SECOND_INPUTS)
        row[f"{kind} seed"] = task.accuracy({})
        row[f"{kind} as it was"] = task.accuracy(winners)
        for share, start in product((1.0, *shares), ("cold", "warm")):
            job = task.job(share)
            if start == "warm":
                job = replace(job, carried=carried_over(job, earlier)[0])
            found, shipped, calls = search(job, task)
            where = f"{kind} {start} {share}"
            row |= {where: task.accuracy(found), f"{where} shipped": task.accuracy(shipped), f"{where} calls": calls}
    return row


def paired(rows: Sequence[Mapping[str, Any]], one: str, other: str) -> str:
    """Return by how much one is above the other, with its standard error."""
    gaps = [row[one] - row[other] for row in rows]
    return f"{fmean(gaps):+.3f} ± {stdev(gaps) / len(gaps) ** 0.5:.3f}"


def table(rows: Sequence[Mapping[str, Any]], shares: Sequence[float]) -> None:
    """Print what either start came to with each share of the planned calls, against a cold search with all of them."""
    print("| tasks | start | of the plan | accuracy | shipped | calls | of cold | against cold with all |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in ("sibling", "unrelated"):
        for name in ("seed", "as it was"):
            print(f"| {kind} | {name} | | {fmean(row[f'{kind} {name}'] for row in rows):.3f} | | | | |")
        whole = f"{kind} cold 1.0"
        for start, share in product(("cold", "warm"), (1.0, *shares)):
            where = f"{kind} {start} {share}"
            means = [fmean(row[f"{where}{what}"] for row in rows) for what in ("", " shipped", " calls")]
            cost = means[2] / fmean(row[f"{whole} calls"] for row in rows)
            print(
                f"| {kind} | {start} | {share} | {means[0]:.3f} | {means[1]:.3f} | {means[2]:,.0f} | {cost:.2f} "
                f"| {paired(rows, where, whole)} |"
            )


def main() -> None:
    """Measure what is not recorded and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--first", type=int, default=9100)
    parser.add_argument("--graph", default="reflect")
    parser.add_argument("--shares", default="0.5", help="of the planned calls")
    parser.add_argument("--records", type=Path, default=Path("transfer.jsonl"))
    given = parser.parse_args()
    shares = [float(one) for one in given.shares.split(",")]
    rows = [json.loads(line) for line in given.records.read_text().splitlines()] if given.records.exists() else []
    known = {(row["graph"], row["seed"]) for row in rows}
    wanted = [(given.graph, seed) for seed in range(given.first, given.first + given.worlds)]
    for graph, seed in wanted:
        if (graph, seed) not in known:
            rows.append(measured(graph, seed, shares))
            with given.records.open("a") as file:
                file.write(json.dumps(rows[-1]) + "\n")
    table([row for row in rows if (row["graph"], row["seed"]) in wanted], shares)


if __name__ == "__main__":
    main()
