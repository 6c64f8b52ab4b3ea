"""Whether this tree does what a reference commit did: whole runs on simulated worlds, compared figure by figure.

    python benchmarks/behaviour.py                                        # 20 + 10 worlds, three profiles
    python benchmarks/behaviour.py --only reflect:default,cheap:100-104 --only hierarchical:paper:100
    python benchmarks/behaviour.py --only reflect:default:100-104 --paired 3
    python benchmarks/behaviour.py --as-then                               # this tree with the defaults of then

The reference is checked out into a temporary folder. Each tree plays through its own command line, in processes of its
own: ``maspo optimize`` against ``maspo world serve``. What a run ships, its verdict, what it won, lost and tied on the
hold-out, and its calls by purpose must be the same; if anything is not, it is listed and the exit code is 1. What the
reference came to can be kept in a file, so that it is played only once.

By default the two differ in settings alone: ``--as-then`` gives this tree those of the reference, each with what it
changes. Where something differs beyond them, compare the journals of the two run folders: the first request that one
of them lacks tells the cause. docs/design/0068-the-house-swept.md lists what was found so.

CPU is user plus system time of the process that optimizes, its start included; the world has a process of its own.
What a file holds was measured at another hour: to compare CPU, let both trees play in turns, ``--paired N`` times every
run. Then the median ratio counts; two plays of one run by one tree differ by some percent.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from threading import Lock
from typing import TypeAlias

HERE = Path(__file__).resolve().parents[1]
REFERENCE = "84bce21"


def _rounds(count: int) -> tuple[str, ...]:
    """Return the arguments for so many rounds of the race, whatever they cost."""
    return ("--set", f"search.passes={count}", "--set", "search.calls_per_agent=100000")


PROFILES: Mapping[str, tuple[str, ...]] = {
    "default": (),
    "cheap": ("--profile", "cheap"),
    "paper": ("--profile", "paper"),
    "thorough": ("--profile", "thorough"),
    "one-round": _rounds(1),
    "two-rounds": _rounds(2),
    "labels": ("--labels", "use"),
    "local-only": (
        *("--profile", "paper", "--set", "search.hard_negatives=0", "--set", "search.weights.local=1"),
        *("--set", "search.weights.lookahead=0", "--set", "search.weights.global=0"),
    ),
    "ascent": (
        *("--set", "search.method=ascent", "--set", "search.passes=1", "--set", "search.generations=1"),
        *("--set", "search.drafts=2", "--set", "search.beam_width=2"),
    ),
    "everything": (
        *("--set", "search.screen=5", "--set", "search.interventions=4", "--set", "search.removals=true"),
        *("--set", "search.double_orders=unions", "--set", "search.weighting=fixed"),
    ),
}
"""What may be played, and the arguments of ``maspo optimize`` for it; the first three are unless others are named."""
_OF_ALL = ("judge.plain_pairs=0", "holdout.one_in=3", "holdout.ship_if=better")
"""What every profile is given: no questions that find a judge who is a coin (16 calls, and that much less for rounds),
a third of the planned calls for the hold-out test, and whatever won more than it lost is shipped."""
_OF_THE_RACE = (
    *("search.conflict_inputs=0", "search.audited_rounds=0", "search.memory=0", "search.far_share=1"),
    *("search.beam_width=8", "search.design=drawn", "search.verdicts_on_answers=0"),
)
"""Settings of the race that came after the reference, by which it does what there was before them, and its defaults
that were others in all profiles."""
_WERE = ("search.edits=2", "search.first_round=0.6", "search.shared_inputs=24")
"""Its defaults that were others; the profile ``cheap`` had, and has, its own."""
_CALLS_WERE = "search.calls_per_agent=1000"
AS_THEN: Mapping[str, tuple[str, ...]] = {
    profile: tuple(f"--set={one}" for one in (*_OF_ALL, *settings))
    for profile, settings in {
        "default": (*_OF_THE_RACE, *_WERE, _CALLS_WERE),
        "cheap": (*_OF_THE_RACE, _CALLS_WERE),
        "paper": (),
        "one-round": (*_OF_THE_RACE, *_WERE),
        "two-rounds": (*_OF_THE_RACE, *_WERE),
        "local-only": (),
        "ascent": (),
    }.items()
}
"""What this tree is given with ``--as-then``, by profile: what is left is a change of how, and not of how much."""
_USUAL = "default,cheap,paper"
_FIRST_SEED = 100
_FAILED = ("exit code", "said")
"""What is told of a run that failed, and nothing else."""
_LONGEST = 160
"""Characters of a value in the list of deviations."""
_WRITE_FILES = """\
import json, sys
try:
    from maspo.team.load import dump_system
