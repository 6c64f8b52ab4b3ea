"""The paper's table on any endpoint: two systems, six tasks, seed prompts against what methods make of them.

    python benchmarks/paper/run.py --base-url URL --model M --data FOLDER --out DIR [--tasks aqua,mbpp] [--rows 50]
        [--methods paper,default,spo,tpe,agent-dropout,paper+agent-dropout] [--seeds 0-2]

Each cell is a folder below --out: a run of `maspo optimize` on rows of the task's pool, then `maspo evaluate` of its
prompts against the seed prompts on test rows. With agent-dropout `maspo structure` changes the team, under the seed
prompts or under those of another method, and the changed team is evaluated. What is done is skipped, what was stopped
goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from maspo.cli.settings import Sources, load_settings
from maspo.config import RunConfig
from maspo.core.errors import EXIT_INTERRUPTED, EXIT_OK, ConfigInvalid, Interrupted, MaspoError
from maspo.data.inputs import load_inputs
from maspo.data.split import draw_place
from maspo.data.tasks.registry import file_task, task_of
from maspo.data.tasks.task import Task, TaskOptions, TaskRow
from maspo.optimizers.structure.base import Method, StructurePlan
from maspo.report.folder import JOURNAL, look
from maspo.study.comparison.methods import choice_of, seeds_of
from maspo.study.evaluation.job import JUDGE, Evaluation
from maspo.study.evaluation.structure import most_calls
from maspo.study.job import Job
from maspo.study.resolve import resolve, split_of
from maspo.team import System
from maspo.team.load import load_system

HERE = Path(__file__).parent
SYSTEMS = ("sequential", "hierarchical")
TASKS = ("math-500", "agieval-math", "aqua", "gpqa-diamond", "mbpp", "humaneval-et")
METHODS = ("paper", "default")
"""Those that are compared unless others are asked for; with the seed prompts, so these need no cell of their own."""
SEARCHES = ("paper", "default", "spo", "tpe")
"""Profiles, and other methods by name: the paper's rows that search for prompts."""
STRUCTURE: Method = "agent-dropout"
KNOWN = (*SEARCHES, STRUCTURE, *(f"{search}+{STRUCTURE}" for search in SEARCHES))
"""All rows. AgentDropout alone works under the seed prompts; ``paper+agent-dropout`` under those that `paper` found."""
PUBLISHED_MEANS: Mapping[str, float] = {STRUCTURE: 66.89, f"paper+{STRUCTURE}": 70.46}
"""Of all six tasks, in percent: the paper tells no more of AgentDropout, alone and with its own method."""
KINDS: Mapping[str, str] = {"math": "math", "choice": "choice", "code": "code"}
"""Which systems (``systems/SYSTEM-KIND.yaml``) fit a task, by its scorer."""
FEWEST = 20
"""A pool of fewer rows is replaced by a quarter of the test rows, which are then no test rows any more."""


@dataclass(frozen=True)
class Cell:
    """One optimization and its evaluation."""

    system: str
    task: str
    method: str
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.system} / {self.task} / {self.method}{f', seed {self.seed}' if self.seed else ''}"

    @property
    def search(self) -> str:
        """The method that searches for prompts; empty where none does."""
        return "" if self.method == STRUCTURE else self.method.removesuffix(f"+{STRUCTURE}")

    @property
    def restructured(self) -> bool:
        """Whether the team is changed, too."""
        return self.method.endswith(STRUCTURE)


