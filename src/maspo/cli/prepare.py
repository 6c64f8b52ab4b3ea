"""Everything that can be checked before a call is paid: system, inputs, settings, prices, the run folder."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from maspo.cli.options import JobArguments
from maspo.cli.settings import Given, load_settings
from maspo.config import ModelSettings, RunConfig
from maspo.engine.job import Job
from maspo.errors import ConfigInvalid
from maspo.graph import System
from maspo.graph.load import load_system
from maspo.models.endpoint import Endpoint
from maspo.models.prices import PriceBook, require_prices
from maspo.report.folder import JOURNAL, RUNS, free_folder
from maspo.runtime.messages import check_inputs
from maspo.tasks.inputs import load_inputs

_KEY_NEEDED = "api.openai.com"


@dataclass(frozen=True)
class Prepared:
    """A job that can start, where it will be recorded, and remarks worth reading first."""

    job: Job
    out: Path
    notes: tuple[str, ...]


def prepare(arguments: JobArguments) -> Prepared:
    """Read and check everything; creates nothing and asks no model.

    Raises:
        UsageError: something cannot be used; says what, where and how to fix it.

    """
    system = load_system(arguments.system)
    inputs = load_inputs(arguments.inputs)
    notes = check_inputs(system, inputs)
    settings = load_settings(Given(arguments.flags, arguments.sets, arguments.config))
    _check_models(system, settings.config)
    out = arguments.out or free_folder(RUNS, system.name)
    check_folder(out)
    sources = {"system": str(arguments.system.absolute()), "inputs": str(arguments.inputs.absolute())}
    return Prepared(Job(system, inputs, settings.config, sources), out, (*settings.notes, *notes))


def models_of(system: System, config: RunConfig) -> tuple[str, ...]:
    """Return the name of every model that a run will ask."""
    agents = [agent.model or config.models.agent for agent in system.agents]
    return tuple(dict.fromkeys([*agents, config.models.for_judge(), config.models.for_proposer()]))


def key_missing(models: ModelSettings) -> str:
    """Return how to give the API key, when the endpoint is known to need one and there is none; else empty."""
    name = models.api_key_env
    if _KEY_NEEDED in models.base_url and not os.environ.get(name):
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
    try:
        taken = (out / JOURNAL).exists()
        nearest = next((folder for folder in (out, *out.absolute().parents) if folder.exists()), Path("/"))
    except PermissionError as error:
        raise ConfigInvalid(
            f"--out {out}: no permission to look at {error.filename}; give a folder that you may write to"
        ) from None
    if taken:
        raise ConfigInvalid(f"--out {out}: holds a run already; go on with `maspo resume {out}` or give another folder")
    if not nearest.is_dir():
        raise ConfigInvalid(f"--out {out}: {nearest} is a file; give a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise ConfigInvalid(f"--out {out}: no permission to write in {nearest}; give a folder that you may write to")


def make_folder(out: Path) -> None:
    """Create the folder of a run and prove that it can be written, before anything is paid.

    Raises:
        ConfigInvalid: it cannot be created or written.

    """
    check_folder(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        raise ConfigInvalid(
            f"--out {out}: cannot be written ({error.strerror}); give a folder that you may write to"
        ) from None


def _check_models(system: System, config: RunConfig) -> None:
    check_endpoint(config.models)
    if config.caps.usd is not None:
        prices = PriceBook(config.models.prices, config.models.base_url)
        require_prices(models_of(system, config), prices)
