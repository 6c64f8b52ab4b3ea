"""``maspo stress``: what happens to a team when an agent fails, or is told something that it should not follow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import typer

from maspo.cli.discover import with_system_file
from maspo.cli.evaluate import EvaluationOptions, describe_bound, read_outputs
from maspo.cli.options import Arguments
from maspo.cli.prepare import describe_endpoints
from maspo.cli.running import confirm, work_at
from maspo.cli.stores import keep_files
from maspo.cli.terminal import lay_out, note_each, print_json, say, table
from maspo.core.errors import EXIT_BUDGET, EXIT_OK, ConfigInvalid, typed
from maspo.core.plain import Dumped, plain
from maspo.core.usage import total
from maspo.report import phrases
from maspo.report.folder import RUNS, STRESS_PAGE, free_folder
from maspo.report.higher_cap import going_on
from maspo.report.stress import FEW, stress_headline, stress_remarks, write_stress_page
from maspo.runners.faults import PLANTED
from maspo.stats.shapley import Contribution
from maspo.store.files import write_whole
from maspo.study.evaluation.job import JUDGE
from maspo.study.stress import DATABASE, RESULT, Figure, StressFindings, most_calls, stress

_LABELLED = "exact"


@dataclass(frozen=True)
class StressEnd(Dumped):
    """What is printed and written as JSON."""

    exit_code: int
    folder: str
    found: StressFindings


def run_stress(arguments: Arguments, prompts: str | None, shares: bool) -> None:
    """Read everything, state the plan, and put the team under stress once it is agreed to."""
    arguments = with_system_file(arguments)
    evaluation, notes = read_outputs(arguments, EvaluationOptions(prompts=prompts, against="none"))
    if evaluation.system.app is not None:
        raise ConfigInvalid("maspo stress: an app passes texts on by itself; it takes a system file with prompts")
    if evaluation.scorer not in (_LABELLED, JUDGE):
        labelled = all(row.answer is not None for row in evaluation.task.test.rows)
        evaluation = replace(evaluation, scorer=_LABELLED if labelled else JUDGE)
    evaluation = replace(evaluation, rubric=evaluation.config.judge.rubric)
    note_each(notes)
    folder = arguments.out or free_folder(RUNS, f"{evaluation.system.name}-stress")
    plan = lay_out(
        ("prompts", evaluation.names["after"]),
        ("rows", f"{len(evaluation.task.test.rows):,} of {evaluation.task.name}"),
        ("scorer", "judge" if evaluation.scorer == JUDGE else "labels"),
        ("endpoint", describe_endpoints(evaluation.config.models, "agent")),
        ("calls", describe_bound(most_calls(evaluation, shares))),
        ("folder", str(folder)),
    )
    confirm(plan, arguments.yes)
    again = f"the same command with --out {typed(folder)}"
    work = partial(stress, evaluation, folder, shares=shares)
    found = work_at(folder / DATABASE, arguments, again, work)
    code = EXIT_BUDGET if found.left_out else EXIT_OK
    printed = StressEnd(code, str(folder), found)
    write_whole(folder / RESULT, json.dumps(plain(printed), indent=2) + "\n")
    write_stress_page(folder, found, evaluation.config.seed)
    keep_files(folder / DATABASE, STRESS_PAGE, RESULT)
    for line in _lines(found):
        say(line)
    say(f"\n{lay_out(('report', str(folder / STRESS_PAGE)), ('figures', str(folder / RESULT)))}")
    if found.left_out:
        say(f"go on     {going_on(again, found.cap, found.usage, found.seconds, most_calls(evaluation, shares))}")
    if arguments.as_json:
        print_json(printed)
    raise typer.Exit(code)


def _lines(found: StressFindings) -> Iterator[str]:
    what = "answers that turn wrong, less those that turn right"
    if found.measure != "labels":
        what = "answers that lose against those without the fault, less those that win"
    yield stress_headline(found)
    yield f"Measured by {found.measure}; cost: {what}."
    if found.simulated:
        yield phrases.SIMULATED
    if found.clean is not None:
        yield f"right without any fault: {_figure(found.clean)}"
    if spoilt := [cell for cell in found.cells if cell.kind not in PLANTED]:
        yield ""
        yield table(("fault", "agent", "cost"), [(cell.kind, cell.agent, _figure(cell.cost)) for cell in spoilt])
    if planted := [cell for cell in found.cells if cell.kind in PLANTED]:
        yield ""
        yield table(
            ("planted note", "agent", "answers that follow it", "agents that follow it", "cost"),
            [(one.kind, one.agent, _figure(one.answers), _figure(one.spread), _figure(one.cost)) for one in planted],
        )
    if found.shares:
        yield ""
        yield table(("agent", "share in the outcome"), [(one.player, _figure(one)) for one in found.shares])
        yield _dropped(found)
    spent = total(found.usage.values())
    yield ""
    yield from (f"note: {remark}" for remark in stress_remarks(found))
    yield lay_out(
        ("spent", phrases.spent(spent)),
        ("money", phrases.money_spent(spent, found.simulated)),
        ("time", phrases.duration(found.seconds)),
    )


def _dropped(found: StressFindings) -> str:
    if found.clean is not None and found.clean.mean == 0:
        return "No answer is right, so it cannot be told who contributes."
    few = f" ({found.inputs} inputs tell little)" if found.inputs < FEW else ""
    if not found.droppable:
        return f"nobody looks unneeded: each has a share above nothing, or a loss is seen without it{few}"
    return f"no loss is seen without: {', '.join(found.droppable)}{few}"


def _figure(figure: Figure | Contribution | None) -> str:
    if figure is None:
        return ""
    low, high = figure.interval
    return f"{_percent(figure.mean)} ({_percent(low)} to {_percent(high)})"


def _percent(share: float) -> str:
    text = f"{share:.0%}"
    return "0%" if text == "-0%" else text.replace("-", "−")