@dataclass(frozen=True)
class Asked:
    """What the command line asks for; ``flags`` are those that `maspo` itself takes."""

    out: Path
    data: str | None
    rows: int
    pool: int
    cells: tuple[Cell, ...]
    sets: tuple[str, ...]
    flags: Mapping[str, object]
    yes: bool

    def flags_but(self, *left_out: str) -> list[str]:
        """Return the flags for a `maspo` command that calls a model."""
        given = {name: str(value) for name, value in self.flags.items() if value and name not in left_out}
        return ["--yes", *(part for name, value in given.items() for part in (f"--{name}", value))]

    def sets_of(self, method: str) -> tuple[str, ...]:
        """Return the settings of the cells of a profile, without those that only the optimizer of another one has."""
        own, others = (search_settings(one) for one in ((method,), SEARCHES))
        names = {text: text.partition("=")[0].strip().split(".") for text in self.sets}
        return tuple(
            text for text, (section, *rest) in names.items() if section != "search" or not {*rest[:1]} & (others - own)
        )

    def sets_for(self, *sections: str) -> list[str]:
        """Return the settings of some sections as arguments, for commands that no search setting means anything to."""
        chosen = [text for text in self.sets if text.partition(".")[0].strip() in sections]
        return [part for text in chosen for part in ("--set", text)]

    def folder(self, cell: Cell) -> Path:
        """Where a cell is kept."""
        return self.out / cell.system / cell.task / (cell.method + (f"-{cell.seed}" if cell.seed else ""))

    def rows_file(self, task: str, part: str) -> Path:
        """Where the rows of a task are kept: part ``pool`` or ``test``."""
        return self.out / "rows" / f"{task}-{part}.jsonl"


def search_settings(methods: Sequence[str]) -> set[str]:
    """Return the names of all settings that the optimizers of some methods have."""
    chosen = (choice_of(method) for method in methods)
    configs = (load_settings(Sources({"profile": one.profile}, one.settings)).config.search for one in chosen)
    return {name for config in configs for name in type(config).model_fields}


def keep_to(asked: Asked) -> None:
    """Note what all cells of a folder have in common, or refuse what differs from it: its table would compare unlikes.

    Raises:
        ConfigInvalid: cells of the folder were played with other rows, models or settings.

    """
    models = {name: value for name, value in asked.flags.items() if name != "base-url"}
    sets = sorted(text for text in asked.sets if not text.startswith("caps."))  # a higher cap goes on
    now = {"rows": asked.rows, "pool": asked.pool, **models, "set": sets}
    file = asked.out / "asked.json"
    then = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else now
    if other := [name for name in now if now[name] != then.get(name)]:
        told = "; ".join(f"--{name} was {then.get(name)!r} and is {now[name]!r}" for name in other)
        raise ConfigInvalid(f"{asked.out} holds cells of another table: {told}; give the same, or another --out")
    asked.out.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def prepare(asked: Asked, name: str) -> Task:
    """Write the rows of a task that are used, in an order drawn by content, and return the task."""
    task = task_of(name, asked.data)
    if len(task.pool_rows) < FEWEST:
        task = task_of(name, asked.data, TaskOptions(split=0.25))
    for remark in task.notes:
        note(f"note: {remark}")
    parts = {"pool": task.pool_rows, "test": task.test_rows}
    for part, most in (("pool", asked.pool), ("test", asked.rows)):
        rows = sorted(parts[part], key=lambda row: draw_place(row.columns["input"]))[: most or None]
        write_rows(asked.rows_file(name, part), rows, labelled=part == "test")
    return task


