"""The bars that the default search must reach on the arena: measured against bar, reached or short of it.

    python benchmarks/arena/bars.py [--out DIR] [--seeds 20] [--only calm,hard,…] [--jobs N]

Each part is one `maspo arena` with a folder of its own below --out, so a stopped measurement goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

from maspo.arena.records import Record

GRAPHS = ("reflect", "hierarchical")
HARD = ("dull judge", "bias 0.5", "unreadable")
NOTHING = ("no effect", "coin flip")
PARTS: Mapping[str, Sequence[str]] = {
    "calm": ("--graphs", ",".join(GRAPHS), "--profiles", "default,cheap", "--clock", "wall"),
    "labels": ("--graphs", ",".join(GRAPHS), "--labels", "use"),
    "hard": ("--graphs", ",".join(GRAPHS), "--worlds", ",".join(HARD)),
    "nothing": ("--worlds", ",".join(NOTHING)),
    "large": ("--graphs", "layered300", "--jobs", "1"),
}
"""The arguments of `maspo arena` by part."""
SEEDS: Mapping[str, int] = {"nothing": 5, "large": 0}
"""How many seeds a part has for each that is asked for (1 unless named), and at least one."""


@dataclass(frozen=True)
class Bar:
    """One demand: what was measured, and the least or the most that it may be."""

    name: str
    measured: float
    bound: float
    at_least: bool

    @property
    def reached(self) -> bool:
        """Whether the demand is met."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def __str__(self) -> str:
        word = "≥" if self.at_least else "≤"
        result = "reached" if self.reached else "SHORT"
        return f"{self.name:52}{self.measured:10.3f}   {word} {self.bound:<9g}{result}"


def at_least(name: str, measured: float, bound: float) -> Bar:
    return Bar(name, measured, bound, at_least=True)


def at_most(name: str, measured: float, bound: float) -> Bar:
    return Bar(name, measured, bound, at_least=False)


def mean(
    records: Sequence[Record], value: Callable[[Record], float], graph: str, world: str = "base", rival: str = "default"
) -> float:
    """Return the mean over the runs of one graph, world and rival."""
    return fmean(
        value(record) for record in records if (record.graph, record.world, record.rival) == (graph, world, rival)
    )


def shipped(record: Record) -> float:
    return record.shipped


def calls(record: Record) -> float:
    return record.all_calls


def gain(record: Record) -> float:
    return record.gain


def wall(record: Record) -> float:
    assert record.wall is not None
    return record.wall


def calm_bars(records: Sequence[Record]) -> list[Bar]:
    bars = []
    demands = {"reflect": (0.82, 2000, 84 / 4), "hierarchical": (0.81, 4000, 205 / 4)}
    for graph, (accuracy, most, seconds) in demands.items():
        bars.append(at_least(f"{graph}: true accuracy", mean(records, shipped, graph), accuracy))
        bars.append(at_most(f"{graph}: calls", mean(records, calls, graph), most))
        bars.append(at_most(f"{graph}: wall-clock, seconds", mean(records, wall, graph), seconds))
        cheap = partial(mean, records, graph=graph, rival="cheap")
        bars.append(at_least(f"{graph}, cheap: true accuracy", cheap(shipped), 0.70))
        bars.append(at_most(f"{graph}, cheap: calls", cheap(calls), 1000))
    return bars


def label_bars(records: Sequence[Record]) -> list[Bar]:
    demands = {"reflect": 0.86, "hierarchical": 0.85}
    return [
        at_least(f"{graph}, labels: true accuracy", mean(records, shipped, graph), accuracy)
        for graph, accuracy in demands.items()
    ]


def hard_bars(records: Sequence[Record], calm: Sequence[Record]) -> list[Bar]:
    return [
        at_least(
            f"{graph}, {world}: share of the calm gain",
            mean(records, gain, graph, world) / max(mean(calm, gain, graph), 1e-9),
            2 / 3,
        )
        for graph in GRAPHS
        for world in HARD
    ]


def claim_bars(records: Sequence[Record]) -> list[Bar]:
    claimed = fmean(record.verdict == "improved" for record in records)
    return [at_most(f"{', '.join(NOTHING)}: improved, of {len(records)} runs", claimed, 0.05)]


def large_bars(records: Sequence[Record]) -> list[Bar]:
    return [
        at_least("layered300: gain", min(map(gain, records)), 0.0),
        at_most("layered300: peak memory, MiB", max(record.peak_mb for record in records), 1000),
        at_most("layered300: own CPU, ms a call", max(record.own_ms for record in records), 2.0),
    ]


def all_bars(played: Mapping[str, Sequence[Record]]) -> list[Bar]:
    """Return the bars of the parts that were played."""
    bars: list[Bar] = []
    if "calm" in played:
        bars += calm_bars(played["calm"])
        bars += hard_bars(played["hard"], played["calm"]) if "hard" in played else []
    bars += label_bars(played["labels"]) if "labels" in played else []
    bars += claim_bars(played["nothing"]) if "nothing" in played else []
    bars += large_bars(played["large"]) if "large" in played else []
    everything = [record for records in played.values() for record in records]
    safe = fmean(record.gain >= -0.02 for record in everything)
    bars.append(at_least(f"gain of at least −0.02: share of {len(everything)} runs", safe, 0.99))
    bars.append(at_most("exact repeats at temperature 0", sum(record.repeats for record in everything), 0))
    return bars


def play(part: str, seeds: int, out: Path, jobs: int) -> list[Record]:
    """Play a part and return its records."""
    number = str(max(1, SEEDS.get(part, 1) * seeds))
    command = [sys.executable, "-m", "maspo", "arena", "--seeds", number, "--out", str(out / part)]
    subprocess.run([*command, "--jobs", str(jobs), *PARTS[part]], check=True, stdout=subprocess.DEVNULL)
    content = json.loads((out / part / "arena.json").read_text(encoding="utf-8"))
    return [Record(**record) for record in content["records"]]


def main() -> None:
    """Play the parts and print the bars."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("arena-bars"))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default=",".join(PARTS), help=f"of: {', '.join(PARTS)}")
    parser.add_argument("--jobs", type=int, default=0)
    given = parser.parse_args()
    chosen = [part for part in PARTS if part in given.only.split(",")]
    if not chosen:
        parser.error(f"--only {given.only}: expected some of {', '.join(PARTS)}")
    bars = all_bars({part: play(part, given.seeds, given.out, given.jobs) for part in chosen})
    print("\n".join(map(str, bars)))
    print(f"\n{sum(bar.reached for bar in bars)} of {len(bars)} bars reached")


if __name__ == "__main__":
    main()
