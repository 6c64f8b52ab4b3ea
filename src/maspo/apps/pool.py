"""The processes of an app: rollouts side by side, each in a process of its own, none outliving maspo."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from maspo.core.errors import CallFailed, ConfigInvalid, said_of
from maspo.team.app import App

QUIET: Mapping[str, str] = {
    "AGNO_TELEMETRY": "false",
    "ANONYMIZED_TELEMETRY": "false",
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "DSPY_CACHEDIR": os.devnull,
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "OTEL_SDK_DISABLED": "true",
}
"""Switches of what frameworks send to their makers, or keep from run to run, unless they are told not to. A rollout
connects to the gateway only, and each draws its own samples."""
NO_KEYS: Mapping[str, str] = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"), "unused")
"""SDKs refuse to start without a key, also where the endpoint, such as one on this machine, asks for none. Google's
takes this name where there is no ``GOOGLE_API_KEY``."""
IN_ORDER: Mapping[str, str] = {"PYTHONHASHSEED": "0"}
"""The order of a Python set, which is another in each process unless its owner says which: frameworks show tools in it
(Agent Framework its hand-overs), and a request that was recorded is to be asked again in the same words."""
_READERS = Path(__file__).with_name("readers")
_LINE = 256 * 1024 * 1024
"""Bytes of one line that the shim says, at most: four times what a rollout may print."""
_GRACE = 5.0
"""Seconds that the shim is given to end."""
_PATIENCE = 30.0
"""Seconds that it is given beyond a rollout's own limit before it counts as stuck, and all rollouts with it: where
fifty rollouts share two cores, it comes to its turn late."""
_STARTING = 60.0
"""Seconds that an interpreter may take to start, on a loaded machine with a cold disk."""

_ENDED = "the process that starts the app has ended"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a rollout of an app ended."""

    answer: str | None
    """None: it brought none, and ``reason`` says why."""
    reason: str = ""
    printed: str = ""
    """The last lines of what it printed."""
    seconds: float = 0.0
    import_seconds: float = 0.0
    """What importing the owner's modules took, within ``seconds``."""
    agents: tuple[Mapping[str, Any], ...] = ()
    """What readers of frameworks tell of the app's agents, in the first rollout of a process; see ``readers``."""


class Rollouts(Protocol):
    """Where rollouts of an app run."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether that may be another machine."""
        ...

    def place(self) -> AbstractAsyncContextManager[int]:
        """Wait until a rollout may run, and give the number of its worker."""
        ...

    async def run(self, row: Mapping[str, str], environment: Mapping[str, str], place: int = 0) -> Ended:
        """Run the app on one row, under the environment of its rollout.

        Raises:
            ConfigInvalid: the app cannot be started at all.
            WorkerLost: who ran it is gone; it may be run again.

        """
        ...

    async def close(self) -> None:
        """End all processes of the app."""
        ...


