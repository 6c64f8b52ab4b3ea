"""Real runs in processes of their own, against an endpoint that keeps its own books."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from maspo.models.base import Message, Request
from maspo.models.dialects import STANDARD, payload
from maspo.study.optimize import DATABASE
from maspo.team.load import dump_system
from maspo.world import World
from maspo.world.serve import read_request
from maspo.world.spec import WorldSpec
from tests.lengths import length
from tests.soak.forked import Forked, forked

MODEL = "gpt-4.1-mini"
PRICE = (0.4, 1.6)
"""USD per million tokens, in and out."""
LATENCY = 0.01
IN_FLIGHT = 4
SECONDS = length(60, 600)
"""Seconds after which what has to end counts as hanging: a soak shares its machine with other work for hours."""
SETTINGS = {
    "models.concurrency": IN_FLIGHT,
    "models.prices": json.dumps({MODEL: PRICE}),
    "search.passes": 2,
    "search.drafts": 1,
    "search.edits": 2,
    "search.traces": 2,
    "search.stages": "[3, 6]",
}
"""A search of a few hundred calls."""
FORKED = bool(length(1, 0))
"""Whether processes are forked after all imports, which are most of their work; each starts anew in ``make soak``."""
_ENVIRONMENT = {"OPENAI_API_KEY": "", "NO_COLOR": "1"}
_SPEC = WorldSpec(seed=5)


class Endpoint:
    """The simulated world over HTTP. It counts requests by run and body, and what it would charge for them.

    A reply takes ``latency`` seconds, more or less. After ``hangs`` requests are taken and not answered until
    ``answers`` is set.
    """

    def __init__(self, seed: int = 0, latency: float = LATENCY) -> None:
        self.latency = latency
        self.received: defaultdict[str, Counter[bytes]] = defaultdict(Counter)
        self.prices: dict[bytes, float] = {}
        self.answers = asyncio.Event()
        self.answers.set()
        self.url = ""
        self._arrived = asyncio.Event()
        self._taken = 0
        self._held = 0
        self._world = World(_SPEC)
        self._draw = random.Random(seed)

    async def another(self, calls: int) -> None:
        """Wait until so many further requests have come."""
        wanted = self._taken + calls
        while self._taken < wanted:  # several may come before whoever waits is woken
            self._arrived.clear()
            await self._arrived.wait()

    async def hangs(self) -> None:
        """Take no notice of requests from now on, and wait until there is one."""
        self.answers.clear()
        while not self._held:
            self._arrived.clear()
            await self._arrived.wait()

    def bill(self, run: str) -> float:
        """Return what all requests of a run cost, also those whose reply nobody received."""
        return self.bill_of(self.received[run])

    def bill_of(self, received: Counter[bytes]) -> float:
        """Return what requests cost."""
        return sum(count * self.prices[body] for body, count in received.items())

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        asked = read_request(json.loads(body), request.headers)
        reply = self._world.reply(replace(asked, identity=asked.messages[-1].content))
        tokens = (reply.tokens_in or 0, reply.tokens_out or 0)
        self.received[request.headers["X-Maspo-Run"]][body] += 1
        self.prices[body] = sum(count * price / 1e6 for count, price in zip(tokens, PRICE, strict=True))
        self._taken += 1
        self._held += not self.answers.is_set()
        self._arrived.set()
        await self.answers.wait()
        self._held = 0
        await asyncio.sleep(self.latency * (0.5 + self._draw.random()))
        usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
        return web.json_response({"choices": [{"message": {"content": reply.text}}], "usage": usage})

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Endpoint]:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self._answer)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            yield self
        finally:
            await runner.cleanup()


@dataclass(frozen=True)
class Child:
    """A maspo process."""

    process: asyncio.subprocess.Process | Forked
    patience: float = SECONDS
    """Seconds within which it has to end."""

    async def ended(self) -> tuple[int, str]:
        """Wait for the end; return exit code and stderr."""
        async with asyncio.timeout(self.patience):
            _, said = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, said.decode()

    async def says(self, text: str) -> None:
        """Wait until a line of stderr holds this text."""
        assert self.process.stderr is not None
        async with asyncio.timeout(SECONDS):
            async for line in self.process.stderr:
                if text in line.decode():
                    return
        raise AssertionError(f"ended without {text!r}")

    async def signalled(self, number: int, moment: Sequence[Coroutine[Any, Any, object]]) -> tuple[int, str]:
        """Send a signal once all of ``moment`` is done, unless the process ends before; wait for its end."""
        ending = asyncio.ensure_future(self.ended())
        coming = asyncio.ensure_future(_one_after_another(moment))
        await asyncio.wait({ending, coming}, return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            self.process.send_signal(number)
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        for each in moment:
            each.close()  # what was not reached would warn that nobody awaited it
        return await ending


async def _one_after_another(moment: Sequence[Coroutine[Any, Any, object]]) -> None:
    for each in moment:
        await each


@dataclass(frozen=True)
class Team:
    """A team and its inputs in files, for runs of the command line."""

    folder: Path
    endpoint: Endpoint
    settings: Mapping[str, Any] = field(default_factory=lambda: SETTINGS)

    def write(self, inputs: int = 14) -> None:
        world = World(_SPEC)
        (self.folder / "system.yaml").write_text(dump_system(world.system("reflect")), encoding="utf-8")
        rows = [json.dumps(row) + "\n" for row in world.inputs(inputs)]
        (self.folder / "inputs.jsonl").write_text("".join(rows), encoding="utf-8")

    async def go(self, name: str, *more: str) -> Child:
        """Start the run of this name, or go on with it, in a process of its own."""
        if (self.folder / name / DATABASE).exists():
            return await self.child("resume", name, *more)
        sets = [word for key, value in self.settings.items() for word in ("--set", f"{key}={value}")]
        url = ("--base-url", self.endpoint.url, "--agent-model", MODEL)
        files = ("system.yaml", "--inputs", "inputs.jsonl")
        return await self.child("optimize", *files, "--out", name, "--yes", *url, *sets, *more)

    async def child(self, *arguments: str) -> Child:
        """Start maspo with these arguments in a process of its own."""
        if FORKED:
            _forget_looks(arguments)
            return Child(await forked(arguments, self.folder, {**os.environ, **_ENVIRONMENT}))
        return await self.anew(*arguments)

    async def anew(self, *arguments: str) -> Child:
        """Start maspo with these arguments in a process that begins with its imports."""
        _forget_looks(arguments)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "maspo", *arguments),
            cwd=self.folder,
            env={**os.environ, **_ENVIRONMENT},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        return Child(process)

    def recorded(self, name: str, database: str = DATABASE) -> dict[bytes, str]:
        """Return the recorded calls of a run: what was sent for each, and its content address."""
        query = "SELECT key, purpose, agent, model, request FROM calls"
        with closing(sqlite3.connect(f"file:{self.folder / name / database}?mode=ro", uri=True)) as opened:
            rows = opened.execute(query).fetchall()
        return {_body(*columns): key for key, *columns in rows}

    def begun(self, folder: Path, database: str = DATABASE) -> bool:
        """Say whether a run got further than to make its record."""
        with closing(sqlite3.connect(f"file:{folder / database}?mode=ro", uri=True)) as opened:
            return opened.execute("SELECT value FROM meta WHERE key = 'run'").fetchone() is not None

    def run_id(self, name: str, database: str = DATABASE) -> str:
        """Return the id that a run's requests carry."""
        with closing(sqlite3.connect(f"file:{self.folder / name / database}?mode=ro", uri=True)) as opened:
            found = opened.execute("SELECT value FROM meta WHERE key = 'run'").fetchone()
        return str(found[0])

    def result(self, name: str, file: str = "result.json") -> dict[str, Any]:
        """Return what ``result.json`` of a run says, or another file of figures."""
        found: dict[str, Any] = json.loads((self.folder / name / file).read_text(encoding="utf-8"))
        return found


def _body(purpose: str, agent: str, model: str, request: str) -> bytes:
    asked = json.loads(request)
    messages = tuple(Message(role, content) for role, content in asked.pop("messages"))
    return payload(Request(model, messages, purpose, agent, **asked), STANDARD)


def lasting(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a result must not depend on interruptions: all but time, cost and the run's name."""
    passing = {"seconds", "calls", "tokens", "usd", "usage", "possibly_billed_twice", "run"}
    return {name: value for name, value in result.items() if name not in passing}


def sent(result: Mapping[str, Any]) -> int:
    """Return how many calls a result counts as sent."""
    return sum(each["calls"] for each in result["usage"].values())


def _forget_looks(arguments: tuple[str, ...]) -> None:
    if arguments[0] != "resume":  # each run looks at its hold-out for the first time
        Path(os.environ["XDG_STATE_HOME"], "maspo", "looks.jsonl").unlink(missing_ok=True)
