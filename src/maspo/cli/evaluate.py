"""``maspo evaluate``: what prompts are worth on labelled rows, or to a judge, alone or against others.

Rows, prompts and settings are read before a call is paid, for ``maspo judge-check`` too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from maspo.cli.agreeing import agree, agree_to_file
from maspo.cli.discover import with_system_file
from maspo.cli.looked import remarks_on_looks
from maspo.cli.options import Arguments, scorer_name
from maspo.cli.prepare import (
    check_rows,
    check_writable,
    describe_endpoints,
    draw_rows,
    key_missing,
    read_prompts,
    read_system,
    sources_of,
)
from maspo.cli.prices import adopt_prices
from maspo.cli.printed import ReportEnd, ended
from maspo.cli.running import Begin, confirm, make_whole, run_watched
from maspo.cli.settings import load_settings
from maspo.cli.stores import keep_files, keeping_of
from maspo.cli.terminal import lay_out, note_damage, note_each, print_json, say, say_files
from maspo.config import Caps
from maspo.core.errors import EXIT_BUDGET, EXIT_OK, ConfigInvalid, MaspoError, UsageError, typed
from maspo.core.plain_files import is_there
from maspo.core.prompts import Prompts
from maspo.data.tasks.registry import file_task, task_of
from maspo.data.tasks.task import Task
from maspo.report.evaluation import PAGE, RESULT, ROWS, evaluation_of, summary, write_evaluation
from maspo.report.folder import JOURNAL, RUNS, free_folder
from maspo.report.higher_cap import going_on
from maspo.report.phrases import plural
from maspo.runners.messages import check_inputs
from maspo.scoring.elsewhere import check_scored_elsewhere
from maspo.scoring.registry import CODE, UNSAFE_CODE
from maspo.store.looks import LookLedger
from maspo.study import trust
from maspo.study.attention import Attention
from maspo.study.connections import endpoints_of, require_model, with_models_of
from maspo.study.evaluation.evaluate import evaluate, remarks_on_rows, resume_evaluation
from maspo.study.evaluation.job import EXACT, JUDGE, LABELLED, Evaluation, EvaluationFindings, Side
from maspo.study.evaluation.recorded import DATABASE, NOTED, look_at, reach_in, recorded
from maspo.study.evaluation.rows import scorer_for
from maspo.study.optimize import SEED_PROMPTS, recorded_job
from maspo.study.resolve import groups_in, split_of
from maspo.team import System

SEED = "seed"
NONE = "none"
_PROMPT_SETS = "seed, a run folder (for what it shipped) or a prompts.json"
"""What ``--prompts`` and ``--against`` take."""


@dataclass(frozen=True)
class EvaluationOptions:
    """What is evaluated, and how; None: as the rows suggest."""

    prompts: str | None = None
    """``seed``, a prompts.json or a run folder."""
    against: str | None = None
    """The same, or ``none``."""
    scorer: str | None = None
    repeats: int = 1
    unsafe_exec: bool = False
    """Programs may run without a sandbox."""
    executor: str = ""
    """Where programs are scored; empty: on this machine."""


# ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def run_evaluation(arguments: Arguments, choice: EvaluationOptions) -> None:
    """Read everything, state the plan, and evaluate once it is agreed to."""
    arguments = with_system_file(arguments)
    by_rubric = arguments.flags.get("rubric") is not None
    chosen = replace(choice, scorer=choice.scorer or JUDGE) if by_rubric else choice
    evaluation, notes = read_outputs(arguments, chosen)
    if not by_rubric and evaluation.scorer != JUDGE:
        evaluation = replace(evaluation, rubric="")  # of the settings: another scorer does not read it
    _check_scorer(evaluation)
    check_scored_elsewhere(evaluation.scorer, choice.executor)
    unscorable = _note_unscorable(evaluation)
    named = [name for name in (choice.prompts, choice.against) if name is not None]
    evaluation = with_seen_rows(evaluation, named)
    begin_evaluation(evaluation, [*notes, *unscorable, *evaluation.remarks], arguments, choice.executor)


def begin_evaluation(evaluation: Evaluation, notes: Sequence[str], arguments: Arguments, executor: str = "") -> None:
    """State the plan of an evaluation, and run it once it is agreed to."""
    notes = [*notes, *remarks_on_rows(evaluation)]
    if evaluation.repeats > 1 and not evaluation.config.models.agent_temperature:
        notes.append("repeats at temperature 0 differ only as far as the endpoint does; see models.agent_temperature")
    folder = arguments.out or free_folder(RUNS, f"{evaluation.system.name}-evaluation")
    compared = evaluation.before not in (None, evaluation.after) and evaluation.unseen
    if compared and not is_there(folder / DATABASE):
        notes += remarks_on_looks(evaluation.job, evaluation.unseen)
    note_each(notes)
    models, names = evaluation.config.models, evaluation.names
    plan = lay_out(
        ("prompts", f"{names['after']} " + ("alone" if evaluation.before is None else f"against {names['before']}")),
        (
            "rows",
            f"{len(evaluation.task.test.rows):,} of {evaluation.task.name}, {plural(evaluation.repeats, 'run')} each",
        ),
        ("scorer", evaluation.scorer),
        ("endpoint", describe_endpoints(models, "agent")),
        ("calls", describe_bound(evaluation.most_calls)),
        ("folder", str(folder)),
    )
    confirm(plan, arguments.yes)
    make_whole(folder / DATABASE)
    keeping = keeping_of(arguments, folder / DATABASE)
    code = _run(
        lambda watcher, stop: evaluate(
            evaluation,
            folder,
            Attention(watcher, stop=stop, looks=LookLedger(), keeping=keeping, executor=executor),
        ),
        folder,
        arguments.as_json,
    )
    raise typer.Exit(code)


def go_on_evaluating(folder: Path, caps: Caps | None, allowed: str, as_json: bool) -> int:
    """Go on with the evaluation that a folder holds; return the exit code."""
    begun = recorded(folder / DATABASE)
    if begun.scorer == UNSAFE_CODE:
        raise UsageError(
            f"{folder}: was started with --unsafe-exec, which no folder can ask for; repeat the `maspo evaluate` "
            f"command with --unsafe-exec and --out {typed(folder)}, and it goes on"
        )
    allowed = agree(reach_in(folder), folder, allowed)
    make_whole(folder / DATABASE, needed=NOTED)
    trust.require(reach_in(folder), folder, allowed)
    adopt_prices(folder)
    looks = LookLedger()
    return _run(
        lambda watcher, stop: resume_evaluation(folder, caps, Attention(watcher, stop=stop, looks=looks), allowed),
        folder,
        as_json,
    )


def _run(begin: Begin[EvaluationFindings], folder: Path, as_json: bool) -> int:
    """Run to the end, write the reports and print the outcome; return the exit code."""
    # Where a run shares the folder, it is the run that `maspo resume` goes on with.
    shared = is_there(folder / JOURNAL)
    again = f"the same command with --out {typed(folder)}" if shared else f"maspo resume {typed(folder)}"
    found = run_watched(begin, folder / DATABASE, again)
    _report(folder, found)
    keep_files(folder / DATABASE, PAGE, RESULT)
    code = EXIT_BUDGET if found.left_out else EXIT_OK
    if found.left_out:
        most = found.evaluation.most_calls
        say(lay_out(("go on", going_on(again, found.cap, found.usage, found.seconds, most)), width=14))
    if as_json:
        print_json(ended(evaluation_of(found), code, folder, PAGE))
    return code


def report_evaluation(folder: Path, as_json: bool) -> None:
    """Write the page of an evaluation again from what it found at its last end, and print the summary.

    Raises:
        UsageError: it has not come to an end yet.

    """
    adopt_prices(folder)
    looked = look_at(folder)
    note_damage(folder, looked.damage)
    if looked.found is None:
        raise UsageError(f"{folder}: the evaluation has not come to an end; go on with: maspo resume {typed(folder)}")
    _report(folder, looked.found)
    if as_json:
        print_json(ReportEnd(evaluation_of(looked.found), str(folder / PAGE)))


def _report(folder: Path, found: EvaluationFindings) -> None:
    write_evaluation(folder, found)
    say(summary(found))
    say()
    say_files(folder, ("report", PAGE), ("figures", RESULT), ("outputs", ROWS), width=14)


def describe_bound(calls: int) -> str:
    """Return an upper bound of calls in words."""
    return f"at most {calls:,}, besides one small question to each model and retries"


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def read_outputs(arguments: Arguments, choice: EvaluationOptions) -> tuple[Evaluation, list[str]]:
    """Read what outputs are made of, and the scorer; creates nothing and asks no model. Return remarks as well.

    Whether the scorer can tell what prompts are worth is not checked.

    Raises:
        UsageError: something cannot be used; says what, where and how to fix it.

    """
    system = read_system(arguments.system)
    task = _read_task(arguments)
    settings = load_settings(sources_of(arguments, system))
    notes = [*settings.notes, *task.notes, *check_inputs(system, task.test)]
    alone = choice.prompts is None and choice.against is None
    after_name = choice.prompts or SEED
    before_name = NONE if alone else (choice.against or SEED)
    before = None if before_name == NONE else _read_prompt_set(system, before_name)
    after = _read_prompt_set(system, after_name)
    scorer = choice.scorer or fitting_scorer(task, arguments.task)
    if arguments.flags.get("sandbox-packages") and scorer != CODE:
        raise ConfigInvalid(
            f"--sandbox-packages: the scorer {scorer} runs no programs shut in; leave it out, or give --scorer code"
        )
    if before == after:
        notes.append("both prompt sets are the same, so that nothing can differ" + _or_against_those_before(after_name))
    if choice.repeats < 1:
        raise ConfigInvalid(f"--repeats {choice.repeats}: expected 1 or more")
    names: Mapping[Side, str] = {"before": name_prompt_set(before_name), "after": name_prompt_set(after_name)}
    evaluation = Evaluation(
        system=system,
        task=task,
        config=with_models_of(system, settings.config),
        after=after,
        before=before,
        scorer=scorer_name(scorer, choice.unsafe_exec, settings.config.sandbox.packages),
        rubric=settings.config.judge.rubric,
        repeats=choice.repeats,
        names=names,
        sources={"system": str(arguments.system.absolute())},
    )
    scorer_for(evaluation)
    if arguments.out is not None:
        check_writable(arguments.out)
    models = settings.config.models
    endpoints_of(models)
    missing = key_missing(models)
    if missing:
        raise ConfigInvalid(missing)
    require_model(models, system)
    agree_to_file(settings, arguments.trust)
    return evaluation, notes


def _read_task(arguments: Arguments) -> Task:
    check_rows(arguments)
    file = arguments.inputs
    task = file_task(file) if file is not None else task_of(str(arguments.task), arguments.data)
    if arguments.rows is None:
        return replace(task, pool_rows=())
    chosen = draw_rows(task.test, arguments.rows).rows
    return replace(task, pool_rows=(), test_rows=tuple(task.row(row.key) for row in chosen))


def _read_prompt_set(system: System, name: str) -> Prompts:
    """Return the prompts of a set; agents that it does not name keep their seed prompts."""
    return system.prompts if name == SEED else system.with_prompts(read_prompts(Path(name), _PROMPT_SETS)).prompts


def _or_against_those_before(name: str) -> str:
    """Return how what a run shipped is compared with what it began with, once it stands in the system file."""
    path = Path(name)
    before = (path if path.is_dir() else path.parent) / SEED_PROMPTS
    after = path / "prompts.json" if path.is_dir() else path
    if name in (SEED, NONE) or not (before.is_file() and after.is_file()) or before.read_bytes() == after.read_bytes():
        return ""
    return f"; where these were written back already, --against {typed(before)} names those of before"


def name_prompt_set(name: str) -> str:
    """Return what people call a prompt set: ``seed``, or the folder and the file."""
    path = Path(name).resolve()
    if name in (SEED, NONE):
        return name
    return f"{path.parent.name}/{path.name}" if path.name == "prompts.json" else path.name or name


def fitting_scorer(task: Task, named: str | None) -> str:
    """Return the scorer that fits the rows: a task's own; tests are run, answers compared, and else the judge asked."""
    if named is not None:
        return task.scorer
    if all(row.tests for row in task.test_rows):
        return CODE
    return EXACT if any(row.answer is not None for row in task.test_rows) else JUDGE


