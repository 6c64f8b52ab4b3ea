"""``maspo judge-check``: how far the judge can be trusted on this system, against labels and against a person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maspo.cli.options import Asked, PromptSet, asks_models
from maspo.cli.printed import ended
from maspo.cli.terminal import note, print_json, say

if TYPE_CHECKING:
    import asyncio

    from maspo.study.evaluation.job import Evaluation
    from maspo.study.evaluation.judge_check import Checked
    from maspo.study.job import Watcher

_SAMPLED_AT = 0.7
_REPEATS = 4


@asks_models
def judge_check(
    asked: Asked,
    *,
    prompts: PromptSet = None,
    scorer: Annotated[
        str | None,
        typer.Option("--scorer", metavar="S", help="Says which outputs are right [default: as the rows suggest]."),
    ] = None,
    pairs: Annotated[int, typer.Option("--pairs", metavar="N", help="Pairs of outputs, one a row.")] = 50,
    repeats: Annotated[
        int | None,
        typer.Option("--repeats", metavar="N", help="Runs on each row [default: 1, or 4 without --prompts]."),
    ] = None,
    human: Annotated[bool, typer.Option("--human", help="Ask a person about the same pairs, blind.")] = False,
) -> None:
    """Tell how far the judge can be trusted.

    Puts pairs of outputs, of which labels say which is right, to the judge in both orders; with --human also to you.
    """
    from maspo.cli.evaluating import NONE, Scoring, Sides, read_outputs
    from maspo.cli.optimize import agreed
    from maspo.core.errors import ConfigInvalid
    from maspo.report.folder import RUNS, free_folder
    from maspo.study.evaluation.job import JUDGE

    if scorer == JUDGE:
        raise ConfigInvalid("--scorer judge: the judge is what is checked; give what tells which outputs are right")
    if pairs < 1:
        raise ConfigInvalid(f"--pairs {pairs}: expected 1 or more")
    drawn = repeats if repeats is not None else (1 if prompts else _REPEATS)
    read = read_outputs(
        asked,
        # Without other prompts the seed prompts meet themselves: repeats are what differs.
        Sides(prompts, None if prompts else NONE),
        Scoring(scorer, None, drawn),
    )
    for remark in read.notes:
        note(f"note: {remark}")
    evaluation = _sampled(read.evaluation)
    folder = asked.out or free_folder(RUNS, f"{evaluation.system.name}-judge")
    note(_plan(evaluation, pairs, folder))
    if not (asked.yes or agreed()):
        note("Not started; nothing was paid.")
        raise typer.Exit(1)
    raise typer.Exit(_run(evaluation, pairs, folder, human, asked.as_json))


def _run(evaluation: Evaluation, most: int, folder: Path, human: bool, as_json: bool) -> int:
    from maspo.cli.blind import ask_person, read_verdicts
    from maspo.cli.running import make_whole, run_watched
    from maspo.core.errors import EXIT_BUDGET, EXIT_OK, Interrupted
    from maspo.report.html_judge_check import PAGE, PAIRS, write_judge_check
    from maspo.report.judge_check import RESULT, check_of, judge_summary
    from maspo.study.evaluation.calibration import calibrate
    from maspo.study.evaluation.evaluate import Attention
    from maspo.study.evaluation.judge_check import DATABASE
    from maspo.study.evaluation.judge_check import judge_check as check

    make_whole(folder / DATABASE)

    async def begin(watcher: Watcher, stop: asyncio.Event) -> Checked:
        return await check(evaluation, most, folder, Attention(watcher, stop=stop))

    again = f"the same command with --out {folder}"
    try:
        found = run_watched(begin, folder / DATABASE, again)
    except Interrupted as error:
        raise Interrupted(f"{error} Everything paid for is saved; go on with: {again}") from None
    if human:
        ask_person(found.pairs, folder, evaluation.config.seed)
    said = {name: verdict for name, verdict in read_verdicts(folder).items() if verdict is not None}
    calibration = calibrate(found.readings, said)
    write_judge_check(folder, found, calibration)
    say(judge_summary(found, calibration))
    say()
    for name, file in (("report", PAGE), ("figures", RESULT), ("pairs", PAIRS)):
        say(f"{name:<24}{folder / file}")
    code = EXIT_BUDGET if found.cap else EXIT_OK
    if as_json:
        print_json(ended(check_of(found, calibration), code, folder, PAGE))
    return code


def _sampled(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with agents that are drawn, where nothing else would make their outputs differ."""
    if evaluation.before is not None or evaluation.config.models.agent_temperature:
        return evaluation
    note(f"note: agents answer at temperature {_SAMPLED_AT:g} here, so that their outputs differ")
    models = evaluation.config.models.model_copy(update={"agent_temperature": _SAMPLED_AT})
    return replace(evaluation, config=evaluation.config.model_copy(update={"models": models}))


def _plan(evaluation: Evaluation, most: int, folder: Path) -> str:
    from maspo.cli.evaluating import bound
    from maspo.models.endpoint import Endpoint
    from maspo.study.evaluation.judge_check import most_calls

    models = evaluation.config.models
    lines = [
        ("judge", f"{models.for_judge()} at {Endpoint(models.base_url).shown}"),
        ("pairs", f"{most:,} at most, one a row, from {len(evaluation.task.test.rows):,} rows"),
        ("calls", bound(most_calls(evaluation, most))),
        ("folder", str(folder)),
    ]
    return "\n".join(f"{name:<10}{text}" for name, text in lines)
