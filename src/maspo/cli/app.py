"""The ``maspo`` command: every command with its options, and the one place where errors become exit codes.

What a command does is imported when it runs, so that ``maspo --help`` answers at once.
"""

from __future__ import annotations

import functools
import gc
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal, ParamSpec

import typer
from typer.core import TyperCommand, TyperGroup

from maspo.__about__ import __version__
from maspo.apps.literals import TEMPLATES
from maspo.cli.arena import arena
from maspo.cli.options import (
    AgentModel,
    AppExecutor,
    Arguments,
    BaseUrl,
    Budget,
    Carry,
    CodeExecutor,
    Config,
    Executor,
    Json,
    JudgeBaseUrl,
    JudgeModel,
    Log,
    MaxCalls,
    MaxMinutes,
    MaxUsd,
    Metrics,
    PromptSet,
    ProposerModel,
    RunFolder,
    SandboxPackages,
    Sets,
    Store,
    Trust,
    UnsafeExec,
    asks_models,
    job_command,
    optimize_command,
)
from maspo.cli.terminal import note, print_json
from maspo.cli.world import serve
from maspo.core.errors import EXIT_ERROR, EXIT_INTERRUPTED, MaspoError
from maspo.core.shortage import shortage

P = ParamSpec("P")

SECTIONS = {
    "Make a team better": ("demo", "optimize", "resume", "steer", "apply"),
    "Beforehand": ("doctor", "check", "estimate", "judge-check", "discover", "inputs", "import-prompts"),
    "Look": ("ui", "runs", "report", "diff", "spans"),
    "Test and compare": ("evaluate", "compare", "transfer", "stress", "structure", "score"),
    "In use": ("watch", "gateway", "budget", "library", "store", "mcp"),
    "Simulated worlds": ("arena", "world"),
}
_WHOLE: Final = 1000  # characters: more than any description has
_EXAMPLES: Final = {"SYSTEM": "team.yaml", "DIR": "maspo-runs/team-1"}
"""What stands in the place of an argument in an example."""
_NEW_OBJECTS: Final = 50_000
"""Containers made before cycles are looked for. Python's 700 is for small programs: it walked through all modules while
they were imported, a tenth of the processor time of a whole demo. Records and replies are freed without it."""


class BySection(TyperGroup):
    """The commands in the order in which they are wanted; their lines are wrapped, never cut."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (typer names the types of neither)
        """Write the list of commands, section by section."""
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(_WHOLE)) for name in names])


class Explained(TyperCommand):
    """A command that says what to type where an argument is missing."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; where one is missing, say what it is, and what a whole command looks like."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            missing = getattr(error, "param", None)
            if not error.message and missing is not None and getattr(missing, "help", None):
                example = _EXAMPLES.get(str(missing.metavar).strip("{}"), "")
                rows = " --inputs questions.jsonl" if any(one.name == "inputs" for one in self.params) else ""
                shown = f" For example: {ctx.command_path} {example}{rows}" if example else ""
                error.message = f"{missing.help}{shown}"
            raise


app = typer.Typer(
    name="maspo",
    cls=BySection,
    help="Makes a team of LLM agents better by rewriting their prompts together, without labels.",
    epilog="Settings: profile < maspo.toml < environment (OPENAI_BASE_URL, MASPO_AGENT_MODEL, MASPO_MAX_USD and so on, "
    "one for each flag) < flags < --set. "
    "Exit codes: 0 finished, 1 error, 2 usage, 3 awaiting approval, 4 budget reached, 5 provider unreachable or "
    "refusing, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
world_app = typer.Typer(help="A simulated stand-in for models.", no_args_is_help=True)
store_app = typer.Typer(help="Records on a Postgres server.", no_args_is_help=True)
inputs_app = typer.Typer(help="Rows for a search, from what an app was asked before.", no_args_is_help=True)


def main() -> None:
    """Run the command line; ends the process with the exit code."""
    gc.set_threshold(_NEW_OBJECTS)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="maspo")
    except Exception as error:  # before a command began, or in what it left to its library
        if not (why := shortage(error)):
            raise
        sys.stderr.write(f"maspo: {why}\n")
        sys.exit(EXIT_ERROR)


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that every error ends as one clear message and the exit code of its class."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            return command(*args, **kwargs)
        except MaspoError as error:
            message, code = str(error), error.exit_code
        except KeyboardInterrupt:
            message, code = "interrupted", EXIT_INTERRUPTED
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("MASPO_DEBUG"):
                raise
            what = f"unexpected {type(error).__name__}: {error}"
            hint = "This is a bug in maspo, please report it; MASPO_DEBUG=1 shows where it happened"
            message, code = shortage(error) or f"{what}\n{hint}", EXIT_ERROR
        note(f"maspo: {message}")
        if kwargs.get("as_json"):
            print_json({"error": message, "exit_code": code})
        raise typer.Exit(code)

    return run


