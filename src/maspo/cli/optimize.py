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
    from maspo.study.job import Outcome, Watcher


@job_command
def optimize(asked: Asked) -> None:
    """Make a team's prompts better, and prove it.

    Rewrites the prompts of all agents together, without labels, and tests the result once on held-out inputs.
    """
    from maspo.cli.planning import plan_text
    from maspo.cli.prepare import key_missing, prepare
    from maspo.cli.running import conclude, run_watched
    from maspo.core.errors import ConfigInvalid
    from maspo.report.folder import JOURNAL
    from maspo.study.optimize import start
    from maspo.study.resolve import resolve

    prepared = prepare(asked)
    missing = key_missing(prepared.job.config.models)
    if missing:
        raise ConfigInvalid(missing)
    study = resolve(prepared.job)
    planned = study.plan
    for remark in dict.fromkeys((*prepared.notes, *planned.notes)):
        note(f"note: {remark}")
    note(plan_text(prepared, planned))
    if not (asked.yes or agreed()):
        note("Not started; nothing was paid.")
        raise typer.Exit(1)

    async def begin(watcher: Watcher, stop: asyncio.Event) -> Outcome:
        return await start(study, prepared.out, watcher, stop=stop)

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
    from maspo.report.folder import JOURNAL
    from maspo.study.evaluation.evaluate import holds_evaluation
    from maspo.study.optimize import resume as go_on

    make_whole(folder / JOURNAL, needed="job")
    caps = _caps({"max-usd": max_usd, "max-calls": max_calls, "max-minutes": max_minutes})
    if holds_evaluation(folder) and not (folder / JOURNAL).is_file():
        raise typer.Exit(resume_evaluation(folder, caps, as_json))

    async def begin(watcher: Watcher, stop: asyncio.Event) -> Outcome:
        return await go_on(folder, watcher, caps, stop=stop)

    raise typer.Exit(conclude(run_watched(begin, folder / JOURNAL), folder, as_json))


def _caps(flags: dict[str, str | None]) -> Caps | None:
    """Return the caps that flags give; the environment and a config file count only when a run starts."""
    from maspo.cli.settings import Sources, load_settings

    if all(value is None for value in flags.values()):
        return None
    return load_settings(Sources(flags, file=Path(os.devnull)), environ={}).config.caps