def write_rows(file: Path, rows: Sequence[TaskRow], labelled: bool) -> None:
    """Write rows as JSON Lines; the pool without labels and tests."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8") as stream:
        for row in rows:
            hidden = {
                "answer": row.answer,
                "tests": list(row.tests),
                "setup": row.setup,
                "entry_point": row.entry_point,
            }
            shown = {**({"id": row.id} if row.id else {}), **row.columns}
            told = {name: value for name, value in hidden.items() if value} if labelled else {}
            stream.write(json.dumps({**shown, **told}, ensure_ascii=False) + "\n")


# ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def system_file(cell: Cell, task: Task) -> Path:
    """Return the system file of a cell."""
    return HERE / "systems" / f"{cell.system}-{KINDS[task.scorer]}.yaml"


def planned(asked: Asked, tasks: Mapping[str, Task]) -> tuple[int, float | None]:
    """Print what each cell costs at most, and return the calls and the money of all of them."""
    calls, usd = 0, 0.0
    priced = True
    note(f"{'cell':44}{'optimize':>10}{'evaluate':>10}   calls at most")
    for cell in asked.cells:
        chosen = choice_of(cell.search or METHODS[0])
        wanted = (*chosen.settings, *(asked.sets_of(cell.search) if cell.search else ()))
        config = load_settings(Sources({**asked.flags, "profile": chosen.profile}, wanted)).config
        system = load_system(system_file(cell, tasks[cell.task]))
        inputs = load_inputs(asked.rows_file(cell.task, "pool"))
        found = resolve(Job(system, inputs, config)).plan
        optimizing = structure_calls(asked, cell, system) if cell.restructured else found.most
        rows = asked.rows_file(cell.task, "test").read_text(encoding="utf-8").count("\n")
        evaluating = (1 if cell.restructured else 2) * len(system.agents) * rows
        note(f"{cell!s:44}{optimizing:10,}{evaluating:10,}{'   done' if done(asked, cell) else ''}")
        calls += optimizing + evaluating
        priced = priced and found.usd is not None
        usd += (found.usd or 0.0) * (optimizing + evaluating) / max(1, optimizing)
    return calls, usd if priced else None


def structure_calls(asked: Asked, cell: Cell, system: System) -> int:
    """Return the calls of a search for structure at most."""
    task = file_task(asked.rows_file(cell.task, "pool"))
    evaluation = Evaluation(system, replace(task, pool_rows=()), RunConfig(), system.prompts, scorer=JUDGE)
    return most_calls(evaluation, STRUCTURE, StructurePlan(), split_of(evaluation.job))


def agreed(asked: Asked, calls: int, usd: float | None) -> bool:
    """Say what everything costs, and ask."""
    money = "an unknown amount (no price is known)" if usd is None else f"about {usd:,.2f} USD"
    note(f"\nAll {len(asked.cells)} cells: at most {calls:,} calls, {money}. Cells that are done cost nothing.")
    if asked.yes:
        return True
    if not sys.stdin.isatty():
        note("Give --yes to start without being asked.")
        return False
    return input("Start? [y/N] ").strip().lower() in ("y", "yes")


# ── the cells ────────────────────────────────────────────────────────────────────────────────────────────────────────


def done(asked: Asked, cell: Cell) -> bool:
    """Return whether a cell was optimized and evaluated to the end."""
    found = evaluation(asked, cell)
    return found is not None and bool(found["complete"])


def play(asked: Asked, cell: Cell, task: Task) -> None:
    """Optimize and evaluate a cell, or go on with it where it was stopped.

    Raises:
        MaspoError: a command failed; what it recorded is kept.

    """
    folder, system = asked.folder(cell), system_file(cell, task)
    run = folder / "run"
    pool = str(asked.rows_file(cell.task, "pool"))
    if cell.restructured:
        restructure(asked, cell, task, pool)
        return
    if not (run / JOURNAL).is_file():
        chosen = choice_of(cell.method)
        wanted = (*chosen.settings, *asked.sets_of(cell.method), f"seed={cell.seed}")
        settings = [argument for one in wanted for argument in ("--set", one)]
        given = ("--inputs", pool, "--out", str(run), "--profile", chosen.profile)
        maspo("optimize", str(system), *given, *settings, *asked.flags_but())
    elif look(run).view.finished is None:
        maspo("resume", str(run))
    (folder / "prompts.json").write_text(json.dumps(prompts_of(run, cell.method), indent=2), encoding="utf-8")
    compared = ("--prompts", str(folder / "prompts.json"), "--against", "seed", "--scorer", task.scorer)
    rows = ("--inputs", str(asked.rows_file(cell.task, "test")), "--out", str(folder / "evaluation"))
    maspo("evaluate", str(system), *rows, *compared, *asked.sets_for("models"), *asked.flags_but("proposer-model"))


def restructure(asked: Asked, cell: Cell, task: Task, pool: str) -> None:
    """Change the team of a cell under the prompts that it names, and evaluate it as it came out, alone.

    Raises:
        MaspoError: a command failed; what it recorded is kept.

    """
    folder, given = asked.folder(cell), ["--method", STRUCTURE]
    if cell.search:
        before = asked.folder(replace(cell, method=cell.search)) / "prompts.json"
        if not before.is_file():
            raise MaspoError(f"{cell}: needs the prompts of {cell.search}; name it before in --methods")
        given += ["--prompts", str(before)]
    structure = folder / "structure"
    if not (structure / "structure.json").is_file():
        place = ("--inputs", pool, "--out", str(structure))
        seeded = ("--set", f"seed={cell.seed}", *asked.sets_for("models", "caps"))
        maspo("structure", str(system_file(cell, task)), *place, *given, *seeded, *asked.flags_but("proposer-model"))
    rows = ("--inputs", str(asked.rows_file(cell.task, "test")), "--out", str(folder / "evaluation"))
    alone = ("--prompts", "seed", "--against", "none", "--scorer", task.scorer)
    models = asked.sets_for("models")
    maspo("evaluate", str(structure / "system.yaml"), *rows, *alone, *models, *asked.flags_but("proposer-model"))


def prompts_of(run: Path, method: str) -> Mapping[str, str]:
    """Return what a method claims to be best: the paper's its winners, ours what the hold-out let through."""
    view = look(run).view
    if method == "paper":
        return {agent.name: agent.winner for agent in view.agents}
    shipped: dict[str, str] = json.loads((run / "prompts.json").read_text(encoding="utf-8"))
    return shipped