def command(function: Callable[P, None]) -> Callable[P, None]:
    """Add a command of the function's own name."""
    return app.command(cls=Explained)(guarded(function))


def _print_version(asked: bool) -> None:
    if asked:
        print(f"maspo {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


# ── the main job ─────────────────────────────────────────────────────────────────────────────────────────────────────


@command
def demo(
    topology: Annotated[
        str, typer.Option("--topology", metavar="reflect|hierarchical|sequential4|…", help="The shape of the team.")
    ] = "reflect",
    seed: Annotated[int, typer.Option("--seed", help="Seed of the world and of the search.")] = 0,
    # As many as a run of the arena has.
    inputs: Annotated[int, typer.Option("--inputs", min=4, help="How many inputs the world gives.")] = 120,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The run folder [default: maspo-runs/demo-TOPOLOGY-N].", show_default=False),
    ] = None,
    real: Annotated[
        bool, typer.Option("--real", help="Ask a small language model on this machine instead of the world.")
    ] = False,
    task: Annotated[
        str, typer.Option("--task", metavar="reviews|orders|sums", help="With --real: what the team works on.")
    ] = "reviews",
    as_json: Json = False,
) -> None:
    """Run the main job on a simulated world, or with --real on a small language model.

    No key, no network. In the world agents, judge and proposer are seeded stand-ins. --real needs two packages, and
    says which.
    """
    if real:
        from maspo.cli.real import run_real

        run_real(task, seed, out, as_json)
    else:
        from maspo.cli.optimize import run_demo

        run_demo(topology, seed, inputs, out, as_json)


@command
@optimize_command
def optimize(arguments: Arguments) -> None:
    """Make a team's prompts better, and prove it.

    Rewrites the prompts of all agents together, without labels, and tests the result once on held-out inputs. With
    `--optimize prompts,structure` it also looks who is needed, in turns.
    """
    if arguments.optimize != "prompts":
        from maspo.cli.alternate import run_alternation
        from maspo.core.errors import ConfigInvalid

        if arguments.executor:
            raise ConfigInvalid(f"--executor {arguments.executor}: turns work on this machine alone; leave it out")
        run_alternation(arguments)
        return
    from maspo.cli.optimize import run_search

    run_search(arguments)


@command
def resume(
    folder: RunFolder,
    max_usd: MaxUsd = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    executor: AppExecutor = "",
    carry: Carry = None,
    store: Store = "",
    trust: Trust = "",
    metrics: Metrics = None,
    log: Log = None,
    as_json: Json = False,
) -> None:
    """Go on with an interrupted run or evaluation.

    No recorded call is repeated. Caps that are given replace those of the run. What a folder of others asks for is
    shown first.
    """
    from maspo.cli.log import ask_for as ask_for_log
    from maspo.cli.metrics import ask_for
    from maspo.cli.optimize import go_on

    ask_for(metrics)
    ask_for_log(log)
    flags = {"max-usd": max_usd, "max-calls": max_calls, "max-minutes": max_minutes}
    go_on(folder, flags, trust, as_json, store, executor, str(carry or ""))


