"""Runs that a browser test steers from the page of a real server: at work, gone on with, or waiting for approval.

python -m tests.ui.runs_for_browser works|resumes|waits FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from maspo.config import Caps, search_of
from maspo.models.base import Request
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.runs import Recorder, begin, counted_world, go_on, with_config, world_job

_EVERY_CALL = 0.25
"""Seconds that a call takes as long as there is a file ``slow`` beside the run: a person has to get a word in."""


async def works(folder: Path) -> None:
    """Run a search whose calls take a moment."""
    slow = folder.with_name("slow")

    async def before(_: Request) -> None:
        if slow.exists():
            await asyncio.sleep(_EVERY_CALL)

    job = with_config(world_job("reflect", 80), search=search_of("default", {"calls": 1600}), caps=Caps(calls=5000))
    await begin(job, folder, counted_world(job, before))


async def resumes(folder: Path) -> None:
    """Go on with a search that was killed."""
    await go_on(world_job("reflect", 80), folder)


async def waits(folder: Path) -> None:
    """Run a search to its end, where new prompts wait for approval."""
    job = world_job("reflect", 120)
    holdout = job.config.holdout.model_copy(update={"approve": "each"})
    job = with_config(job, search=search_of("default", {"calls": 1200}), holdout=holdout)
    await start(resolve(job), folder, Recorder())


if __name__ == "__main__":
    asyncio.run({"works": works, "resumes": resumes, "waits": waits}[sys.argv[1]](Path(sys.argv[2])))