def maspo(*arguments: str) -> None:
    """Run a `maspo` command in a process of its own; its progress goes to stderr.

    Raises:
        Interrupted: Ctrl-C; the command got it as well and has recorded what was in flight.
        MaspoError: the command failed.

    """
    with subprocess.Popen([sys.executable, "-m", "maspo", *arguments], stdout=subprocess.DEVNULL) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            code = process.wait()
    if code == EXIT_INTERRUPTED:
        raise Interrupted("Interrupted; the same command goes on.")
    if code != EXIT_OK:
        raise MaspoError(f"maspo {arguments[0]} ended with exit code {code}; the same command goes on")


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────


def published() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Return the paper's rows by system and method."""
    with (HERE / "published.csv").open(encoding="utf-8", newline="") as stream:
        return {(row["system"], row["method"]): row for row in csv.DictReader(stream)}


def evaluation(asked: Asked, cell: Cell) -> Mapping[str, Any] | None:
    """Return what `maspo evaluate` found for a cell, or None."""
    file = asked.folder(cell) / "evaluation" / "evaluation.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def table(asked: Asked) -> Iterator[str]:
    """Yield the lines of the table: ours, the change to the seed prompts, the published; a mean over several tasks."""
    tasks = list(dict.fromkeys(cell.task for cell in asked.cells))
    seeds = len({cell.seed for cell in asked.cells})
    several = len(tasks) > 1
    theirs = published()
    rows = [("accuracy, %", [*tasks, *(["mean"] if several else [])])]
    for system in dict.fromkeys(cell.system for cell in asked.cells):
        for method in ("seed", *dict.fromkeys(cell.method for cell in asked.cells)):
            found = [evaluations(asked, system, task, method) for task in tasks]
            side = "before" if method == "seed" else "after"
            figures = [figure([one[side] for one in each], "accuracy") for each in found]
            rows.append(
                (
                    f"{system}, {method}",
                    [*figures, *mean_of([[one[side]["accuracy"] for one in each] for each in found])],
                )
            )
            if method != "seed" and not method.endswith(STRUCTURE):  # another team is evaluated by itself
                changes = [figure([one["difference"] for one in each], "mean", "+") for each in found]
                means = mean_of([[one["difference"]["mean"] for one in each] for each in found], "+")
                rows.append(("  change", [*changes, *means]))
            for name in {method, method.upper()}:  # as the paper writes SPO and TPE
                if (system, name) in theirs:
                    told = [theirs[system, name][task] for task in tasks]
                    rows.append(("  published", [*told, *mean_of([[float(one) / 100] for one in told])]))
    yield from aligned(rows)
    yield ""
    yield (
        f"Ours: mean over {seeds} seeds ± their standard deviation."
        if seeds > 1
        else "Ours: with 95 % intervals over rows; one seed, so that the search's own chance is not in them."
    )
    yield "Published: of the paper's models and prompts. How ours differ: benchmarks/paper/README.md"
    played = {cell.method for cell in asked.cells}
    if means := [f"{method} {mean:.2f}" for method, mean in PUBLISHED_MEANS.items() if method in played]:
        yield f"Published of changed teams are means over all six tasks alone: {', '.join(means)}."
    if any(one["simulated"] for cell in asked.cells if (one := evaluation(asked, cell))):
        yield "Simulated world: no language model was asked, and its answers have nothing to do with these tasks."


