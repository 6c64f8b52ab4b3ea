"""Every method at equal calls on the arena: accuracy of each, and how far `default` is ahead of it on the same worlds.

    python benchmarks/arena/rivals.py [--out DIR] [--worlds 20] [--only A,B] [--parts P,Q] [--graphs G,H] [--jobs N]
        [--table]

Parts are labels ignored or used × 1,000 or 2,000 planned calls, each with a folder of records below --out, so a stopped
measurement goes on where it was. Methods without a plan of their own, as the paper's, have the calls as a cap. What a
search ended with is compared, whatever its own test said of it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean

from maspo.arena.play import play_all
from maspo.arena.programme import BASE, PRESETS, Programme
from maspo.arena.records import Record, RecordFile
from maspo.arena.summary import mean
from maspo.cli.arena import rivals
from maspo.core.errors import ConfigInvalid

GRAPHS = ("reflect", "hierarchical", "chain5")
CALLS = (1000, 2000)
LABELS = ("ignore", "use")
FIRST_SEED = 7000
"""Worlds that no search of ours was tuned on."""
INPUTS = 120
OURS = "default"
LEFT_OUT = ("cheap", "thorough")
"""Profiles of the same search with other plans."""
CLEAR = 2.0
"""Standard errors by which a paired difference must differ from 0."""


@dataclass(frozen=True)
class Part:
    """Runs at one number of calls, on one kind of evidence."""

    labels: str
    calls: int

    @property
    def name(self) -> str:
        """The folder of its records."""
        return f"{self.labels}-{self.calls}"

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
    parts: Sequence[Part], methods: Sequence[str], graphs: Sequence[str], worlds: int, out: Path, jobs: int
) -> None:
    """Play world by world, so that what is done early covers everything."""
    files = {part: RecordFile(out / part.name) for part in parts}
    for seed in range(FIRST_SEED, FIRST_SEED + worlds):
        matches = {
            match.key: (part, match) for part in parts for match in part.programme(methods, graphs, seed).matches()
        }
        missing = [match for key, (part, match) in matches.items() if key not in files[part].by_key]
        for record in play_all(missing, jobs) if missing else ():
            files[matches[record.key][0]].add(record)
        print(f"world {seed - FIRST_SEED + 1} of {worlds}", file=sys.stderr, flush=True)


def table(part: Part, methods: Sequence[str], out: Path) -> str:
    """Return the table of a part as Markdown; only worlds that both have played are paired."""
    found: defaultdict[tuple[str, str], dict[int, Record]] = defaultdict(dict)
    for record in RecordFile(out / part.name).by_key.values():
        found[record.graph, record.rival][record.seed] = record
    lines = [
        f"{'Labels decide' if part.labels == 'use' else 'Label-free'}, {part.calls:,} calls",
        "",
        "| method | " + " | ".join(f"{graph} | default ahead by ± SE | calls" for graph in GRAPHS) + " |",
        "|---|" + "---|---|---|" * len(GRAPHS),
    ]
    for method in methods:
        cells = []
        for graph in GRAPHS:
            ours, theirs = found[graph, OURS], found[graph, method]
            if not theirs:
                cells.append("– | – | –")
                continue
            reached = fmean(record.winners for record in theirs.values())
            calls = fmean(record.all_calls for record in theirs.values())
            both = sorted(ours.keys() & theirs.keys())
            ahead = ""
            if method != OURS and both:
                paired = mean([ours[seed].winners - theirs[seed].winners for seed in both])
                clear = paired.value >= CLEAR * paired.error
                behind = paired.value <= -CLEAR * paired.error
                said = "" if clear else ", behind" if behind else ", not clear"
                ahead = f"{paired.value:+.3f} ± {paired.error:.3f}{said}"
            cells.append(f"{reached:.3f} | {ahead} | {calls:,.0f}")
        lines.append(f"| `{method}` | " + " | ".join(cells) + " |")
    worlds = {graph: len(found[graph, OURS]) for graph in GRAPHS}
    seeds = fmean(record.seed_accuracy for graph in GRAPHS for record in found[graph, OURS].values() or ())
    lines += ["", f"worlds: {worlds}; seed prompts {seeds:.3f} on average"]
    return "\n".join(lines)


def main() -> None:
    """Play what is missing and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("arena-rivals"))
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--only", default="", help="methods, the first of them compared with the others")
    parser.add_argument("--parts", default=",".join(part.name for part in PARTS))
    parser.add_argument("--graphs", default=",".join(GRAPHS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--table", action="store_true", help="play nothing, print what is recorded")
    given = parser.parse_args()
    known = [name for name in PRESETS if name not in LEFT_OUT]
    methods = [name for name in given.only.split(",") if name] or known
    if unknown := [name for name in methods if name not in PRESETS]:
        parser.error(f"--only {unknown[0]}: expected some of {', '.join(PRESETS)}")
    parts = [part for part in PARTS if part.name in given.parts.split(",")]
    if not given.table:
        play(parts, methods, given.graphs.split(","), given.worlds, given.out, given.jobs)
    print("\n\n".join(table(part, methods, given.out) for part in parts))


if __name__ == "__main__":
    main()
