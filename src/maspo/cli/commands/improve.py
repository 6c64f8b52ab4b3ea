"""The commands that make a team better."""

from pathlib import Path
from typing import Annotated

import typer

from maspo.apps.literals import TEMPLATES
from maspo.cli.options import (
    AppExecutor,
    Arguments,
    Carry,
    Json,
    Log,
    MaxCalls,
    MaxMinutes,
    MaxUsd,
    Metrics,
    RunFolder,
    Store,
    Trust,
    optimize_command,
    tell_operators,
)


def demo(
    topology: Annotated[
        str, typer.Option("--topology", metavar="reflect|hierarchical|sequential4|…", help="The shape of the team.")
    ] = "reflect",
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Seed of the world and of the search.")] = 0,
    # As many as a run of the arena has.
    inputs: Annotated[int, typer.Option("--inputs", metavar="N", min=4, help="How many inputs the world gives.")] = 120,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="The run folder [default: maspo-runs/demo-TOPOLOGY-N].", show_default=False
        ),
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
    from maspo.cli.optimize import go_on

    tell_operators(metrics, log)
    flags = {"max-usd": max_usd, "max-calls": max_calls, "max-minutes": max_minutes}
    go_on(folder, flags, trust, as_json, store, executor, str(carry or ""))


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
        list[str] | None, typer.Argument(metavar="AGENT", help="Whose prompts it is about.", show_default=False)
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
    as_json: Json = False,
    trust: Trust = "",
) -> None:
    """Write the prompts of a run back into your files, a branch or a patch.

    Shows the diff first, and refuses what it cannot do exactly.
    """
    from maspo.cli.apply import ApplyOptions, run_apply

    run_apply(folder, ApplyOptions(to or [], template, branch, patch, check, yes, trust, as_json))


COMMANDS = (demo, optimize, resume, steer, apply)
