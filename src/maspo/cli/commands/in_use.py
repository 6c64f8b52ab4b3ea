"""The commands for teams in use, and for many runs together."""

from pathlib import Path
from typing import Annotated

import typer

from maspo.cli.options import (
    AgentModel,
    BaseUrl,
    Budget,
    Config,
    Json,
    JudgeBaseUrl,
    JudgeModel,
    Log,
    MaxCalls,
    MaxUsd,
    Metrics,
    PromptSet,
    Store,
    Trust,
    Yes,
    tell_operators,
)


def watch(
    system: Annotated[
        Path | None, typer.Argument(metavar="SYSTEM", help="The system file (YAML).", show_default=False)
    ] = None,
    inputs: Annotated[
        str | None,
        typer.Option(
            "--inputs",
            metavar="SOURCE",
            help="A JSON Lines file that grows, a folder of such, or otlp://127.0.0.1:4318 to receive traces.",
            show_default=False,
        ),
    ] = None,
    state: Annotated[Path, typer.Option("--state", metavar="DIR", help="Where the watch is recorded.")] = Path(
        "maspo-watch"
    ),
    prompts: PromptSet = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="What the prompts in use are held against [default: the seed of their run].",
            show_default=False,
        ),
    ] = None,
    month_calls: Annotated[
        int | None, typer.Option("--month-calls", metavar="N", help="Calls in a month, at most.", show_default=False)
    ] = None,
    month_usd: Annotated[
        float | None, typer.Option("--month-usd", metavar="X", help="Money in a month, at most.", show_default=False)
    ] = None,
    window: Annotated[int, typer.Option("--window", metavar="N", help="Inputs of a window.")] = 60,
    compared: Annotated[
        int, typer.Option("--compared", metavar="N", help="Inputs of a window that the prompts in use are run on.")
    ] = 10,
    canary: Annotated[
        float, typer.Option("--canary", metavar="SHARE", help="Share of new inputs that a candidate runs on.")
    ] = 0.3,
    follow_judge: Annotated[
        bool, typer.Option("--follow-judge", help="Go by the judge's verdicts although its taste has changed.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Look at what is there, and end.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Print where the watch stands, and end.")] = False,
    agent_model: AgentModel = None,
    judge_model: JudgeModel = None,
    base_url: BaseUrl = None,
    judge_base_url: JudgeBaseUrl = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Any single setting.", show_default=False)
    ] = None,
    config: Config = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a line whenever something is new.")
    ] = False,
    yes: Yes = False,
    trust: Trust = "",
    store: Store = "",
    budget: Budget = "",
    metrics: Metrics = None,
    log: Log = None,
) -> None:
    """Watch prompts in use: detect drift, optimize anew, and promote or roll back with evidence."""
    from maspo.cli.online import WatchOptions, run_watch
    from maspo.cli.online import show as show_standing
    from maspo.core.errors import UsageError
    from maspo.online.plan import Plan

    if show:
        show_standing(state, as_json)
        return
    if system is None or inputs is None:
        raise UsageError("maspo watch: give SYSTEM and --inputs, or --show to see where a watch stands")
    tell_operators(metrics, log)
    plan = Plan(window, compared, canary=canary, follow_judge=follow_judge, calls=month_calls, usd=month_usd)
    flags = {"agent-model": agent_model, "judge-model": judge_model, "base-url": base_url}
    flags |= {"judge-base-url": judge_base_url}
    given = None if prompts is None else Path(prompts)
    sets = tuple(settings or ())
    paths = (system, inputs, state, given, against)
    run_watch(WatchOptions(*paths, plan, flags, sets, config, once, as_json, yes, trust, store, budget))


def gateway(
    base_url: BaseUrl = None,
    max_usd: MaxUsd = None,
    max_calls: MaxCalls = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write each call there, as a JSON line at its end.", show_default=False
        ),
    ] = None,
    config: Config = None,
    trust: Trust = "",
) -> None:
    """See, cap and record the model calls of any app.

    Listens on this machine only. The lines of stdout set the variables that make an app's SDK call here; each
    request is passed on as it is. At the end, by Ctrl-C, it says who was called: an agent for each instruction text.
    """
    from maspo.cli.gateway import run_gateway

    run_gateway({"base-url": base_url, "max-usd": max_usd, "max-calls": max_calls}, config, trust, out)


def budget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The budget.", show_default=False)],
    store: Store = "",
    max_usd: MaxUsd = None,
    max_calls: MaxCalls = None,
    as_json: Json = False,
) -> None:
    """Cap many runs together, and tell who has spent what.

    With a cap the budget is made, or its cap changed. Runs name it with `maspo optimize … --store URL --budget NAME`.
    """
    from maspo.cli.budget import show_budget

    show_budget(name, store, max_usd, max_calls, as_json)


def library(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The library, JSON Lines; made if it is not there.")],
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="DIR", help="Finished runs whose changes are added.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Keep changes that won, with where and by how much, and show them.

    `maspo optimize --start-from FILE` starts from them.
    """
    from maspo.cli.library import run_library

    run_library(file, tuple(runs or ()), as_json)


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help="A run folder, or URL#NAME.", show_default=False)],
    target: Annotated[str, typer.Argument(metavar="TO", help="A new folder, or a store's URL.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Copy a run into a store or out of one.

    Entry for entry: the copy goes on as the run would have. The run that is copied stays.
    """
    from maspo.cli.stores import copy_store

    copy_store(source, target, as_json)


def mcp(
    app: Annotated[
        list[str] | None,
        typer.Option(
            "--app",
            metavar="APP",
            help="A command or URL that the assistant may run as the user's program; repeatable.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Serve maspo to a coding assistant.

    A local server of the Model Context Protocol on standard input and output, for this folder and below. Addresses,
    keys and models come from the environment and maspo.toml, as for every command.
    """
    from maspo.mcp.server import serve as serve_assistant

    serve_assistant(Path.cwd(), tuple(app or ()))


COMMANDS = (watch, gateway, budget, library, mcp)
