"""The commands for what is done before a search: look, check, estimate, find the team and its rows."""

import functools
from pathlib import Path
from typing import Annotated

import typer

from maspo.cli.options import (
    AgentModel,
    Arguments,
    BaseUrl,
    Config,
    Json,
    JudgeModel,
    MaxCalls,
    MaxMinutes,
    MaxUsd,
    PromptSet,
    ProposerModel,
    Python,
    Sets,
    Trust,
    asks_models,
    job_command,
)


def doctor(
    base_url: BaseUrl = None,
    agent_model: AgentModel = None,
    judge_model: JudgeModel = None,
    proposer_model: ProposerModel = None,
    config: Config = None,
    local: Annotated[bool, typer.Option("--local/--no-local", help="Look for endpoints on this machine.")] = True,
    ask: Annotated[bool, typer.Option("--ask", help="Ask each model one short question; tell what it shows.")] = False,
    trust: Trust = "",
    as_json: Json = False,
) -> None:
    """Look at this machine and at endpoints.

    Versions, the sandbox level that holds, keys (by name only), and which endpoints answer, also local ones.
    """
    from maspo.cli.doctor import DoctorOptions, examine_machine

    flags = {
        "base-url": base_url,
        "agent-model": agent_model,
        "judge-model": judge_model,
        "proposer-model": proposer_model,
    }
    examine_machine(flags, config, trust, DoctorOptions(local, ask), as_json)


@job_command
def check(arguments: Arguments) -> None:
    """Check everything without a single call.

    Reads system, inputs and settings, and looks whether the run folder could be written.
    """
    if arguments.optimize != "prompts":
        from maspo.cli.alternate import check_turns

        check_turns(arguments)
        return
    from maspo.cli.planning import print_check

    print_check(arguments)


@job_command
def estimate(arguments: Arguments) -> None:
    """State calls, tokens and money beforehand.

    Calls are planned and bounded; no model is asked.
    """
    if arguments.optimize != "prompts":
        from maspo.cli.alternate import print_turns

        print_turns(arguments)
        return
    from maspo.cli.planning import print_estimate

    print_estimate(arguments)


@functools.partial(asks_models, also=["scored"])
def judge_check(
    arguments: Arguments,
    *,
    prompts: PromptSet = None,
    scorer: Annotated[
        str | None,
        typer.Option(
            "--scorer",
            metavar="S",
            help="exact, choice, math, code, calls, regex:PATTERN or json-schema:FILE: which outputs are right "
            "[default: as the rows suggest].",
        ),
    ] = None,
    # With 50 pairs the 95 % interval of a share is some 14 points to either side.
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
    from maspo.cli.judge_check import run_judge_check

    run_judge_check(arguments, prompts, scorer, pairs, repeats, human=human)


def discover(
    inputs: Annotated[Path, typer.Option("--inputs", metavar="FILE", help="Rows to run it on.", show_default=False)],
    app: Annotated[
        str,
        typer.Argument(
            metavar="APP",
            help="module:function, a command that reads a row and prints the answer, or a URL.",
            show_default=False,
        ),
    ] = "",
    app_option: Annotated[
        str, typer.Option("--app", metavar="APP", help="The same as an option.", show_default=False)
    ] = "",
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The system file.")] = Path("system.yaml"),
    rows: Annotated[int, typer.Option("--rows", metavar="N", min=1, help="How many rows to run it on.")] = 5,
    python: Python = "",
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Rollouts side by side.")] = 4,
    keep_alive: Annotated[
        bool, typer.Option("--keep-alive", help="One process answers row after row, instead of one a rollout.")
    ] = False,
    replay_tools: Annotated[
        bool, typer.Option("--replay-tools", help="Tools that the app lets maspo answer run once an input.")
    ] = False,
    base_url: BaseUrl = None,
    max_usd: MaxUsd = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    settings: Sets = None,
    config: Config = None,
    as_json: Json = False,
    trust: Trust = "",
) -> None:
    """Find the team behind an app.

    Runs it on a few rows as it is, over a gateway on this machine, and writes the system file: agents with their
    prompts, who reads whom, tools, models, calls and cost.
    """
    from maspo.cli.discover import DiscoverOptions, run_discover, say_next
    from maspo.core.errors import UsageError
    from maspo.team.app import App

    if bool(app) == bool(app_option):
        raise UsageError(
            "give the app once: module:function, a command that reads a row and prints the answer, or a URL"
        )
    found = App(app or app_option, python, workers, keep_alive, replay_tools, folder=str(Path.cwd()))
    flags = {"base-url": base_url, "max-usd": max_usd, "max-calls": max_calls, "max-minutes": max_minutes}
    wanted = DiscoverOptions(found, inputs, out, rows, flags, tuple(settings or ()), config, as_json, trust=trust)
    run_discover(wanted)
    say_next(wanted)


def import_prompts(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The Python code that Agent Builder gave out.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The system file.")] = Path("system.yaml"),
    as_json: Json = False,
) -> None:
    """Make a system file of an export of OpenAI's Agent Builder.

    Reads the code, never runs it: agents, instructions, models, who reads whom, branches; and says what it leaves out.
    """
    from maspo.cli.importing import run_import

    run_import(file, out, as_json)


def from_traces(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Exported traces; several are one.", show_default=False)
    ],
    kind: Annotated[
        str,
        typer.Option("--format", metavar="auto|otel|openinference|langfuse|langsmith|openai-agents", help="Of what."),
    ] = "auto",
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The rows, as JSON Lines.")] = Path("inputs.jsonl"),
    as_json: Json = False,
) -> None:
    """Make rows of exported traces.

    Takes what an app was asked in each trace; those that ask the same are taken once.
    """
    from maspo.cli.inputs import inputs_from_traces

    inputs_from_traces(files, kind, out, as_json)


COMMANDS = (doctor, check, estimate, judge_check, discover, import_prompts)
