"""What must be the same in two runs with the same responses; as a program, the digest of three small runs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from maspo.config import ProfileName, search_of
from maspo.events import CallUnsettled, CaseShown, Event, Paused, RunFinished, RunStarted
from maspo.store import RecordedResult, RunStore, decode
from maspo.study.job import Job
from maspo.study.optimize import DATABASE
from maspo.testing.runs import begin, with_config, world_job
from maspo.world.spec import WorldSpec

SMALL: dict[ProfileName, dict[str, object]] = {
    "default": {"passes": 2, "stages": (6,), "shared_inputs": 4, "union_inputs": 3, "drafts": 1, "first_round": 1.0},
    "cheap": {"passes": 1, "stages": (6,), "shared_inputs": 4, "union_inputs": 3, "drafts": 1, "first_round": 1.0},
    "paper": {"passes": 1, "generations": 1, "batch": 3},
}
"""What makes the plan of a profile take a fraction of a second on the world."""


def small_job(profile: ProfileName) -> Job:
    """Return a small job with the plan of a profile and several calls in flight."""
    job = world_job(inputs=8, spec=WorldSpec(seed=5))
    models = job.config.models.model_copy(update={"concurrency": 5})
    return with_config(job, profile=profile, search=search_of(profile, SMALL[profile]), models=models)


def happened(folder: Path) -> dict[str, Any]:
    """Return what a run folder records, but for time, cost, interruptions and the order of arrival."""
    store = RunStore.read(folder / DATABASE)
    entries = [decode(entry) for entry in store.journal()]
    store.close_reader()
    with closing(sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)) as database:
        calls = database.execute("SELECT key, reply FROM calls ORDER BY key").fetchall()
    events = [item for item in entries if not isinstance(item, RecordedResult | Paused | CallUnsettled)]
    return {
        "told": dict(sorted((item.request, repr(item.result)) for item in entries if isinstance(item, RecordedResult))),
        "events": [repr(_lasting(event)) for event in events if not isinstance(event, CaseShown)],
        "cases": sorted(repr(event) for event in events if isinstance(event, CaseShown)),
        "calls": calls,
        "prompts": (folder / "prompts.json").read_text(encoding="utf-8"),
    }


def digest(found: dict[str, Any]) -> str:
    """Return a short fingerprint of what happened."""
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _lasting(event: Event) -> Event:
    match event:
        case RunStarted():
            return replace(event, run="")
        case RunFinished():
            return replace(event, usage={}, seconds=0.0)
    return event


async def main(out: Path) -> None:
    """Run the plan of each profile and print what happened as a fingerprint."""
    for profile in SMALL:
        await begin(small_job(profile), out / profile)
        print(profile, digest(happened(out / profile)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
