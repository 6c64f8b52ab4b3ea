"""A dialogue with a real model: recorded once, played back by every test run, so that every change meets real text.

To record it anew, on purpose (needs the packages of ``make real``; some minutes):

    .venv-real/bin/python -m tests.real.dialogue
"""

from __future__ import annotations

import asyncio
import json
import lzma
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maspo.config import RunConfig
from maspo.core.seeded import rank
from maspo.data.inputs import Inputs
from maspo.models.base import ModelClient, Reply, Request
from maspo.models.endpoint import Endpoint
from maspo.real.client import SmallModelClient
from maspo.real.tasks import SETTINGS, real_task
from maspo.report.fold import fold
from maspo.report.result import result_of
from maspo.study.job import Job, Outcome, Provider
from maspo.study.optimize import start
from maspo.study.resolve import resolve
from maspo.testing.runs import Recorder

FILE = Path(__file__).with_name("dialogue.jsonl.xz")
END = Path(__file__).with_name("dialogue.json")
"""How the recorded run ended."""
_ROWS = 44


def job() -> Job:
    """Return a short job in which the model is agent, judge and its own proposer, so that all its text is met."""
    task = real_task("reviews")
    search = {"calls": 260, "stages": [8], "shared_inputs": 8, "union_inputs": 6, "passes": 2, "edits": 3}
    settings: dict[str, Any] = {**SETTINGS, "search": search, "proposer": {}, "holdout": {"rerun": 6}}
    settings["models"] = {**SETTINGS["models"], "max_tokens": 64}
    rows = task.rows.pool.rows[:_ROWS]
    return Job(task.system, Inputs(rows), RunConfig.model_validate(settings))


@dataclass
class Recording:
    """Passes requests on to a model and keeps what was said."""

    inner: ModelClient
    lines: list[str] = field(default_factory=list)

    async def complete(self, request: Request) -> Reply:
        reply = await self.inner.complete(request)
        said = [[message.role, message.content] for message in request.messages]
        line = {"key": request.key, "purpose": request.purpose, "agent": request.agent, "messages": said}
        tokens = [reply.tokens_in, reply.tokens_out]
        self.lines.append(json.dumps({**line, "text": reply.text, "cut": reply.truncated, "tokens": tokens}))
        return reply


class Playback:
    """Answers as the real model did; to a question that it was never asked, with a reply to another of the same role.

    So a change of what is asked still meets real text. ``unknown`` counts such questions.
    """

    def __init__(self) -> None:
        lines = [json.loads(line) for line in lzma.decompress(FILE.read_bytes()).decode("utf-8").splitlines()]
        self._known = {line["key"]: _reply(line) for line in lines}
        self._roles: dict[tuple[str, str], list[Reply]] = {}
        self._all = list(self._known.values())
        self.unknown = 0
        for line in lines:
            self._roles.setdefault((line["purpose"], line["agent"]), []).append(_reply(line))

    async def complete(self, request: Request) -> Reply:
        known = self._known.get(request.key)
        if known is not None:
            return known
        self.unknown += 1
        others = self._roles.get((request.purpose, request.agent), self._all)
        return others[rank(0, request.key) % len(others)]


def _reply(line: dict[str, Any]) -> Reply:
    tokens_in, tokens_out = line["tokens"]
    return Reply(line["text"], tokens_in, tokens_out, usd=0.0, truncated=line["cut"])


def provided(model: ModelClient) -> Provider:
    @asynccontextmanager
    async def provide(_job: Job, _run: str) -> AsyncIterator[ModelClient]:
        yield model

    return provide


async def run(out: Path, model: ModelClient) -> tuple[Outcome, dict[str, Any]]:
    """Run the job; return its outcome, and what of it is the same in every playback."""
    watcher = Recorder()
    outcome = await start(resolve(job()), out, watcher, provided(model))
    result = result_of(fold(watcher.events)).dump()
    names = ("verdict", "shipped", "holdout", "agents", "noise")
    kinds = [event.kind for event in watcher.events]
    return outcome, {**{name: result[name] for name in names}, "health": result["health"], "events": _counts(kinds)}


def _counts(kinds: list[str]) -> dict[str, int]:
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


async def _record() -> None:
    folder = Path(tempfile.mkdtemp())
    async with SmallModelClient(Endpoint("http://127.0.0.1/v1", timeout=600.0)) as small:
        recording = Recording(small)
        outcome, end = await run(folder / "run", recording)
    shutil.rmtree(folder)
    FILE.write_bytes(lzma.compress("\n".join(sorted(recording.lines)).encode("utf-8"), preset=9))
    END.write_text(json.dumps(end, indent=1) + "\n", encoding="utf-8")
    print(outcome.message, len(recording.lines), "calls")


if __name__ == "__main__":
    asyncio.run(_record())
