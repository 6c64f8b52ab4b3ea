"""``kill -9`` at random moments: the resumed run ships the same and repeats at most the calls that were in flight."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from maspo.study.job import Job
from maspo.study.optimize import DATABASE
from maspo.study.record import JOB
from maspo.testing.runs import with_config, world_job
from maspo.world import World
from maspo.world.serve import read_request
from maspo.world.spec import WorldSpec

KILLS = 20
IN_FLIGHT = 3
LATENCY = 0.004
CHILD = """
import asyncio, sys
from pathlib import Path
from maspo.study.record import JOB
from maspo.study.optimize import DATABASE, resume, start
from maspo.study.resolve import resolve
from maspo.testing.runs import Recorder

job, out = JOB.load(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
asyncio.run(resume(out, Recorder()) if (out / DATABASE).exists() else start(resolve(job), out, Recorder()))
"""


class Server:
    """A world over HTTP that counts requests by body, and answers equal bodies alike."""

    def __init__(self, world: World) -> None:
        self.bodies: Counter[bytes] = Counter()
        self.questions: Counter[str] = Counter()
        self.arrived = asyncio.Event()
        self._world = world

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.bodies[body] += 1
        self.questions[question_of(json.loads(body))] += 1
        self.arrived.set()
        await asyncio.sleep(LATENCY)
        asked = read_request(json.loads(body), request.headers)
        reply = self._world.reply(replace(asked, identity=asked.messages[-1].content))
        usage = {"prompt_tokens": reply.tokens_in, "completion_tokens": reply.tokens_out}
        return web.json_response({"choices": [{"message": {"content": reply.text}}], "usage": usage})

    async def another(self, calls: int) -> None:
        """Wait until so many further requests have come."""
        for _ in range(calls):
            self.arrived.clear()
            await self.arrived.wait()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        application = web.Application()
        application.router.add_post("/v1/chat/completions", self.answer)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        finally:
            await runner.cleanup()


def question_of(body: Mapping[str, Any]) -> str:
    """Return what a call asks, draws of a sampled call apart; empty for a call that may be drawn again."""
    if body["temperature"]:
        return ""
    return "\n".join(f"{message['role']}: {message['content']}" for message in body["messages"])


def recorded(out: Path) -> set[str]:
    """Return the questions whose replies a killed run has recorded."""
    with closing(sqlite3.connect(out / DATABASE)) as database:
        asked = [json.loads(row[0]) for row in database.execute("SELECT request FROM calls")]
    named = [
        {**each, "messages": [{"role": role, "content": text} for role, text in each["messages"]]} for each in asked
    ]
    return {question_of(each) for each in named} - {""}


async def child(job: Path, out: Path) -> asyncio.subprocess.Process:
    """Start or resume a run in a process of its own."""
    arguments = (sys.executable, "-c", CHILD, str(job), str(out))
    return await asyncio.create_subprocess_exec(*arguments, stderr=asyncio.subprocess.PIPE)


def job_at(url: str) -> Job:
    job = world_job(inputs=20, spec=WorldSpec(seed=5))
    settings = {"base_url": url, "concurrency": IN_FLIGHT, "api_key_env": "MASPO_NO_KEY"}
    return replace(with_config(job, models=job.config.models.model_copy(update=settings)), world=None)


def made(folder: Path) -> None:
    """Wait until another process has made a folder."""
    ends = time.monotonic() + 20
    while not folder.exists() and time.monotonic() < ends:
        time.sleep(0.001)


@pytest.mark.slow
async def test_x02_a_kill_before_the_first_call_can_be_gone_on_from_or_says_what_to_do(tmp_path: Path) -> None:
    draw = random.Random(7)
    server = Server(World(WorldSpec(seed=5)))
    async with server.listening() as url:
        (tmp_path / "job.json").write_text(JOB.dump(job_at(url)), encoding="utf-8")
        for number in range(2):
            out = tmp_path / f"run{number}"
            process = await child(tmp_path / "job.json", out)
            await asyncio.to_thread(made, out)
            await asyncio.sleep(draw.random() * 0.02)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            again = await child(tmp_path / "job.json", out)
            _, said = await again.communicate()
            assert again.returncode == 0 or b"delete the folder and start again" in said, said.decode()