except ImportError:  # the house before
    from maspo.graph.load import dump_system
from maspo.world import World, WorldSpec

seeds, graphs, inputs = json.loads(sys.argv[1])
for seed in seeds:
    with open(f"rows-{seed}.jsonl", "w") as file:
        file.writelines(json.dumps(row) + "\\n" for row in World(WorldSpec(seed=seed)).inputs(inputs))
for graph in graphs:
    with open(f"{graph}.yaml", "w") as file:
        file.write(dump_system(World().system(graph)))
"""

Cell: TypeAlias = tuple[str, str]
"""A graph and a profile."""


@dataclass(frozen=True, order=True)
class Run:
    """One run: a team, a profile, and the seed of world and search."""

    seed: int
    graph: str
    profile: str

    @property
    def cell(self) -> Cell:
        """Where its CPU is counted."""
        return self.graph, self.profile

    def __str__(self) -> str:
        return f"{self.graph}:{self.profile}:{self.seed}"


@dataclass(frozen=True)
class Played:
    """What a run came to. ``told`` must be the same in every tree; it is empty where the run failed."""

    told: Mapping[str, object]
    calls: int
    cpu: float
    seconds: float

    @property
    def outcome(self) -> str:
        """The verdict and the hold-out, in a few characters."""
        counts = "/".join(str(self.told.get(f"holdout.{name}")) for name in ("wins", "losses", "ties"))
        return f"{self.told.get('verdict')} {counts}" if self.told.get("verdict") else "failed"


@dataclass(frozen=True)
class Tree:
    """A checked-out maspo; ``files`` holds teams and inputs, ``more`` by profile what it is given beside it."""

    root: Path
    files: Path
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """An environment in which only this tree is found, and no setting plays in."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MASPO_", "OPENAI_"))}
        return {**kept, "PYTHONPATH": str(self.root / "src"), "NO_COLOR": "1"}

    @contextmanager
    def world(self, seed: int) -> Iterator[str]:
        """Serve this tree's world while the context is open; yields its base URL."""
        command = [sys.executable, "-m", "maspo", "world", "serve", "--port", "0", "--seed", str(seed)]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, env=self.env, text=True) as process:
            try:
                assert process.stdout is not None
                yield process.stdout.readline().strip()
            finally:
                process.terminate()

    def play(self, run: Run, url: str) -> Played:
        """Play a run against a world that is served."""
        with tempfile.TemporaryDirectory(prefix="maspo-behaviour-") as scratch:
            out = Path(scratch) / "run"
            files = (str(self.files / f"{run.graph}.yaml"), "--inputs", str(self.files / f"rows-{run.seed}.jsonl"))
            given = ("--seed", str(run.seed), "--base-url", url, "--agent-model", "maspo-world", "--yes")
            settings = (*PROFILES[run.profile], *self.more.get(run.profile, ()))
            command = ["optimize", *files, *given, *settings, "--out", str(out)]
            began = time.perf_counter()
            code, cpu, said = self._measured(command, Path(scratch))
            seconds = time.perf_counter() - began
            told, calls = (dict(zip(_FAILED, (code, said), strict=True)), 0) if code else _told(out)
        return Played(told, calls, cpu, seconds)

    def _measured(self, command: Sequence[str], where: Path) -> tuple[int, float, str]:
        """Run maspo to its end; return exit code, CPU seconds and, where it failed, the last lines that it said.

        What it remembers of a user stays there, too: else each profile would look at the same hold-out once more.
        """
        log = where / "said.txt"
        env = {**self.env, "XDG_STATE_HOME": str(where)}
        with log.open("w") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "maspo", *command], cwd=where, env=env, stdout=said, stderr=said
            )
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if process.returncode else []
        return process.returncode, used.ru_utime + used.ru_stime, " ".join(lines[-2:])


def _told(out: Path) -> tuple[dict[str, object], int]:
    """Return what a run folder says that must stay the same, and how many calls it took."""
    result = json.loads((out / "result.json").read_text(encoding="utf-8"))
    prompts = json.loads((out / "prompts.json").read_text(encoding="utf-8"))
    calls = {purpose: one["calls"] for purpose, one in result["usage"].items()}
    holdout = {f"holdout.{name}": result["holdout"][name] for name in ("n", "wins", "losses", "ties", "undecided")}
    return {
        **{name: result[name] for name in ("verdict", "shipped", "complete")},
        **holdout,
        **{f"calls.{purpose}": count for purpose, count in sorted(calls.items())},
        **{f"prompts.{agent}": prompt for agent, prompt in prompts.items()},
    }, sum(calls.values())


