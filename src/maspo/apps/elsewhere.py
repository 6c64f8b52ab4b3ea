"""Rollouts of an app on other machines: the app runs where there is room, and its calls come back to the gateway here.

What is asked, recorded and charged stays with the caller. So a rollout that gets lost with its machine begins anew, and
what its calls were answered before is answered from the record.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from maspo.apps.pool import Ended, Pool, Rollouts
from maspo.core.clusters import brought
from maspo.core.errors import ConfigInvalid
from maspo.core.executors import check_executor, open_workers
from maspo.core.workers import TwoWayWorkers, Way
from maspo.team import System
from maspo.team.app import App


def check_elsewhere(system: System, executor: str, carried: str = "") -> None:
    """Check that a team may run where ``--executor`` says.

    Raises:
        ConfigInvalid: the executor is none, or the team is no app, or one that runs where it is.

    """
    check_executor(executor, carried)
    if not executor:
        return
    app = system.app
    if app is None:
        raise ConfigInvalid(
            f"--executor {executor}: only an app has work of its own for other machines; a team of prompts waits for "
            "its endpoint alone, so leave it out (`maspo compare` and `maspo arena` take it for whole runs)"
        )
    if app.kind == "url" or app.keep_alive:
        what = "an app that answers at a URL runs where it is" if app.kind == "url" else "app.keep_alive keeps one here"
        raise ConfigInvalid(f"--executor {executor}: {what}; give module:function or a command, or leave it out")


@contextmanager
def rollouts_on(executor: str, carried: str = "") -> Iterator[Callable[[App], Rollouts]]:
    """Open where rollouts of apps run: on a cluster, to which a folder is carried; without one in processes from here.

    Raises:
        ConfigInvalid: the cluster cannot be used.

    """
    if not executor:
        yield Pool
        return
    with open_workers(executor, 0, carried) as workers:
        yield lambda app: AppElsewhere(app, workers)


class AppElsewhere:
    """Runs an app with workers: one rollout of each at a time."""

    is_elsewhere = True

    def __init__(self, app: App, workers: TwoWayWorkers) -> None:
        self._app, self._workers = replace(app, workers=1), workers
        self._places = asyncio.Semaphore(workers.count)
        self._way: Way | None = None

    @asynccontextmanager
    async def place(self) -> AsyncIterator[int]:
        """Wait until a worker is free; which one, its owner says."""
        async with self._places:
            yield 0

    async def run(self, row: Mapping[str, str], environment: Mapping[str, str], place: int = 0) -> Ended:
        """Run the app on one row with a worker. Raises what ``Rollouts.run`` raises."""
        del place
        if self._way is None:
            self._way = self._workers.way_to(_port(environment))
        submitted = self._workers.submit(_roll_out_there, self._app, dict(row), dict(environment), self._way)
        return await asyncio.wrap_future(submitted)

    async def close(self) -> None:
        """Nothing to end here: the app's processes end with the workers."""


def _port(environment: Mapping[str, str]) -> int:
    return urlsplit(environment["OPENAI_BASE_URL"]).port or 80


# ── in a worker ──────────────────────────────────────────────────────────────────────────────────────────────────────

_sides: dict[tuple[App, int], _Side] = {}
"""In the process of a worker: what lives from rollout to rollout, by the app and the port of its gateway."""


class _Side:
    """An app in the process of a worker: what it has imported stays, and so does the way back."""

    def __init__(self, app: App, way: Way) -> None:
        self._pool, self._way = Pool(app), way
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def roll_out(self, row: Mapping[str, str], environment: Mapping[str, str]) -> Ended:
        """Run the app on a row; its calls go to this machine's end of the way."""
        return asyncio.run_coroutine_threadsafe(self._roll_out(row, environment), self._loop).result()

    async def _roll_out(self, row: Mapping[str, str], environment: Mapping[str, str]) -> Ended:
        there, here = f"127.0.0.1:{self._way.port}/", f"127.0.0.1:{await self._way.here()}/"
        return await self._pool.run(
            row, {name: f"{value}/".replace(there, here)[:-1] for name, value in environment.items()}
        )


def _roll_out_there(app: App, row: Mapping[str, str], environment: Mapping[str, str], way: Way) -> Ended:
    """Run an app on a row, in the process of a worker."""
    side = _sides.get((app, way.port))
    if side is None:
        # Of a folder that was carried, only this machine knows where it is.
        side = _sides[app, way.port] = _Side(replace(app, folder=brought(app.folder)), way)
    return side.roll_out(row, environment)
