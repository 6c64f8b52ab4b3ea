"""``maspo compare``: methods and prompt sets against each other, at equal calls or money, on one hold-out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from maspo.cli.agreeing import agree_to_file
from maspo.cli.discover import with_system_file
from maspo.cli.evaluate import note_seen_rows
from maspo.cli.looked import remarks_on_looks
from maspo.cli.options import Arguments
from maspo.cli.planning import limits_of
from maspo.cli.prepare import (
    budget_of,
    check_writable,
    describe_endpoints,
    key_missing,
    read_inputs,
    read_prompts,
    read_system,
    sources_of,
)
from maspo.cli.running import confirm, end_command, make_whole, run_watched
from maspo.cli.settings import LoadedSettings, Sources, load_settings, search_settings_in
from maspo.cli.stores import keep_files, keeping_of
from maspo.cli.terminal import lay_out, note, note_each, say, say_files
from maspo.core.errors import ConfigInvalid, typed
from maspo.core.executors import check_executor
from maspo.core.plain_files import is_there
from maspo.core.prompts import Prompts
from maspo.data.inputs import load_inputs
from maspo.optimizers.registry import DEFAULT, OPTIMIZERS
from maspo.report.comparison import MARKDOWN, PAGE, RESULT, comparison_of, summary, write_comparison
from maspo.report.folder import JOURNAL, RUNS, free_folder, write_results
from maspo.report.phrases import list_names, money, plural
from maspo.runners.messages import blind_agents, check_inputs
from maspo.store.budgets import BudgetState
from maspo.store.looks import LookLedger
from maspo.study.comparison.compare import DATABASE, Compared, SideBySide, compare, folder_of, settled, wait_for_runs
from maspo.study.comparison.guards import set_apart
from maspo.study.comparison.methods import Choice, choice_of, seeds_of, settings_of_others, variant_of
from maspo.study.comparison.plan import Comparison, Equal, Method
from maspo.study.comparison.tasks import TASKS, look_at_all, names_of, over_all, part_of
from maspo.study.connections import endpoints_of, require_model
from maspo.study.job import Watcher
from maspo.team import System


@dataclass(frozen=True, slots=True)
class ComparisonOptions:
    """What is compared, as a user gives it."""

    methods: str
    seeds: str
    against: tuple[Path, ...]
    guard: Path | None
    """The file of the guard inputs."""
    points: int
    """Moments on the way of each search that are measured."""
    jobs: int = 1
    """Runs side by side; 0: as many as a cluster has room for."""
    executor: str = ""
    """Where they work; empty: in processes of this machine."""
    equal: Equal = "calls"
    """What all runs have as much of."""
    also: tuple[str, ...] = ()
    """Further tasks: files of inputs, or names."""
    carried: str = ""
    """The folder that is brought to the nodes of a cluster."""
    variants: tuple[str, ...] = ()
    """Methods with settings of their own, as texts."""


@dataclass(frozen=True, slots=True)
class _PreparedComparison:
    """A comparison that is settled, its folder, and what is to be said before it begins."""

    comparison: Comparison
    settings: LoadedSettings
    out: Path
    remarks: tuple[str, ...]


def run_comparison(arguments: Arguments, given: ComparisonOptions) -> None:
    """Read everything, state the plan, and compare once it is agreed to."""
    check_executor(given.executor, given.carried)
    arguments = with_system_file(arguments)
    system = read_system(arguments.system)
    out = arguments.out or free_folder(RUNS, f"{system.name}-comparison")
    check_writable(out)
    tasks = _tasks_of(arguments, given, out)
    prepared = [_prepare(each, given, system, folder, len(tasks)) for each, folder in tasks]
    settings = prepared[0].settings
    note_each((*settings.notes, *(remark for one in prepared for remark in one.remarks)))
    agree_to_file(settings, arguments.trust)
    budget = budget_of(arguments)
    confirm("\n\n".join(_plan(one.comparison, one.out, budget) for one in prepared), arguments.yes)
    again = f"the same command with --out {typed(out)}"
    if len(prepared) == 1:
        _show(_carry_out(prepared[0], arguments, given, again), out, again, arguments.as_json)
    met: dict[str, Compared] = {}
    for one in prepared:
        note(f"task {len(met) + 1} of {len(prepared)}: {one.out.name}")
        found = met[one.out.name] = _carry_out(one, arguments, given, again)
        _write(found, one.out)
    _show(over_all(met, look_at_all(met, LookLedger())), out, again, arguments.as_json)


def _tasks_of(arguments: Arguments, given: ComparisonOptions, out: Path) -> list[tuple[Arguments, Path]]:
    """Return where the inputs of each task come from, and its folder: that of the comparison where there is one task.

    Raises:
        ConfigInvalid: two tasks have one name, guard inputs are given for several, or the folder holds a comparison of
            the other kind.

    """
    if is_there(out / (DATABASE if given.also else TASKS)):
        held = "one task" if given.also else "several tasks"
        raise ConfigInvalid(
            f"--out {out}: holds a comparison over {held}, whose page would be lost; give another folder"
        )
    if not given.also:
        return [(arguments, out)]
    if given.guard is not None:
        raise ConfigInvalid("--guard: its inputs are of one task; compare each task alone, or leave out --also")
    each = [arguments, *(_reading(arguments, also) for also in given.also)]
    names = names_of(str(one.task) if one.inputs is None else one.inputs.stem for one in each)
    return [(one, out / TASKS / name) for one, name in zip(each, names, strict=True)]


def _reading(arguments: Arguments, also: str) -> Arguments:
    """Return arguments that read another file, or another task by name where there is no such file."""
    if Path(also).suffix or Path(also).is_file():
        return replace(arguments, inputs=Path(also), task=None, data=None)
    return replace(arguments, inputs=None, task=also)


def _prepare(
    arguments: Arguments, given: ComparisonOptions, system: System, out: Path, tasks: int
) -> _PreparedComparison:
    """Read the inputs of a task, and settle what is compared on them."""
    inputs, remarks, source = read_inputs(arguments, system)
    sources = sources_of(arguments, system)
    choices = [choice_of(name.strip()) for name in given.methods.split(",") if name.strip()]
    choices += map(variant_of, given.variants)
    usual = f"search.method={DEFAULT}"  # a settings file may choose another, which is none of these methods
    passed_over = settings_of_others(choice_of(DEFAULT), choices)
    remarks = (*remarks, *_who_goes_without(search_settings_in(sources), choices))
    settings = load_settings(replace(sources, sets=(*sources.sets, usual), passed_over=passed_over))
    require_model(settings.config.models, system)
    endpoints_of(settings.config.models)
    if missing := key_missing(settings.config.models):
        raise ConfigInvalid(missing)
    made = [Method(one.name, load_settings(_sources_of(one, sources, choices)).config) for one in choices]
    guards = None
    if given.guard is not None:
        guards = load_inputs(given.guard, "--guard")
        left = set_apart(system, inputs, guards, settings.config.holdout.group_by)
        if apart := len(inputs.rows) - len(left.rows):
            remarks = (*remarks, f"{plural(apart, 'input')} set apart: they ask the same as guard inputs")
        inputs, source = left, {}
    asked = Comparison(
        system=system,
        inputs=inputs,
        config=settings.config.model_copy(update={"caps": part_of(settings.config.caps, tasks)}),
        methods=tuple(made),
        seeds=seeds_of(given.seeds),
        against=_read_sets(system, given.against),
        guards=guards,
        points=given.points,
        equal=given.equal,
        sources={"system": str(arguments.system.absolute()), **source},
    )
    comparison = settled(asked, out)
    told_apart = [f"{one.name} is {one.base} with {' '.join(one.sets)}." for one in choices if one.sets]
    seen = note_seen_rows(comparison.holdout, map(str, given.against))
    comparison = replace(comparison, remarks=(*told_apart, *seen))
    told = (*remarks, *comparison.remarks, *check_inputs(system, inputs), *blind_agents(system, inputs))
    looked = [] if is_there(out / DATABASE) else remarks_on_looks(comparison.job, comparison.holdout)
    return _PreparedComparison(comparison, settings, out, (*told, *looked))


def _sources_of(one: Choice, sources: Sources, choices: Sequence[Choice]) -> Sources:
    """Return where the settings of a method come from: those of all as far as it has them, and then its own."""
    return replace(
        sources,
        flags={**sources.flags, "profile": one.profile},
        sets=(*sources.sets, *one.settings),
        passed_over=settings_of_others(one, choices),
    )


def _who_goes_without(given: frozenset[str], choices: Sequence[Choice]) -> list[str]:
    """Say which settings of a search hold for some methods alone; ``calls`` are the plan of all, or their cap.

    Raises:
        ConfigInvalid: one is a setting of methods that are not compared.

    """
    lines = []
    known = frozenset[str]().union(*(one.search_settings for one in choices))
    for name in sorted(given - known) if choices else ():
        if having := [other for other in OPTIMIZERS.names() if name in choice_of(other).search_settings]:
            raise ConfigInvalid(
                f"search.{name}: a setting of {list_names(having)}, and compared are "
                f"{list_names([one.name for one in choices])}; leave it out, or compare one that has it"
            )
    for name in sorted(given - {"calls", "method"}):
        having = [one.name for one in choices if name in one.search_settings]
        others = [one.name for one in choices if one.name not in having]
        if having and others:
            lines.append(f"search.{name} is set for {list_names(having)}; {list_names(others)} cannot have it")
    return lines


def _carry_out(prepared: _PreparedComparison, arguments: Arguments, given: ComparisonOptions, again: str) -> Compared:
    """Compare, or go on with it."""
    comparison, out = prepared.comparison, prepared.out
    make_whole(out / DATABASE)
    wait_for_runs(comparison, out, note)
    for run in comparison.runs:
        make_whole(folder_of(out, run) / JOURNAL, needed="job")
    keeping = keeping_of(arguments, out / DATABASE)

    def looking(watcher: Watcher, stop: asyncio.Event) -> SideBySide:
        return SideBySide(
            watcher,
            stop=stop,
            looks=LookLedger(),
            jobs=given.jobs,
            keeping=keeping,
            executor=given.executor,
            carried=given.carried,
            tell=note,
        )

    return run_watched(
        lambda watcher, stop: compare(comparison, out, looking(watcher, stop)),
        out / DATABASE,
        again,
    )


def _write(found: Compared, out: Path) -> None:
    """Write what a comparison found, and the pages of its runs."""
    for end in () if found.tasks else found.runs:  # those of a task are written with it
        write_results(out / end.folder)
    write_comparison(out, found)
    if not found.tasks:
        keep_files(out / DATABASE, PAGE, MARKDOWN, RESULT)


def _show(found: Compared, out: Path, again: str, as_json: bool) -> NoReturn:
    """Write and tell what was found, and end the command."""
    _write(found, out)
    say(summary(found))
    say()
    say_files(out, ("report", PAGE), ("table", MARKDOWN), ("figures", RESULT))
    figures = comparison_of(found)
    end_command(figures, out, PAGE, f"go on with: {again}", cut_short=not figures.complete, as_json=as_json)


def _read_sets(system: System, files: tuple[Path, ...]) -> Mapping[str, Prompts]:
    """Return one's own prompt sets by name: the file's, or the folder's where that is a run folder's ``prompts.json``.

    Raises:
        UsageError: one cannot be read, or names an agent that is not there.
        ConfigInvalid: two have one name.

    """
    found: dict[str, Prompts] = {}
    for file in files:
        path = file.resolve()
        if path.is_dir():
            name = path.name
        else:  # each run folder has a prompts.json
            name = f"{path.parent.name}/{path.name}" if path.stem == "prompts" else path.stem
        if name in found:
            raise ConfigInvalid(f"--against {file}: another one is called {name}, too; give it a name of its own")
        found[name] = system.with_prompts(read_prompts(file)).prompts
    return found


_UNSPENT = (
    "a part of the cap may stay so: each run keeps room for its last rounds, proofs and test at their worst, "
    "and does not use what these do not take"
)


def _part_of_each(comparison: Comparison) -> str:
    """Return what each run gets: calls, or money and the calls that it should pay for."""
    if not comparison.bought:
        return f"{comparison.calls:,} calls each"
    bought = list_names([f"{calls:,} calls of {name}" for name, calls in comparison.bought.items()])
    when = "" if comparison.came_to else ", before prices are measured"
    return f"{money(comparison.usd)} each: about {bought}{when}"


def _plan(comparison: Comparison, out: Path, budget: BudgetState | None) -> str:
    """Return the plan for people: what is compared, on what, and what it costs at most."""
    runs = comparison.runs
    searching = f"{len(comparison.inputs.rows) - len(comparison.holdout)} to search on, " if runs else ""
    names = [one.name for one in comparison.contestants]
    decides = "labels" if comparison.decided_by == "labels" else "the judge"
    return lay_out(
        ("compared", list_names(names)),
        ("runs", f"{len(runs)}, {_part_of_each(comparison)}" if runs else "none"),
        (
            "inputs",
            f"{searching}{len(comparison.holdout)} held out, the same for all; {decides} will decide",
        ),
        *(
            [("guards", f"{plural(guards, 'input')} that must not break")]
            if (guards := len(comparison.guarding))
            else []
        ),
        ("endpoint", describe_endpoints(comparison.config.models)),
        ("calls", f"at most {comparison.most:,}, {comparison.measuring_calls:,} of them to measure"),
        ("caps", limits_of(comparison.config.caps, budget)),
        *([("unspent", _UNSPENT)] if comparison.config.caps.calls and runs else []),
        ("folder", str(out)),
    )