def deviations(run: Run, reference: Played, tree: Played) -> list[str]:
    """Return one line for each figure that differs, with both values."""
    names = dict.fromkeys([*reference.told, *tree.told] if reference.calls and tree.calls else _FAILED)
    pairs = [(name, reference.told.get(name), tree.told.get(name)) for name in names]
    return [f"{run} {name}: {_apart(was, now)}" for name, was, now in pairs if was != now]


def _apart(was: object, now: object) -> str:
    """Return two values, long texts only around the first character that differs."""
    if not (isinstance(was, str) and isinstance(now, str)):
        return f"{was!r} became {now!r}"
    at = next((place for place, (one, other) in enumerate(zip(was, now, strict=False)) if one != other), -1)
    begin = max(0, (at if at >= 0 else min(len(was), len(now))) - _LONGEST // 2)
    shown = [("…" if begin else "") + text[begin : begin + _LONGEST] for text in (was, now)]
    return f"{shown[0]!r} became {shown[1]!r}"


# ── what is played ───────────────────────────────────────────────────────────────────────────────────────────────────


def chosen(texts: Sequence[str]) -> list[Run]:
    """Return the runs that texts such as ``reflect:default,cheap:100-104`` name."""
    runs = set()
    for text in texts:
        graphs, _, rest = text.partition(":")
        profiles, _, seeds = rest.partition(":")
        first, _, last = (seeds or str(_FIRST_SEED)).partition("-")
        unknown = [name for name in (profiles or _USUAL).split(",") if name not in PROFILES]
        if unknown or not first.isdigit() or not (last or first).isdigit():
            raise SystemExit(f"{text}: expected GRAPH:PROFILE:SEEDS; profiles are {', '.join(PROFILES)}")
        numbers = range(int(first), int(last or first) + 1)
        runs |= {Run(*one) for one in product(numbers, graphs.split(","), (profiles or _USUAL).split(","))}
    return sorted(runs)


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """Check out a commit into a temporary folder while the context is open."""
    with tempfile.TemporaryDirectory(prefix="maspo-reference-") as scratch:
        place = Path(scratch) / "tree"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", place, commit], cwd=HERE, check=True)
        try:
            yield place
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", place], cwd=HERE, check=True)


class Kept:
    """What the reference came to, in a file or, without one, only here."""

    def __init__(self, file: Path | None, about: Mapping[str, object]) -> None:
        self._file = file
        self._about = about
        self._lock = Lock()
        self.played: dict[str, Played] = {}
        if file is not None and file.exists():
            found = json.loads(file.read_text(encoding="utf-8"))
            if found["about"] != about:
                raise SystemExit(f"{file}: holds results of {found['about']}, not of {about}; give another file")
            self.played = {name: Played(**one) for name, one in found["played"].items()}

    def add(self, run: Run, played: Played) -> None:
        """Keep what a run came to."""
        with self._lock:
            self.played[str(run)] = played
            if self._file is not None:
                found = {name: asdict(one) for name, one in sorted(self.played.items())}
                beside = self._file.with_name(f"{self._file.name}.new")
                beside.write_text(json.dumps({"about": self._about, "played": found}, indent=1), encoding="utf-8")
                beside.replace(self._file)


def over_seeds(runs: Sequence[Run], jobs: int, play: Callable[[int, list[Run]], None]) -> None:
    """Do the runs of each seed together, so that they share a world; some seeds side by side."""
    by_seed: defaultdict[int, list[Run]] = defaultdict(list)
    for run in runs:
        by_seed[run.seed].append(run)
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(play, by_seed.keys(), by_seed.values()))


