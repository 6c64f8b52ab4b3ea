"""By how much ten people who look at a run slow it: its time and its own processor time, and errors of its record.

    .venv-dev/bin/python benchmarks/looking_on.py [--pairs 5] [--viewers 10] [--latency-ms 200] [--inputs 120]

Runs come in pairs, one alone and one that is looked at, in turn. A simulated world answers over HTTP, each call after
the latency, as models do. Those who look do what the page does: they follow the run's events, and ask for what has
changed since the document that they have, at most every 0.4 seconds; two of them look at the list of runs every two
seconds as well. World, run and page are processes of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import aiohttp

PAUSE = 0.4
"""Seconds between two documents that a page asks for (``web/src/source.ts``)."""
LISTING = 2
"""Of those who look, how many have the list of runs open beside the run."""


def main() -> None:
    """Measure and print a line for each pair, then the whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--viewers", type=int, default=10)
    parser.add_argument("--latency-ms", type=float, default=200.0)
    parser.add_argument("--inputs", type=int, default=120)
    asked = parser.parse_args()
    times, works, statuses = list[float](), list[float](), Counter[int]()
    with tempfile.TemporaryDirectory() as folder, world(asked.latency_ms) as url:
        write_team(Path(folder), asked.inputs)
        for pair in range(asked.pairs):
            # In turn, so that a machine that grows slower favours neither.
            orders = (0, asked.viewers) if pair % 2 == 0 else (asked.viewers, 0)
            took = {}
            for viewers in orders:
                runs = Path(folder) / f"{pair}-{viewers}"
                runs.mkdir()
                took[viewers] = one_run(runs, viewers, url, statuses)
            (alone, worked), (seen, worked_seen) = took[0], took[asked.viewers]
            times.append(seen / alone)
            works.append(worked_seen / worked)
            shown = f"alone {alone:.2f} s ({worked:.2f} s of processor), looked at {seen:.2f} s ({worked_seen:.2f} s)"
            print(f"pair {pair + 1}: {shown}", flush=True)
    for name, ratios in (("time", times), ("processor time", works)):
        told = f"median {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        print(f"ratio of {name}: {told} over {asked.pairs} pairs")
    print(f"answers by status: {dict(sorted(statuses.items()))}")


@contextmanager
def world(latency_ms: float) -> Iterator[str]:
    """Serve a simulated world that answers after so many milliseconds; yield its address."""
    serve = [sys.executable, "-m", "maspo", "world", "serve", "--port", "0", "--latency-ms", str(latency_ms)]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def write_team(folder: Path, inputs: int) -> None:
    """Write a team of two, and inputs that differ."""
    answer = {"prompt": "You check the solution and end with the answer in <answer></answer>.", "reads": ["solver"]}
    team = {"agents": {"solver": {"prompt": "You solve the problem step by step."}, "critic": answer}}
    (folder / "team.json").write_text(json.dumps(team))
    rows = (f"A shelf holds {7 * n + 3} boxes of {5 * n + 2} pens; {n} are missing. How many?" for n in range(inputs))
    (folder / "rows.jsonl").write_text("".join(json.dumps({"input": row}) + "\n" for row in rows))


def one_run(runs: Path, viewers: int, url: str, statuses: Counter[int]) -> tuple[float, float]:
    """Return the seconds of a run that so many people look at, and its processor seconds."""
    maspo = [sys.executable, "-m", "maspo"]
    server = subprocess.Popen([*maspo, "ui", str(runs)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    files = [str(runs.parent / "team.json"), "--inputs", str(runs.parent / "rows.jsonl"), "--group-by", "none"]
    begun = time.monotonic()
    optimize = ["optimize", *files, "--base-url", url, "--out", str(runs / "run")]
    run = subprocess.Popen([*maspo, *optimize], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        worked = asyncio.run(looked_at(run.pid, address, viewers, statuses))
        return time.monotonic() - begun, worked
    finally:
        server.terminate()
        server.wait()


async def looked_at(run: int, address: str, viewers: int, statuses: Counter[int]) -> float:
    """Wait for a process while people look at its run; return its processor seconds."""
    looking = [asyncio.create_task(look(address, place, statuses)) for place in range(viewers)]
    _, status, used = await asyncio.to_thread(os.wait4, run, 0)
    for one in looking:
        one.cancel()
    await asyncio.gather(*looking, return_exceptions=True)
    if status:
        raise SystemExit(f"the run failed with status {status}")
    return float(cpu(used))


def cpu(used: resource.struct_rusage) -> float:
    """Return processor seconds, the system's included."""
    return used.ru_utime + used.ru_stime


async def look(address: str, place: int, statuses: Counter[int]) -> None:
    """Do what a page does, until cancelled."""
    async with aiohttp.ClientSession(address) as client:

        async def list_runs() -> list[str]:
            async with client.get("/api/runs") as reply:
                statuses[reply.status] += 1
                return [one["id"] for one in (await reply.json())["runs"]]

        found: list[str] = []
        while not found:
            await asyncio.sleep(0.5)
            found = await list_runs()
        listing = [again(list_runs)] if place < LISTING else []
        await asyncio.gather(follow(client, found[0], statuses), *listing)


async def again(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask every two seconds."""
    while True:
        await asyncio.sleep(2)
        await ask()


async def follow(client: aiohttp.ClientSession, run: str, statuses: Counter[int]) -> None:
    """Ask for what has changed after every event, at most every ``PAUSE`` seconds."""
    tag, last = "", 0.0
    async with client.get(f"/api/runs/{run}/events?since=0", timeout=aiohttp.ClientTimeout(total=None)) as stream:
        async for line in stream.content:
            if not line.startswith(b"data:"):
                continue
            json.loads(line[5:])
            await asyncio.sleep(max(0.0, last + PAUSE - time.monotonic()))
            last = time.monotonic()
            with suppress(aiohttp.ServerDisconnectedError):
                headers = {"If-None-Match": f'"{tag}"'} if tag else {}
                since = f"?since={tag}" if tag else ""
                async with client.get(f"/api/runs/{run}{since}", headers=headers) as reply:
                    statuses[reply.status] += 1
                    tag = reply.headers.get("ETag", tag).strip('"')
                    await reply.read()


if __name__ == "__main__":
    main()
