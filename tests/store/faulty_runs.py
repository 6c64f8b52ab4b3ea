"""A child process of test_disk.py: with the faulty disk preloaded, it lets a small run fail at its n-th write.

Prints one JSON line for each n: what the run said, what was lost, and how it went on.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import shutil
import sys
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

from maspo.core.errors import MaspoError
from maspo.models.base import Reply, Request
from maspo.report.folder import write_results
from maspo.store import RunStore, mend
from maspo.store.sqlite import SqliteDatabase
from maspo.study import optimize
from maspo.study.job import Job, Outcome
from maspo.study.optimize import DATABASE
from maspo.testing.runs import SMALL_ASCENT, Counted, begin, counted_world, go_on, with_config, world_job
from maspo.world.spec import WorldSpec

DISK = ctypes.CDLL(None)
FULL, BROKEN, SHORT = 1, 2, 3
MOST = 2000
WRITTEN = ("prompts.json", "config.json", "seed_prompts.json", "result.json")


class Acknowledging(RunStore):
    """A store that remembers which replies it said to have recorded."""

    keys: ClassVar[set[str]] = set()

    async def put(self, request: Request, reply: Reply) -> None:
        await super().put(request, reply)
        Acknowledging.keys.add(request.key)


def small_job() -> Job:
    plan = SMALL_ASCENT.model_copy(update={"passes": 1, "promotion": (2,)})
    return with_config(world_job("reflect", 6, WorldSpec(seed=7)), search=plan)


def ended(out: Path, job: Coroutine[Any, Any, Outcome]) -> str:
    """Run to the end, write the report, and return what went wrong; raises what is no error of ours."""
    try:
        asyncio.run(job)
        write_results(out)
    except MaspoError as error:
        return str(error)
    return ""


def recorded(out: Path) -> set[str]:
    with closing(SqliteDatabase.read(out / DATABASE).reader) as reader:
        return {key for (key,) in reader.execute("SELECT key FROM calls")}


def tried(job: Job, out: Path, number: int, kind: int) -> dict[str, Any]:
    """Let the n-th write of a run fail; then go on, or start again where nothing was recorded."""
    Acknowledging.keys = set()
    first = counted_world(job)
    DISK.disk_arm(str(out).encode(), number, kind)
    error = ended(out, begin(job, out, first))
    fired = bool(DISK.disk_fired())
    DISK.disk_arm(b"", 0, 0)
    torn = [name for name in WRITTEN if (out / name).exists() and not whole(out / name)]
    known = recorded(out) if (out / DATABASE).exists() else set()
    lost = len(Acknowledging.keys - known)
    second = counted_world(job)
    again = gone_on(job, out, second)
    repeated = len(known & second.keys.keys())
    return {
        "n": number,
        "fired": fired,
        "error": error,
        "lost": lost,
        "repeated": repeated,
        "torn": torn,
        "again": again,
        "result": result(out),
        "recorded": len(known),
    }


def gone_on(job: Job, out: Path, model: Counted) -> str:
    if not (out / DATABASE).exists():
        return ended(out, begin(job, out, model))
    mended = mend(out / DATABASE)
    if mended:
        return mended
    said = ended(out, go_on(job, out, model))
    if "delete the folder and start again" not in said:
        return said
    shutil.rmtree(out)
    return ended(out, begin(job, out, model))


def whole(file: Path) -> bool:
    try:
        return bool(json.loads(file.read_text(encoding="utf-8")))
    except ValueError:
        return False


def result(out: Path) -> list[Any]:
    told = json.loads((out / "result.json").read_text(encoding="utf-8"))
    prompts = json.loads((out / "prompts.json").read_text(encoding="utf-8"))
    return [prompts, told["verdict"], told["shipped"], told["holdout"], told["agents"]]


def main(folder: Path, kinds_at_once: int) -> None:
    """Try every n until the run has fewer writes: all kinds of failure, or one at a time in turn. 0 never fails."""
    vars(optimize)["RunStore"] = Acknowledging
    job = small_job()
    kinds = (FULL, BROKEN, SHORT)
    for number in range(MOST):
        for kind in (kinds[(number + each) % len(kinds)] for each in range(kinds_at_once)):
            out = folder / f"run-{number}-{kind}"
            found = tried(job, out, number, kind)
            print(json.dumps(found), flush=True)
            shutil.rmtree(out)
        if number and not found["fired"]:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