# ── comparing ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Comparison:
    """Plays both trees and collects what differs, and the CPU seconds and calls of each."""

    def __init__(self, reference: Tree, tree: Tree, kept: Kept) -> None:
        self.reference = reference
        self.tree = tree
        self.kept = kept
        self.differing: list[str] = []
        self.cpu: defaultdict[Cell, list[tuple[Played, Played]]] = defaultdict(list)

    def once(self, seed: int, runs: list[Run]) -> None:
        """Play runs of a seed, the reference only where it was not played before."""
        missing = [run for run in runs if str(run) not in self.kept.played]
        if missing:
            with self.reference.world(seed) as url:
                for run in missing:
                    self.kept.add(run, self.reference.play(run, url))
        with self.tree.world(seed) as url:
            for run in runs:
                self._note(run, self.kept.played[str(run)], self.tree.play(run, url))

    def in_turns(self, times: int, seed: int, runs: list[Run]) -> None:
        """Play runs of a seed in both trees, again and again; each goes first every other time."""
        with self.reference.world(seed) as url, self.tree.world(seed) as other_url:
            for run, number in product(runs, range(times)):
                if number % 2:
                    tree, reference = self.tree.play(run, other_url), self.reference.play(run, url)
                else:
                    reference, tree = self.reference.play(run, url), self.tree.play(run, other_url)
                self._note(run, reference, tree)

    def _note(self, run: Run, reference: Played, tree: Played) -> None:
        found = deviations(run, reference, tree)
        self.differing += [line for line in found if line not in self.differing]
        self.cpu[run.cell].append((reference, tree))
        print(
            f"{'DIFFERS' if found else 'same':8} {run!s:28} {tree.outcome:22} {tree.calls:6,} calls "
            f"{reference.cpu:7.2f} {tree.cpu:7.2f} {tree.cpu / reference.cpu:6.3f} {tree.seconds:6.1f} s",
            flush=True,
        )

    def told(self) -> str:
        """Return the table of CPU by cell, and the deviations."""
        lines = [f"\n{'':20} {'runs':>5} {'CPU s':>8} {'now':>8} {'ms/call':>8} {'now':>8} {'ratio':>7} {'median':>7}"]
        lines += [_row(f"{graph} {profile}", pairs) for (graph, profile), pairs in sorted(self.cpu.items())]
        lines.append(_row("all", [pair for pairs in self.cpu.values() for pair in pairs]))
        lines.append(f"\n{len(self.differing)} deviations" + ":" * bool(self.differing))
        return "\n".join([*lines, *self.differing])


def _row(name: str, pairs: Sequence[tuple[Played, Played]]) -> str:
    """Return CPU seconds and milliseconds a call of both trees, the ratio of the sums, and the median ratio a call."""
    was, now = (sum(pair[side].cpu for pair in pairs) for side in (0, 1))
    calls = [max(1, sum(pair[side].calls for pair in pairs)) for side in (0, 1)]
    median = statistics.median(_per_call(tree) / _per_call(reference) for reference, tree in pairs)
    each = f"{1000 * was / calls[0]:8.3f} {1000 * now / calls[1]:8.3f}"
    return f"{name:20} {len(pairs):5} {was:8.1f} {now:8.1f} {each} {now / was:7.3f} {median:7.3f}"


def _per_call(played: Played) -> float:
    return played.cpu / max(1, played.calls)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", default=REFERENCE, help="commit that is compared with")
    parser.add_argument("--reference-results", type=Path, metavar="FILE", help="keep what the reference came to")
    parser.add_argument("--tree", type=Path, default=HERE, help="what is compared; this tree unless given")
    parser.add_argument("--reflect", type=int, default=20, metavar="N", help="worlds of this team")
    parser.add_argument("--hierarchical", type=int, default=10, metavar="N", help="worlds of this one")
    parser.add_argument("--only", action="append", metavar="GRAPH:PROFILE:SEEDS", help="instead of these; repeatable")
    parser.add_argument("--as-then", action="store_true", help="give this tree the settings that the reference had")
    parser.add_argument("--inputs", type=int, default=120, help="of a run, hold-out included")
    parser.add_argument("--paired", type=int, metavar="N", help="play every run N times in both trees, in turns")
    parser.add_argument("--jobs", type=int, default=1, help="worlds side by side; more than one disturbs the CPU times")
    options = parser.parse_args()
    counts = {"reflect": options.reflect, "hierarchical": options.hierarchical}
    usual = [f"{graph}:{_USUAL}:{_FIRST_SEED}-{_FIRST_SEED + n - 1}" for graph, n in counts.items() if n > 0]
    runs = chosen(options.only or usual)
    kept = Kept(options.reference_results, {"commit": options.reference, "inputs": options.inputs})
    with checked_out(options.reference) as place, tempfile.TemporaryDirectory(prefix="maspo-behaviour-") as files:
        more = AS_THEN if options.as_then else {}
        reference, tree = Tree(place, Path(files)), Tree(options.tree.resolve(), Path(files), more)
        wanted = [sorted({run.seed for run in runs}), sorted({run.graph for run in runs}), options.inputs]
        command = [sys.executable, "-c", _WRITE_FILES, json.dumps(wanted)]
        subprocess.run(command, cwd=files, env=reference.env, check=True)
        compared = Comparison(reference, tree, kept)
        over_seeds(runs, options.jobs, partial(compared.in_turns, options.paired) if options.paired else compared.once)
    print(compared.told())
    raise SystemExit(bool(compared.differing))


if __name__ == "__main__":
    main()
