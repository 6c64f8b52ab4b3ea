"""``maspo judge-check``: how far the judge can be trusted on this system, against labels and against a person."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maspo.cli.evaluate import MostRows, PromptSet, TaskData, TaskInputs, TaskName
from maspo.cli.options import (
    AgentModel,
    BaseUrl,
    Config,
    Json,
    JudgeModel,
    MaxCalls,
    MaxMinutes,
    MaxUsd,
    Out,
    Seed,
    Set,
    SystemFile,
    Yes,
)
from maspo.cli.terminal import note, print_json, say

if TYPE_CHECKING:
    import asyncio

    from maspo.engine.evaluate_judge import Checked
    from maspo.engine.evaluation import Evaluation
    from maspo.engine.job import Watcher

RESULT = "judge_check.json"
PAIRS = "pairs.jsonl"
_SAMPLED_AT = 0.7
_REPEATS = 4


def judge_check(
    *,
    system: SystemFile,
    inputs: TaskInputs = None,
    task: TaskName = None,
    data: TaskData = None,
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
    rows: MostRows = None,
    human: Annotated[bool, typer.Option("--human", help="Ask a person about the same pairs, blind.")] = False,
    out: Out = None,
    seed: Seed = None,
    agent_model: AgentModel = None,
    judge_model: JudgeModel = None,
    base_url: BaseUrl = None,
    max_usd: MaxUsd = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    settings: Set = None,
    config: Config = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Tell how far the judge can be trusted.

    Puts pairs of outputs, of which labels say which is right, to the judge in both orders; with --human also to you.
    """
    from maspo.cli.evaluating import NONE, Rows, Scoring, Sides, read_evaluation
    from maspo.cli.optimize import agreed
    from maspo.cli.settings import Given
    from maspo.errors import ConfigInvalid
    from maspo.report.folder import RUNS, free_folder

    if pairs < 1:
        raise ConfigInvalid(f"--pairs {pairs}: expected 1 or more")
    flags = {
        "seed": seed,
        "agent-model": agent_model,
        "judge-model": judge_model,
        "base-url": base_url,
        "max-usd": max_usd,
        "max-calls": max_calls,
        "max-minutes": max_minutes,
    }
    drawn = repeats if repeats is not None else (1 if prompts else _REPEATS)
    read = read_evaluation(
        system,
        Rows(inputs, task, data, rows),
        # Without other prompts the seed prompts meet themselves: repeats are what differs.
        Sides(prompts, None if prompts else NONE),
        Scoring(scorer, None, drawn, compared=True),
        Given(flags, tuple(settings or ()), config),
    )
    for remark in read.notes:
        note(f"note: {remark}")
    evaluation = _sampled(read.evaluation)
    folder = out or free_folder(RUNS, f"{evaluation.system.name}-judge")
    note(_plan(evaluation, pairs, folder))
    if not (yes or agreed()):
        note("Not started; nothing was paid.")
        raise typer.Exit(1)
    raise typer.Exit(_run(evaluation, pairs, folder, human, as_json))


def _run(evaluation: Evaluation, most: int, folder: Path, human: bool, as_json: bool) -> int:
    import json

    from maspo.cli.blind import ask_person, read_verdicts
    from maspo.cli.running import run_watched
    from maspo.engine.evaluate import Attention
    from maspo.engine.evaluate_calibration import calibrate
    from maspo.engine.evaluate_judge import judge_check as check
    from maspo.errors import EXIT_BUDGET, EXIT_OK, Interrupted
    from maspo.report.calibration import judge_json, judge_summary, pairs_jsonl
    from maspo.store.files import write_whole

    async def begin(watcher: Watcher, stop: asyncio.Event) -> Checked:
        return await check(evaluation, most, folder, Attention(watcher, stop=stop))

    try:
        found = run_watched(begin, folder)
    except Interrupted as error:
        again = "the same command again goes on where it stopped"
        raise Interrupted(f"{error} Everything paid for is saved in {folder}; with --out {folder} {again}") from None
    if human:
        ask_person(found.pairs, folder, evaluation.config.seed)
    said = {name: verdict for name, verdict in read_verdicts(folder).items() if verdict is not None}
    calibration = calibrate(found.readings, said)
    result = judge_json(found, calibration)
    write_whole(folder / PAIRS, "".join(f"{line}\n" for line in pairs_jsonl(found)))
    write_whole(folder / RESULT, json.dumps(result, indent=2) + "\n")
    say(judge_summary(found, calibration))
    say()
    say(f"{'figures':<24}{folder / RESULT}")
    say(f"{'pairs':<24}{folder / PAIRS}")
    code = EXIT_BUDGET if found.cap else EXIT_OK
    if as_json:
        print_json({**result, "exit_code": code, "out": str(folder)})
    return code


def _sampled(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with agents that are drawn, where nothing else would make their outputs differ."""
    if evaluation.before is not None or evaluation.config.models.agent_temperature:
        return evaluation
    note(f"note: agents answer at temperature {_SAMPLED_AT:g} here, so that their outputs differ")
    models = evaluation.config.models.model_copy(update={"agent_temperature": _SAMPLED_AT})
    return replace(evaluation, config=evaluation.config.model_copy(update={"models": models}))


def _plan(evaluation: Evaluation, most: int, folder: Path) -> str:
    from maspo.engine.evaluate_judge import most_calls
    from maspo.models.endpoint import Endpoint

    models = evaluation.config.models
    lines = [
        ("judge", f"{models.for_judge()} at {Endpoint(models.base_url).shown}"),
        ("pairs", f"{most:,} at most, one a row, from {len(evaluation.task.test.rows):,} rows"),
        ("calls", f"at most {most_calls(evaluation, most):,}"),
        ("folder", str(folder)),
    ]
    return "\n".join(f"{name:<10}{text}" for name, text in lines)
