"""What a warm start is worth: searches that start from what one on another world found, beside cold ones, in pairs.

    python benchmarks/transfer.py [--worlds 20] [--first 9100] [--graph reflect] [--jobs 2] [--records FILE]

On each world a first search runs to its end. Then, on a sibling (four in five sentences do the same there, other
inputs) and on an unrelated world, four more: cold and warm, with all planned calls and with half of them. Accuracy is
the true one of what the search ended with, on fresh inputs of the new world.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from maspo.config import RunConfig
from maspo.core.prompts import Prompts
from maspo.data.inputs import make_inputs
from maspo.events import RunFinished
from maspo.study.carried import Earlier, carried_over
from maspo.study.job import Job
from maspo.study.resolve import resolve
from maspo.testing.runs import Counted, begin
from maspo.world.kin import KinWorld
from maspo.world.spec import WorldSpec

SHARED = 0.8
"""Of the effects of a sibling, how many are those of the world that was searched first."""
INPUTS = 120
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
        return self.world.accuracy(self.world.system(self.graph), prompts)


def search(job: Job, world: KinWorld) -> tuple[RunFinished, int]:
    """Return the end of a search, and its calls."""
    model = Counted(world)
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(begin(job, Path(folder) / "run", model))
    assert outcome.finished is not None
    return outcome.finished, model.calls


def measured(given: tuple[str, int]) -> dict[str, object]:
    """Search on one world, then cold and warm on a sibling and on an unrelated world; return what that came to."""
    graph, seed = given
    first = Task(KinWorld(WorldSpec(seed=seed), seed, 1.0), graph)
    job = first.job(1.0)
    found, _ = search(job, first.world)
    earlier = Earlier(job.system.prompts, found.winners)
    row: dict[str, object] = {"graph": graph, "seed": seed}
    for kind, share in (("sibling", SHARED), ("unrelated", 0.0)):
        task = Task(KinWorld(WorldSpec(seed=seed + 100_000), seed, share), graph, _SECOND_INPUTS)
        row[f"{kind} seed"] = task.accuracy({})
        row[f"{kind} as it was"] = task.accuracy(found.winners)
        for part, calls in (("all", 1.0), ("half", 0.5)):
            for start in ("cold", "warm"):
                job = task.job(calls)
                if start == "warm":
                    job = replace(job, carried=carried_over(job, earlier)[0])
                end, asked = search(job, task.world)
                row[f"{kind} {start} {part}"] = task.accuracy(end.winners)
                row[f"{kind} {start} {part} shipped"] = task.accuracy(end.prompts)
                row[f"{kind} {start} {part} calls"] = asked
    return row


def paired(rows: Sequence[Mapping[str, Any]], one: str, other: str) -> str:
    """Return by how much one is above the other, with its standard error."""
    gaps = [row[one] - row[other] for row in rows]
    worse = sum(gap < 0 for gap in gaps)
    return f"{fmean(gaps):+.3f} ± {stdev(gaps) / len(gaps) ** 0.5:.3f} ({worse} of {len(gaps)} below)"


def main() -> None:
    """Measure what is not recorded and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--first", type=int, default=9100)
    parser.add_argument("--graph", default="reflect")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--records", type=Path, default=Path("transfer.jsonl"))
    given = parser.parse_args()
    rows = [json.loads(line) for line in given.records.read_text().splitlines()] if given.records.exists() else []
    known = {(row["graph"], row["seed"]) for row in rows}
    wanted = [(given.graph, seed) for seed in range(given.first, given.first + given.worlds)]
    with ProcessPoolExecutor(given.jobs, multiprocessing.get_context("spawn")) as pool:
        for row in pool.map(measured, [one for one in wanted if one not in known]):
            rows.append(row)
            with given.records.open("a") as file:
                file.write(json.dumps(row) + "\n")
    rows = [row for row in rows if (row["graph"], row["seed"]) in wanted]
    for kind in ("sibling", "unrelated"):
        print(f"{kind}: seed prompts {fmean(row[f'{kind} seed'] for row in rows):.3f}", end=", ")
        print(f"found elsewhere, as they are {fmean(row[f'{kind} as it was'] for row in rows):.3f}")
        for start, part in product(("cold", "warm"), ("all", "half")):
            place = f"{kind} {start} {part}"
            calls = fmean(row[f"{place} calls"] for row in rows)
            shipped = fmean(row[f"{place} shipped"] for row in rows)
            print(f"  {start}, {part:4}: {fmean(row[place] for row in rows):.3f}, shipped {shipped:.3f}, {calls:,.0f}")
        for part in ("all", "half"):
            print(f"  warm, {part}, against cold, all: {paired(rows, f'{kind} warm {part}', f'{kind} cold all')}")
        print(f"  warm, half, against cold, half: {paired(rows, f'{kind} warm half', f'{kind} cold half')}")


if __name__ == "__main__":
    main()
