"""The commands that test prompts and compare methods."""

import functools
from pathlib import Path
from typing import Annotated, Literal

import typer

from maspo.cli.options import (
    AgentModel,
    Arguments,
    BaseUrl,
    Carry,
    CodeExecutor,
    Config,
    Executor,
    Json,
    JudgeBaseUrl,
    JudgeModel,
    MaxCalls,
    MaxMinutes,
    MaxUsd,
    PromptSet,
    RunFolder,
    SandboxPackages,
    Trust,
    UnsafeExec,
    Yes,
    asks_models,
)


@functools.partial(asks_models, also=["scored"])
def evaluate(
    arguments: Arguments,
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
            help="exact, choice, math, calls, code, judge, regex:PATTERN, json-schema:FILE [default: as rows suggest].",
        ),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", metavar="N", help="Runs of each prompt set on each row.")] = 1,
    unsafe_exec: UnsafeExec = False,
    executor: CodeExecutor = "",
) -> None:
    """Tell what prompts are worth, and whether they beat others on the same rows.

    Uses labels, tests or a judge, and states every figure with its uncertainty.
    """
    from maspo.cli.evaluate import EvaluationOptions, run_evaluation

    run_evaluation(arguments, EvaluationOptions(prompts, against, scorer, repeats, unsafe_exec, executor))


@functools.partial(asks_models, also=["search"], without=("profile", "seed", "approve"))
def compare(
    arguments: Arguments,
    *,
    methods: Annotated[
        str, typer.Option("--methods", metavar="A,B", help="Profiles and optimizers; empty: only --against.")
    ] = "default,spo,opro",
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            metavar="TEXT",
            help="A method with settings of its own, such as 'lean=default search.drafts=3'; repeatable.",
            show_default=False,
        ),
    ] = None,
    seeds: Annotated[str, typer.Option("--seeds", metavar="N-M", help="Seeds of each method: 0-2 or 0,3.")] = "0",
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against", metavar="FILE", help="Prompts of your own beside them; repeatable.", show_default=False
        ),
    ] = None,
    guard: Annotated[
        Path | None,
        typer.Option(
            "--guard", metavar="FILE", help="Inputs that must not break: who breaks one is vetoed.", show_default=False
        ),
    ] = None,
    points: Annotated[
        int,
        typer.Option("--points", metavar="N", min=0, help="Moments on the way of each search to measure, too."),
    ] = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", metavar="N", min=1, help="Runs side by side [default: 1; all that a cluster has room for]."
        ),
    ] = None,
    executor: Executor = "",
    carry: Carry = None,
    equal: Annotated[
        Literal["calls", "money"],
        typer.Option("--equal", help="What each run has as much of; money needs --max-usd and known prices."),
    ] = "calls",
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also", metavar="FILE", help="A further task: inputs, or its name; repeatable.", show_default=False
        ),
    ] = None,
) -> None:
    """Compare methods, or prompt sets, on one hold-out.

    Every method has the same calls (or money), inputs and caps; what each found meets the seed prompts and the others
    once, on inputs that no search saw, with corrected tests. The same command with the same --out goes on.
    """
    from maspo.cli.compare import ComparisonOptions, run_comparison

    sets, further, workers = tuple(against or ()), tuple(also or ()), jobs or int(not executor)
    carried = str(carry or "")
    run_comparison(
        arguments,
        ComparisonOptions(
            methods, seeds, sets, guard, points, workers, executor, equal, further, carried, tuple(variant or ())
        ),
    )


def transfer(
    folder: RunFolder,
    agent_model: AgentModel = None,
    judge_model: JudgeModel = None,
    base_url: BaseUrl = None,
    judge_base_url: JudgeBaseUrl = None,
    inputs: Annotated[
        Path | None,
        typer.Option("--inputs", metavar="FILE", help="Rows [default: the run's hold-out].", show_default=False),
    ] = None,
    rows: Annotated[
        int | None, typer.Option("--rows", metavar="N", help="Use N rows [default: all].", show_default=False)
    ] = None,
    sandbox_packages: SandboxPackages = None,
    max_usd: MaxUsd = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", help="The folder.", show_default=False)] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any single setting.", show_default=False)
    ] = None,
    config: Config = None,
    as_json: Json = False,
    yes: Yes = False,
    trust: Trust = "",
) -> None:
    """Tell whether the prompts of a run help with another model, too.

    Tested on the run's hold-out, before anything is paid for a search there.
    """
    from maspo.cli.transfer import run_transfer

    flags = {"agent-model": agent_model, "judge-model": judge_model, "base-url": base_url}
    flags |= {"judge-base-url": judge_base_url, "max-usd": max_usd, "max-calls": max_calls, "max-minutes": max_minutes}
    flags |= {"sandbox-packages": sandbox_packages}
    sets = tuple(settings or ())
    run_transfer(folder, Arguments(folder, inputs, None, None, rows, flags, sets, config, out, as_json, yes, trust))


@asks_models
def stress(
    arguments: Arguments,
    *,
    prompts: PromptSet = None,
    shares: Annotated[bool, typer.Option("--shares", help="Also tell each agent's share in the outcome.")] = False,
) -> None:
    """Tell what happens to a team when an agent fails, or is told something that it should not follow.

    Every fault of every agent, with intervals; harmless notes are planted, and it is told how far they travel.
    """
    from maspo.cli.stress import run_stress

    run_stress(arguments, prompts, shares)


@asks_models
def structure(
    arguments: Arguments,
    *,
    prompts: PromptSet = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--change",
            metavar="KIND",
            help="What may change: agents, edges, models, verifiers; repeatable [default: agents and edges].",
        ),
    ] = None,
    try_model: Annotated[
        list[str] | None,
        typer.Option("--try-model", metavar="M", help="A model that agents may be answered by instead; repeatable."),
    ] = None,
    margin: Annotated[
        float,
        typer.Option("--margin", metavar="SHARE", help="How much worse still counts as as good, as a share of inputs."),
    ] = 0.1,
    method: Annotated[str, typer.Option("--method", metavar="M", help="greedy or agent-dropout.")] = "greedy",
) -> None:
    """Find what a team can do without: agents, edges, dearer models; or where a verifier helps.

    Every change is judged by what the team answers, without labels, and all of them together on held-out inputs.
    """
    from maspo.cli.structure import run_structure

    run_structure(arguments, prompts, change or (), try_model or (), margin, method)


def score(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="JSON Lines: id, output, answer (or a list); tests for code. - is stdin.",
            show_default=False,
        ),
    ],
    scorer: Annotated[
        str,
        typer.Option(
            "--scorer", metavar="S", help="exact, choice, math, calls, code, regex:PATTERN, json-schema:FILE."
        ),
    ],
    unsafe_exec: UnsafeExec = False,
    sandbox_packages: Annotated[
        str | None,
        typer.Option(
            "--sandbox-packages",
            metavar="NAMES",
            help="Packages that programs may import: numpy,pandas.",
            show_default=False,
        ),
    ] = None,
    executor: CodeExecutor = "",
    as_json: Json = False,
) -> None:
    """Score outputs that were made elsewhere, row by row.

    Prints one JSON line for each row, in order: id, correct, outcome, read, why. No model is asked.
    """
    from maspo.cli.score import score_file

    score_file(file, scorer, unsafe_exec, sandbox_packages, executor, as_json)


COMMANDS = (evaluate, compare, transfer, stress, structure, score)
