"""Whole pieces of work on a Ray cluster: another implementation of ``maspo.core.workers``.

Ray places work and moves plain data. What is recorded, charged and decided is the run's own, so a task is tried once
and begun again by the caller, who knows that a record is gone on with.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from maspo.__about__ import __version__
from maspo.core.concurrency import WAITING
from maspo.core.errors import ConfigInvalid, MaspoError
from maspo.core.workers import Queue, TwoWayWorkers, Way, WorkerLost, listen_to

_LOG = logging.getLogger(__name__)
RAY: Final = "ray"
_QUIET: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS": "0", "RAY_ENABLE_RECORD_ACTOR_TASK_LOGGING": "0"}
"""Nobody is told that Ray is used (https://docs.ray.io, usage stats), unless somebody wants it."""
_OBJECT_STORE: Final = 80 * 2**20
"""Bytes of a node's store of objects, near the least that Ray takes (75 MB): ours are a few kilobytes each."""

_AGAIN: Final = 1.0
"""Seconds after which a node asks again for a word that it could not wait for."""
_WAITING: Final = 100_000
"""Who may wait at a door or for a bell: of Ray's own 1,000, all wait in a large cluster, and nobody is heard then."""
_PIECE: Final = 256 * 1024
"""Bytes that go through Ray at once, at most: a request with a long input fits."""
_CARRIED: Final = "MASPO_CARRIED"
"""Tells a node which folder of its caller the one is a copy of in which its work begins."""
_NOT_CARRIED: Final = (".env*", ".git", ".venv*", "venv", "node_modules", "__pycache__", "maspo-runs")
"""What stays at home beside what ``.gitignore`` names, which Ray reads: keys, environments of one machine, records."""


@contextmanager
def on_ray(address: str, count: int, carried: str = "") -> Iterator[TwoWayWorkers]:
    """Open workers on a Ray cluster, at most so many at a time; 0: as many as it has processors for.

    ``address`` is that of a cluster, ``auto`` for the one of this machine; empty: one is started here, and ended.
    ``carried`` is a folder of which each node gets a copy (Ray's ``working_dir``); see ``brought``.

    Raises:
        ConfigInvalid: Ray is not installed, or there is no cluster at the address.

    """
    ray = _ray()
    logging.getLogger("ray").setLevel(logging.ERROR)
    failed: list[BaseException] = []
    connected, over = threading.Event(), threading.Event()

    def connect() -> None:
        try:
            _connect(ray, address, count, carried)
        except BaseException as error:
            failed.append(error)
        finally:
            connected.set()
        over.wait()

    # Not in the main thread: there Ray takes SIGTERM for itself, which lets our runs finish their calls. And in one
    # that stays: processes of a cluster that is started here end with the thread that started them (PR_SET_PDEATHSIG).
    threading.Thread(target=connect, daemon=True).start()
    connected.wait()
    try:
        if failed:
            where = address or "this machine"
            raise ConfigInvalid(f"--executor ray: no cluster at {where} ({_first_line(failed[0])})")
        workers = _OnRay(ray, count or max(1, int(ray.cluster_resources().get("CPU", 1))))
        try:
            yield workers
        finally:
            workers.close()
    finally:
        ray.shutdown()  # ends tasks of ours that are under way, and the cluster if it is ours
        over.set()


def _ray() -> Any:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise ConfigInvalid("--executor ray needs Ray: pip install 'maspo[ray]'") from None


def _connect(ray: Any, address: str, count: int, carried: str) -> None:
    quiet: dict[str, Any] = {
        "include_dashboard": False,
        "log_to_driver": False,
        "logging_level": "ERROR",
        "configure_logging": False,
    }
    if carried:
        told = {_CARRIED: os.path.abspath(carried)}  # noqa: PTH100 - as an app's folder is written: links are kept
        quiet["runtime_env"] = {"working_dir": carried, "excludes": [*_NOT_CARRIED], "env_vars": told}
    if address:
        del quiet["include_dashboard"]
        ray.init(address=address, **quiet)
    else:
        here = {"num_cpus": count or os.cpu_count() or 1, "object_store_memory": _OBJECT_STORE}
        ray.init(address="local", _node_ip_address="127.0.0.1", **here, **quiet)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].partition(". ")[0]


