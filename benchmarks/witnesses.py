"""A real team in two frameworks, optimized end to end on simulated worlds, beside the same team as a prompt graph.

    .venv-dev/bin/python benchmarks/witnesses.py [--worlds 10] [--first 0] [--seeds 1]
        [--teams graph,langgraph,openai_agents] [--environments .venv-frameworks] [--calls 3000] [--inputs 100]
        [--check 20] [--out FILE]

The team has a writer with a tool, a reviewer who sends it back or hands over to an editor, and at most two rounds
(``frameworks/witnesses/``). Its models are a world that asks for the tool on every third input and hands over where
the reviewer approves. Each run is the command line: ``maspo discover``, then ``maspo optimize``. True accuracy is that
of the world, of the seed prompts and of those shipped, on 2,000 inputs that no search has seen; with ``--check`` the
app itself answers so many of these with the shipped prompts, and answers that differ from the world's are counted.
One search in one world is a matter of luck: with ``--seeds`` each world is searched so often, from seeds that begin
with its number, and each team's spread over them is told.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from aiohttp import web

from maspo.models.base import AGENT
from maspo.team import Agent, System
from maspo.team.flow import Condition
from maspo.team.load import dump_system
from maspo.world import World, WorldSpec
from maspo.world.serve import FINGERPRINT, MAX_BODY, read_request
from maspo.world.world import FRESH, Simulation, world_key

ROOT = Path(__file__).resolve().parent.parent
SYSTEM = System(
    (
        Agent(
            "writer",
            "You write a solution, or better the last one by its review, and give the letter of your answer.",
            reads=("reviewer",),
        ),
        Agent(
            "reviewer",
            "You review the solution and give the letter that you believe in. Say APPROVED or REVISE.",
            reads=("writer",),
            rounds=2,
            until=Condition("reviewer", matches="APPROVED"),
        ),
        Agent(
            "editor",
            "You write the final solution and give the letter of the answer.",
            reads=("writer", "reviewer"),
        ),
    ),
    name="witness",
    final_answer="tag:answer",
)
"""The team of ``frameworks/witnesses/`` as a prompt graph."""
GRAPH = "graph"
TOOL, HANDOFF, APPROVED = "look_up", "transfer_to_editor", "APPROVED."
TEAMS = (GRAPH, "langgraph", "openai_agents")
_INPUT = re.compile(r"\[sim input (\d+)\]")
_ANSWER = re.compile(r"<answer>([A-E])</answer>")


@dataclass(frozen=True)
class Row:
    """One team in one world."""

    team: str
    world: int
    seed: int
    """Of the search, not of the world."""
    before: float
    after: float
    shipped: bool
    verdict: str
    calls: int
    counted: int
    """Calls of agents at the endpoint while the search ran."""
    agents: tuple[str, ...]
    unattributed: int
    """Calls of the first look that were not told as an agent's."""
    checked: int
    """Inputs that the app answered with the shipped prompts, and answers that differ from the world's account."""
    differ: int
    seconds: float
    cpu: float


class Endpoint:
    """A world that calls tools: chat completions, counted by the prompt that instructs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.heard = Counter[str]()

    def reply(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """Answer a request."""
        messages = [
            {**message, "role": "user" if message["role"] == "tool" else message["role"], "content": flat(message)}
            for message in body["messages"]
        ]
        # It is said here when tools are called; a world that is shown tools decides so itself, and writes no text.
        asked = read_request({**body, "messages": messages, "tools": None}, headers)
        tools = {tool["function"]["name"] for tool in body.get("tools") or ()}
        self.heard[asked.purpose] += 1
        said: dict[str, Any] = {"role": "assistant", "content": ""}
        answered = body["messages"][-1]["role"] == "tool"
        number = _INPUT.search(messages[1]["content"]) if len(messages) > 1 else None
        if asked.purpose == AGENT and TOOL in tools and number and int(number[1]) % 3 == 0 and not answered:
            said["tool_calls"] = [called(TOOL, '{"topic": "units"}')]
        else:
            said["content"] = self._world.reply(asked).text
            if HANDOFF in tools and APPROVED in said["content"]:
                said["tool_calls"] = [called(HANDOFF, "{}")]
        end = "tool_calls" if "tool_calls" in said else "stop"
        return {
            "id": "simulated",
            "object": "chat.completion",
            "created": 0,
            "model": asked.model,
            "system_fingerprint": FINGERPRINT,
            "choices": [{"index": 0, "message": said, "finish_reason": end}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
        }


def flat(message: Mapping[str, Any]) -> str:
    """Return a message's content as text."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content)


