"""What a run gains on the simulated world, and how often it claims a gain where there is none.

    python benchmarks/world_gain.py [--seeds 10] [--profiles default,paper] [--worlds base,…] [--json]

Prints one row per case: mean true accuracy of seed and shipped prompts, gain ± standard error, the worst single gain,
calls, and how many runs claim `improved`. In the rows `no effect` (prompts change nothing) and `coin flip` (the judge
is a coin) every claim is a false one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import get_args

from maspo.config import ModelSettings, ProfileName, RunConfig, plan_of
from maspo.engine.job import Job, Progress
from maspo.engine.run import start
from maspo.events import Event
from maspo.tasks.inputs import make_inputs
from maspo.world import World, WorldSpec

INPUTS = 120
FIRST_SEED = 100
TOPOLOGIES = ("reflect", "hierarchical")
COLUMNS = ("topology", "profile", "world", "seed", "shipped", "gain", "SE", "worst", "calls", "improved")


KINDS: Mapping[str, WorldSpec] = {
    "base": WorldSpec(),
    "dull judge": WorldSpec(judge_sharpness=0.3),
    "bias 0.5": WorldSpec(judge_bias=0.5),
    "unreadable": WorldSpec(unreadable=0.5),
    "poor": WorldSpec(proposer="poor"),
    "rubbish": WorldSpec(proposer="rubbish"),
    "no effect": WorldSpec(effects=0.0),
    "coin flip": WorldSpec(coin_flip=True),
}
"""The worlds by name; `poor` and `rubbish` are proposers."""


@dataclass(frozen=True)
class Case:
    """One row of the table: a topology, a profile and a kind of world."""

    topology: str
    profile: ProfileName
    world: str

    def spec(self, seed: int) -> WorldSpec:
        """Return the world of one seed."""
        return replace(KINDS[self.world], seed=seed)


@dataclass(frozen=True)
class Row:
    """What the runs of one case came to."""

    case: Case
    seeds: int
    before: float
    after: float
    gain_error: float
    worst: float
    calls: float
    improved: int


class _Silent:
    def on_event(self, event: Event) -> None: ...

    def on_progress(self, progress: Progress) -> None: ...


def one_run(case: Case, seed: int) -> tuple[float, float, int, bool]:
    """Return true accuracy before and after, calls, and whether `improved` is claimed."""
    spec = case.spec(seed)
    world = World(spec)
    job = Job(
        world.system(case.topology),
        make_inputs(world.inputs(INPUTS)),
        RunConfig(
            profile=case.profile, seed=seed, search=plan_of(case.profile, {}), models=ModelSettings(agent="simulated")
        ),
        world=spec,
    )
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(start(job, Path(folder) / "run", _Silent()))
    finished = outcome.finished
    assert finished is not None and finished.truth is not None
    before, after = finished.truth
    return before, after, sum(usage.calls for usage in finished.usage.values()), finished.verdict == "improved"


def row(case: Case, seeds: int, pool: ProcessPoolExecutor) -> Row:
    """Run one case over its seeds."""
    runs = list(pool.map(one_run, [case] * seeds, range(FIRST_SEED, FIRST_SEED + seeds)))
    gains = [after - before for before, after, _, _ in runs]
    return Row(
        case=case,
        seeds=seeds,
        before=fmean(run[0] for run in runs),
        after=fmean(run[1] for run in runs),
        gain_error=stdev(gains) / seeds**0.5,
        worst=min(gains),
        calls=fmean(run[2] for run in runs),
        improved=sum(run[3] for run in runs),
    )


def cells(found: Row) -> tuple[str, ...]:
    """Return a row as texts, in the order of COLUMNS."""
    return (
        found.case.topology,
        found.case.profile,
        found.case.world,
        f"{found.before:.3f}",
        f"{found.after:.3f}",
        f"{found.after - found.before:+.3f}",
        f"{found.gain_error:.3f}",
        f"{found.worst:+.3f}",
        f"{found.calls:.0f}",
        f"{found.improved} of {found.seeds}",
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--profiles", default="default")
    parser.add_argument("--worlds", default="base,no effect,coin flip", help=f"of: {', '.join(KINDS)}")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    profiles = [name for name in get_args(ProfileName) if name in given.profiles.split(",")]
    cases = [
        Case(topology, name, world)
        for name in profiles
        for world in given.worlds.split(",")
        for topology in (TOPOLOGIES if world == "base" else TOPOLOGIES[:1])
    ]
    rows = []
    print("  ".join(f"{name:>12}" for name in COLUMNS))
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for case in cases:
            seeds = 2 * given.seeds if case.world in ("no effect", "coin flip") else given.seeds
            found = row(case, seeds, pool)
            rows.append(found)
            print("  ".join(f"{text:>12}" for text in cells(found)), flush=True)
    if given.json:
        print(json.dumps([asdict(found) for found in rows]))


if __name__ == "__main__":
    main()