@command
def discover(
    inputs: Annotated[Path, typer.Option("--inputs", metavar="FILE", help="Rows to run it on.", show_default=False)],
    app: Annotated[
        str,
        typer.Argument(
            metavar="[APP]",
            help="module:function, a command that reads a row and prints the answer, or a URL.",
            show_default=False,
        ),
    ] = "",
    app_option: Annotated[
        str, typer.Option("--app", metavar="APP", help="The same as an option.", show_default=False)
    ] = "",
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The system file.")] = Path("system.yaml"),
    rows: Annotated[int, typer.Option("--rows", metavar="N", min=1, help="How many rows to run it on.")] = 5,
    python: Annotated[
        str, typer.Option("--python", metavar="PATH", help="Its interpreter, such as .venv/bin/python [default: ours].")
    ] = "",
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
    from maspo.cli.discover import Wanted, run_discover
    from maspo.core.errors import UsageError
    from maspo.team.app import App

    if bool(app) == bool(app_option):
        raise UsageError(
            "give the app once: module:function, a command that reads a row and prints the answer, or a URL"
        )
    found = App(app or app_option, python, workers, keep_alive, replay_tools, folder=str(Path.cwd()))
    flags = {"base-url": base_url, "max-usd": max_usd, "max-calls": max_calls, "max-minutes": max_minutes}
    run_discover(Wanted(found, inputs, out, rows, flags, tuple(settings or ()), config, as_json, trust=trust))


@command
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


@command
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


@command
def apply(
    folder: RunFolder,
    to: Annotated[
        list[Path] | None,
        typer.Option(
            "--to", metavar="PATH", help="Files or folders to look in [default: the app's].", show_default=False
        ),
    ] = None,
    template: Annotated[
        str, typer.Option("--template", metavar="|".join(TEMPLATES), help="What the framework does to braces.")
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether the prompts of the run stand there.")
    ] = False,
    branch: Annotated[
        str | None,
        typer.Option(
            "--branch",
            metavar="NAME",
            help="Make a git branch with a commit for each agent; your checkout stays.",
            show_default=False,
        ),
    ] = None,
    patch: Annotated[
        Path | None, typer.Option("--patch", metavar="FILE", help="Write a patch for `git apply`.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    trust: Trust = "",
) -> None:
    """Write the prompts of a run back into your files, a branch or a patch.

    Shows the diff first, and refuses what it cannot do exactly.
    """
    from maspo.cli.apply import Wanted, run_apply

    run_apply(folder, Wanted(to or [], template, branch, patch, check, yes, trust))


@command
@functools.partial(asks_models, also=["search"], without=("profile", "seed", "approve"))
def compare(
    arguments: Arguments,
    *,
    methods: Annotated[
        str, typer.Option("--methods", metavar="A,B", help="Profiles and optimizers; empty: only --against.")
    ] = "default,spo,opro",
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
        ComparisonOptions(methods, seeds, sets, guard, points, workers, executor, equal, further, carried),
    )


# ── deciding ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@command
def ui(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DIR…", help="Run folders, or folders that hold some [default: maspo-runs].", show_default=False
        ),
    ] = None,
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0: one that is free.")] = 0,
    allow_actions: Annotated[
        bool, typer.Option("--allow-actions", help="Let whoever has the printed address decide about the runs.")
    ] = False,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Show runs in a browser, live.

    Listens on this machine only, reads the records, and prints the address to open. Ctrl-C ends it.
    """
    from maspo.cli.ui import run_ui

    run_ui(folders or [], port, allow_actions, as_json, store)


@command
def steer(
    folder: RunFolder,
    action: Annotated[
        str,
        typer.Argument(
            metavar="ACTION",
            help="pause, resume, stop, raise-cap, pin, veto, approve or reject.",
            show_default=False,
        ),
    ],
    agents: Annotated[
        list[str] | None, typer.Argument(metavar="AGENT…", help="Whose prompts it is about.", show_default=False)
    ] = None,
    prompt: Annotated[
        str, typer.Option("--prompt", metavar="ID", help="A prompt that was scored [default: the one in the team].")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the proposer is told.")] = "",
    max_usd: MaxUsd = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    as_json: Json = False,
) -> None:
    """Decide about a run while it works, or before it goes on.

    Pause it, resume it, stop it after the round, raise a cap; pin or veto a prompt; approve or reject new prompts.
    """
    from maspo.cli.steer import run_steer

    said = {"prompt": prompt, "reason": reason, "usd": max_usd, "calls": max_calls, "minutes": max_minutes}
    run_steer(folder, action, agents or [], said, as_json)


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@command
def watch(
    system: Annotated[
        Path | None, typer.Argument(metavar="SYSTEM", help="The system file (YAML).", show_default=False)
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            "--inputs", metavar="SOURCE", help="A JSON Lines file that grows, or a folder of such.", show_default=False
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
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before starting.")] = False,
    trust: Trust = "",
    store: Store = "",
    budget: Budget = "",
    metrics: Metrics = None,
    log: Log = None,
) -> None:
    """Watch prompts in use: detect drift, optimize anew, and promote or roll back with evidence."""
    from maspo.cli.log import ask_for as ask_for_log
    from maspo.cli.metrics import ask_for
    from maspo.cli.online import WatchOptions, run_watch
    from maspo.cli.online import show as show_standing
    from maspo.core.errors import UsageError
    from maspo.online.plan import Plan

    if show:
        show_standing(state, as_json)
        return
    if system is None or inputs is None:
        raise UsageError("maspo watch: give SYSTEM and --inputs, or --show to see where a watch stands")
    ask_for(metrics)
    ask_for_log(log)
    plan = Plan(window, compared, canary=canary, follow_judge=follow_judge, calls=month_calls, usd=month_usd)
    flags = {"agent-model": agent_model, "judge-model": judge_model, "base-url": base_url}
    flags |= {"judge-base-url": judge_base_url}
    given = None if prompts is None else Path(prompts)
    sets = tuple(settings or ())
    paths = (system, inputs, state, given, against)
    run_watch(WatchOptions(*paths, plan, flags, sets, config, once, as_json, yes, trust, store, budget))


@command
def library(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The library, JSON Lines; made if it is not there.")],
    runs: Annotated[
        list[Path] | None, typer.Argument(metavar="[DIR...]", help="Finished runs whose changes are added.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Keep changes that won, with where and by how much, and show them.

    `maspo optimize --start-from FILE` starts from them.
    """
    from maspo.cli.library import run_library

    run_library(file, tuple(runs or ()), as_json)


@command
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
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before starting.")] = False,
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


@command
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


@command
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


@command
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


@command
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


@command
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


# ── looking at runs, and at this machine ─────────────────────────────────────────────────────────────────────────────


@command
def report(folder: RunFolder, store: Store = "", as_json: Json = False) -> None:
    """Write the report of a run or an evaluation again from the record.

    Works while a run goes on and after an interruption, too.
    """
    from maspo.cli.runs import report_folder

    report_folder(folder, as_json, store)


@command
def spans(
    folder: RunFolder,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write them as OTLP JSON.", show_default=False)
    ] = None,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="URL",
            help="Send them to a collector [default: OTEL_EXPORTER_OTLP_ENDPOINT, where no --out is given].",
            show_default=False,
        ),
    ] = "",
    content: Annotated[
        bool, typer.Option("--content", help="With prompts, inputs and replies, which are left out otherwise.")
    ] = False,
    store: Store = "",
    as_json: Json = False,
) -> None:
    """Tell the calls of a run as OpenTelemetry spans, by the GenAI conventions."""
    from maspo.cli.spans import tell_spans

    tell_spans(folder, out, to, content, store, as_json)


