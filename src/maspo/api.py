"""The Python API: optimize a system in a script, with the same run folder as the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from pydantic import ValidationError

from maspo.config import ProfileName, RunConfig, plan_of
from maspo.engine.job import Job, Outcome, Progress
from maspo.engine.run import start
from maspo.errors import ConfigInvalid, Interrupted
from maspo.events import Event, HoldoutResult, RunFinished, VerdictWord
from maspo.graph import System
from maspo.prompts import Prompts
from maspo.report.folder import RUNS, free_folder, look, write_results
from maspo.report.html import render
from maspo.store import write_whole
from maspo.tasks.inputs import Inputs, load_inputs, make_inputs


class Settings(TypedDict, total=False):
    """The settings of a run that have a name of their own; every other one is set through ``config``."""

    profile: ProfileName
    seed: int
    agent_model: str
    judge_model: str
    proposer_model: str
    base_url: str
    max_usd: float
    max_calls: int
    max_minutes: float
    ship_if: Literal["better", "proven"]
    labels: Literal["ignore", "use"]
    focus: Sequence[str]


_PLACES: Mapping[str, tuple[str, str]] = {
    "agent_model": ("models", "agent"),
    "judge_model": ("models", "judge"),
    "proposer_model": ("models", "proposer"),
    "base_url": ("models", "base_url"),
    "max_usd": ("caps", "usd"),
    "max_calls": ("caps", "calls"),
    "max_minutes": ("caps", "minutes"),
    "ship_if": ("holdout", "ship_if"),
}


@dataclass(frozen=True)
class Result:
    """How a run ended. ``prompts`` is what to use: the winners, or the seed prompts when these did not do better."""

    finished: RunFinished
    out: Path

    @property
    def prompts(self) -> Prompts:
        """The shipped prompt of each agent."""
        return self.finished.prompts

    @property
    def verdict(self) -> VerdictWord:
        """What can be claimed: improved, no_evidence, worse or cannot_tell."""
        return self.finished.verdict

    @property
    def shipped(self) -> Literal["optimized", "seed"]:
        """Whether the winners are shipped, or the seed prompts."""
        return self.finished.shipped

    @property
    def holdout(self) -> HoldoutResult:
        """The test on inputs that the search never saw."""
        return self.finished.holdout

    def report(self, path: str | Path) -> Path:
        """Write the report as one offline HTML file and return its path.

        Raises:
            StoreError: it cannot be written; a file that was there is kept.

        """
        file = Path(path)
        write_whole(file, render(look(self.out).view))
        return file


def optimize(
    system: System,
    inputs: str | Path | Inputs | Iterable[str | Mapping[str, object]],
    out: str | Path | None = None,
    config: RunConfig | None = None,
    **settings: Unpack[Settings],
) -> Result:
    """Rewrite the prompts of a system jointly, and test the result on held-out inputs.

    ``inputs`` is a JSON Lines or CSV file, a list of texts or a list of rows. ``out`` is the run folder, by default a
    new one under ``maspo-runs``. Settings given by name win over ``config``. Not for use inside a running event loop:
    await ``optimize_async`` there.

    Raises:
        UsageError: something given cannot be used; nothing was paid.
        ProviderError: the endpoint cannot be reached or refuses.

    """
    return asyncio.run(optimize_async(system, inputs, out, config, **settings))


async def optimize_async(
    system: System,
    inputs: str | Path | Inputs | Iterable[str | Mapping[str, object]],
    out: str | Path | None = None,
    config: RunConfig | None = None,
    **settings: Unpack[Settings],
) -> Result:
    """Do what ``optimize`` does, inside async code."""
    job = Job(system, _inputs(inputs), configured(config or RunConfig(), settings), _sources(inputs))
    folder = Path(out) if out is not None else free_folder(RUNS, system.name)
    outcome: Outcome = await start(job, folder, _Silent())
    if outcome.finished is None:
        raise Interrupted(outcome.message)
    write_results(folder, look(folder).view)
    return Result(outcome.finished, folder)


def configured(config: RunConfig, settings: Mapping[str, Any]) -> RunConfig:
    """Return a config with settings given by name.

    Raises:
        ConfigInvalid: a setting does not exist or its value cannot be used.

    """
    values = config.model_dump(by_alias=True)
    if "profile" in settings:
        values["search"] = plan_of(settings["profile"], {}).model_dump(by_alias=True)
    for name, value in settings.items():
        if name not in Settings.__annotations__:
            raise ConfigInvalid(f"{name}: no such setting; expected one of {', '.join(Settings.__annotations__)}")
        section, key = _PLACES.get(name, ("", name))
        (values[section] if section else values)[key] = value
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigInvalid(f"{'.'.join(map(str, first['loc']))}: {first['input']!r} given; {first['msg']}") from error


class _Silent:
    def on_event(self, event: Event) -> None: ...

    def on_progress(self, progress: Progress) -> None: ...


def _inputs(given: str | Path | Inputs | Iterable[str | Mapping[str, object]]) -> Inputs:
    if isinstance(given, Inputs):
        return given
    return load_inputs(given) if isinstance(given, str | Path) else make_inputs(given)


def _sources(given: object) -> dict[str, str]:
    return {"inputs": str(Path(given).resolve())} if isinstance(given, str | Path) else {}
