"""``maspo evaluate``: what prompts are worth on labelled rows, or to a judge, alone or against others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maspo.cli.options import Asked, PromptSet, UnsafeExec, asks_models
from maspo.cli.printed import Reported, ended
from maspo.cli.terminal import note, print_json, say

if TYPE_CHECKING:
    import asyncio

    from maspo.cli.running import Begin
    from maspo.config import Caps
    from maspo.study.evaluation.job import Evaluated, Evaluation
    from maspo.study.job import Watcher


@asks_models
def evaluate(
    asked: Asked,
    *,
    prompts: PromptSet = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="seed|FILE|none", help="What --prompts are compared with [default: seed]."),
    ] = None,
    scorer: Annotated[
        str | None,
        typer.Option(
            "--scorer",
            metavar="S",
            help="exact, choice, math, code, judge, regex:PATTERN or json-schema:FILE [default: as the rows suggest].",
        ),
    ] = None,
    rubric: Annotated[
        Path | None,
        typer.Option("--rubric", metavar="FILE", help="Criteria that the judge goes by.", show_default=False),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", metavar="N", help="Runs of each prompt set on each row.")] = 1,
    unsafe_exec: UnsafeExec = False,
) -> None:
    """Tell what prompts are worth, and whether they beat others on the same rows.

    Uses labels, tests or a judge, and states every figure with its uncertainty.
    """
    from maspo.cli.evaluating import Scoring, Sides, read_evaluation
    from maspo.cli.optimize import agreed
    from maspo.cli.running import make_whole
    from maspo.report.folder import RUNS, free_folder
    from maspo.study.evaluation.evaluate import DATABASE, Attention
    from maspo.study.evaluation.evaluate import evaluate as run

    read = read_evaluation(asked, Sides(prompts, against), Scoring(scorer, rubric, repeats, unsafe_exec))
    folder = asked.out or free_folder(RUNS, f"{read.evaluation.system.name}-evaluation")
    for remark in read.notes:
        note(f"note: {remark}")
    note(_plan(read.evaluation, folder))
    if not (asked.yes or agreed()):
        note("Not started; nothing was paid.")
        raise typer.Exit(1)

    make_whole(folder / DATABASE)

    async def begin(watcher: Watcher, stop: asyncio.Event) -> Evaluated:
        return await run(read.evaluation, folder, Attention(watcher, stop=stop))

    raise typer.Exit(_watched(begin, folder, asked.as_json))


def resume_evaluation(folder: Path, caps: Caps | None, as_json: bool) -> int:
    """Go on with the evaluation that a folder holds; return the exit code."""
    from maspo.cli.running import make_whole
    from maspo.core.errors import UsageError
    from maspo.scoring.registry import UNSAFE_CODE
    from maspo.study.evaluation.evaluate import DATABASE, NOTED, Attention, recorded
    from maspo.study.evaluation.evaluate import resume_evaluation as go_on

    make_whole(folder / DATABASE, needed=NOTED)
    if recorded(folder / DATABASE).scorer == UNSAFE_CODE:
        raise UsageError(
            f"{folder}: was started with --unsafe-exec, which no folder can ask for; repeat the `maspo evaluate` "
            f"command with --unsafe-exec and --out {folder}, and it goes on"
        )

    async def begin(watcher: Watcher, stop: asyncio.Event) -> Evaluated:
        return await go_on(folder, caps, Attention(watcher, stop=stop))

    return _watched(begin, folder, as_json)


def report_evaluation(folder: Path, as_json: bool) -> None:
    """Write the page of an evaluation again from what it found at its last end, and print the summary.

    Raises:
        UsageError: it has not come to an end yet.

    """
    from maspo.cli.runs import note_damage
    from maspo.core.errors import UsageError
    from maspo.report.evaluation import evaluation_of
    from maspo.report.html_evaluation import PAGE
    from maspo.study.evaluation.evaluate import look_at

    looked = look_at(folder)
    note_damage(folder, looked.damage)
    if looked.found is None:
        raise UsageError(f"{folder}: the evaluation has not come to an end; go on with: maspo resume {folder}")
    _told(folder, looked.found)
    if as_json:
        print_json(Reported(evaluation_of(looked.found), str(folder / PAGE)))


def _told(folder: Path, found: Evaluated) -> None:
    """Write the reports and print the outcome."""
    from maspo.report.evaluation import summary
    from maspo.report.html_evaluation import PAGE, RESULT, ROWS, write_evaluation

    write_evaluation(folder, found)
    say(summary(found))
    say()
    for name, file in (("report", PAGE), ("figures", RESULT), ("outputs", ROWS)):
        say(f"{name:<14}{folder / file}")


def _watched(begin: Begin[Evaluated], folder: Path, as_json: bool) -> int:
    """Run to the end, write the reports and print the outcome; return the exit code."""
    from maspo.cli.running import run_watched
    from maspo.core.errors import EXIT_BUDGET, EXIT_OK, Interrupted
    from maspo.report.evaluation import evaluation_of
    from maspo.report.folder import JOURNAL
    from maspo.report.html_evaluation import PAGE
    from maspo.study.evaluation.evaluate import DATABASE

    # Where a run shares the folder, it is the run that `maspo resume` goes on with.
    shared = (folder / JOURNAL).is_file()
    again = f"the same command with --out {folder}" if shared else f"maspo resume {folder}"
    try:
        found = run_watched(begin, folder / DATABASE, again)
    except Interrupted as error:
        raise Interrupted(f"{error} Everything paid for is saved; go on with: {again}") from None
    _told(folder, found)
    code = EXIT_BUDGET if found.left_out else EXIT_OK
    if found.left_out:
        note(f"A cap left out rows; with a higher one go on with: {again}")
    if as_json:
        print_json(ended(evaluation_of(found), code, folder, PAGE))
    return code


def _plan(evaluation: Evaluation, folder: Path) -> str:
    from maspo.cli.evaluating import bound
    from maspo.models.endpoint import Endpoint

    models = evaluation.config.models
    names = evaluation.names
    against = "alone" if evaluation.before is None else f"against {names['before']}"
    lines = [
        ("prompts", f"{names['after']} {against}"),
        ("rows", f"{len(evaluation.task.test.rows):,} of {evaluation.task.name}, {evaluation.repeats} run(s) each"),
        ("scorer", evaluation.scorer),
        ("endpoint", f"{Endpoint(models.base_url).shown} ({models.agent})"),
        ("calls", bound(evaluation.most_calls)),
        ("folder", str(folder)),
    ]
    return "\n".join(f"{name:<10}{text}" for name, text in lines)