def evaluations(asked: Asked, system: str, task: str, method: str) -> list[Mapping[str, Any]]:
    """Return what was found at a place in the table, seed by seed; the seed prompts are evaluated once."""
    cells = [cell for cell in asked.cells if (cell.system, cell.task) == (system, task)]
    if method == "seed":
        cells = [cell for cell in cells if not cell.restructured][:1]
    else:
        cells = [cell for cell in cells if cell.method == method]
    return [one for one in (evaluation(asked, cell) for cell in cells) if one is not None]


def figure(found: Sequence[Mapping[str, Any]], name: str, sign: str = "") -> str:
    """Return a share in percent: of one seed with its interval, of several their mean and standard deviation."""
    if not found:
        return "-"
    shares = [100 * one[name] for one in found]
    if len(shares) > 1:
        return f"{fmean(shares):{sign}.1f} ± {stdev(shares):.1f}"
    low, high = (100 * bound for bound in found[0]["interval"])
    return f"{shares[0]:{sign}.1f} ({low:{sign}.0f} to {high:{sign}.0f})"


def mean_of(shares: Sequence[Sequence[float]], sign: str = "") -> list[str]:
    """Return the mean over several tasks, each counting once, as the paper has it; nothing where one is missing."""
    if len(shares) < 2:
        return []
    return [f"{100 * fmean(map(fmean, shares)):{sign}.2f}" if all(shares) else "-"]


def aligned(rows: Sequence[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """Yield lines whose columns are as wide as their widest cell."""
    first = max(len(name) for name, _ in rows)
    widths = [max(map(len, column)) for column in zip(*(cells for _, cells in rows), strict=True)]
    for name, cells in rows:
        told = "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        yield f"{name:{first}}{told}"


def note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# ── the command line ─────────────────────────────────────────────────────────────────────────────────────────────────


def parsed(arguments: Sequence[str] | None) -> Asked:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--base-url", required=True, help="an OpenAI-compatible endpoint, up to /v1")
    parser.add_argument("--model", required=True, help="the model of the agents")
    parser.add_argument("--judge-model", help="the model of the judge [default: the agents']")
    parser.add_argument("--proposer-model", help="the model that writes prompts [default: the agents']")
    parser.add_argument("--data", help="a folder with the rows of the tasks [default: MASPO_DATA]")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--methods", default=",".join(METHODS), help=f"of {','.join(KNOWN)}")
    parser.add_argument("--seeds", default="0", help="of the searches, such as 0-2; each is a run of its own")
    parser.add_argument("--rows", type=int, default=0, help="test rows of each task [default: all]")
    parser.add_argument("--pool", type=int, default=100, help="rows to optimize on; half of them are held out")
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="KEY=VALUE")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--yes", action="store_true", help="do not ask before starting")
    given = parser.parse_args(arguments)
    flags = {"base-url": given.base_url, "agent-model": given.model}
    flags |= {"judge-model": given.judge_model, "proposer-model": given.proposer_model}
    known = {"systems": SYSTEMS, "tasks": TASKS, "methods": KNOWN}
    chosen = {name: getattr(given, name).split(",") for name in known}
    for name, values in chosen.items():
        unknown = [value for value in values if value not in known[name]]
        if unknown:
            parser.error(f"--{name} {unknown[0]}: expected some of {','.join(known[name])}")
    try:
        seeds = seeds_of(given.seeds)
    except ConfigInvalid as error:
        parser.error(str(error))
    places = product(seeds, chosen["systems"], chosen["tasks"], chosen["methods"])
    cells = [Cell(system, task, method, seed) for seed, system, task, method in places]
    return Asked(given.out, given.data, given.rows, given.pool, tuple(cells), tuple(given.sets), flags, given.yes)


def main(arguments: Sequence[str] | None = None) -> int:
    """Play all cells that are asked for and print the table."""
    asked = parsed(arguments)
    try:
        keep_to(asked)
        tasks = {name: prepare(asked, name) for name in dict.fromkeys(cell.task for cell in asked.cells)}
        if not agreed(asked, *planned(asked, tasks)):
            return 1
        for cell in asked.cells:
            if not done(asked, cell):
                note(f"\n── {cell} ──")
                play(asked, cell, tasks[cell.task])
    except MaspoError as error:
        note(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        note("Interrupted; the same command goes on.")
        return EXIT_INTERRUPTED
    lines = "\n".join(table(asked))
    (asked.out / "table.txt").write_text(lines + "\n", encoding="utf-8")
    print(lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
