"""What a command is given, checked before a call is paid: system, inputs, prompts, settings, endpoint, folder."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from maspo.cli.options import Arguments
from maspo.cli.settings import LoadedSettings, Sources, load_settings
from maspo.cli.terminal import note
from maspo.config import ModelSettings, RunConfig
from maspo.core.errors import ConfigInvalid, StoreError, UsageError, said_of, typed
from maspo.core.plain_files import MOST_TEXT, folders_meant, is_there, meant_by, read_named, read_plain
from maspo.data.inputs import Inputs, load_inputs
from maspo.data.tasks.registry import task_of
from maspo.models.base import CHAT
from maspo.models.endpoint import Endpoint
from maspo.models.retired import retirement
from maspo.report.earlier import carried_from
from maspo.report.folder import JOURNAL, PROMPTS, RUNS, free_folder, look
from maspo.report.phrases import plural
from maspo.runners.messages import blind_agents, check_inputs
from maspo.store.address import named
from maspo.store.budgets import BudgetState, state_of
from maspo.study.connections import (
    answers_nobody,
    endpoints_of,
    has_key_header,
    key_variable,
    key_wanted,
    require_model,
    shown_of,
    with_models_of,
)
from maspo.study.job import Job
from maspo.team import System
from maspo.team.app import App, names_app
from maspo.team.load import load_system

_MANY_ROWS = 20_000
"""Inputs whose groups take more than a second to find."""


@dataclass(frozen=True)
class PreparedJob:
    """A job that can start, where it will be recorded, and remarks worth reading first."""

    job: Job
    out: Path
    settings: LoadedSettings
    notes: tuple[str, ...]
    budget: BudgetState | None = None
    """The budget of many runs that the job spends from."""


def prepare(arguments: Arguments) -> PreparedJob:
    """Read and check everything; creates nothing and asks no model.

    Raises:
        UsageError: something cannot be used; says what, where and how to fix it.

    """
    arguments = replace(arguments, system=file_of(arguments.system))
    system = read_system(arguments.system)
    inputs, remarks, source = read_inputs(arguments, system)
    if len(inputs.rows) >= _MANY_ROWS:
        note(f"{len(inputs.rows):,} inputs: to find out which ask the same takes a while; --rows N draws fewer")
    notes = (*remarks, *check_inputs(system, inputs), *blind_agents(system, inputs))
    settings = load_settings(sources_of(arguments, system))
    config = with_models_of(system, settings.config)
    endpoints_of(config.models)
    out = arguments.out or free_folder(RUNS, system.name)
    check_folder(out)
    sources = {"system": str(arguments.system.absolute()), **source}
    own = [agent.model for agent in system.agents if agent.model]
    notes = (*notes, *retired_models(config.models, own))
    job = Job(system, inputs, config, sources)
    if arguments.start_from is not None:
        carried, more = carried_from(job, arguments.start_from)
        job, notes = replace(job, carried=carried), (*notes, *more)
    return PreparedJob(job, out, settings, (*settings.notes, *notes), budget_of(arguments))


def budget_of(arguments: Arguments) -> BudgetState | None:
    """Return how the budget stands that the work is to spend from; None where it spends from none."""
    return state_of(named(arguments.store), arguments.budget) if arguments.store and arguments.budget else None


def retired_models(
    models: ModelSettings, own: Iterable[str] = (), told: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """Return which of the models that are named providers retire, or have retired; servers near by keep theirs.

    ``own`` are those that agents name themselves, ``told`` the dates that the endpoint of all tells.
    """
    roles = [("agent", models.agent), ("judge", models.for_judge()), ("proposer", models.for_proposer())]
    asked = [*roles, *(("agent", name) for name in own)]
    away = [name for role, name in asked if not all(Endpoint(one).is_near for one in models.servers_of(role))]
    return tuple(end for name in dict.fromkeys(away) if (end := retirement(name, told=(told or {}).get(name, ""))))


def model_missing(config: RunConfig, system: System) -> str:
    """Return what to do about a model that nobody has named; empty when none is missing."""
    try:
        require_model(config.models, system)
    except ConfigInvalid as error:
        return str(error)
    return ""


def file_of(path: Path) -> Path:
    """Return a system file; that of an app, in place of its name.

    Raises:
        UsageError: it is an app that nobody has looked at.

    """
    if not names_app(path):
        return path
    app = App(str(path))
    file = found_file(app)
    if file is None:
        raise UsageError(
            f"{path}: an app without a system file; `maspo optimize {typed(path)} --inputs FILE`, or "
            f"`maspo discover {typed(path)} --inputs FILE --out {typed(new_file(app))}`, looks at it and writes one"
        )
    return file


def new_file(app: App) -> Path:
    """Return the name of the system file of a callable, in the working folder: that of its module and function."""
    return Path(f"{app.run.replace(':', '.')}.system.yaml")


def found_file(app: App) -> Path | None:
    """Return the system file of a callable in the working folder, if there is one.

    Raises:
        UsageError: the file of its name is another's.

    """
    file = new_file(app)
    if file.is_file():
        named = load_system(file).app
        if named is None or named.run != app.run:
            other = "names no app" if named is None else f"is of {named.run}"
            raise UsageError(
                f"{file}: {other}, not of {app.run}; move it away, so that {app.run} is looked at, or give the file "
                f"itself (`maspo optimize {typed(file)} …`)"
            )
        return file
    # As `maspo discover` names it by default, and as it was named when a module was thought to have one app.
    for likely in (Path("system.yaml"), Path(f"{app.run.partition(':')[0].rpartition('.')[2]}.system.yaml")):
        if likely.is_file() and _is_of(likely, app):
            return likely
    return None


def _is_of(file: Path, app: App) -> bool:
    """Return whether a system file is of an app; one that cannot be read is not."""
    try:
        found = load_system(file).app
    except UsageError:
        return False
    return found is not None and found.run == app.run


def read_system(path: Path) -> System:
    """Return the system of a file.

    Raises:
        UsageError: it cannot be read, or is an app that nobody has looked at.

    """
    return load_system(file_of(path))


def sources_of(arguments: Arguments, system: System | None = None) -> Sources:
    """Return the settings that a command was given, and those that the system file gives."""
    return Sources(arguments.flags, arguments.sets, arguments.config, system.models if system else {})


def read_inputs(arguments: Arguments, system: System) -> tuple[Inputs, tuple[str, ...], Mapping[str, str]]:
    """Return inputs to optimize on, remarks, and the file that holds just these, if there is one.

    They are those of a file, or the pool of a task, which shares no row with those that the task is scored on.
    """
    check_rows(arguments)
    remarks: tuple[str, ...] = ()
    source = {}
    if arguments.inputs is not None:
        inputs = load_inputs(arguments.inputs)
        source = {"inputs": str(arguments.inputs.absolute())}
    else:
        task = task_of(str(arguments.task), arguments.data)
        inputs, remarks = task.pool, task.notes
        # Else equal answers would not be seen to be equal, or labels could not be compared.
        if system.final_answer == "auto" and task.final_answer not in ("auto", "boxed"):
            spec = f"`final_answer: {task.final_answer}`"
            why = f"answers of {task.name} are read with {spec}; the system file does not say so: add that line"
            remarks = (*remarks, why)
    if arguments.rows is None:
        return inputs, remarks, source
    return draw_rows(inputs, arguments.rows), remarks, {}


def check_rows(arguments: Arguments) -> None:
    """Check that rows are given in one way.

    Raises:
        ConfigInvalid: they are given in none, or in two.

    """
    if (arguments.inputs is None) == (arguments.task is None):
        raise ConfigInvalid("give the rows either as --inputs FILE or as --task NAME")
    if arguments.inputs is not None and arguments.data is not None:
        raise ConfigInvalid("--data says where the rows of a --task are; --inputs names its file itself")


def draw_rows(inputs: Inputs, most: int) -> Inputs:
    """Return at most so many inputs, drawn by their content.

    Raises:
        ConfigInvalid: none are asked for.

    """
    if most < 1:
        raise ConfigInvalid(f"--rows {most}: expected 1 or more")
    if most > len(inputs.rows):
        note(f"note: --rows {most:,}: {plural(len(inputs.rows), 'row')} in all, of which none is left out")
    return inputs.drawn(most)


def read_prompts(path: Path, expected: str = "a run folder or a prompts.json") -> Mapping[str, str]:
    """Read a ``prompts.json``, or that of a run folder; ``expected`` is what the command takes in its place.

    Raises:
        UsageError: it is missing or holds something else.

    """
    inside = path.is_dir()
    file = path / PROMPTS if inside else path
    if inside and is_there(path / JOURNAL) and _goes_on(path):
        raise UsageError(
            f"{path}: the run has not finished, so nothing is shipped yet; `maspo resume {typed(path)}` goes on "
            f"with it (`maspo diff {typed(path)} seed winners` shows what it has found so far)"
        )
    try:
        content = json.loads((read_plain if inside else read_named)(file, MOST_TEXT).decode("utf-8"))
    except FileNotFoundError:
        meant = folders_meant(path, JOURNAL) or meant_by(file)
        raise UsageError(f"{file}: no such file; {meant or f'give {expected}'}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file}: cannot be read ({said_of(error)}); give a prompts.json") from None
    if not (isinstance(content, dict) and all(isinstance(text, str) for text in content.values())):
        raise UsageError(f'{file}: expected an object such as {{"agent": "prompt"}}')
    return content


def _goes_on(folder: Path) -> bool:
    """Say whether the run of a folder ships nothing now: one that was resumed leaves what it shipped before behind."""
    try:
        return look(folder).view.finished is None
    except (UsageError, StoreError):  # what cannot be read says nothing against the file
        return False


def key_missing(models: ModelSettings) -> str:
    """Return how to give the API key, when the endpoint is known to need one and there is none; else empty."""
    for role in ("", *models.addresses()):
        name, addresses = key_variable(models, role), models.servers_of(role)
        closed = any(map(answers_nobody, addresses)) and not has_key_header(models, role)
        if models.client == CHAT and closed and not os.environ.get(name, "").strip():
            what, fix = key_wanted(name, role)
            return (
                f"{what}, and {shown_of(models, role)} answers nobody without a key; "
                f"{fix}, or give another endpoint with --base-url (`maspo doctor` looks for local ones)"
            )
    return ""


def describe_endpoints(models: ModelSettings, *roles: str) -> str:
    """Return where calls go, and which models answer there; of these roles, or of all."""
    names = {"agent": models.agent, "judge": models.for_judge(), "proposer": models.for_proposer()}
    found: dict[str, list[str]] = {}
    for role in roles or names:
        found.setdefault(shown_of(models, role), []).append(names[role])
    return "; ".join(f"{place} ({', '.join(dict.fromkeys(called))})" for place, called in found.items())


def check_folder(out: Path) -> None:
    """Check, without creating anything, that a run can be recorded in a folder.

    Raises:
        ConfigInvalid: it holds a run already, or cannot be created or written.

    """
    check_writable(out)
    if is_there(out / JOURNAL):
        raise ConfigInvalid(
            f"--out {out}: holds a run already; go on with `maspo resume {typed(out)}` or give another folder"
        )


def check_writable(out: Path) -> None:
    """Check, without creating anything, that a folder is there or can be made, and can be written.

    Raises:
        ConfigInvalid: it cannot.

    """
    try:
        nearest = next((folder for folder in (out, *out.absolute().parents) if folder.exists()), Path("/"))
    except PermissionError as error:
        raise ConfigInvalid(
            f"--out {out}: no permission to look at {error.filename}; give a folder that you may write to"
        ) from None
    if not nearest.is_dir():
        raise ConfigInvalid(f"--out {out}: {nearest} is a file; give a folder")
    if not (os.access(nearest, os.W_OK | os.X_OK) and _takes_folders(nearest)):
        raise ConfigInvalid(f"--out {out}: no permission to write in {nearest}; give a folder that you may write to")


def _takes_folders(folder: Path) -> bool:
    """Say whether something can be put into a folder that may be written: where its mode forbids that to all, try it.

    Root may write everywhere, and file systems such as that of ``/proc`` take nothing from anybody.
    """
    if folder.stat().st_mode & 0o222:
        return True
    with contextlib.suppress(OSError):
        Path(tempfile.mkdtemp(dir=folder)).rmdir()
        return True
    return False
