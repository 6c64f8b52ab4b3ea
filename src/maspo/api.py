"""The Python API: optimize a system in a script, with the same run folder as the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from maspo.config import Caps, ProfileName, RunConfig, search_of
from maspo.configure import Setting, configure, paths_by_flag
from maspo.core.errors import ConfigInvalid, Interrupted
from maspo.core.prompts import Prompts
from maspo.data.inputs import Inputs, load_inputs, make_inputs
from maspo.events import Event, HoldoutResult, RunFinished, VerdictWord
from maspo.flags import FLAGS
from maspo.report.folder import RUNS, free_folder, look, write_results
from maspo.report.html import render
from maspo.store import write_whole
from maspo.study.calls import provider_of
from maspo.study.job import Job, Outcome, Progress
from maspo.study.optimize import resume as go_on
from maspo.study.optimize import start
from maspo.study.resolve import Parts, resolve
from maspo.team import System


class Settings(TypedDict, total=False):
    """The settings of a run that have a name of their own (``maspo.flags``); every other one is set through ``config``.

    Written out for type checkers; ``tests/cli/test_settings.py`` compares it with the fields of the config.
    """

    profile: ProfileName
    seed: int
    agent_model: str
    judge_model: str
    proposer_model: str
    base_url: str
    api_key_env: str
    concurrency: int
    max_usd: float | None
    max_calls: int | None
    max_minutes: float | None
    ship_if: Literal["better", "proven"]
    labels: Literal["ignore", "use"]
    focus: Sequence[str]


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
    parts: Parts | None = None,
    **settings: Unpack[Settings],
) -> Result:
    """Rewrite the prompts of a system jointly, and test the result on held-out inputs.

    ``inputs`` is a JSON Lines or CSV file, a list of texts or a list of rows. ``out`` is the run folder, by default a
    new one under ``maspo-runs``. Settings given by name win over ``config``. ``parts`` are implementations of your own:
    ``maspo.Parts(optimizer=…, judge=…, proposer=…, runner=…, scorer=…, client=…)``. Not for use inside a running event
    loop: await ``optimize_async`` there.

    Raises:
        UsageError: something given cannot be used; nothing was paid.
        ProviderError: the endpoint cannot be reached or refuses.

    """
    return asyncio.run(optimize_async(system, inputs, out, config, parts, **settings))


async def optimize_async(
    system: System,
    inputs: str | Path | Inputs | Iterable[str | Mapping[str, object]],
    out: str | Path | None = None,
    config: RunConfig | None = None,
    parts: Parts | None = None,
    **settings: Unpack[Settings],
) -> Result:
    """Do what ``optimize`` does, inside async code."""
    rows, sources = _read(inputs)
    job = Job(system, rows, configured(config or RunConfig(), settings), sources)
    folder = Path(out) if out is not None else free_folder(RUNS, system.name)
    given = parts or Parts()
    return _result(await start(resolve(job, given), folder, _Silent(), provider_of(given)), folder)


def resume(out: str | Path, parts: Parts | None = None, caps: Caps | None = None) -> Result:
    """Go on with a run; no recorded call is repeated. ``parts`` are the objects that it was started with, if any.

    ``caps`` replace those of the run that they name, so that one that met a cap can go on.

    Raises what ``optimize`` raises, and:
        RunChanged: the settings, the system or the inputs are not what the run was started with.

    """
    return asyncio.run(resume_async(out, parts, caps))


async def resume_async(out: str | Path, parts: Parts | None = None, caps: Caps | None = None) -> Result:
    """Do what ``resume`` does, inside async code."""
    folder, given = Path(out), parts or Parts()
    return _result(await go_on(folder, _Silent(), caps, provider_of(given), parts=given), folder)


def _result(outcome: Outcome, folder: Path) -> Result:
    if outcome.finished is None:
        raise Interrupted(outcome.message)
    write_results(folder, look(folder).view)
    return Result(outcome.finished, folder)


def configured(config: RunConfig, settings: Mapping[str, Any]) -> RunConfig:
    """Return a config with settings given by name.

    Raises:
        ConfigInvalid: a setting does not exist, its value cannot be used, or a profile would undo ``config.search``.

    """
    paths = {FLAGS[name].keyword: path for name, path in paths_by_flag().items()}
    unknown = [name for name in settings if name not in paths]
    if unknown:
        raise ConfigInvalid(f"{unknown[0]}: no such setting; expected one of {', '.join(paths)}")
    if "profile" in settings and config.search != search_of(config.profile, {}):
        raise ConfigInvalid(
            f"profile: {settings['profile']!r} is given, and config sets the search already; "
            f"say both there: RunConfig(profile={settings['profile']!r}, search={{…}})"
        )
    groups = config.model_dump(by_alias=True, exclude={"search"}).items()
    found = configure(
        [
            *(Setting((name,), value, f"config.{name}") for name, value in groups),
            *(Setting(paths[name], value, name) for name, value in settings.items()),
        ]
    )
    # As it is: it may be of a class that no name leads to.
    return found if "profile" in settings else found.model_copy(update={"search": config.search})


class _Silent:
    def on_event(self, event: Event) -> None: ...

    def on_progress(self, progress: Progress) -> None: ...


def _read(given: str | Path | Inputs | Iterable[str | Mapping[str, object]]) -> tuple[Inputs, dict[str, str]]:
    """Return inputs, and where they were read from."""
    if isinstance(given, str | Path):
        return load_inputs(given), {"inputs": str(Path(given).resolve())}
    return given if isinstance(given, Inputs) else make_inputs(given), {}


__all__ = ["Parts", "Result", "Settings", "configured", "optimize", "optimize_async", "resume", "resume_async"]
