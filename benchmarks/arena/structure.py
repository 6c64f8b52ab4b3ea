"""Structure and prompts, alone and one after the other: true accuracy and calls a run on worlds with and without harm.

    python benchmarks/arena/structure.py [--worlds 20] [--first-seed 9000] [--methods greedy,agent-dropout] [--out FILE]
        [--one-budget [CALLS]]

With ``--one-budget`` prompts alone, structure alone and both in turns (``maspo optimize --optimize prompts,structure``)
get the same calls. ``rumours`` has two members who only harm; of ``hierarchical`` everybody helps. Each world is one
line of JSON, so a measurement that was stopped goes on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev

from maspo.config import Caps, RunConfig
from maspo.core.usage import total
from maspo.data.inputs import make_inputs
from maspo.data.tasks.task import Task, TaskRow
from maspo.models.base import ModelClient
from maspo.optimizers.structure.base import Method, StructurePlan
from maspo.study.alternation.alternate import alternate
from maspo.study.alternation.plan import Alternation
from maspo.study.evaluation.evaluate import Attention
from maspo.study.evaluation.job import Evaluation
from maspo.study.evaluation.structure import METHODS, Structured, search_structure
from maspo.study.job import Job, Provider
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.team import System
from maspo.testing.runs import Recorder
from maspo.world import World, WorldSpec

GRAPHS = ("rumours", "hierarchical")
INPUTS = 120
BUDGET = 3000
"""Calls of each with ``--one-budget``: as many as three agents plan for prompts alone."""
PLANNED = 0.9
"""Part of the budget that prompts alone plan: a search may end its last round beyond its plan."""


def provider_of(world: World) -> Provider:
    """Return what answers every call by a world."""

    @asynccontextmanager
    async def provide(_: Job, __: str) -> AsyncIterator[ModelClient]:
        yield world

    return provide


def changed(world: World, system: System, method: Method, out: Path, caps: Caps | None = None) -> Structured:
    """Search for a better structure of a team."""
    rows = tuple(
        TaskRow(columns={"input": str(row["input"])}, id=str(row["id"]), answer=str(row["answer"]))
        for row in world.inputs(INPUTS)
    )
    task = Task(name="world", test_rows=rows)
    evaluation = Evaluation(
        system=system, task=task, config=RunConfig(caps=caps or Caps()), after=system.prompts, scorer="judge"
    )
    plan = StructurePlan(seed=0)
    return asyncio.run(search_structure(evaluation, method, plan, out, Attention(Recorder(), provider_of(world))))


def rewritten(world: World, system: System, out: Path) -> System:
    """Optimize the prompts of a team and return it with what shipped."""
    job = Job(system, make_inputs(world.inputs(INPUTS)), RunConfig(), {}, None)
    outcome = asyncio.run(start(resolve(job), out, Recorder(), provider_of(world)))
    assert outcome.finished is not None
    return system.with_prompts(outcome.finished.prompts)


def shipped(found: Structured) -> System:
    """Return the team that a person would go on with."""
    return found.system if found.verdict in ("better", "as_good") else found.evaluation.system


def measure(seed: int, graph: str, methods: list[Method]) -> dict[str, object]:
    """Return true accuracies and calls an input of one world."""
    world = World(WorldSpec(seed=seed))
    seed_team = world.system(graph)
    teams: dict[str, System] = {"seed": seed_team}
    said: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        teams["prompts"] = rewritten(world, seed_team, folder / "prompts")
        for method in methods:
            alone = changed(world, seed_team, method, folder / method)
            teams[f"{method} alone"] = shipped(alone)
            teams[f"{method}, then prompts"] = rewritten(world, shipped(alone), folder / f"{method}-prompts")
            after = changed(world, teams["prompts"], method, folder / f"prompts-{method}")
            teams[f"prompts, then {method}"] = shipped(after)
            again = rewritten(world, shipped(after), folder / f"prompts-{method}-prompts")
            teams[f"prompts, then {method}, then prompts"] = again
            said[method] = {
                "alone": {"changes": [str(one) for one in alone.changes], "verdict": alone.verdict},
                "after prompts": {"changes": [str(one) for one in after.changes], "verdict": after.verdict},
            }
    return {
        "seed": seed,
        "graph": graph,
        "accuracy": {name: world.accuracy(team, team.prompts) for name, team in teams.items()},
        "calls": {name: len(team.agents) for name, team in teams.items()},
        "said": said,
    }


def measure_at_one_budget(seed: int, graph: str, calls: int) -> dict[str, object]:
    """Return true accuracies of what each gives for the same calls, the test on held-out inputs included."""
    world = World(WorldSpec(seed=seed))
    given = world.system(graph)
    config = RunConfig(caps=Caps(calls=calls))
    config = config.model_copy(update={"search": config.search.model_copy(update={"calls": int(PLANNED * calls)})})
    job = Job(given, make_inputs(world.inputs(INPUTS)), config)
    turns = replace(job, config=RunConfig(caps=Caps(calls=calls)))
    with tempfile.TemporaryDirectory() as scratch:
        folder, attention = Path(scratch), Attention(Recorder(), provider_of(world))
        prompts = asyncio.run(start(resolve(job), folder / "prompts", Recorder(), provider_of(world))).finished
        assert prompts is not None
        alone = changed(world, given, "greedy", folder / "structure", Caps(calls=calls))
        both = asyncio.run(alternate(Alternation(turns), folder / "both", attention))
    teams = {
        "seed": given,
        "prompts": given.with_prompts(prompts.prompts),
        "structure": shipped(alone),
        "prompts and structure in turns": both.system,
    }
    return {
        "seed": seed,
        "graph": graph,
        "accuracy": {name: world.accuracy(team, team.prompts) for name, team in teams.items()},
        "calls": {name: len(team.agents) for name, team in teams.items()},
        "spent": {
            "seed": 0,
            "prompts": total(prompts.usage.values()).calls,
            "structure": total(alone.usage.values()).calls,
            "prompts and structure in turns": both.usage.calls,
        },
        "said": {"changes": [str(one) for one in both.changes], "verdict": both.verdict, "ships": both.ships},
    }


def main() -> None:
    """Play what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=9000)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--one-budget", type=int, nargs="?", const=BUDGET, metavar="CALLS")
    parser.add_argument("--out", type=Path, default=Path("arena-structure.jsonl"))
    given = parser.parse_args()
    methods: list[Method] = [name for name in METHODS if name in given.methods.split(",")]
    lines = given.out.read_text().splitlines() if given.out.exists() else []
    found = [json.loads(line) for line in lines]
    known = {(one["seed"], one["graph"]) for one in found}
    for seed in range(given.first_seed, given.first_seed + given.worlds):
        for graph in GRAPHS:
            if (seed, graph) not in known:
                equal = given.one_budget
                found.append(measure_at_one_budget(seed, graph, equal) if equal else measure(seed, graph, methods))
                with given.out.open("a") as file:
                    file.write(json.dumps(found[-1]) + "\n")
    for graph in GRAPHS:
        rows = [one for one in found if one["graph"] == graph]
        print(
            f"\n{graph}, {len(rows)} worlds\n\n| team | accuracy | against prompts alone ± SE | calls an input |\n"
            "|---|---|---|---|"
        )
        for name in rows[0]["accuracy"]:
            ahead = [one["accuracy"][name] - one["accuracy"]["prompts"] for one in rows]
            error = stdev(ahead) / len(ahead) ** 0.5 if len(ahead) > 1 else 0.0
            reached, calls = fmean(one["accuracy"][name] for one in rows), fmean(one["calls"][name] for one in rows)
            spent = f"{fmean(one['spent'][name] for one in rows):,.0f}" if "spent" in rows[0] else ""
            print(f"| {name} | {reached:.3f} | {fmean(ahead):+.3f} ± {error:.3f} | {calls:.1f} | {spent} |")


if __name__ == "__main__":
    main()
