"""What a command is given, checked before a call is paid: system, inputs, prompts, settings, endpoint, folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from maspo.cli.options import Arguments
from maspo.cli.settings import Sources, load_settings
from maspo.config import ModelSettings
from maspo.core.errors import ConfigInvalid, UsageError
from maspo.core.seeded import shuffled
from maspo.data.inputs import Inputs, load_inputs
from maspo.data.tasks.registry import task_of
from maspo.models.base import CHAT
from maspo.models.endpoint import Endpoint
from maspo.report.folder import JOURNAL, RUNS, free_folder
from maspo.runners.messages import check_inputs
from maspo.study.job import Job
from maspo.team import System
from maspo.team.load import load_system

_KEY_NEEDED = "api.openai.com"
"""Known to answer nobody without a key; of other endpoints that is not known."""


@dataclass(frozen=True)
class Prepared:
    """A job that can start, where it will be recorded, and remarks worth reading first."""

    job: Job
    out: Path
    notes: tuple[str, ...]


def prepare(arguments: Arguments) -> Prepared:
    """Read and check everything; creates nothing and asks no model.

    Raises:
        UsageError: something cannot be used; says what, where and how to fix it.

    """
    system = load_system(arguments.system)
    inputs, remarks, source = _read_inputs(arguments, system)
    notes = (*remarks, *check_inputs(system, inputs))
    settings = load_settings(sources_of(arguments))
    models = settings.config.models
    Endpoint(models.base_url, allow_http=models.allow_http).check_private()
    out = arguments.out or free_folder(RUNS, system.name)
    check_folder(out)
    sources = {"system": str(arguments.system.absolute()), **source}
    return Prepared(Job(system, inputs, settings.config, sources), out, (*settings.notes, *notes))


def sources_of(arguments: Arguments) -> Sources:
    """Return the settings that a command was given."""
    return Sources(arguments.flags, arguments.sets, arguments.config)


def _read_inputs(arguments: Arguments, system: System) -> tuple[Inputs, tuple[str, ...], Mapping[str, str]]:
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
    chosen = set(shuffled((row.key for row in inputs.rows), 0, "rows")[:most])
    return replace(inputs, rows=tuple(row for row in inputs.rows if row.key in chosen))


def read_prompts(path: Path) -> Mapping[str, str]:
    """Read a ``prompts.json``, or that of a run folder.

    Raises:
        UsageError: it is missing or holds something else.

    """
    file = path / "prompts.json" if path.is_dir() else path
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{file}: no such file; give seed, shipped, winners, a run folder or a prompts.json") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{file}: cannot be read ({error}); give a prompts.json") from None
    if not (isinstance(content, dict) and all(isinstance(text, str) for text in content.values())):
        raise UsageError(f'{file}: expected an object such as {{"agent": "prompt"}}')
    return content


def key_missing(models: ModelSettings) -> str:
    """Return how to give the API key, when the endpoint is known to need one and there is none; else empty."""
    name = models.api_key_env
    if models.client == CHAT and _KEY_NEEDED in models.base_url and not os.environ.get(name):
        return (
            f"{name} is not set, and {models.base_url} answers nobody without a key; "
            f"set {name}, or give another endpoint with --base-url (`maspo doctor` looks for local ones)"
        )
    return ""


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
