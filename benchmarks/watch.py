"""What a watch tells and does on streams in which something changes: false alarms, delays, recovery, promotions.

    python benchmarks/watch.py [--first 0] [--worlds 4] [--streams 100] [--records FILE] [--part delays|words|recovery]

`delays`: in each world, windows are looked at by the real watch before and after changes of three kinds at five
strengths; streams are drawn from these windows, with a change after the twelfth (`--before`). An oracle knows the
distributions of all numbers before and after: CUSUM of their log-likelihood ratios, with the threshold that rings
falsely once in 1,000 windows.
`words`: streams of inputs alone, which take no calls, looked at with either set of bets (`maspo.online.plan`):
how soon weak changes of the inputs are told of by what they speak of. `recovery`: one whole watch a world, with
searches and canaries, beside a fresh search from the seed prompts in the changed world; whatever is promoted is
measured in the world of that moment, beside what it replaced.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count, islice
from math import log
from pathlib import Path
from statistics import fmean, median, quantiles, stdev
from typing import Any

from maspo.config import RunConfig
from maspo.core.prompts import Prompts
from maspo.data.inputs import Inputs, make_inputs
from maspo.models.base import ModelClient
from maspo.online.control import STREAMS, Standing
from maspo.online.measures import Vocabulary
from maspo.online.plan import BETS, Plan
from maspo.online.record import WindowSeen
from maspo.online.sources import Called
from maspo.online.watching import DATABASE, Screen, Surroundings, Watch, watch
from maspo.stats.drift import Bets, Detector, Streams, bets_on_losses
from maspo.store import RunStore
from maspo.study.job import Job
from maspo.team import System
from maspo.testing.drifting import DRIFTS, Drift, DriftingWorld
from maspo.testing.runs import Counted, begin

STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
GRAPH = "reflect"
BEFORE, AFTER = 30, 30
"""Windows of each world that are looked at before a change and after it."""
CHANGED_AFTER = 12
"""Windows of a stream before the change."""
WATCHED = 40
"""Windows of a whole watch after the change."""
LONGEST = 100
"""Windows after the change in which an alarm may ring."""
NEVER = 10**300
MOVED: Mapping[Drift, tuple[str, ...]] = {
    "inputs": ("lengths", "words", "replies", "anchor"),
    "judge": ("anchor", "judge"),
    "model": ("replies", "anchor", "model"),
}
"""The streams that a change can move; in others differences are chance, and an oracle that went by them would cheat."""
Seen = Mapping[str, Any]


# ── windows, looked at by the real watch ─────────────────────────────────────────────────────────────────────────────


def config_of(seed: int) -> RunConfig:
    return RunConfig.model_validate({"seed": seed, "models": {"agent": "simulated"}})


def searched(world: DriftingWorld, system: System, start: int) -> tuple[Prompts, int]:
    """Return what a search ends with on inputs of the world as it is now, and its calls."""
    job = Job(system, make_inputs(list(islice(world.inputs(start), 120))), config_of(world.seed))
    model = Counted(world)
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(begin(job, Path(folder) / "run", model))
    assert outcome.finished is not None
    return outcome.finished.winners, model.calls


def with_prompts(system: System, prompts: Prompts) -> System:
    return replace(system, agents=tuple(replace(one, prompt=prompts[one.name]) for one in system.agents))


def watched(
    world: DriftingWorld,
    shipped: Prompts,
    plan: Plan,
    before: int,
    after: int,
    state: Path,
    screen: Screen = lambda _: None,
) -> tuple[Standing, list[WindowSeen]]:
    """Watch a stream of windows before and after a change; return where the watch stands, and what it saw."""
    system, stream, number = world.world.system(GRAPH), world.inputs(10_000), count(1)

    def source() -> list[Mapping[str, object]] | None:
        window = next(number)
        world.changed = window > before
        return None if window > before + after else list(islice(stream, plan.window))

    @asynccontextmanager
    async def provide(_job: Job, _run: str) -> AsyncIterator[ModelClient]:
        yield world

    job = Job(with_prompts(system, shipped), Inputs(()), config_of(world.seed))
    given = Watch(job, system.prompts, plan)
    end = asyncio.run(watch(given, Called(source), state, Surroundings(provider=provide, screen=screen)))
    store = RunStore.read(state / DATABASE)
    seen = [entry.item for entry in store.read_since() if isinstance(entry.item, WindowSeen)]
    store.close_reader()
    return end, seen


def windows_of(seed: int) -> Iterator[dict[str, Any]]:
    """Yield what windows of a world show, before any change and after each."""
    world = DriftingWorld(seed)
    system = world.world.system(GRAPH)
    shipped, _ = searched(world, system, 1000)
    for drift, strength in [("none", 0.0), *((drift, strength) for drift in DRIFTS for strength in STRENGTHS)]:
        changing = DriftingWorld(seed, None if drift == "none" else drift, strength)  # type: ignore[arg-type]
        quiet, later = (BEFORE, 0) if drift == "none" else (2, AFTER)
        with tempfile.TemporaryDirectory() as folder:
            _, seen = watched(changing, shipped, Plan(windows_per_alarm=NEVER), quiet, later, Path(folder) / "state")
        told = seen[1:] if drift == "none" else seen[quiet:]
        rows = [{"scores": one.scores, "against": one.against_anchor} for one in told]
        yield {"part": "delays", "seed": seed, "drift": drift, "strength": strength, "windows": rows}


# ── streams drawn from them ──────────────────────────────────────────────────────────────────────────────────────────


def alarm_after(stream: Iterator[Seen], chance: random.Random, rate: int) -> int | None:
    """Return after which window the watch rings, None where the stream ends first. As ``maspo.online.control`` does."""
    found, worse = Streams(STREAMS, BETS[Plan().bets]), Detector()
    for number, one in enumerate(stream, start=1):
        found.step(one["scores"], (chance.random() for _ in count()))
        worse = worse.after(bets_on_losses(one["against"]) if one["against"] else ())
        if (found.evidence() + worse.evidence) / 2 >= rate:
            return number
    return None


class Oracle:
    """Knows what a change moves, and how these numbers are distributed before and after it."""

    def __init__(self, drift: Drift, before: Sequence[Seen], after: Sequence[Seen]) -> None:
        self._edges: dict[str, list[float]] = {}
        self._logs: dict[str, dict[int, float]] = {}
        for name in MOVED[drift]:
            old, new = ([score for one in side for score in one["scores"].get(name, ())] for side in (before, after))
            if not old or not new:
                continue
            values = sorted(set(old + new))
            edges = values if len(values) <= 8 else quantiles(old + new, n=12)
            self._edges[name] = edges
            shares = [
                {place: (cells[place] + 0.5) / (len(side) + 0.5 * (len(edges) + 1)) for place in range(len(edges) + 1)}
                for side in (old, new)
                for cells in [Counter(bisect_right(edges, score) for score in side)]
            ]
            self._logs[name] = {place: log(shares[1][place] / shares[0][place]) for place in shares[0]}

    def ratio(self, one: Seen) -> float:
        """Return the log-likelihood ratio of a window."""
        return sum(
            self._logs[name][bisect_right(edges, score)]
            for name, edges in self._edges.items()
            for score in one["scores"].get(name, ())
        )


def ring(ratios: Iterator[float], threshold: float) -> int | None:
    """Return after which window a CUSUM reaches a threshold."""
    value = 0.0
    for number, ratio in enumerate(ratios, start=1):
        value = max(0.0, value) + ratio
        if value >= threshold:
            return number
    return None


def threshold_for(ratios: Sequence[float], chance: random.Random, rate: int) -> float:
    """Return the threshold at which a CUSUM rings once in so many windows while nothing changes."""
    low, high = 0.0, 30.0
    for _ in range(12):
        middle = (low + high) / 2
        lengths = [ring((chance.choice(ratios) for _ in range(10 * rate)), middle) or 10 * rate for _ in range(12)]
        low, high = (middle, high) if fmean(lengths) < rate else (low, middle)
    return high


def delays(rows: Sequence[Mapping[str, Any]], streams: int, rate: int, before: int) -> None:
    """Print false alarms and delays."""
    chance = random.Random(1)
    seeds = sorted({row["seed"] for row in rows})
    quiet = {row["seed"]: row["windows"] for row in rows if row["drift"] == "none"}
    alarms = windows = 0
    for number in range(streams):
        pool = quiet[seeds[number % len(seeds)]]
        rung = alarm_after((chance.choice(pool) for _ in range(200)), chance, rate)
        alarms, windows = alarms + (rung is not None), windows + (rung or 200)
    print(f"nothing changes: {alarms} false alarms in {windows:,} windows (stated: at most 1 in {rate:,})\n")
    print("| drift | strength | told within 100 windows | median delay | mean | oracle: median | mean |")
    print("|---|---|---|---|---|---|---|")
    for drift in DRIFTS:
        for strength in STRENGTHS:
            found: list[int | None] = []
            best: list[int] = []
            pools = {r["seed"]: r["windows"] for r in rows if r["drift"] == drift and r["strength"] == strength}
            oracles = {}
            for seed in seeds:
                oracle = Oracle(drift, quiet[seed], pools[seed])
                ratios = [oracle.ratio(one) for one in quiet[seed]]
                oracles[seed] = oracle, threshold_for(ratios, chance, rate)
            for number in range(streams):
                seed = seeds[number % len(seeds)]
                stream = [chance.choice(quiet[seed]) for _ in range(before)]
                stream += [chance.choice(pools[seed]) for _ in range(LONGEST)]
                rung = alarm_after(iter(stream), chance, rate)
                found.append(None if rung is None or rung <= before else rung - before)
                oracle, threshold = oracles[seed]
                told = ring(map(oracle.ratio, stream[before:]), threshold)
                best.append(told or LONGEST)
            late = [LONGEST if one is None else one for one in found]
            told_at_all = sum(one is not None for one in found)
            print(
                f"| {drift} | {strength} | {told_at_all} of {streams} | {median(late):.0f} | {fmean(late):.1f} "
                f"| {median(best):.0f} | {fmean(best):.1f} |"
            )


# ── inputs alone ─────────────────────────────────────────────────────────────────────────────────────────────────────


def words_of_windows(seed: int, strength: float, start: int) -> list[tuple[float, ...]]:
    """Return how unexpected the words of inputs are, window by window, in a world whose inputs have so far changed."""
    quiet, world = DriftingWorld(seed), DriftingWorld(seed, "inputs", strength)
    world.changed, size = strength > 0, Plan().window
    vocabulary = Vocabulary(str(row["input"]) for row in islice(quiet.inputs(10_000), size))
    texts = (str(row["input"]) for row in world.inputs(start))
    return [tuple(map(vocabulary.surprise, islice(texts, size))) for _ in range(AFTER // 2)]


def told_by_words(seeds: Sequence[int], streams: int, rate: int) -> None:
    """Print how soon a weak change of the inputs is told of by their words, by the bets that evidence is made of."""
    print("| strength | bets | told within 60 windows | median delay | before the change |\n|---|---|---|---|---|")
    for strength in STRENGTHS[:2]:
        windows = {s: (words_of_windows(s, 0.0, 20_000), words_of_windows(s, strength, 30_000)) for s in seeds}
        chance = random.Random(1)
        drawn = []
        for number in range(streams):
            before, after = windows[seeds[number % len(seeds)]]
            drawn.append([*chance.choices(before, k=CHANGED_AFTER), *chance.choices(after, k=60)])
        for name, bets in BETS.items():
            rung = [_rung_by_words(stream, bets, rate) for stream in drawn]
            late = [one - CHANGED_AFTER for one in rung if one is not None and one > CHANGED_AFTER]
            early = sum(one is not None and one <= CHANGED_AFTER for one in rung)
            middle = sorted([*late, *[NEVER] * (streams - len(late))])[streams // 2]
            delay = "none" if middle == NEVER else middle
            print(f"| {strength} | {name} | {len(late)} of {streams} | {delay} | {early} |", flush=True)


def _rung_by_words(stream: Sequence[tuple[float, ...]], bets: Mapping[str, Bets], rate: int) -> int | None:
    chance, found = random.Random(2), Streams(STREAMS, bets)
    for number, scores in enumerate(stream, start=1):
        found.step({"words": scores}, (chance.random() for _ in count()))
        if found.evidence() / 2 >= rate:
            return number
    return None


# ── whole watches ────────────────────────────────────────────────────────────────────────────────────────────────────


def recovered(seed: int, drift: Drift, strength: float) -> dict[str, Any]:
    """Watch a change to its end, and search afresh in the changed world; return what either came to."""
    world = DriftingWorld(seed, drift, strength)
    system = world.world.system(GRAPH)
    shipped, _ = searched(world, system, 1000)
    before = world.accuracy(system, shipped)
    calls = world.calls
    changes: list[dict[str, Any]] = []
    in_use = shipped

    def follow(now: Standing) -> None:
        nonlocal in_use
        if now.shipped != in_use:
            was, is_now = (world.accuracy(system, one) for one in (in_use, now.shipped))
            changes.append({"window": now.windows, "changed": world.changed, "from": was, "to": is_now})
            in_use = now.shipped

    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        end, seen = watched(world, shipped, Plan(), CHANGED_AFTER, WATCHED, state, follow)
    calls = world.calls - calls
    world.changed = True
    fresh, fresh_calls = searched(world, system, 500_000)
    return {
        "part": "recovery",
        "seed": seed,
        "drift": drift,
        "strength": strength,
        "before": before,
        "stale": world.accuracy(system, shipped),
        "now": world.accuracy(system, end.shipped),
        "fresh": world.accuracy(system, fresh),
        "fresh calls": fresh_calls,
        "search calls": calls - seen[-1].calls,
        "changes": changes,
        "told": [[told.window, told.state, told.what] for told in end.told],
    }


def recovery(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print what whole watches came to: all streams, then those in which a change was told of after it happened."""
    print("| drift | streams | before | stale | watched | fresh | watched - fresh | calls | fresh calls | made worse |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for drift in DRIFTS:
        of_drift = [row for row in rows if row["drift"] == drift]
        told = [
            row for row in of_drift if any(state == "drifting" and n > CHANGED_AFTER for n, state, _ in row["told"])
        ]
        for name, own in ((drift, of_drift), (f"{drift}, told", told)):
            if len(own) < 2:
                continue
            means = " | ".join(f"{fmean(row[key] for row in own):.3f}" for key in ("before", "stale", "now", "fresh"))
            gaps = [row["now"] - row["fresh"] for row in own]
            gap = f"{fmean(gaps):+.3f} ± {stdev(gaps) / len(gaps) ** 0.5:.3f}"
            calls = " | ".join(f"{fmean(row[key] for row in own):,.0f}" for key in ("search calls", "fresh calls"))
            changes = [change for row in own for change in row["changes"]]
            worse = sum(change["to"] < change["from"] - 0.01 for change in changes)
            print(f"| {name} | {len(own)} | {means} | {gap} | {calls} | {worse} of {len(changes)} |")


def main() -> None:
    """Measure what is not recorded, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--streams", type=int, default=100)
    parser.add_argument("--records", type=Path, default=Path("watch.jsonl"))
    parser.add_argument("--part", choices=("delays", "words", "recovery"), default="delays")
    parser.add_argument("--before", type=int, default=CHANGED_AFTER, help="windows before a change, in `delays`")
    parser.add_argument("--table", action="store_true", help="measure nothing, print what is recorded")
    given = parser.parse_args()
    if given.part == "words":
        told_by_words(range(given.first, given.first + given.worlds), given.streams, Plan().windows_per_alarm)
        return
    rows = [json.loads(line) for line in given.records.read_text().splitlines()] if given.records.exists() else []
    known = {(row["part"], row["seed"]) for row in rows}

    def add(row: dict[str, Any]) -> None:
        rows.append(row)
        with given.records.open("a") as file:
            file.write(json.dumps(row) + "\n")

    for seed in () if given.table else range(given.first, given.first + given.worlds):
        if (given.part, seed) in known:
            continue
        if given.part == "delays":
            for row in list(windows_of(seed)):
                add(row)
        else:
            # Over the worlds, each kind is met at each strength.
            add(recovered(seed, DRIFTS[seed % 3], STRENGTHS[seed // 3 % 5]))
    own = [row for row in rows if row["part"] == given.part]
    if given.part == "delays":
        delays(own, given.streams, Plan().windows_per_alarm, given.before)
    else:
        recovery(own)


if __name__ == "__main__":
    main()
