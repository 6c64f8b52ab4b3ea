"""The options that commands share; those of settings are made from ``maspo.flags``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from maspo.flags import FLAGS, Flag


@dataclass(frozen=True)
class Arguments:
    """What every command that asks models is given."""

    system: Path
    inputs: Path | None
    """The file of the rows; or else a ``task`` by name and where its ``data`` are."""
    task: str | None
    data: Path | None
    rows: int | None
    """At most so many rows, drawn by content; None: all."""
    flags: Mapping[str, object]
    """Settings by flag name; None: not given."""
    sets: tuple[str, ...]
    config: Path | None
    out: Path | None
    as_json: bool
    yes: bool
    trust: str
    """The fingerprint of what a settings file may ask for."""
    start_from: Path | None = None
    """The folder of an earlier run whose prompts are tried first."""
    store: str = ""
    """The address of the store where the record lies; empty: in the folder."""
    budget: str = ""
    """The budget of that store that the run spends from; empty: none."""
    optimize: str = "prompts"
    """What is optimized: ``prompts``, or ``prompts,structure``."""
    executor: str = ""
    """Where rollouts of an app run; empty: on this machine."""
    carried: str = ""
    """The folder that is brought there."""
    python: str = ""
    """The interpreter of an app that is looked at now; empty: ours."""


def _option(flag: str, metavar: str, help_text: str) -> Any:
    return typer.Option(flag, metavar=metavar, help=help_text, show_default=False)


def _setting(flag: Flag) -> Any:
    """Return the option of a setting. It takes any text: ``maspo.configure`` checks it as it does a variable."""
    default = f" [default: {flag.default}]" if flag.default else ""
    return _option(flag.option, flag.metavar, f"{flag.means[0].upper()}{flag.means[1:]}{default}.")


RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.", show_default=False)]
PromptSet = Annotated[
    str | None, typer.Option("--prompts", metavar="FILE", help="A prompts.json or a run folder [default: seed].")
]
MaxUsd = Annotated[str | None, _setting(FLAGS["max-usd"])]
MaxCalls = Annotated[str | None, _setting(FLAGS["max-calls"])]
MaxMinutes = Annotated[str | None, _setting(FLAGS["max-minutes"])]
AgentModel = Annotated[str | None, _setting(FLAGS["agent-model"])]
ProposerModel = Annotated[str | None, _setting(FLAGS["proposer-model"])]
JudgeModel = Annotated[str | None, _setting(FLAGS["judge-model"])]
SandboxPackages = Annotated[str | None, _setting(FLAGS["sandbox-packages"])]
JudgeBaseUrl = Annotated[str | None, _setting(FLAGS["judge-base-url"])]
BaseUrl = Annotated[str | None, _setting(FLAGS["base-url"])]
Config = Annotated[Path | None, _option("--config", "FILE", "Settings file [default: maspo.toml, if it is there].")]
Sets = Annotated[
    list[str] | None, _option("--set", "KEY=VALUE", "Any single setting, e.g. search.beam_width=3; repeatable.")
]
Trust = Annotated[
    str, _option("--trust", "FINGERPRINT", "Allow what a file or folder of others asks for: exactly what was shown.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON alone to stdout; the text for people goes to stderr.")]
Store = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="URL",
        envvar="MASPO_STORE",
        help="A store on Postgres where records lie: postgresql://… [default: in the run folder].",
        show_default=False,
    ),
]
Budget = Annotated[str, _option("--budget", "NAME", "A budget of the store, which caps many runs together.")]
Executor = Annotated[
    str,
    typer.Option(
        "--executor",
        metavar="WHERE",
        help="Where runs work: ray, ray:auto, ray:HOST:PORT [default: processes of this machine].",
        show_default=False,
    ),
]
AppExecutor = Annotated[
    str,
    typer.Option(
        "--executor",
        metavar="WHERE",
        help="Where an app runs: ray, ray:auto, ray:HOST:PORT [default: this machine].",
        show_default=False,
    ),
]
Python = Annotated[
    str,
    typer.Option("--python", metavar="PATH", help="An app's interpreter, such as .venv/bin/python [default: ours]."),
]
Carry = Annotated[
    Path | None,
    _option("--carry", "DIR", "The app's folder, which a cluster brings to its nodes [default: it is there]."),
]
CodeExecutor = Annotated[
    str,
    typer.Option(
        "--executor",
        metavar="WHERE",
        help="Where programs are scored: ray, ray:auto, ray:HOST:PORT [default: this machine].",
        show_default=False,
    ),
]
Metrics = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        metavar="WHERE",
        envvar="MASPO_METRICS",
        help="Tell figures while it works: a port (0: a free one) for Prometheus; a collector's address, or otlp.",
        show_default=False,
    ),
]
Log = Annotated[
    str | None,
    typer.Option(
        "--log",
        metavar="FILE",
        envvar="MASPO_LOG",
        help="Append what an operator should know, as lines of JSON without texts; -: on stdout.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before starting.")]
UnsafeExec = Annotated[
    bool, typer.Option("--unsafe-exec", help="Run programs in outputs without a sandbox, as your own user.")
]

_SYSTEM = Annotated[
    Path, typer.Argument(metavar="SYSTEM", help="A system file (YAML), or an app: module:function.", show_default=False)
]
_ROWS: Mapping[str, Any] = {
    "inputs": Annotated[Path | None, _option("--inputs", "FILE", "Rows: JSON Lines, JSON, CSV or Parquet.")],
    "task": Annotated[str | None, _option("--task", "NAME", "A benchmark by name, e.g. aqua.")],
    "data": Annotated[Path | None, _option("--data", "PATH", "Where the rows of the task are: a file or folder.")],
    "rows": Annotated[int | None, _option("--rows", "N", "Use N rows, drawn by content [default: all].")],
}
_OTHERS: Mapping[str, Any] = {
    "out": Annotated[Path | None, _option("--out", "DIR", "The folder [default: a new one in maspo-runs].")],
    "settings": Sets,
    "config": Config,
    "as_json": Json,
    "yes": Yes,
    "trust": Trust,
    "store": Store,
    "budget": Budget,
}
_DEFAULTS: Mapping[str, object] = {"as_json": False, "yes": False, "trust": "", "store": "", "budget": ""}


def asks_models(
    command: Callable[..., None], *, also: Collection[str] = (), without: Collection[str] = ()
) -> Callable[..., None]:
    """Give a command what all take that ask models: a system, rows, settings, a folder; its first argument holds it.

    ``also`` names further kinds of settings that it takes, ``search`` or ``scored``; ``without`` are settings that it
    says in its own way.
    """
    kinds = ("models", *also)
    flags = [flag for flag in FLAGS.values() if flag.commands in kinds and flag.name not in without]

    @functools.wraps(command)
    def with_options(system: Path, **given: Any) -> None:
        shared = {name: given.pop(name) for name in (*_ROWS, *_OTHERS)}
        sets = tuple(shared.pop("settings") or ())
        values = {flag.name: given.pop(flag.keyword) for flag in flags}
        command(Arguments(system, flags=values, sets=sets, **shared), **given)

    hints = get_type_hints(command, include_extras=True)
    _, *own = inspect.signature(command).parameters.values()
    options = [
        ("system", _SYSTEM, inspect.Parameter.empty),
        *((name, kind, None) for name, kind in _ROWS.items()),
        *((one.name, hints[one.name], one.default) for one in own),
        *((flag.keyword, Annotated[str | None, _setting(flag)], None) for flag in flags),
        *((name, kind, _DEFAULTS.get(name)) for name, kind in _OTHERS.items()),
    ]
    # Typer reads a command's options from its signature.
    vars(with_options)["__signature__"] = inspect.Signature(
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, kind, default in options
        ]
    )
    with_options.__annotations__ = {name: kind for name, kind, _ in options}
    return with_options


_START_FROM = Annotated[Path | None, _option("--start-from", "RUN", "A run or a library to start from.")]

_OPTIMIZE = Annotated[str, _option("--optimize", "WHAT", "prompts, or prompts,structure in turns [default: prompts].")]


def job_command(command: Callable[[Arguments], None]) -> Callable[..., None]:
    """Give a command the options of a run."""

    def with_start(
        arguments: Arguments,
        optimize: _OPTIMIZE = "prompts",
        start_from: _START_FROM = None,
    ) -> None:
        command(replace(arguments, optimize=optimize, start_from=start_from))

    with_start.__name__, with_start.__doc__ = command.__name__, command.__doc__
    return asks_models(with_start, also=["search"])


def optimize_command(command: Callable[[Arguments], None]) -> Callable[..., None]:
    """Give a command the options of a run, figures and a log while it works."""

    def with_what(
        arguments: Arguments,
        optimize: _OPTIMIZE = "prompts",
        start_from: _START_FROM = None,
        python: Python = "",
        executor: AppExecutor = "",
        carry: Carry = None,
        metrics: Metrics = None,
        log: Log = None,
    ) -> None:
        tell_operators(metrics, log)
        arguments = replace(arguments, python=python, executor=executor, carried=str(carry or ""))
        command(replace(arguments, optimize=optimize, start_from=start_from))

    with_what.__name__, with_what.__doc__ = command.__name__, command.__doc__
    return asks_models(with_what, also=["search"])


def tell_operators(metrics: str | None, log: str | None) -> None:
    """Tell figures and a log while a command works, where options ask for them."""
    from maspo.cli.log import ask_for as ask_for_log
    from maspo.cli.metrics import ask_for as ask_for_metrics

    ask_for_metrics(metrics)
    ask_for_log(log)


def scorer_name(scorer: str, unsafe_exec: bool, packages: Sequence[str] = ()) -> str:
    """Return the name of a scorer after ``--unsafe-exec``, and with the packages that programs may import.

    Raises:
        ConfigInvalid: no program would run, or all packages are there as it is.

    """
    from maspo.core.errors import ConfigInvalid
    from maspo.scoring.code import code_with
    from maspo.scoring.registry import CODE, UNSAFE_CODE

    if not unsafe_exec:
        return code_with(packages) if packages and scorer == CODE else scorer
    if packages:
        raise ConfigInvalid("--unsafe-exec: programs find every package then; leave out --sandbox-packages")
    if scorer != CODE:
        raise ConfigInvalid(f"--unsafe-exec: the scorer {scorer} runs no programs; leave it out, or give --scorer code")
    return UNSAFE_CODE
