"""The ``maspo`` command: all commands by section, and the one place where errors become exit codes.

A command with its options stands in ``commands``. What it does is imported when it runs, so that ``maspo --help``
answers at once.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, ParamSpec

import typer
from typer.core import TyperCommand, TyperGroup

from maspo.__about__ import __version__
from maspo.cli.arena import arena
from maspo.cli.commands import beforehand, improve, in_use, look, measure
from maspo.cli.terminal import json_alone, note, print_json, timed
from maspo.cli.world import serve
from maspo.core.errors import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_USAGE, MaspoError
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
KINDS: Final = {
    "Arguments": "",
    "Rows": "inputs task data rows group_by labels",
    "Models": "agent_model judge_model proposer_model base_url judge_base_url proposer_base_url",
    "Caps": "max_usd max_calls max_minutes budget",
    "Options": "out",
    "Settings": "profile seed settings config trust",
    "Records, and where it runs": "store executor carry jobs metrics log",
}
"""The parts of a command's help, with the names of options that many commands share; all others are Options."""
_WHOLE: Final = 1000  # characters: more than any description has
_EXAMPLES: Final = {"SYSTEM": "team.yaml", "DIR": "maspo-runs/team-1"}
"""What stands in the place of an argument in an example."""
_AS_JSON: Final = "maspo.as_json"
"""Where a context keeps whether a program reads stdout."""


@contextlib.contextmanager
def _told_as_json(asked: bool) -> Iterator[None]:
    """Print what is wrong with arguments as JSON, where these ask for it; what people read follows on stderr."""
    try:
        yield
    except Exception as error:
        # Of a usage error alone, to whose kind typer gives no name.
        if asked and (tell := getattr(error, "format_message", None)):
            print_json({"error": tell(), "exit_code": EXIT_USAGE})
        raise


class BySection(TyperGroup):
    """The commands in the order in which they are wanted; their lines are wrapped, never cut.

    A program that asks for JSON is told of arguments that cannot be read as of any other error.
    """

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """Read the options before the command."""
        asked = "--json" in args  # which takes from the list while it reads
        with _told_as_json(asked):
            ctx = super().make_context(info_name, args, *more, **extra)
        ctx.meta[_AS_JSON] = asked
        return ctx

    def invoke(self, ctx: Any) -> Any:
        """Read the arguments of the command, and run it."""
        with _told_as_json(ctx.meta[_AS_JSON]):
            return super().invoke(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 (typer names the types of neither)
        """Write the list of commands, section by section."""
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(_WHOLE)) for name in names])


class Explained(TyperCommand):
    """A command whose help lists options by kind, and that says what to type where an argument is missing."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then the options kind by kind."""
        kinds = {name: kind for kind, names in KINDS.items() for name in names.split()}
        parts: dict[str, list[tuple[str, str]]] = {kind: [] for kind in KINDS}
        for one in self.get_params(ctx):
            kind = "Arguments" if one.param_type_name == "argument" else kinds.get(str(one.name), "Options")
            if record := one.get_help_record(ctx):
                # A name such as DIR says what is meant; typer sets the type in Python beside it.
                named = record[0].partition(" <")[0] if kind == "Arguments" else record[0]
                parts[kind].append((named, record[1]))
        for title, records in parts.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

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
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
world_app = typer.Typer(help="A simulated stand-in for models.", no_args_is_help=True)
store_app = typer.Typer(help="Records on a Postgres server.", no_args_is_help=True)
inputs_app = typer.Typer(help="Rows for a search, from what an app was asked before.", no_args_is_help=True)


def main() -> None:
    """Run the command line; ends the process with the exit code."""
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
        as_json = bool(kwargs.get("as_json"))
        try:
            with json_alone(as_json), timed():
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
        if as_json:
            print_json({"error": message, "exit_code": code})
        raise typer.Exit(code)

    return run


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


@store_app.callback()
@inputs_app.callback()
def _group() -> None:
    """Let the command of a group be named, although it is its only one."""


for _function in (
    *improve.COMMANDS,
    *beforehand.COMMANDS,
    *look.COMMANDS,
    *measure.COMMANDS,
    *in_use.COMMANDS,
    arena,
):
    app.command(cls=Explained)(guarded(_function))
for _group_app, _name, _function in (
    (world_app, "world", serve),
    (store_app, "store", in_use.copy),
    (inputs_app, "inputs", beforehand.from_traces),
):
    _group_app.command(cls=Explained)(guarded(_function))
    app.add_typer(_group_app, name=_name)