class Pool:
    """Runs an app on rows. At most ``app.workers`` rollouts run at a time."""

    is_elsewhere = False

    def __init__(self, app: App) -> None:
        self.app = app
        self._shim: _Shim | None = None
        self._left: list[_Shim] = []
        self._warms = True
        """Library modules that the app loads are imported for all rollouts."""
        self._starting = asyncio.Lock()
        self._places: asyncio.Queue[int] = asyncio.Queue()
        for place in range(app.workers):
            self._places.put_nowait(place)
        self._numbers = itertools.count()
        self._first = asyncio.Lock()
        self._is_warm = app.kind != "callable" or app.keep_alive
        self._closed = False

    @asynccontextmanager
    async def place(self) -> AsyncIterator[int]:
        """Wait until a rollout may run, and yield the number of its worker."""
        number = await self._places.get()
        try:
            yield number
        finally:
            self._places.put_nowait(number)

    async def run(self, row: Mapping[str, str], environment: Mapping[str, str], place: int = 0) -> Ended:
        """Run the app on one row, under the environment of its rollout.

        Raises:
            ConfigInvalid: the app's interpreter or command cannot be started at all.

        """
        if self.app.kind == "url":
            return await _post(self.app, row, environment)
        if not self._is_warm:
            async with self._first:  # it tells which libraries the app loads; all others then have them
                if not self._is_warm:
                    ended = await self._rolled_out(row, environment, place)
                    self._is_warm = True
                    return ended
        return await self._rolled_out(row, environment, place)

    async def _rolled_out(self, row: Mapping[str, str], environment: Mapping[str, str], place: int) -> Ended:
        asked = {
            "do": "run",
            "id": f"r{next(self._numbers)}",
            "row": dict(row),
            "env": dict(environment),
            "seconds": self.app.seconds,
            "worker": str(place) if self.app.keep_alive else None,
        }
        ended = None
        while ended is None:
            shim = await self._running()
            ended = await shim.run(asked, self.app.seconds + _PATIENCE)
        return ended

    async def close(self) -> None:
        """End all processes of the app."""
        self._closed = True
        for shim in (*self._left, *((self._shim,) if self._shim else ())):
            await shim.close()

    async def _running(self) -> _Shim:
        """Return the shim; a new one where the last one has died."""
        async with self._starting:
            if self._closed:
                raise CallFailed("the app's processes are closed")
            if self._shim is not None and self._shim.unfit:
                # Forks of a process with threads can hang: from now on each rollout imports all itself.
                self._left.append(self._shim)
                self._warms = False
                self._shim = None
            elif self._shim is not None and self._shim.stuck:
                # As likely as not in a library that it imports for all: the next one would stand there again.
                self._warms = False
            if self._shim is None or self._shim.gone:
                self._shim = await _Shim.start(self.app, self._warms)
            return self._shim


