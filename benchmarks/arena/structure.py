"""Structure and prompts, alone and one after the other: true accuracy and calls a run on worlds with and without harm.

    python -m benchmarks.arena.structure [--worlds 20] [--first-seed 9000] [--methods greedy,agent-dropout] [--out FILE]
        [--latents] [--one-budget [CALLS]] [--labels use] [--graphs rumours,hierarchical]

With ``--latents`` searches are driven by what the world knows, without texts (``benchmarks/latents.py``), in a
small part of the time. With ``--one-budget`` prompts alone, structure alone and both in turns (``maspo optimize
--optimize prompts,structure``) get the same calls; only there do ``--labels`` count.
``rumours`` has two members who only harm; of ``hierarchical`` everybody helps. Each world is one line of JSON, so a
measurement that was stopped goes on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Protocol, TypeAlias

from benchmarks.latents import Latent, run_whole, searched

from maspo.config import Caps, RunConfig
from maspo.core.errors import BudgetReached
from maspo.core.usage import Usage, total
from maspo.core.verdict import Comparison, Verdict
from maspo.data.inputs import make_inputs
from maspo.data.tasks.task import Task, TaskRow
from maspo.models.base import ModelClient
from maspo.optimizers.structure.base import FoundTeam, Meet, Method, StructurePlan, StructureSearch
from maspo.study.alternation.alternate import alternate
from maspo.study.alternation.plan import TURNS as ORDER
from maspo.study.alternation.plan import Alternation
from maspo.study.alternation.tally import Stage
from maspo.study.alternation.tally import verdict_of as verdict_in_turns
from maspo.study.attention import Attention
from maspo.study.evaluation.job import Evaluation
from maspo.study.evaluation.structure import METHODS, StructureFindings, search_structure, verdict_of, worse_bound
from maspo.study.holdout import result_of
from maspo.study.job import Job, Provider
from maspo.study.optimize import start
from maspo.study.resolve import resolve, split_of
from maspo.team import System
from maspo.team.changes import Change
from maspo.testing.runs import Recorder
from maspo.world import World, WorldSpec

GRAPHS = ("rumours", "hierarchical")
INPUTS = 120
BUDGET = 3000
"""Calls of each with ``--one-budget``: as many as three agents plan for prompts alone."""
PLANNED = 0.9
"""Part of the budget that prompts alone plan: a search may end its last round beyond its plan."""


@dataclass(frozen=True)
class Restructured:
    """What a search for a better structure came to."""

    team: System
    """The team that a person would go on with."""
    changes: tuple[str, ...]
    verdict: str


class Steps(Protocol):
    """One step after the other, each with its own test on inputs that it did not see."""

    def rewrite(self, system: System) -> System:
        """Optimize the prompts of a team and return it with what shipped."""
        ...

    def restructure(self, system: System, method: Method) -> Restructured:
        """Search for a better structure of a team."""
        ...


def provider_of(world: World) -> Provider:
    """Return what answers every call by a world."""

    @asynccontextmanager
    async def provide(_: Job, __: str) -> AsyncIterator[ModelClient]:
        yield world

    return provide


def evaluation_of(world: World, system: System, caps: Caps | None = None) -> Evaluation:
    """Return what a search for a better structure is given."""
    rows = tuple(
        TaskRow(columns={"input": str(row["input"])}, id=str(row["id"]), answer=str(row["answer"]))
        for row in world.inputs(INPUTS)
    )
    task = Task(name="world", test_rows=rows)
    config = RunConfig(caps=caps or Caps())
    return Evaluation(system=system, task=task, config=config, after=system.prompts, scorer="judge")


def shipped(system: System, changes: Sequence[Change], found: System, verdict: str) -> Restructured:
    """Return the changed team where it is better, or as good for less."""
    team = found if verdict in ("better", "as_good") else system
    return Restructured(team, tuple(map(str, changes)), verdict)


def changed(world: World, system: System, method: Method, out: Path, caps: Caps | None = None) -> StructureFindings:
    """Search for a better structure of a team as ``maspo structure`` does."""
    attention = Attention(Recorder(), provider_of(world))
    evaluation = evaluation_of(world, system, caps)
    return asyncio.run(search_structure(evaluation, method, StructurePlan(), out, attention))


@dataclass
class WithTexts:
    """Steps as the commands take them."""

    world: World
    out: Path
    taken: int = 0

    def rewrite(self, system: System) -> System:
        """Run ``maspo optimize``."""
        job = Job(system, make_inputs(self.world.inputs(INPUTS)), RunConfig(), {}, None)
        outcome = asyncio.run(start(resolve(job), self._folder(), Recorder(), provider_of(self.world)))
        assert outcome.finished is not None
        return system.with_prompts(outcome.finished.prompts)

    def restructure(self, system: System, method: Method) -> Restructured:
        """Run ``maspo structure``."""
        found = changed(self.world, system, method, self._folder())
        return shipped(system, found.changes, found.system, found.verdict)

    def _folder(self) -> Path:
        self.taken += 1
        return self.out / str(self.taken)


@dataclass
class OnLatents:
    """Steps driven by what the world knows."""

    world: World
    graph: str
    labels: bool = False

    def rewrite(self, system: System) -> System:
        """Search for prompts, and test them."""
        latent = Latent(self.world, self.graph, self.labels, given=system)
        end, _, found = run_whole(latent, Job(system, make_inputs(self.world.inputs(INPUTS)), RunConfig()))
        return system.with_prompts(end.prompts) if found.shipped != "seed" else system

    def restructure(self, system: System, method: Method, asked: Latent | None = None) -> Restructured:
        """Search for a structure, and test it; ``asked`` is what answers."""
        latent, plan = asked or Latent(self.world, self.graph, self.labels, given=system), StructurePlan()
        split = split_of(evaluation_of(self.world, system).job)
        found = ended(METHODS[method](system, split.search, plan), latent)
        met = [(key, latent.meet(Meet(system, found.system, key))) for key in (split.holdout if found.changes else ())]
        result = result_of(Comparison(key, verdict, (), verdict) for key, verdict in met)
        return shipped(system, found.changes, found.system, verdict_of(method, found.changes, result, plan.margin))


def ended(searching: StructureSearch, latent: Latent, cap: int | None = None) -> FoundTeam:
    """Let a search for a better structure go to its end, or to a cap on calls."""
    try:
        wanted = next(searching)
        while True:
            verdicts = list[Verdict]()
            for one in wanted:
                if cap is not None and latent.calls.total() >= cap:
                    break
                verdicts.append(latent.meet(one))
            if len(verdicts) == len(wanted):
                wanted = searching.send(tuple(verdicts))
            else:
                wanted = searching.throw(BudgetReached("its part of the calls"))
    except StopIteration as end:
        found: FoundTeam = end.value
        return found


def measure(steps: Steps, world: World, graph: str, methods: Sequence[Method]) -> dict[str, object]:
    """Return true accuracies and calls an input of one world."""
    given = world.system(graph)
    prompts = steps.rewrite(given)
    twice = steps.rewrite(prompts)  # what calls for prompts alone bring where a step of structure stands between
    teams: dict[str, System] = {"seed": given, "prompts": prompts, "prompts, then prompts": twice}
    said: dict[str, object] = {}
    for method in methods:
        alone = steps.restructure(given, method)
        after = steps.restructure(prompts, method)
        teams[f"{method} alone"] = alone.team
        teams[f"{method}, then prompts"] = steps.rewrite(alone.team)
        teams[f"prompts, then {method}"] = after.team
        teams[f"prompts, then {method}, then prompts"] = steps.rewrite(after.team)
        said[method] = {
            name: {"changes": one.changes, "verdict": one.verdict}
            for name, one in (("alone", alone), ("after prompts", after))
        }
    return {
        "seed": world.spec.seed,
        "graph": graph,
        "accuracy": {name: world.accuracy(team, team.prompts) for name, team in teams.items()},
        "calls": {name: len(team.agents) for name, team in teams.items()},
        "said": said,
    }


def measure_at_one_budget(seed: int, graph: str, calls: int, latents: bool, labels: str) -> dict[str, object]:
    """Return true accuracies of what each gives for the same calls, the test on held-out inputs included."""
    world = World(WorldSpec(seed=seed))
    given = world.system(graph)
    config = RunConfig(caps=Caps(calls=calls), labels="use" if labels == "use" else "ignore")
    planned = config.model_copy(update={"search": config.search.model_copy(update={"calls": int(PLANNED * calls)})})
    rows = make_inputs(world.inputs(INPUTS))
    alone, turns = Job(given, rows, planned), Alternation(Job(given, rows, config))
    if latents:
        return row_of(world, graph, *on_latents(world, graph, alone, turns))
    with tempfile.TemporaryDirectory() as scratch:
        return row_of(world, graph, *with_texts(world, alone, turns, Path(scratch)))


Found: TypeAlias = tuple[Mapping[str, System], Mapping[str, int], Mapping[str, object]]
"""Teams by what found them, the calls that this took, and what the turns say of themselves."""
PROMPTS, STRUCTURE, TURNS = "prompts", "structure", "prompts and structure in turns"


def row_of(
    world: World, graph: str, teams: Mapping[str, System], spent: Mapping[str, int], said: Mapping[str, object]
) -> dict[str, object]:
    """Return what a world comes to."""
    teams = {"seed": world.system(graph), **teams}
    return {
        "seed": world.spec.seed,
        "graph": graph,
        "accuracy": {name: world.accuracy(team, team.prompts) for name, team in teams.items()},
        "calls": {name: len(team.agents) for name, team in teams.items()},
        "spent": {"seed": 0, **spent},
        "said": said,
    }


def with_texts(world: World, job: Job, turns: Alternation, folder: Path) -> Found:
    """Let the commands do it."""
    given, calls = job.system, turns.job.config.caps
    attention = Attention(Recorder(), provider_of(world))
    prompts = asyncio.run(start(resolve(job), folder / "prompts", Recorder(), provider_of(world))).finished
    assert prompts is not None
    alone = changed(world, given, turns.method, folder / "structure", calls)
    both = asyncio.run(alternate(turns, folder / "both", attention))
    teams = {
        PROMPTS: given.with_prompts(prompts.prompts),
        STRUCTURE: shipped(given, alone.changes, alone.system, alone.verdict).team,
        TURNS: both.system,
    }
    spent = {
        PROMPTS: total(prompts.usage.values()).calls,
        STRUCTURE: total(alone.usage.values()).calls,
        TURNS: both.usage.calls,
    }
    said = {"changes": [str(one) for one in both.changes], "verdict": both.verdict, "ships": both.ships}
    return teams, spent, said


def on_latents(world: World, graph: str, job: Job, turns: Alternation) -> Found:
    """Let what the world knows do it; each turn pays for what it asks, as turns with texts do."""
    given, labels = job.system, job.config.labels == "use"

    def latent_of(team: System) -> Latent:
        return Latent(world, graph, labels, given=team)

    alone, searched_alone = latent_of(given), latent_of(given)
    end, _, found = run_whole(alone, job)
    steps = OnLatents(world, graph, labels)
    structure = steps.restructure(given, turns.method, searched_alone)
    team, spent, ends, changes = given, 0, list[System](), list[Change]()
    for number, turn in enumerate(ORDER):
        latent = latent_of(team)
        if turn == "prompts":
            winners = searched(latent, turns.prompts_job(team, number, Usage(calls=spent), 0.0), lambda _: None)
            team = team.with_prompts(winners.prompts)
        else:
            cap = turns.structure_caps(number, Usage(calls=spent), 0.0).calls
            slimmer = ended(METHODS[turns.method](team, turns.split.search, turns.plan), latent, cap)
            team, changes = slimmer.system, [*changes, *slimmer.changes]
        spent += latent.calls.total()
        ends.append(team)
    tested: dict[Stage, System] = {"joint": team} if ends[0] == team else {"prompts": ends[0], "joint": team}
    met = latent_of(given)
    results = {
        name: result_of(
            Comparison(key, said, (), said) for key in turns.split.holdout for said in [met.meet(Meet(given, one, key))]
        )
        for name, one in tested.items()
        if one != given
    }
    bound = worse_bound(results["joint"]) if changes and results["joint"].n else float("inf")
    verdict, ships = verdict_in_turns(results, bound, turns.plan.margin)
    teams = {
        PROMPTS: given.with_prompts(end.prompts) if found.shipped != "seed" else given,
        STRUCTURE: structure.team,
        TURNS: given if ships == "given" else tested[ships],
    }
    calls = {
        PROMPTS: alone.calls.total(),
        STRUCTURE: searched_alone.calls.total(),
        TURNS: spent + met.calls.total(),
    }
    return teams, calls, {"changes": [str(one) for one in changes], "verdict": verdict, "ships": ships}


def played(
    seed: int, graph: str, methods: Sequence[Method], latents: bool, one_budget: int | None, labels: str
) -> dict[str, object]:
    """Return what one world comes to."""
    if one_budget:
        return measure_at_one_budget(seed, graph, one_budget, latents, labels)
    world = World(WorldSpec(seed=seed))
    if latents:
        return measure(OnLatents(world, graph), world, graph, methods)
    with tempfile.TemporaryDirectory() as scratch:
        return measure(WithTexts(world, Path(scratch)), world, graph, methods)


def main() -> None:
    """Play what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=9000)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--graphs", default=",".join(GRAPHS))
    parser.add_argument("--latents", action="store_true", help="without texts")
    parser.add_argument("--one-budget", type=int, nargs="?", const=BUDGET, metavar="CALLS")
    parser.add_argument("--labels", default="ignore", choices=("ignore", "use"))
    parser.add_argument("--out", type=Path, default=Path("arena-structure.jsonl"))
    given = parser.parse_args()
    methods: list[Method] = [name for name in METHODS if name in given.methods.split(",")]
    lines = given.out.read_text().splitlines() if given.out.exists() else []
    found = [json.loads(line) for line in lines]
    known = {(one["seed"], one["graph"]) for one in found}
    graphs = given.graphs.split(",")
    for seed in range(given.first_seed, given.first_seed + given.worlds):
        for graph in graphs:
            if (seed, graph) not in known:
                found.append(played(seed, graph, methods, given.latents, given.one_budget, given.labels))
                with given.out.open("a") as file:
                    file.write(json.dumps(found[-1]) + "\n")
    for graph in graphs:
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