def _check_scorer(evaluation: Evaluation) -> None:
    judged = evaluation.scorer == JUDGE
    if judged and evaluation.before is None and not evaluation.rubric:
        raise ConfigInvalid(
            "the judge compares two prompt sets, or tells whether outputs meet a rubric: give --prompts or --rubric "
            "(or rows with an answer column and another --scorer)"
        )
    if evaluation.rubric and not judged:
        raise ConfigInvalid(f"--rubric is read by the judge; give --scorer judge instead of {evaluation.scorer}")


def _note_unscorable(evaluation: Evaluation) -> list[str]:
    """Return a note on rows that lack what the scorer needs.

    Raises:
        ConfigInvalid: all of them do, so that every call would be paid for nothing.

    """
    rows, scorer = evaluation.task.test_rows, evaluation.scorer
    if scorer.partition(":")[0] == CODE:
        what, lacking = "tests", sum(not row.tests for row in rows)
    elif scorer in LABELLED:
        what, lacking = "answer", sum(row.answer is None for row in rows)
    else:
        return []
    if lacking == len(rows):
        raise ConfigInvalid(
            f"--scorer {scorer}: no row has `{what}`, so nothing could be scored; add that column, or let the judge "
            "compare: --scorer judge"
        )
    return [f"rows without `{what}`, which cannot be scored: {lacking}"] if lacking else []


