"""What a command is given, checked before a call is paid: system, inputs, settings, endpoint, the run folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from maspo.cli.options import Asked, Rows
from maspo.cli.settings import Sources, load_settings
from maspo.config import ModelSettings
from maspo.core.errors import ConfigInvalid
from maspo.core.seeded import shuffled
from maspo.data.inputs import Inputs, load_inputs
from maspo.data.tasks.registry import task_of
from maspo.data.tasks.task import Task
from maspo.models.base import CHAT
from maspo.models.endpoint import Endpoint
from maspo.report.folder import JOURNAL, RUNS, free_folder
from maspo.runners.messages import check_inputs
from maspo.study.job import Job
from maspo.team import System
from maspo.team.load import load_system

_KEY_NEEDED = "api.openai.com"


@dataclass(frozen=True)
class Prepared:
    """A job that can start, where it will be recorded, and remarks worth reading first."""

    job: Job
    out: Path
    notes: tuple[str, ...]


def prepare(asked: Asked) -> Prepared:
    """Read and check everything; creates nothing and asks no model.

    Raises:
        UsageError: something cannot be used; says what, where and how to fix it.

    """
    system = load_system(asked.system)
    read = _read(asked.rows, system)
    notes = (*read.notes, *check_inputs(system, read.inputs))
    settings = load_settings(given(asked))
    check_endpoint(settings.config.models)
    out = asked.out or free_folder(RUNS, system.name)
    check_folder(out)
    sources = {"system": str(asked.system.absolute()), **read.source}
    return Prepared(Job(system, read.inputs, settings.config, sources), out, (*settings.notes, *notes))


def given(asked: Asked) -> Sources:
    """Return the settings that a command was given."""
    return Sources(asked.flags, asked.sets, asked.config)


def check_rows(rows: Rows) -> None:
    """Check that rows are given in one way.

    Raises:
        ConfigInvalid: they are given in none, or in two.

    """
    if (rows.inputs is None) == (rows.task is None):
        raise ConfigInvalid("give the rows either as --inputs FILE or as --task NAME")
    if rows.inputs is not None and rows.data is not None:
        raise ConfigInvalid("--data says where the rows of a --task are; --inputs names its file itself")


def drawn(inputs: Inputs, most: int) -> Inputs:
    """Return at most so many inputs, drawn by their content.

    Raises:
        ConfigInvalid: none are asked for.

    """
    if most < 1:
        raise ConfigInvalid(f"--rows {most}: expected 1 or more")
    chosen = set(shuffled((row.key for row in inputs.rows), 0, "rows")[:most])
    return replace(inputs, rows=tuple(row for row in inputs.rows if row.key in chosen))


@dataclass(frozen=True)
class _Read:
    """Inputs to optimize on, remarks, and the file that holds just these, if there is one."""

    inputs: Inputs
    notes: tuple[str, ...] = ()
    source: Mapping[str, str] = field(default_factory=dict)


def _read(rows: Rows, system: System) -> _Read:
    """Read a file, or the pool of a task: it shares no row with those that the task is scored on."""
    check_rows(rows)
    if rows.inputs is not None:
        read = _Read(load_inputs(rows.inputs), source={"inputs": str(rows.inputs.absolute())})
    else:
        task = task_of(str(rows.task), rows.data)
        read = _Read(task.pool, (*task.notes, *_how_read(task, system)))
    return read if rows.most is None else _Read(drawn(read.inputs, rows.most), read.notes)


def _how_read(task: Task, system: System) -> tuple[str, ...]:
    """Return a remark when equal answers would not be seen to be equal, or labels could not be compared."""
    if system.final_answer != "auto" or task.final_answer in ("auto", "boxed"):
        return ()
    spec = f"`final_answer: {task.final_answer}`"
    return (f"answers of {task.name} are read with {spec}; the system file does not say so: add that line",)


def key_missing(models: ModelSettings) -> str:
    """Return how to give the API key, when the endpoint is known to need one and there is none; else empty."""
    name = models.api_key_env
    if models.client == CHAT and _KEY_NEEDED in models.base_url and not os.environ.get(name):
        return (
            f"{name} is not set, and {models.base_url} answers nobody without a key; "
            f"set {name}, or give another endpoint with --base-url (`maspo doctor` looks for local ones)"
        )
    return ""


def check_endpoint(models: ModelSettings) -> None:
    """Check that the endpoint's address can be used, and that nothing would be sent over the network in the clear.

    Raises:
        ConfigInvalid: it cannot.

    """
    Endpoint(models.base_url, allow_http=models.allow_http).check_private()


def check_folder(out: Path) -> None:
    """Check, without creating anything, that a run can be recorded in a folder.

    Raises:
        ConfigInvalid: it holds a run already, or cannot be created or written.

    """
    check_writable(out)
    if (out / JOURNAL).exists():
        raise ConfigInvalid(f"--out {out}: holds a run already; go on with `maspo resume {out}` or give another folder")


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
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigInvalid(f"--out {out}: no permission to write in {nearest}; give a folder that you may write to")
