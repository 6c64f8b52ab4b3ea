"""``maspo optimize`` and ``maspo resume``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from maspo.cli.options import Asked, Json, MaxCalls, MaxMinutes, MaxUsd, RunFolder, job_command
from maspo.cli.terminal import note

if TYPE_CHECKING:
    import asyncio

    from maspo.config import Caps
    from maspo.engine.job import Outcome, Watcher


@job_command
def optimize(asked: Asked) -> None:
    """Make a team's prompts better, and prove it.

    Rewrites the prompts of all agents together, without labels, and tests the result once on held-out inputs.
    """
    from maspo.cli.planning import plan_text
    from maspo.cli.prepare import key_missing, prepare
    from maspo.cli.running import conclude, run_watched
    from maspo.engine.estimate import estimate
    from maspo.engine.run import start
    from maspo.errors import ConfigInvalid
    from maspo.report.folder import JOURNAL

    prepared = prepare(asked)
    missing = key_missing(prepared.job.config.models)
    if missing:
        raise ConfigInvalid(missing)
    planned = estimate(prepared.job)
    for remark in dict.fromkeys((*prepared.notes, *planned.notes)):
        note(f"note: {remark}")
    note(plan_text(prepared, planned))
    if not (asked.yes or agreed()):
        note("Not started; nothing was paid.")
        raise typer.Exit(1)

    async def begin(watcher: Watcher, stop: asyncio.Event) -> Outcome:
        return await start(prepared.job, prepared.out, watcher, stop=stop)

    raise typer.Exit(conclude(run_watched(begin, prepared.out / JOURNAL), prepared.out, asked.as_json))


def agreed() -> bool:
    """Ask before money is spent, but only where a person can answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    return typer.confirm("Start?", default=True, err=True)


def resume(
    folder: RunFolder,
    max_usd: MaxUsd = None,
    max_calls: MaxCalls = None,
    max_minutes: MaxMinutes = None,
    as_json: Json = False,
) -> None:
    """Go on with an interrupted run or evaluation.

    No recorded call is repeated. Caps that are given replace those of the run.
    """
    from maspo.cli.evaluate import resume_evaluation
    from maspo.cli.running import conclude, make_whole, run_watched
    from maspo.engine.evaluation.run import holds_evaluation
    from maspo.engine.run import resume as go_on
    from maspo.report.folder import JOURNAL

    make_whole(folder / JOURNAL, needed="job")
    caps = _caps({"max-usd": max_usd, "max-calls": max_calls, "max-minutes": max_minutes})
    if holds_evaluation(folder) and not (folder / JOURNAL).is_file():
        raise typer.Exit(resume_evaluation(folder, caps, as_json))

    async def begin(watcher: Watcher, stop: asyncio.Event) -> Outcome:
        return await go_on(folder, watcher, caps, stop=stop)

    raise typer.Exit(conclude(run_watched(begin, folder / JOURNAL), folder, as_json))


def _caps(flags: dict[str, float | None]) -> Caps | None:
    """Return the caps that flags give; the environment and a config file count only when a run starts."""
    from maspo.cli.settings import Given, load_settings

    if all(value is None for value in flags.values()):
        return None
    return load_settings(Given(flags, file=Path(os.devnull)), environ={}).config.caps