class _Shim:
    """The process that starts those of an app, seen from maspo."""

    def __init__(self, process: asyncio.subprocess.Process, is_ours: bool) -> None:
        self._is_ours = is_ours
        self._process = process
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())
        self.unfit = ""
        """Why it cannot be forked any more."""
        self.stuck = False
        """Whether it did not answer any more."""
        self.ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    @classmethod
    async def start(cls, app: App, warms: bool) -> _Shim:
        """Start it in the app's folder, with the app's interpreter.

        Raises:
            ConfigInvalid: there is no such interpreter, or it cannot run the shim.

        """
        interpreter = app.interpreter(sys.executable) if app.kind == "callable" else sys.executable
        shim = str(Path(__file__).with_name("shim.py"))
        try:
            process = await asyncio.create_subprocess_exec(
                interpreter,
                shim,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=app.folder or None,
                env={**NO_KEYS, **IN_ORDER, **os.environ, **QUIET},
                start_new_session=True,
                limit=_LINE,
            )
        except OSError as error:
            raise ConfigInvalid(
                f"app.python: {interpreter} cannot be started in {app.folder or 'this folder'} ({error.strerror}); "
                "give the interpreter of the app's environment, such as .venv/bin/python"
            ) from error
        made = cls(process, is_ours=not app.python)
        command = list(app.command) if app.kind == "command" else []
        try:
            readers = [str(file) for file in sorted(_READERS.glob("[!_]*.py"))]
            made._say({"kind": app.kind, "run": app.run, "command": command, "warms": warms, "readers": readers})
            version = (await asyncio.wait_for(made.ready, _STARTING))["ready"]
        except (TimeoutError, CallFailed) as error:
            await made.close()
            raise ConfigInvalid(
                f"app.python: {interpreter} does not run maspo's shim; expected Python 3.9 or newer"
            ) from error
        if version < [3, 9]:
            await made.close()
            raise ConfigInvalid(f"app.python: {interpreter} is Python {version[0]}.{version[1]}; expected 3.9 or newer")
        return made

    @property
    def gone(self) -> bool:
        """Whether it has died."""
        return self._reader.done()

    async def run(self, asked: Mapping[str, Any], patience: float) -> Ended | None:
        """Return how a rollout ended, or None where it could not be started; one that is cancelled is stopped."""
        name = asked["id"]
        found: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[name] = found
        try:
            self._say(asked)
            async with asyncio.timeout(patience):
                await self._heard_all()
                told = await found
        except TimeoutError:
            self.stuck = True
            await self.close()
            return Ended(None, f"the process that starts it did not answer for {patience:.0f} s")
        except asyncio.CancelledError:
            with suppress(CallFailed):
                self._say({"do": "stop", "id": name})
            raise
        except CallFailed as error:
            return Ended(None, str(error))
        finally:
            self._waiting.pop(name, None)
        if "unfit" in told:
            self.unfit = told["unfit"]
            return None
        printed = "\n".join(text.strip() for text in (told.get("out", ""), told.get("err", "")) if text.strip())
        return Ended(
            answer=told.get("answer"),
            reason=self._reason(str(told.get("error", ""))),
            printed=printed,
            seconds=float(told.get("seconds", 0.0)),
            import_seconds=float(told.get("import_seconds", 0.0)),
            agents=tuple(told.get("agents") or ()),
        )

    def _reason(self, error: str) -> str:
        if error.startswith("cannot be started: FileNotFoundError"):
            return (
                f"{error}; nothing of that name is on the PATH or, with its path, below the app's folder: give the "
                "command as a shell there would find it, module:function, or a URL"
            )
        if error.startswith("ModuleNotFoundError") and self._is_ours:
            return (
                f"{error}; correct the name, or name the interpreter of the app's own environment: --python "
                ".venv/bin/python, with `maspo discover` or `maspo optimize`"
            )
        return error

    async def close(self) -> None:
        """End it and whatever it started; it does so itself as soon as it cannot hear maspo any more."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _GRACE)
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await asyncio.gather(self._reader, return_exceptions=True)

    def _say(self, what: Mapping[str, Any]) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.is_closing():
            raise CallFailed(_ENDED)
        stdin.write((json.dumps(what) + "\n").encode())

    async def _heard_all(self) -> None:
        """Wait until it has taken what was said: one that is stuck takes no row that is longer than a pipe."""
        try:
            if self._process.stdin is not None:
                await self._process.stdin.drain()
        except (ConnectionResetError, BrokenPipeError):
            raise CallFailed(_ENDED) from None

    async def _read(self) -> None:
        stdout = self._process.stdout
        try:
            while stdout is not None and (line := await stdout.readline()):
                told = json.loads(line)
                if "ready" in told and not self.ready.done():
                    self.ready.set_result(told)
                elif (found := self._waiting.get(told.get("id", ""))) is not None and not found.done():
                    found.set_result(told)
        finally:
            for found in (self.ready, *self._waiting.values()):
                if not found.done():
                    found.set_exception(CallFailed(_ENDED))
                    found.exception()  # whoever still waits is told; nobody else has to be


async def _post(app: App, row: Mapping[str, str], environment: Mapping[str, str]) -> Ended:
    """Send a row to an app that runs by itself; a header names the base URL of this rollout."""
    import aiohttp

    headers = {"X-Maspo-Base-Url": environment.get("OPENAI_BASE_URL", "")}
    began = asyncio.get_running_loop().time()
    try:
        timeout = aiohttp.ClientTimeout(total=app.seconds)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(app.run, json=dict(row), headers=headers, allow_redirects=False) as response,
        ):
            text = await response.text()
            status, elsewhere = response.status, response.headers.get("Location", "")
    except TimeoutError:
        return Ended(None, f"took longer than {app.seconds:.3g} seconds")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Ended(None, f"{app.run} cannot be reached: {said_of(error)}")
    seconds = asyncio.get_running_loop().time() - began
    if status != 200:
        told = f"; it leads to {elsewhere}, so give that address" if elsewhere else ""
        return Ended(None, f"{app.run} answered with status {status}{told}", text[-4000:], seconds)
    return Ended(_said(text), seconds=seconds)


def _said(text: str) -> str:
    """Return the answer in a body: a JSON text, the ``answer`` of a JSON object, or the body as it is."""
    try:
        told = json.loads(text)
    except ValueError:
        return text
    if isinstance(told, dict) and isinstance(told.get("answer"), str):
        return str(told["answer"])
    return told if isinstance(told, str) else text
