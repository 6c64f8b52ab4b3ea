"""Calibration of the simulated world: neither trivial nor hopeless, and local appeal is no way up.

Prints, per topology and world seed, the true accuracy of the seed prompts, of nearly optimal prompts and of two naive
hill climbs of equal budget that differ in one thing: which outputs the judge compares. Then what single sentences move.

    python benchmarks/world_calibration.py [--worlds 12] [--rounds 80] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from maspo.models.base import JUDGE_GLOBAL, JUDGE_LOCAL, Message, Request
from maspo.team import System
from maspo.world import World, WorldSpec
from maspo.world.catalogue import CATALOGUE, Kind, add
from maspo.world.outputs import sections

TOPOLOGIES = ("reflect", "hierarchical", "sequential4")
BATCH = 20
"""Inputs on which a candidate is compared."""
SHOWN = 4
"""Traces shown to the proposer."""
POOL = 200


@dataclass(frozen=True)
class Row:
    """True accuracies in one world."""

    topology: str
    world: int
    seed: float
    optimum: float
    local_only: float
    global_only: float


class Team:
    """Runs a system through the world's texts."""

    def __init__(self, world: World, system: System) -> None:
        self.world = world
        self.system = system
        self.texts = [str(row["input"]) for row in world.inputs(POOL)]
        self._replies: dict[tuple[str, str], str] = {}

    def run(self, prompts: Mapping[str, str], text: str) -> dict[str, str]:
        """Return the output of each agent on an input."""
        outputs: dict[str, str] = {}
        for name in self.system.order:
            reads = self.system.by_name[name].reads
            labelled = [f"Output of {read}:\n{outputs[read]}" for read in reads]
            user = "\n\n".join([f"Input:\n{text}", *labelled]) if reads else text
            place = (prompts[name], user)
            if place not in self._replies:
                messages = (Message("system", prompts[name]), Message("user", user))
                self._replies[place] = self.world.reply(Request("world", messages, "agent", name)).text
            outputs[name] = self._replies[place]
        return outputs


def climb(team: Team, purpose: str, rounds: int) -> dict[str, str]:
    """Take a draft when the judge prefers it on a batch: by the agent's own output, or by the final one."""
    prompts = dict(team.system.prompts)
    for number in range(rounds):
        name = team.system.order[number % len(team.system.order)]
        texts = [team.texts[(number * BATCH + offset) % POOL] for offset in range(BATCH)]
        draft = _draft(team, prompts, name, texts[:SHOWN], str(number))
        compared = name if purpose == JUDGE_LOCAL else team.system.output
        score = [_verdict(team, purpose, compared, (prompts, {**prompts, name: draft}), text) for text in texts]
        decided = sum(map(abs, score))
        if sum(score) > 0.5 * decided**0.5:
            prompts[name] = draft
    return prompts


def _draft(team: Team, prompts: Mapping[str, str], name: str, texts: list[str], draw: str) -> str:
    traces = "".join(f"<trace><output>{team.run(prompts, text)[name]}</output></trace>" for text in texts)
    content = f"<current_prompt>{prompts[name]}</current_prompt>{traces}<count>1</count>"
    request = Request("world", (Message("user", content),), "proposer", name, temperature=0.7, identity=draw)
    return sections(team.world.reply(request).text, "prompt")[0]


def _verdict(
    team: Team, purpose: str, compared: str, pair: tuple[Mapping[str, str], Mapping[str, str]], text: str
) -> int:
    before, after = (team.run(prompts, text)[compared] for prompts in pair)
    if before == after or (purpose == JUDGE_GLOBAL and _answer(before) == _answer(after)):
        return 0
    swapped = sum(text.encode()) % 2 == 1
    first, second = (after, before) if swapped else (before, after)
    content = f"<output_1>{first}</output_1><output_2>{second}</output_2>"
    reply = team.world.reply(Request("world", (Message("user", content),), purpose)).text
    verdict = sections(reply, "verdict")[-1]
    if verdict == "tie":
        return 0
    return 1 if (verdict == "1") == swapped else -1


def _answer(text: str) -> str:
    return sections(text, "answer")[-1]


def measure(topology: str, number: int, rounds: int) -> Row:
    world = World(WorldSpec(seed=number))
    system = world.system(topology)
    team = Team(world, system)
    return Row(
        topology,
        number,
        world.accuracy(system, {}),
        world.best_accuracy(system),
        world.accuracy(system, climb(team, JUDGE_LOCAL, rounds)),
        world.accuracy(system, climb(team, JUDGE_GLOBAL, rounds)),
    )


def sentence_effects(worlds: int) -> dict[str, list[float]]:
    """Return by kind the change of accuracy that one sentence makes in one agent of a seed system."""
    moved: dict[str, list[float]] = {kind: [] for kind in Kind}
    for number in range(worlds):
        world = World(WorldSpec(seed=number))
        system = world.system("reflect")
        seed = world.accuracy(system, {}, 1000)
        for name in system.order:
            for sentence in CATALOGUE:
                changed = {name: add(system.prompts[name], sentence)}
                moved[sentence.kind].append(world.accuracy(system, changed, 1000) - seed)
    return moved


def main() -> None:
    parser = argparse.ArgumentParser(description="Calibration of the simulated world.")
    parser.add_argument("--worlds", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measure(topology, number, options.rounds) for topology in TOPOLOGIES for number in range(options.worlds)]
    if options.json:
        print(json.dumps([asdict(row) for row in rows]))
        return
    print(f"{'topology':14}{'world':>6}{'seed':>8}{'optimum':>9}{'local':>8}{'global':>8}")
    for row in rows:
        print(f"{row.topology:14}{row.world:6}", end="")
        print(f"{row.seed:8.3f}{row.optimum:9.3f}{row.local_only:8.3f}{row.global_only:8.3f}")
    for topology in TOPOLOGIES:
        mine = [row for row in rows if row.topology == topology]
        columns = zip(*((row.seed, row.optimum, row.local_only, row.global_only) for row in mine), strict=True)
        means = [statistics.mean(column) for column in columns]
        print(f"{topology:14}{'mean':>6}{means[0]:8.3f}{means[1]:9.3f}{means[2]:8.3f}{means[3]:8.3f}")
    print(f"\n{'one sentence moves accuracy by (points)':40}{'p10':>7}{'median':>8}{'p90':>7}{'n':>6}")
    for kind, moved in sentence_effects(options.worlds).items():
        tenths = statistics.quantiles([100 * amount for amount in moved], n=10)
        print(f"{kind:40}{tenths[0]:7.1f}{tenths[4]:8.1f}{tenths[8]:7.1f}{len(moved):6}")


if __name__ == "__main__":
    main()
