"""The options that commands share; those of settings are made from ``maspo.flags``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from maspo.flags import FLAGS, Commands, Flag


@dataclass(frozen=True)
class Rows:
    """Which rows are used: a file, or a task by name and where its data are; ``most`` of them, drawn by content."""

    inputs: Path | None = None
    task: str | None = None
    data: Path | None = None
    most: int | None = None


@dataclass(frozen=True)
class Asked:
    """What every command that asks models is given. ``flags`` are settings by flag name, None: not given."""

    system: Path
    rows: Rows
    flags: Mapping[str, object]
    sets: tuple[str, ...]
    config: Path | None
    out: Path | None
    as_json: bool
    yes: bool


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
BaseUrl = Annotated[str | None, _setting(FLAGS["base-url"])]
Config = Annotated[Path | None, _option("--config", "FILE", "Settings file [default: maspo.toml, if it is there].")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")]
UnsafeExec = Annotated[
    bool, typer.Option("--unsafe-exec", help="Run programs in outputs without a sandbox, as your own user.")
]

_SYSTEM = Annotated[Path, typer.Argument(metavar="SYSTEM", help="The system file (YAML).", show_default=False)]
_ROWS: Mapping[str, Any] = {
    "inputs": Annotated[Path | None, _option("--inputs", "FILE", "Rows: JSON Lines, JSON, CSV or Parquet.")],
    "task": Annotated[str | None, _option("--task", "NAME", "A benchmark by name, e.g. aqua.")],
    "data": Annotated[Path | None, _option("--data", "PATH", "Where the rows of the task are: a file or folder.")],
    "rows": Annotated[int | None, _option("--rows", "N", "Use N rows, drawn by content [default: all].")],
}
_OTHERS: Mapping[str, Any] = {
    "out": Annotated[Path | None, _option("--out", "DIR", "The folder [default: a new one in maspo-runs].")],
    "settings": Annotated[
        list[str] | None, _option("--set", "KEY=VALUE", "Any single setting, e.g. search.beam_width=3; repeatable.")
    ],
    "config": Config,
    "as_json": Json,
    "yes": Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before starting.")],
}
_SWITCHES = ("as_json", "yes")


def asks_models(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command what all take that ask models: a system, rows, settings, a folder; its first argument holds it."""
    return _with_options(command, {"models"})


def job_command(command: Callable[[Asked], None]) -> Callable[..., None]:
    """Give a command the options of a run."""
    return _with_options(command, {"models", "search"})


def _with_options(command: Callable[..., None], settings: Collection[Commands]) -> Callable[..., None]:
    flags = [flag for flag in FLAGS.values() if flag.commands in settings]

    @functools.wraps(command)
    def with_options(system: Path, **given: Any) -> None:
        rows = Rows(*(given.pop(name) for name in _ROWS))
        values = {flag.name: given.pop(flag.keyword) for flag in flags}
        others = {name: given.pop(name) for name in _OTHERS}
        sets = tuple(others.pop("settings") or ())
        command(Asked(system, rows, values, sets, **others), **given)

    hints = get_type_hints(command, include_extras=True)
    _, *own = inspect.signature(command).parameters.values()
    parameters = [
        _parameter("system", _SYSTEM, inspect.Parameter.empty),
        *(_parameter(name, kind) for name, kind in _ROWS.items()),
        *(_parameter(one.name, hints[one.name], one.default) for one in own),
        *(_parameter(flag.keyword, Annotated[str | None, _setting(flag)]) for flag in flags),
        *(_parameter(name, kind) for name, kind in _OTHERS.items()),
    ]
    # Typer reads a command's options from its signature.
    vars(with_options)["__signature__"] = inspect.Signature(parameters)
    with_options.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_options


def _parameter(name: str, kind: Any, default: Any = None) -> inspect.Parameter:
    given = False if name in _SWITCHES else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=given, annotation=kind)


def executed(scorer: str, unsafe_exec: bool) -> str:
    """Return the name of a scorer after ``--unsafe-exec``. Raises ConfigInvalid where no program would run."""
    from maspo.core.errors import ConfigInvalid
    from maspo.scoring.registry import CODE, UNSAFE_CODE

    if not unsafe_exec:
        return scorer
    if scorer != CODE:
        raise ConfigInvalid(f"--unsafe-exec: the scorer {scorer} runs no programs; leave it out, or give --scorer code")
    return UNSAFE_CODE