@command
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


@command
def runs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to look for run folders.")] = Path("maspo-runs"),
    store: Store = "",
    as_json: Json = False,
) -> None:
    """List the runs, evaluations and judge checks below a folder, or the runs of a store, newest first."""
    from maspo.cli.runs import list_runs, list_stored

    if store:
        list_stored(store, as_json)
    else:
        list_runs(folder, as_json)


@command
def diff(
    folder: RunFolder,
    before: Annotated[
        str, typer.Argument(metavar="A", help="seed, shipped, winners, a run folder or a prompts.json.")
    ] = "seed",
    after: Annotated[str, typer.Argument(metavar="B", help="The same, to compare with.")] = "shipped",
    as_json: Json = False,
) -> None:
    """Show how two sets of prompts differ.

    By default the seed prompts and what was shipped; [-removed-] and {+added+} words.
    """
    from maspo.cli.runs import compare_prompts

    compare_prompts(folder, before, after, as_json)


@command
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


@command
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

    Listens on this machine only. The first lines of stdout set the variables that make an app's SDK call here; each
    request is passed on as it is. At the end, by Ctrl-C, it says who was called: an agent for each instruction text.
    """
    from maspo.cli.gateway import run_gateway

    run_gateway({"base-url": base_url, "max-usd": max_usd, "max-calls": max_calls}, config, trust, out)


@command
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


command(arena)
world_app.command()(guarded(serve))
app.add_typer(world_app, name="world")


@store_app.callback()
def _store() -> None:
    pass


@store_app.command()
@guarded
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


app.add_typer(store_app, name="store")


@inputs_app.callback()
def _inputs() -> None:
    pass


@inputs_app.command()
@guarded
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


app.add_typer(inputs_app, name="inputs")


@command
def import_prompts(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The Python code that Agent Builder shows.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The system file.")] = Path("system.yaml"),
    as_json: Json = False,
) -> None:
    """Make a system file of an export of OpenAI's Agent Builder.

    Reads the code, never runs it: agents, instructions, models, who reads whom, branches; and says what it leaves out.
    """
    from maspo.cli.importing import run_import

    run_import(file, out, as_json)
