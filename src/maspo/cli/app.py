"""The ``maspo`` command: every command by name, and the one place where errors become exit codes."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Annotated, ParamSpec

import typer

from maspo.__about__ import __version__
from maspo.cli import arena, demo, doctor, evaluate, judge_check, optimize, planning, runs, score, world
from maspo.cli.terminal import note, print_json
from maspo.core.errors import EXIT_ERROR, EXIT_INTERRUPTED, MaspoError

P = ParamSpec("P")

app = typer.Typer(
    name="maspo",
    help="Makes a team of LLM agents better by rewriting their prompts together, without labels.",
    epilog="Settings: profile < maspo.toml < environment (OPENAI_BASE_URL, MASPO_AGENT_MODEL, MASPO_MAX_USD and so on, "
    "one for each flag) < flags < --set. "
    "Exit codes: 0 finished, 1 error, 2 usage, 4 budget reached, 5 provider unreachable or refusing, "
    "130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
world_app = typer.Typer(help="A simulated stand-in for models.", no_args_is_help=True)


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


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that every error ends as one clear message and the exit code of its class."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except MaspoError as error:
            raise _failed(str(error), error.exit_code, kwargs) from None
        except KeyboardInterrupt:
            raise _failed("interrupted", EXIT_INTERRUPTED, kwargs) from None
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get("MASPO_DEBUG"):
                raise
            what = f"unexpected {type(error).__name__}: {error}\nThis is a bug in maspo, please report it; "
            raise _failed(f"{what}MASPO_DEBUG=1 shows where it happened", EXIT_ERROR, kwargs) from None

    return run


def _failed(message: str, code: int, arguments: dict[str, object]) -> typer.Exit:
    note(f"maspo: {message}")
    if arguments.get("as_json"):
        print_json({"error": message, "exit_code": code})
    return typer.Exit(code)


app.command("demo")(guarded(demo.demo))
app.command("optimize")(guarded(optimize.optimize))
app.command("resume")(guarded(optimize.resume))
app.command("estimate")(guarded(planning.estimate))
app.command("check")(guarded(planning.check))
app.command("evaluate")(guarded(evaluate.evaluate))
app.command("judge-check")(guarded(judge_check.judge_check))
app.command("score")(guarded(score.score))
app.command("report")(guarded(runs.report))
app.command("runs")(guarded(runs.runs))
app.command("diff")(guarded(runs.diff))
app.command("doctor")(guarded(doctor.doctor))
app.command("arena")(guarded(arena.arena))
world_app.command("serve")(guarded(world.serve))
app.add_typer(world_app, name="world")


def main() -> None:
    """Run the command line; ends the process with the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="maspo")