def with_seen_rows(evaluation: Evaluation, names: Iterable[str]) -> Evaluation:
    """Return an evaluation that knows which of its rows searches have seen, and says so; near-copies count as seen."""
    keys = [row.key for row in evaluation.task.test.rows]
    found = rows_seen(keys, names)
    if not found:
        return evaluation
    group = groups_in(evaluation.job).of
    copied = {name: {group[key] for key in seen} for name, seen in found.items()}
    found = {name: frozenset(key for key in keys if group[key] in copied[name]) for name in found}
    seen = tuple(key for key in keys if any(key in of for of in found.values()))
    rest = len(keys) - len(seen)
    what = "the claim rests" if evaluation.before is not None else "the figure is told"
    then = f"so {what} on the other {rest:,}" if rest else "so nothing is claimed; give rows that it has not seen"
    told = (
        f"has seen {len(of):,} of these {len(keys):,} rows: figures on them flatter it, {then}" for of in found.values()
    )
    remarks = tuple(f"the search that wrote {name} {text}" for name, text in zip(found, told, strict=True))
    return replace(evaluation, seen=seen, remarks=(*evaluation.remarks, *remarks))


def note_seen_rows(keys: Collection[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return a remark for each prompt set that was found with the help of some of these rows: they flatter it."""
    return tuple(
        f"the search that wrote {name} has seen {len(seen):,} of these {len(keys):,} rows: figures on them flatter it; "
        "use rows that it has not seen"
        for name, seen in rows_seen(keys, names).items()
    )


def rows_seen(keys: Collection[str], names: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return by the name of a prompt set the rows that its search has seen; sets without any are left out."""
    found: dict[str, frozenset[str]] = {}
    for name in sorted(set(names) - {SEED, NONE}):
        folder = Path(name) if Path(name).is_dir() else Path(name).parent
        searched: frozenset[str] = frozenset()
        if is_there(folder / JOURNAL):
            try:
                searched = frozenset(split_of(recorded_job(folder)).search)
            except MaspoError:
                continue
        seen = searched.intersection(keys)
        if seen:
            found[name_prompt_set(name)] = seen
    return found
