"""What a watch recovers after a change, beside a fresh search: the real control, on the latents of changing worlds.

    python -m benchmarks.recovery [--drifts model,inputs] [--worlds 20] [--first 0] [--plan '{"search_share": 0.4}']
                                  [--set search.…=…]

Windows are drawn as `benchmarks/watch.py` draws them; what repeated calls would show is given, so that every change is
told of. Searches, comparisons with the anchor and canaries are those of the watch. Calls are those of searches.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from benchmarks.latents import Latent, keep, run_whole

from maspo.cli.arena import rivals
from maspo.config import RunConfig
from maspo.core.prompts import Prompts
from maspo.core.verdict import Level, Verdict
from maspo.data.inputs import make_inputs
from maspo.online.control import Look, Search, watching
from maspo.online.plan import Costs, Plan
from maspo.online.record import SearchEnded, WindowSeen
from maspo.online.watching import settings_of_search
from maspo.optimizers.base import Compare
from maspo.study.carried import Earlier, carried_over
from maspo.study.job import Job
from maspo.study.resolve import planned_search, team_of
from maspo.testing.drifting import DRIFTS, Drift, DriftingWorld
from maspo.world.world import FRESH, Simulation

STRENGTHS = (0.4, 0.6, 0.8, 1.0)
GRAPH = "reflect"
TRUTH = 500
"""Inputs by which accuracy is told, in expectation over the noise of agents."""
CHANGED_AFTER, WATCHED = 12, 40
"""Windows before the change, and after it."""
_NET = {Verdict.WIN: 1, Verdict.LOSS: -1}
_MOVED = {"inputs": "words", "model": "model"}
"""The stream in which a change shows."""


@dataclass
class Stream:
    """Windows of a changing world, and searches on them."""

    world: DriftingWorld
    config: RunConfig
    plan: Plan
    rows: list[list[Mapping[str, object]]] = field(default_factory=list)
    calls: int = 0
    """Of searches."""

    def __post_init__(self) -> None:
        self._inputs, self._chance = self.world.inputs(10_000), random.Random(self.world.seed)
        self.system = self.world.world.system(GRAPH)

    def latent(self) -> Latent:
        """Return the world as it is now."""
        return Latent(self.world.world, GRAPH, labels=False)

    def job(self, start: Prompts, rows: Sequence[Mapping[str, object]]) -> Job:
        """Return a search that starts from some prompts."""
        agents = tuple(replace(one, prompt=start[one.name]) for one in self.system.agents)
        config = self.config.model_copy(update={"seed": self.world.seed})
        return Job(replace(self.system, agents=agents), make_inputs(rows), config)

    def accuracy(self, prompts: Prompts) -> float:
        """Return the expected accuracy of prompts, on fresh inputs in the mix of now."""
        rows = make_inputs(list(islice(self.world.inputs(FRESH), TRUTH))).rows
        return Simulation(self.world.world.latents, self.system).expected(prompts, [row.key for row in rows])

    def see(self, look: Look) -> WindowSeen:
        """Take the next window."""
        self.world.changed = look.number > CHANGED_AFTER
        self.rows.append(list(islice(self._inputs, self.plan.window)))
        keys = [row.key for row in make_inputs(self.rows[-1]).rows]
        moved = 1.0 if self.world.changed and look.reference and look.reference <= CHANGED_AFTER else 0.0
        scores = tuple(moved + self._chance.random() for _ in range(self.plan.repeated))
        shipped, compared = look.standing.shipped, keys[: self.plan.compared]
        return WindowSeen(
            number=look.number,
            month="2026-11",
            scores={_MOVED[str(self.world.drift)]: scores},
            against_anchor=() if look.anchor is None else self.met(look.anchor, shipped, compared),
            canary=() if look.candidate is None else self.met(shipped, look.candidate, keys[-self.plan.in_canary :]),
        )

    def met(self, before: Prompts, after: Prompts, keys: Sequence[str]) -> tuple[int, ...]:
        """Return how prompts do against others on some inputs."""
        latent, changes = self.latent(), {name: text for name, text in after.items() if text != before[name]}
        asked = [Compare("met", before, changes, key, True, (Level.GLOBAL,), 2) for key in keys if changes]
        return tuple(_NET.get(latent.compare(one).glob, 0) for one in asked)

    def search(self, asked: Search, costs: Costs) -> SearchEnded:
        """Search as a watch does."""
        first, last = asked.windows
        job = self.job(asked.start, [row for window in self.rows[first - 1 : last] for row in window])
        job = replace(job, config=settings_of_search(job.config, self.plan, costs))
        if asked.start == asked.standing.anchor:
            job = replace(job, carried=carried_over(job, Earlier(asked.start, asked.standing.shipped))[0])
        latent = self.latent()
        end, tested, _ = run_whole(latent, job)
        self.calls += latent.calls.total()
        winners = {**asked.start, **end.prompts}
        calls = latent.calls.total()
        return SearchEnded(asked.number, "2026-11", winners, tested.wins, tested.losses, "", calls, 0.0, tested.n)


def recovered(seed: int, drift: Drift, strength: float, plan: Plan, config: RunConfig) -> dict[str, Any]:
    """Watch a change to its end, and search afresh in the changed world; return what either came to."""
    world = DriftingWorld(seed, drift, strength)
    stream = Stream(world, config, plan)
    seed_prompts = stream.system.prompts
    job = stream.job(seed_prompts, list(islice(world.inputs(1000), 120)))
    first, *_ = run_whole(stream.latent(), job)
    shipped = {**seed_prompts, **first.prompts}
    planned = planned_search(job).planned_calls(team_of(job))
    assert planned is not None
    costs = Costs(0, 0, round(plan.search_share * planned))
    control, searches = watching(plan, costs, shipped, seed_prompts), 0
    ask, in_use = next(control), dict(shipped)
    promoted: list[tuple[float, float]] = []
    while ask.standing.windows < CHANGED_AFTER + WATCHED:
        searches += isinstance(ask, Search)
        ask = control.send(stream.see(ask) if isinstance(ask, Look) else stream.search(ask, costs))
        if (now := ask.standing.shipped) != in_use:
            promoted.append((stream.accuracy(in_use), stream.accuracy(now)))
            in_use = dict(now)
    world.changed = True
    latent = stream.latent()
    fresh, *_ = run_whole(latent, stream.job(seed_prompts, list(islice(world.inputs(500_000), 120))))
    accuracies = {
        name: stream.accuracy(prompts)
        for name, prompts in (("stale", shipped), ("now", ask.standing.shipped), ("fresh", fresh.prompts))
    }
    return {
        "seed": seed,
        "drift": drift,
        "strength": strength,
        **accuracies,
        "calls": stream.calls,
        "searches": searches,
        "promoted": promoted,
        "fresh calls": latent.calls.total(),
        "told": [[one.window, one.state, one.what] for one in ask.standing.told],
    }


def table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what watches came to."""
    columns = ["drift", "strength", "streams", "stale", "watched", "fresh", "watched - fresh"]
    columns += ["calls", "fresh calls", "of them", "promoted: worse"]
    print(f"| {' | '.join(columns)} |")
    print("|---" * len(columns) + "|")
    for drift, strength, own in _kinds(rows):
        means = " | ".join(f"{fmean(row[key] for row in own):.3f}" for key in ("stale", "now", "fresh"))
        gaps = [row["now"] - row["fresh"] for row in own]
        calls, fresh = (fmean(row[key] for row in own) for key in ("calls", "fresh calls"))
        promoted = [one for row in own for one in row["promoted"]]
        worse = sum(after < before - 0.01 for before, after in promoted)
        costs = f"{calls:,.0f} | {fresh:,.0f} | {calls / fresh:.2f} | {worse} of {len(promoted)}"
        gap = f"{fmean(gaps):+.3f} ± {stdev(gaps) / len(gaps) ** 0.5:.3f}"
        print(f"| {drift} | {strength} | {len(own)} | {means} | {gap} | {costs} |")


def _kinds(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, list[Mapping[str, Any]]]]:
    for drift in DRIFTS:
        of_drift = [row for row in rows if row["drift"] == drift]
        for strength in STRENGTHS:
            if len(own := [row for row in of_drift if row["strength"] == strength]) > 1:
                yield drift, f"{strength}", own
        if len(of_drift) > 1:
            yield drift, "all", of_drift


def main() -> None:
    """Watch in worlds that are not recorded, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drifts", default="model,inputs")
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--plan", type=json.loads, default={}, help="of the watch, as JSON")
    parser.add_argument("--set", dest="sets", action="append", default=[], metavar="search.…=…")
    parser.add_argument("--records", type=Path)
    given = parser.parse_args()
    config = rivals(("default",), "ignore", tuple(given.sets))[0].config
    rows = []
    for drift in DRIFTS:
        for seed in range(given.first, given.first + given.worlds) if drift in given.drifts.split(",") else ():
            rows.append(recovered(seed, drift, STRENGTHS[seed % len(STRENGTHS)], Plan(**given.plan), config))
            keep(rows[-1], given.records)
    table(rows)


if __name__ == "__main__":
    main()
