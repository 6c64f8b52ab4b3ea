"""Conflicts between agents: how many are found, how many told are none. Searches on the latents, without texts.

    python -m benchmarks.conflicts [--graphs reflect] [--worlds 60] [--first 20000] [--inputs 120]
                                  [--set search.…=…]

Each world is searched four times: agents whose conventions may clash or not, with the default judge and with a dull
one. A world *holds* a conflict where in a round the true accuracy with the change of either of two agents that read
one another is above that of the anchor, and with both below it. A conflict that was told is *true* where both changes
together are truly worse than either alone. Truth is the expectation over the noise on 400 inputs that no search sees.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, product
from pathlib import Path
from statistics import fmean
from typing import Any, TypeAlias

from benchmarks.latents import Latent, keep, run_whole

from maspo.cli.arena import rivals
from maspo.config import RunConfig
from maspo.core.prompts import Prompts
from maspo.data.inputs import make_inputs
from maspo.events import ConflictFound
from maspo.optimizers.base import Ask, Compare
from maspo.optimizers.race.proof import PROVE
from maspo.study.job import Job
from maspo.study.resolve import team_of
from maspo.team.graph import Team
from maspo.world import World, WorldSpec
from maspo.world.world import FRESH, Simulation, world_key

Pair: TypeAlias = tuple[str, str, str]
"""A round, and two agents."""
Changed: TypeAlias = tuple[Prompts, Prompts]
"""An anchor, and what two agents change in it."""
Accuracies: TypeAlias = Mapping[str, float]
"""Of an anchor, of it with either of two changes, and with both."""

DULL = 0.3
INPUTS, TRUTH = 120, 400


class Truth:
    """The true accuracy of prompts; what was asked before is known."""

    def __init__(self, latent: Latent) -> None:
        self._latent, self._known = latent, dict[tuple[str, ...], float]()
        self._simulation = Simulation(latent.latents, latent.system)
        self._keys = [world_key(FRESH + number) for number in range(TRUTH)]

    def of(self, prompts: Prompts) -> float:
        """Return the true accuracy of prompts."""
        known = tuple(prompts[name] for name in self._latent.system.order)
        if known not in self._known:
            self._known[known] = self._simulation.expected(prompts, self._keys)
        return self._known[known]

    def of_pair(self, anchor: Prompts, changes: Prompts) -> Accuracies:
        """Return the true accuracy of an anchor, with either of two changes and with both."""
        one, other = ({**anchor, name: text} for name, text in changes.items())
        kinds = {"anchor": anchor, "one": one, "other": other, "both": {**anchor, **changes}}
        return {kind: self.of(prompts) for kind, prompts in kinds.items()}


def is_conflict(true: Mapping[str, float]) -> bool:
    """Say whether each change helps alone and both together harm."""
    return min(true["one"], true["other"]) > true["anchor"] > true["both"]


def is_true(true: Mapping[str, float]) -> bool:
    """Say whether both together are worse than either alone."""
    return true["both"] < min(true["one"], true["other"])


class Pairs:
    """What pairs of agents a search united and looked at, which it told of, and what each truly is."""

    def __init__(self, latent: Latent, team: Team) -> None:
        self.met, self.proven = dict[Pair, Changed](), dict[Pair, Changed]()
        self.told, self.proving = list[ConflictFound](), 0
        self._latent, self._team = latent, team
        self._anchors = dict[str, Prompts]()
        self._proof_since: int | None = None
        """Calls that had been made when a proof was asked for last."""

    def follow(self, ask: Ask) -> None:
        """Take note of what a search tells and asks for."""
        calls = self._latent.calls.total()
        if self._proof_since is not None:
            self.proving += calls - self._proof_since
        asked = [one for one in ask.requests if isinstance(one, Compare)]
        self._proof_since = calls if any(one.purpose == PROVE for one in asked) else None
        self.told += [event for event in ask.events if isinstance(event, ConflictFound)]
        for request in asked:
            if request.purpose in ("union", PROVE):
                self._note(request, self.met if request.purpose == "union" else self.proven)

    def _note(self, request: Compare, found: dict[Pair, Changed]) -> None:
        step = request.id.split("/")[0]
        anchor = self._anchors.setdefault(step, request.reference)
        after = {**request.reference, **request.changes}
        changes = {name: text for name, text in after.items() if text != anchor[name]}
        for one, other in combinations(sorted(changes), 2):
            if other in self._team.neighbours(one) and (step, one, other) not in found:
                pair = {name: changes[name] for name in (one, other)}
                found[step, one, other] = anchor, pair


def searched(graph: str, spec: WorldSpec, config: RunConfig, inputs: int = INPUTS) -> dict[str, Any]:
    """Return what a search came to in a world."""
    latent = Latent(World(spec), graph, labels=False)
    job = Job(latent.system, make_inputs(latent.world.inputs(inputs)), config.model_copy(update={"seed": spec.seed}))
    pairs = Pairs(latent, team_of(job))
    end, *_ = run_whole(latent, job, pairs.follow)
    truth = Truth(latent)
    met = {where: truth.of_pair(*pair) for where, pair in pairs.met.items() if spec.conflicts}
    told = [(one.step, min(one.agents), max(one.agents)) for one in pairs.told]
    return {
        "graph": graph,
        "seed": spec.seed,
        "conflicts": spec.conflicts,
        "dull": spec.judge_sharpness < 1,
        "met": [[*where, true] for where, true in met.items()],
        "proven": [list(where) for where in pairs.proven],
        "told": [[*where, truth.of_pair(*{**pairs.met, **pairs.proven}[where])] for where in told],
        "calls": latent.calls.total(),
        "proving": pairs.proving,
        "accuracy": truth.of({**latent.system.prompts, **end.prompts}),
    }


def holds_one(row: Mapping[str, Any]) -> bool:
    """Say whether a world holds a conflict: in some round."""
    return any(is_conflict(true) for *_, true in row["met"])


def table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what was found and told."""
    print("| graph | worlds | hold one, told | others, told | told, true of all | accuracy | calls | of proofs |")
    print("|---|---|---|---|---|---|---|---|")
    for graph, conflicts, dull in product(dict.fromkeys(row["graph"] for row in rows), (True, False), (False, True)):
        own = [row for row in rows if (row["graph"], row["conflicts"], row["dull"]) == (graph, conflicts, dull)]
        if not own:
            continue
        cells = []
        for holding in (True, False):
            of_kind = [row for row in own if holds_one(row) is holding]
            cells.append(f"{sum(bool(row['told']) for row in of_kind)} of {len(of_kind)}")
        told = [true for row in own for *_, true in row["told"]]
        cells.append(f"{sum(map(is_true, told))} of {len(told)}")
        cells += [f"{fmean(row['accuracy'] for row in own):.3f}"]
        cells += [f"{fmean(row[key] for row in own):,.0f}" for key in ("calls", "proving")]
        name = f"{len(own)} {'with' if conflicts else 'without'}{', dull judge' if dull else ''}"
        print(f"| {graph} | {name} | {' | '.join(cells)} |")


def main() -> None:
    """Search in worlds that are not recorded, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graphs", default="reflect")
    parser.add_argument("--worlds", type=int, default=60)
    parser.add_argument("--first", type=int, default=20_000)
    parser.add_argument("--inputs", type=int, default=INPUTS)
    parser.add_argument("--kinds", default="with,without,with dull,without dull")
    parser.add_argument("--set", dest="sets", action="append", default=[], metavar="search.…=…")
    parser.add_argument("--records", type=Path)
    given = parser.parse_args()
    config = rivals(("default",), "ignore", tuple(given.sets))[0].config
    rows: list[dict[str, Any]] = []
    seeds = range(given.first, given.first + given.worlds)
    for graph, kind, seed in product(given.graphs.split(","), given.kinds.split(","), seeds):
        spec = WorldSpec(seed=seed, conflicts="without" not in kind)
        spec = replace(spec, judge_sharpness=DULL) if "dull" in kind else spec
        rows.append(searched(graph, spec, config, given.inputs))
        keep(rows[-1], given.records)
    table(rows)


if __name__ == "__main__":
    main()
