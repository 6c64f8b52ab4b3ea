"""What a search gains on teams that loop, branch, share prompts, debate and map, and on the same written out by hand.

    python benchmarks/teams.py [--only routed4,…] [--seeds 0-2] [--records FILE] [--set search.…=…]

Gains are in true accuracy on inputs that no search saw. By hand, a team of branches is four agents, each searched on
the inputs of its own kind alone, with the calls of an agent each: what somebody would do who knows where inputs go.
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

from maspo.cli.arena import rivals
from maspo.config import RunConfig
from maspo.core.prompts import Prompts
from maspo.data.inputs import make_inputs
from maspo.study.job import Job
from maspo.team import Agent, System
from maspo.testing.runs import Counted, begin
from maspo.world import World, WorldSpec
from maspo.world.signals import KINDS, kind_of
from maspo.world.teams import LIVING, unrolled
from maspo.world.world import FRESH, Simulation, world_key

INPUTS: Mapping[str, int] = {"routed4": 240}
_USUAL = 120
_MEASURED = 2000
_WRITTEN_OUT = ("loop3", "shared4")


def searched(
    world: World, system: System, rows: Sequence[Mapping[str, object]], config: RunConfig
) -> tuple[Prompts, int]:
    """Return what a search ends with, and its calls."""
    config = config.model_copy(update={"seed": world.spec.seed})
    model = Counted(world)
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(begin(Job(system, make_inputs(rows), config), Path(folder) / "run", model))
    assert outcome.finished is not None
    return outcome.finished.winners, model.calls


def gain(world: World, system: System, prompts: Prompts, keys: Sequence[str]) -> float:
    """Return what prompts gain over the seed prompts on some inputs."""
    simulation = Simulation(world.latents, system)
    return simulation.accuracy(prompts, keys) - simulation.accuracy({}, keys)


def measured(name: str, seed: int, config: RunConfig) -> dict[str, Any]:
    """Return what a search gains in one world, on the team and by hand."""
    world = World(WorldSpec(seed=seed))
    system, rows = world.system(name), world.inputs(INPUTS.get(name, _USUAL))
    keys = [world_key(FRESH + number) for number in range(_MEASURED)]
    found, calls = searched(world, system, rows, config)
    row: dict[str, Any] = {"team": name, "seed": seed, "gain": gain(world, system, found, keys), "calls": calls}
    if name in _WRITTEN_OUT:
        by_hand = unrolled(name)
        found, calls = searched(world, by_hand, rows, config)
        row |= {"by hand": gain(world, by_hand, found, keys), "by hand calls": calls}
    if name == "routed4":
        kinds = {kind: [key for key in keys if kind_of(seed, key) == kind] for kind in KINDS}
        row["of kinds"] = [gain(world, system, found, kinds[kind]) for kind in KINDS]
        of_kinds, calls = dict(system.prompts), 0
        for kind in KINDS:
            alone = System((Agent(kind, system.prompts[kind]),), name=kind, final_answer="tag:answer")
            own = [one for one in rows if kind_of(seed, str(one["id"])) == kind]
            best, spent = searched(world, alone, own, config)
            of_kinds, calls = {**of_kinds, **best}, calls + spent
        row |= {"by hand": gain(world, system, of_kinds, keys), "by hand calls": calls}
        row["of kinds by hand"] = [gain(world, system, of_kinds, kinds[kind]) for kind in KINDS]
    return row


def ratio(own: Sequence[float], others: Sequence[float]) -> str:
    """Return the ratio of two sums over seeds, with its standard error by leaving out one seed at a time."""
    seeds, whole = len(own), sum(own) / sum(others)
    if seeds < 2:
        return f"{whole:.2f}"
    left = [(sum(own) - one) / (sum(others) - other) for one, other in zip(own, others, strict=True)]
    return f"{whole:.2f} ± {((seeds - 1) * fmean((one - fmean(left)) ** 2 for one in left)) ** 0.5:.2f}"


def table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the gains, and of teams with branches what the rarest gains beside the others."""
    print("| team | seeds | gain | ± SE | calls | by hand | calls | of its gain |\n|---|---|---|---|---|---|---|---|")
    for name in LIVING:
        own = [row for row in rows if row["team"] == name]
        if not own:
            continue
        gains = [row["gain"] for row in own]
        error = f"{stdev(gains) / len(gains) ** 0.5:.3f}" if len(gains) > 1 else "–"
        told = "– | – | –"
        if "by hand" in own[0]:
            by_hand = [row["by hand"] for row in own]
            calls_by_hand = fmean(row["by hand calls"] for row in own)
            told = f"{fmean(by_hand):+.3f} | {calls_by_hand:,.0f} | {ratio(gains, by_hand)}"
        calls = fmean(row["calls"] for row in own)
        print(f"| {name} | {len(own)} | {fmean(gains):+.3f} | {error} | {calls:,.0f} | {told} |")
    routed = [row for row in rows if row["team"] == "routed4"]
    for name in ("of kinds", "of kinds by hand") if routed else ():
        means = [f"{kind} {fmean(row[name][place] for row in routed):+.3f}" for place, kind in enumerate(KINDS)]
        rarest, others = [row[name][-1] for row in routed], [fmean(row[name][:-1]) for row in routed]
        print(f"routed4, {name}: {', '.join(means)}; the last one's, of the others' mean: {ratio(rarest, others)}")


def main() -> None:
    """Measure what is not recorded, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(LIVING))
    parser.add_argument("--seeds", default="0-2")
    parser.add_argument("--records", type=Path, default=Path("teams.jsonl"))
    parser.add_argument("--set", dest="sets", action="append", default=[], metavar="search.…=…")
    given = parser.parse_args()
    config = rivals(("default",), "ignore", tuple(given.sets))[0].config
    first, _, last = given.seeds.partition("-")
    rows = [json.loads(line) for line in given.records.read_text().splitlines()] if given.records.exists() else []
    known = {(row["team"], row["seed"]) for row in rows}
    for seed in range(int(first), int(last or first) + 1):
        for name in given.only.split(","):
            if (name, seed) not in known:
                rows.append(measured(name, seed, config))
                with given.records.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
    table(rows)


if __name__ == "__main__":
    main()
