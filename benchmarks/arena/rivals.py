"""Every method at equal calls on the arena: accuracy of each, and how far `default` is ahead of it on the same worlds.

    python -m benchmarks.arena.rivals [--out DIR] [--worlds 20] [--only A,B] [--parts P,Q] [--graphs G,H] [--jobs N]
        [--first-seed 151000] [--latents] [--smaller] [--table]

Parts are labels ignored or used × 1,000 or 2,000 planned calls, each with a folder of records below --out, so a stopped
measurement goes on where it was. Methods without a plan of their own, as the paper's, have the calls as a cap. What a
search ended with is compared, whatever its own test said of it.

Of one plan methods take more or less: most end where a step no longer fits, `default` ends a round that it began. So
--smaller also plays `default` by smaller plans, and the table (--table) pairs a method with a `default` that took as
many calls on average: one that is played by either of two plans, more often by the one that takes about as many.

With --latents searches are driven by what the world knows, without texts, records and calls in flight
(`benchmarks/latents.py`), in a fifth of the time; differences between methods agree. The table is printed as it stands
in docs/baselines.md. It pairs a method with `default` played in the same way, the one of which there are more worlds,
and has their number in each cell: a method that is clearly behind need not be played on as many (--only, fewer
--worlds, the same --out).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import TypeAlias

from benchmarks.latents import Latent, search

from maspo.arena.play import play_all
from maspo.arena.programme import BASE, RIVALS, Match, Programme
from maspo.arena.records import Record, RecordFile
from maspo.arena.summary import mean
from maspo.cli.arena import rivals
from maspo.core.errors import ConfigInvalid
from maspo.world import World

GRAPHS = ("reflect", "hierarchical", "chain5")
CALLS = (1000, 2000)
LABELS = ("ignore", "use")
SMALLER = (*range(300, 1000, 100), *range(1200, 2000, 200))
"""Plans by which `default` is played besides, to be compared at the calls that were really taken."""
FIRST_SEED = 151000
"""Worlds that nothing was tuned on, and that no measurement before this one has used."""
INPUTS = 120
OURS = "default"
LEFT_OUT = ("cheap", "thorough")
"""Profiles of the same search with other plans."""
LATENTS = "-latents"
"""What the name of a folder of records ends with that were played without texts."""
CLEAR = 2.0
"""Standard errors by which a paired difference must differ from 0."""
FEWEST = 3
"""Worlds with which a standard error says something."""


@dataclass(frozen=True)
class Part:
    """Runs at one number of calls, on one kind of evidence."""

    labels: str
    calls: int

    @property
    def name(self) -> str:
        """The folder of its records."""
        return f"{self.labels}-{self.calls}"

    @classmethod
    def named(cls, name: str) -> Part:
        """Return the part that a folder of records is named by.

        Raises:
            ValueError: no part is named so.

        """
        labels, _, calls = name.partition("-")
        if labels not in LABELS or not calls.isdigit():
            raise ValueError(f"part {name!r}: expected {' or '.join(LABELS)}, a hyphen and a number of calls")
        return cls(labels, int(calls))

    def programme(self, methods: Sequence[str], graphs: Sequence[str], seed: int) -> Programme:
        """Return what is played in one world."""
        found = []
        for method in methods:
            try:
                found += rivals([method], self.labels, (f"search.calls={self.calls}",))
            except ConfigInvalid:  # it has no plan
                found += rivals([method], self.labels, (f"caps.calls={self.calls}",))
        return Programme(graphs, (BASE,), found, range(seed, seed + 1), INPUTS, ("none",))


PARTS = tuple(Part(labels, calls) for labels, calls in product(LABELS, CALLS))


def play(
    parts: Sequence[Part], methods: Sequence[str], graphs: Sequence[str], seeds: range, out: Path, jobs: int
) -> None:
    """Play world by world, so that what is done early covers everything."""
    files = {part: RecordFile(out / part.name) for part in parts}
    for number, seed in enumerate(seeds, 1):
        matches = {
            match.key: (part, match) for part in parts for match in part.programme(methods, graphs, seed).matches()
        }
        missing = [match for key, (part, match) in matches.items() if key not in files[part].by_key]
        for record in play_all(missing, jobs) if missing else ():
            files[matches[record.key][0]].add(record)
        print(f"world {number} of {len(seeds)}", file=sys.stderr, flush=True)


def play_latents(parts: Sequence[Part], methods: Sequence[str], graphs: Sequence[str], seeds: range, out: Path) -> None:
    """Play searches without texts, world by world, in this process."""
    files = {part: RecordFile(out / f"{part.name}{LATENTS}") for part in parts}
    known = {(one.graph, one.seed): one.seed_accuracy for file in files.values() for one in file.by_key.values()}
    for number, seed in enumerate(seeds, 1):
        for part in parts:
            for match in part.programme(methods, graphs, seed).matches():
                if match.key not in files[part].by_key:
                    record = of_latents(match, known.get((match.graph, seed)))
                    known[match.graph, seed] = record.seed_accuracy
                    files[part].add(record)
        print(f"world {number} of {len(seeds)}", file=sys.stderr, flush=True)


def of_latents(match: Match, before: float | None) -> Record:
    """Play one search without texts; ``before`` is the accuracy of the seed prompts where it is known."""
    began = time.process_time()
    latent = Latent(World(match.spec), match.graph, match.config.labels == "use")
    ended = search(latent, match.config, match.inputs)
    won = latent.world.accuracy(latent.system, ended.prompts)
    return Record(
        key=match.key,
        graph=match.graph,
        world=match.world,
        rival=match.rival.name,
        without=match.rival.without,
        labels=match.config.labels,
        seed=match.seed,
        winners=won,
        shipped=won,
        verdict="",
        changed=True,
        calls=dict(latent.calls),
        repeats=0,
        conflicts=0,
        tokens_in=0,
        tokens_out=0,
        own_ms=0.0,
        peak_mb=0.0,
        depth=None,
        wall=None,
        seconds=time.process_time() - began,
        seed_accuracy=latent.world.accuracy(latent.system, {}) if before is None else before,
    )


Place: TypeAlias = tuple[str, str]
"""A graph and a method."""
Worlds: TypeAlias = Mapping[int, Record]
"""Records by the seed of their world."""


def table(part: Part, methods: Sequence[str], out: Path) -> str:
    """Return the table of a part as Markdown; only worlds that both have played, in the same way, are paired."""
    ways = [
        Way(part, {other.calls: by_place(folder) for other, folder in played_parts(out, part.labels, end)})
        for end in ("", LATENTS)
    ]
    seeds = {(one.graph, seed): one.seed_accuracy for way in ways for _, seed, one in way.records()}
    lines = [
        f"{'Labels decide' if part.labels == 'use' else 'Label-free'}, {part.calls:,} planned calls (seed prompts "
        f"{fmean(seeds.values() or [0]):.3f} on average):",
        "",
        "| method | " + " | ".join(f"`{graph}` | `default` ahead" for graph in GRAPHS) + " |",
        "|---|" + "---|---|" * len(GRAPHS),
    ]
    equally = []
    for method in methods:
        cells = []
        for graph in GRAPHS:
            way = max(ways, key=lambda way: len(way.worlds(graph, method).keys() & way.worlds(graph, OURS).keys()))
            theirs, level = way.worlds(graph, method), way.level(graph, method)
            if method != OURS:
                ours = {seed: one.winners for seed, one in way.worlds(graph, OURS).items()}
                equally.append(ahead_of(theirs, ours))
            cells.append(
                f"{reached(theirs)} | {f'({len(theirs)})' if method == OURS else told(ahead_of(theirs, level))}"
            )
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    return "\n".join((*lines, "", of_one_plan(equally)))


def played_parts(out: Path, labels: str, end: str) -> list[tuple[Part, Path]]:
    """Return the parts of one kind of evidence that have records, with their folders."""
    found = []
    for folder in sorted(out.glob(f"{labels}-*{end}")):
        name = folder.name.removesuffix(end)
        if name.partition("-")[2].isdigit():
            found.append((Part.named(name), folder))
    return found


@dataclass(frozen=True)
class Way:
    """What was played with texts, or without: by planned calls, graph and method."""

    part: Part
    plans: Mapping[int, Mapping[Place, Worlds]]

    def records(self) -> list[tuple[Place, int, Record]]:
        """Return the records of the part itself."""
        places = self.plans.get(self.part.calls, {})
        return [(place, seed, one) for place, worlds in places.items() for seed, one in worlds.items()]

    def worlds(self, graph: str, method: str) -> Worlds:
        """Return the records of a method by the plan of the part."""
        return self.plans.get(self.part.calls, {}).get((graph, method), {})

    def level(self, graph: str, method: str) -> Mapping[int, float]:
        """Return what `default` reaches in each world with as many calls as a method took on average.

        It is as if one of two plans were drawn: the largest that took no more, and the next one, up to that of the
        part. Nothing where every plan took more.
        """
        theirs = self.worlds(graph, method)
        plans = [self.plans[calls].get((graph, OURS), {}) for calls in sorted(self.plans) if calls <= self.part.calls]
        plans = [ours for ours in plans if len(ours.keys() & theirs.keys()) >= FEWEST]
        if not plans:
            return {}
        both = sorted(set(theirs).intersection(*plans))
        spent, wanted = [taken(ours[seed] for seed in both) for ours in plans], taken(theirs[seed] for seed in both)
        lower = max((place for place, calls in enumerate(spent) if calls <= wanted), default=None)
        if lower is None:
            return {}
        upper = min(lower + 1, len(plans) - 1)
        share = (wanted - spent[lower]) / (spent[upper] - spent[lower]) if upper > lower else 0.0
        return {seed: (1 - share) * plans[lower][seed].winners + share * plans[upper][seed].winners for seed in both}


def taken(records: Iterable[Record]) -> float:
    """Return how many calls were taken on average."""
    return fmean(record.all_calls for record in records)


def reached(worlds: Worlds) -> str:
    """Return the accuracy that a method reached, and the calls that it took."""
    if not worlds:
        return "–"
    return f"{fmean(record.winners for record in worlds.values()):.3f}, {taken(worlds.values()):,.0f} calls"


def ahead_of(theirs: Worlds, ours: Mapping[int, float]) -> list[float]:
    """Return by how much `default` is ahead in each world that both have played."""
    return [ours[seed] - theirs[seed].winners for seed in sorted(ours.keys() & theirs.keys())]


def of_one_plan(differences: Sequence[Sequence[float]]) -> str:
    """Return how `default` stands where both have the same plan, whatever calls they took of it."""
    found = [mean(one) for one in differences if len(one) >= FEWEST]
    clear = sum(one.value >= CLEAR * (one.error or 0.0) for one in found)
    return f"By the same plan `default` is clearly ahead in {clear} of {len(found)} pairs."


def by_place(folder: Path) -> Mapping[Place, Worlds]:
    """Return the records in a folder by graph and method, each by its seed."""
    found: defaultdict[Place, dict[int, Record]] = defaultdict(dict)
    for record in RecordFile(folder).by_key.values():
        found[record.graph, record.rival][record.seed] = record
    return dict(found)


def told(ahead: Sequence[float]) -> str:
    """Return by how much `default` is ahead, whether that is clear, and on how many worlds."""
    if len(ahead) < FEWEST:
        return "–"
    paired = mean(ahead)
    clear = abs(paired.value) >= CLEAR * (paired.error or 0.0)
    said = ", not clear" if not clear else ", **behind**" if paired.value < 0 else ""
    return f"{paired.as_text('+')}{said} ({len(ahead)})"


def main() -> None:
    """Play what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("arena-rivals"))
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--only", default="", help="methods to play or to print")
    parser.add_argument("--parts", default=",".join(part.name for part in PARTS))
    parser.add_argument("--graphs", default=",".join(GRAPHS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--latents", action="store_true", help="play without texts, in this process")
    parser.add_argument(
        "--smaller", action="store_true", help="play `default` alone, by plans smaller than those of the parts"
    )
    parser.add_argument("--table", action="store_true", help="play nothing, print what is recorded")
    given = parser.parse_args()
    known = [name for name in RIVALS if name not in LEFT_OUT]
    methods = [name for name in given.only.split(",") if name] or known
    if unknown := [name for name in methods if name not in RIVALS]:
        parser.error(f"--only {unknown[0]}: expected some of {', '.join(RIVALS)}")
    try:
        parts = [Part.named(name) for name in given.parts.split(",")]
    except ValueError as error:
        parser.error(str(error))
    graphs, seeds = given.graphs.split(","), range(given.first_seed, given.first_seed + given.worlds)
    played = parts
    if given.smaller:
        methods = [OURS]
        played = [Part(part.labels, calls) for part in parts for calls in SMALLER if calls < part.calls]
        played = list(dict.fromkeys(played))
    if given.latents:
        play_latents(played, methods, graphs, seeds, given.out)
    elif not given.table:
        play(played, methods, graphs, seeds, given.out, given.jobs)
    print("\n\n".join(table(part, methods, given.out) for part in parts))


if __name__ == "__main__":
    main()