class _OnRay(Queue):
    """Workers that are tasks of a cluster, one processor each."""

    def __init__(self, ray: Any, count: int) -> None:
        near = importlib.import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        # Nowhere else: a bell on a node that gets lost would tell all to stop.
        here = near(ray.get_runtime_context().get_node_id(), soft=False)
        self._actor = ray.remote(num_cpus=0, max_concurrency=_WAITING, scheduling_strategy=here)
        self._bell = self._actor(_Bell).remote()
        self._doors: dict[int, Any] = {}
        task = ray.remote(num_cpus=1, max_retries=0)(_work)
        super().__init__([_Task(task, self._bell)] * count)

    def stop(self) -> None:
        self._bell.ring.remote()

    def way_to(self, port: int) -> Way:
        if port not in self._doors:
            self._doors[port] = self._actor(_Door).remote(port)
        return _Way(self._doors[port], port)


class _Task:
    """A place for one task of a cluster at a time."""

    def __init__(self, task: Any, bell: Any) -> None:
        self._task, self._bell = task, bell

    def begin(self, work: Callable[..., Any], given: Sequence[Any]) -> Future[Any]:
        begun = self._task.remote(self._bell, __version__, work, tuple(given))
        return cast("Future[Any]", begun.future())

    def meant(self, error: BaseException) -> BaseException:
        cause = getattr(error, "cause", None)
        if isinstance(cause, _ray().exceptions.RaySystemError):
            return MaspoError(f"a node cannot read its work ({_first_line(cause)}); install there what the caller has")
        if isinstance(cause, BaseException):
            return cause  # what the work itself raised
        return WorkerLost(f"its node or process is gone ({_first_line(error)})")


class _Door:
    """On the machine of the caller: says to a port what workers on nodes say, and lets them hear what comes back."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count()
        self._open: dict[int, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = {}

    async def enter(self) -> int:
        """Connect, and return the number of the connection."""
        number = next(self._numbers)
        self._open[number] = await asyncio.open_connection("127.0.0.1", self._port)
        return number

    async def say(self, number: int, piece: bytes) -> None:
        """Send on what was said."""
        _, writer = self._open[number]
        writer.write(piece)
        await writer.drain()

    async def hear(self, number: int) -> bytes:
        """Wait for what comes, and return it; nothing when the connection has ended."""
        reader, _ = self._open[number]
        piece = await reader.read(_PIECE)
        if not piece:  # whoever heard may be gone with its node, and leaves no more
            await self.leave(number)
        return piece

    async def leave(self, number: int) -> None:
        """End a connection."""
        if (left := self._open.pop(number, None)) is not None:
            left[1].close()


class _Way:
    """What a piece of work on a node is given: a server there passes everything on through the door."""

    def __init__(self, door: Any, port: int) -> None:
        self._door, self.port = door, port
        self._server: asyncio.Server | None = None

    async def here(self) -> int:
        if self._server is None:
            self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, backlog=WAITING)
        return int(self._server.sockets[0].getsockname()[1])

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            number = await self._door.enter.remote()
            hearing = asyncio.create_task(self._hear(number, writer))
            try:
                while piece := await reader.read(_PIECE):
                    await self._door.say.remote(number, piece)
            finally:
                hearing.cancel()
                await self._door.leave.remote(number)
        except Exception:  # the caller is gone, or one of both ends
            _LOG.debug("a connection to the caller has ended", exc_info=True)
        finally:
            writer.close()

    async def _hear(self, number: int, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await self._door.hear.remote(number):
                writer.write(piece)
                await writer.drain()
        finally:
            writer.close()


# ── on a node ────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Bell:
    """Rung once, when all work is to stop. It goes with its caller, and so nobody waits for a caller that is gone."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    async def ring(self) -> None:
        self._rung.set()

    async def wait(self) -> None:
        await self._rung.wait()


class _Heard:
    """The word to stop, on a node: the bell, or that there is none any more."""

    def __init__(self, bell: Any) -> None:
        self._bell = bell

    def wait(self) -> None:
        ray, rung = _ray(), False
        while not rung:
            try:
                ray.get(self._bell.wait.remote())
                rung = True
            except ray.exceptions.ActorUnavailableError:
                time.sleep(_AGAIN)  # the way to it is broken; it may be there still
            except Exception:
                rung = True


def brought(folder: str) -> str:
    """Return where a folder of the caller is on this machine: in the copy that was carried here, or where it was."""
    carried = os.environ.get(_CARRIED, "")
    if not carried or not folder or not Path(folder).is_relative_to(carried):
        return folder
    return str(Path.cwd() / Path(folder).relative_to(carried))


def _work(bell: Any, version: str, work: Callable[..., Any], given: Sequence[Any]) -> Any:
    """Do a piece of work on a node.

    Raises:
        MaspoError: the node has another version of maspo.

    """
    if version != __version__:
        raise MaspoError(f"a node of the cluster has maspo {__version__}, and the caller {version}; install the same")
    listen_to(_Heard(bell))
    return work(*given)
