"""What maspo does with a team: discovers it, optimizes it a little, and runs fifty rollouts of it at a time."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from frameworks.endpoint import Endpoint, Heard
from frameworks.environments import SECONDS, Team

from maspo.apps.runner import AppRunner
from maspo.core.errors import CallFailed
from maspo.data.inputs import make_inputs
from maspo.gateway.client import Upstreams, WireClient
from maspo.models.base import RoleSettings
from maspo.team.load import load_system

ROWS: Final = [
    {"input": f"Question number {number}: which letter follows {letter}?"}
    for number, letter in enumerate("KQSVEABCDFGHIJLM")
]
LOOKED_AT: Final = 5
CALLS: Final = 100
"""Calls that the small optimization plans: the fewest that a search may."""
AT_ONCE: Final = 50
AT_ONCE_SECONDS: Final = 3600.0
"""What each of them may take: whose prompts are whose is asked, not how soon fifty imports end on two cores."""
AT_ONCE_CALLS: Final = 1000
"""The same of calls: a program that gives up on its own after some seconds asks again on a busy machine."""
_TAG: Final = re.compile(r"Rollout (\d+)\.")
_PROCESS: Final = re.compile(r"process \d+")
"""What programs give as their key (``program.py``)."""
_NUMBER: Final = re.compile(r"Question number (\d+)")


@dataclass(frozen=True)
class Optimized:
    """A small optimization: how it ended, calls that it counts and calls that reached the endpoint."""

    code: int
    counted: int
    reached: int
    rewritten: int
    """Requests of agents that held a rewrite."""


@dataclass(frozen=True)
class AtOnce:
    """Rollouts at a time, each with prompts and an input of its own."""

    answered: int
    foreign: int
    """Requests that held a prompt of another rollout, at the endpoint."""
    told: Mapping[str, int]
    """Calls that the traces tell as an agent's."""


def hashes(folder: Path) -> Mapping[str, str]:
    """Return what stands in the files of a folder."""
    files = [one for one in folder.iterdir() if one.is_file()]
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in files}


def maspo(team: Team, server: Endpoint, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of maspo in the folder of a team."""
    settings = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "x", "XDG_STATE_HOME": str(folder)}
    settings |= {"GOOGLE_GEMINI_BASE_URL": server.url.removesuffix("/v1")}
    return subprocess.run(
        [sys.executable, "-m", "maspo", *words],
        check=False,
        cwd=team.folder,
        env={**os.environ, **settings, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=3 * SECONDS,
    )


def discovered(team: Team, server: Endpoint, folder: Path) -> dict[str, Any]:
    """Return what ``maspo discover`` says of a team; its system file is ``system.yaml`` of the folder."""
    (folder / "rows.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS))
    (folder / "few.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS[:LOOKED_AT]))
    options = ["--python", str(team.python)] if team.python else []
    files = ["--inputs", str(folder / "few.jsonl"), "--out", str(folder / "system.yaml")]
    done = maspo(team, server, folder, "discover", "--app", team.app, *options, "--json", *files, "--workers", "2")
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return {"agents": {}, "notes": []}
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def optimized(team: Team, server: Endpoint, folder: Path, seeds: Collection[str]) -> Optimized:
    """Check and optimize a team that was discovered; ``seeds`` are what instructed while it was looked at."""
    system, rows = folder / "system.yaml", ["--inputs", str(folder / "rows.jsonl")]
    checked = maspo(team, server, folder, "check", str(system), *rows)
    server.heard.clear()
    options = ["--set", f"search.calls={CALLS}", "--out", str(folder / "run"), "--yes", "--json"]
    done = maspo(team, server, folder, "optimize", str(system), *rows, *options)
    if checked.returncode or done.returncode:
        print(checked.stderr[-1000:], done.stdout[-1000:], done.stderr[-2000:], file=sys.stderr)
        return Optimized(checked.returncode or done.returncode, 0, len(server.heard), 0)
    said = json.loads(done.stdout.splitlines()[-1])["calls"]
    counted = sum(calls for kind, calls in said.items() if kind not in ("cached", "failed"))
    rewritten = sum(prompt not in seeds for prompt in server.prompts())
    return Optimized(done.returncode, counted, len(server.heard), rewritten)


def foreign_in(heard: Sequence[Heard]) -> int:
    """Return the requests that hold a prompt of another rollout than that of their input.

    A request that shows no input, such as that of an agent which is told what to do by another, is judged by the
    process that sent it, where its key tells that: this sends the inputs of one rollout only. Without such a key it is
    judged by how often each rollout's prompt comes in such: all rollouts ask the same.
    """
    foreign, silent = 0, Counter[str]()
    shown = {one.key: number for one in reversed(heard) for number in _NUMBER.findall(one.said)[:1]}
    for one in heard:
        tags, numbers = {*_TAG.findall(one.prompt)}, _NUMBER.findall(one.said)
        if _PROCESS.fullmatch(one.key) and one.key in shown:
            foreign += bool({*tags, *numbers} - {shown[one.key]})
        elif numbers or len(tags) > 1:
            foreign += bool(tags - {*numbers[:1]})
        else:
            silent.update(tags)
    usual = Counter(silent.values()).most_common(1)
    return foreign + sum(abs(count - usual[0][0]) for count in silent.values())


def at_once(server: Endpoint, folder: Path) -> AtOnce:
    """Run rollouts of a team at a time; each has prompts of its own, that name it, and an input with its number."""
    server.heard.clear()
    system = load_system(folder / "system.yaml")
    assert system.app is not None
    system = replace(system, app=replace(system.app, workers=AT_ONCE, seconds=AT_ONCE_SECONDS, calls=AT_ONCE_CALLS))
    rows = [{"input": f"Question number {number}: which letter follows K?"} for number in range(AT_ONCE)]
    inputs = make_inputs(rows).rows

    async def run() -> Counter[str]:
        told = Counter[str]()
        async with WireClient(Upstreams(server.url, gemini=server.url.removesuffix("/v1"))) as client:
            runner = AppRunner(system, {one.key: one for one in inputs}, client, RoleSettings("m"))
            try:
                traces = await asyncio.gather(
                    *(
                        runner.run({name: f"{text} Rollout {place}." for name, text in system.prompts.items()}, one.key)
                        for place, one in enumerate(inputs)
                    ),
                    return_exceptions=True,
                )
            finally:
                await runner.close()
        for trace in traces:
            if isinstance(trace, CallFailed):
                print(trace, file=sys.stderr)
            elif isinstance(trace, BaseException):
                raise trace
            else:
                told["answered"] += 1
                told.update(f"agent {call.agent}" for call in trace.calls)
        return told

    told = asyncio.run(run())
    foreign = foreign_in(server.agents())
    agents = {name.removeprefix("agent "): count for name, count in told.items() if name != "answered"}
    return AtOnce(told["answered"], foreign, agents)