def called(name: str, arguments: str) -> dict[str, Any]:
    """Return a call of a tool."""
    return {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": arguments}}


@contextmanager
def served(endpoint: Endpoint) -> Iterator[str]:
    """Serve on this machine, in a thread; yield the base URL."""
    ready, loop, urls = threading.Event(), asyncio.new_event_loop(), list[str]()
    stop = asyncio.Event()

    async def chat(request: web.Request) -> web.Response:
        return web.json_response(endpoint.reply(await request.json(), request.headers))

    async def serve() -> None:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post("/v1/chat/completions", chat)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}/v1")
        ready.set()
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait()
    try:
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def play(team: str, number: int, seed: int, asked: argparse.Namespace) -> Row:
    """Optimize a team in a world by one search; return what came of it."""
    world = World(WorldSpec(seed=number))
    began, cpu = time.monotonic(), children_cpu()
    with tempfile.TemporaryDirectory() as name, served(endpoint := Endpoint(world)) as url:
        folder = Path(name)
        write_rows(folder / "rows.jsonl", world.inputs(asked.inputs))
        write_rows(folder / "fresh.jsonl", world.inputs(asked.check, FRESH))
        unattributed = 0
        if team == GRAPH:
            (folder / "system.yaml").write_text(dump_system(SYSTEM))
        else:
            source = ROOT / "frameworks" / "witnesses" / f"{team}_witness.py"
            (folder / source.name).write_bytes(source.read_bytes())
            python = (asked.environments / team / "bin" / "python").absolute()
            app = ["--app", f"{source.stem}:answer", "--python", str(python), "--keep-alive", "--workers", "2"]
            found = maspo(
                folder, url, "discover", *app, "--rows", "8", "--inputs", "rows.jsonl", "--out", "system.yaml"
            )
            unattributed = found["calls"] - found["attributed"]
        endpoint.heard.clear()
        options = ["--max-calls", str(asked.calls), "--seed", str(seed), "--out", "run", "--yes"]
        result = maspo(folder, url, "optimize", "system.yaml", "--inputs", "rows.jsonl", *options)
        counted = endpoint.heard[AGENT]
        prompts = json.loads((folder / "run" / "prompts.json").read_text())
        checked = differ = 0
        keys = [world_key(one) for one in range(FRESH, FRESH + asked.check)]
        own = {one.lower(): prompt for one, prompt in prompts.items()}
        if asked.check and team != GRAPH:
            scorer = ["--scorer", "regex:<answer>([A-E])</answer>", "--against", "none", "--out", "eval", "--yes"]
            maspo(folder, url, "evaluate", "system.yaml", "--inputs", "fresh.jsonl", "--prompts", "run", *scorer)
            right = Simulation(world.latents, SYSTEM).right_on(own, keys)
            truths = {row["id"]: row["answer"] for row in world.inputs(asked.check, FRESH)}
            lines = [json.loads(line) for line in (folder / "eval" / "rows.jsonl").read_text().splitlines()]
            outputs = {line["id"]: line for line in lines}
            checked = len(outputs)
            differ = sum(right[one] != (letter(str(line["output"])) == truths[one]) for one, line in outputs.items())
    return Row(
        team,
        number,
        seed,
        world.accuracy(SYSTEM, {}),
        world.accuracy(SYSTEM, own),
        result["shipped"] != "seed",
        str(result["verdict"]),
        sum_of_calls(result),
        counted,
        tuple(sorted(own)),
        unattributed,
        checked,
        differ,
        round(time.monotonic() - began, 1),
        round(children_cpu() - cpu, 1),
    )


def maspo(folder: Path, url: str, *words: str) -> dict[str, Any]:
    """Run a command of maspo in a folder; return the object that it prints last."""
    settings = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "x", "XDG_STATE_HOME": str(folder / "state")}
    done = subprocess.run(
        [sys.executable, "-m", "maspo", *words, "--json"],
        cwd=folder,
        env={**os.environ, **settings},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode not in (0, 4):
        raise SystemExit(f"maspo {' '.join(words)}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows as JSON Lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def letter(text: str) -> str:
    """Return the answer that a text gives last."""
    found = _ANSWER.findall(text)
    return found[-1] if found else ""


def sum_of_calls(result: Mapping[str, Any]) -> int:
    """Return the calls that a run paid for."""
    return sum(int(calls) for kind, calls in result["calls"].items() if kind != "cached")


def children_cpu() -> float:
    """Return the processor seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def summary(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each team: means over its searches with standard errors, and the difference to the graph."""
    gains = {(row.team, row.world, row.seed): row.after - row.before for row in rows}
    for team in dict.fromkeys(row.team for row in rows):
        own = [row for row in rows if row.team == team]
        before, after = (statistics.mean(getattr(row, name) for row in own) for name in ("before", "after"))
        gained = [row.after - row.before for row in own]
        spread = f", spread {statistics.stdev(row.after for row in own):.3f}" if len(own) > 1 else ""
        line = f"{team}: {len(own)} searches, {before:.1%} -> {after:.1%}, "
        line += f"{statistics.mean(gained):+.3f}{error(gained)}{spread}"
        pairs = [(gains[team, row.world, row.seed], gains.get((GRAPH, row.world, row.seed))) for row in own]
        paired = [gain - graph for gain, graph in pairs if graph is not None]
        if team != GRAPH and paired:
            line += f"; against the graph {statistics.mean(paired):+.3f}{error(paired)}"
        yield line + f"; {sum(row.differ for row in own)} of {sum(row.checked for row in own)} answers differ"


def error(values: Sequence[float]) -> str:
    """Return the standard error of a mean, as text."""
    return f" +- {statistics.stdev(values) / len(values) ** 0.5:.3f}" if len(values) > 1 else ""


def main() -> None:
    """Play what was asked for; print a line of JSON for each run, then the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="searches of each world")
    parser.add_argument("--teams", default=",".join(TEAMS))
    parser.add_argument("--environments", type=Path, default=ROOT / ".venv-frameworks")
    parser.add_argument("--calls", type=int, default=3000, help="more than a search plans")
    parser.add_argument("--inputs", type=int, default=100)
    parser.add_argument("--check", type=int, default=20)
    parser.add_argument("--out", type=Path, help="a file to which the lines of JSON are added")
    asked = parser.parse_args()
    rows = []
    for number in range(asked.first, asked.first + asked.worlds):
        for seed, team in product(range(number, number + asked.seeds), asked.teams.split(",")):
            rows.append(row := play(team, number, seed, asked))
            line = json.dumps(asdict(row))
            print(line, flush=True)
            if asked.out:
                with asked.out.open("a") as file:
                    file.write(line + "\n")
    print("\n".join(summary(rows)))


if __name__ == "__main__":
    main()
