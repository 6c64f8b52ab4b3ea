"""What ten people who look at a run cost it: processor time of the run's own process, and errors of its record.

    .venv-dev/bin/python benchmarks/looking_on.py [--pairs 5] [--viewers 10] [--topology sequential4] [--inputs 120]

Runs come in pairs on the simulated world, one alone and one that is looked at, in turn. Those who look do what the page
does: they follow the run's events, and ask for what has changed since the document that they have, at most every 0.4
seconds; two of them look at the list of runs every two seconds as well. The server is a process of its own, so what is
counted is the run alone.
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
from collections.abc import Awaitable, Callable
from contextlib import suppress
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
    parser.add_argument("--topology", default="sequential4")
    parser.add_argument("--inputs", type=int, default=120)
    asked = parser.parse_args()
    ratios, statuses = list[float](), Counter[int]()
    with tempfile.TemporaryDirectory() as folder:
        for pair in range(asked.pairs):
            # In turn, so that a machine that grows slower favours neither.
            orders = (0, asked.viewers) if pair % 2 == 0 else (asked.viewers, 0)
            seconds = {}
            for viewers in orders:
                runs = Path(folder) / f"{pair}-{viewers}"
                runs.mkdir()
                seconds[viewers] = one_run(runs, viewers, asked, statuses)
            ratios.append(seconds[asked.viewers] / seconds[0])
            print(f"pair {pair + 1}: {seconds[0]:.2f} s alone, {seconds[asked.viewers]:.2f} s looked at", flush=True)
    low, high = min(ratios), max(ratios)
    print(f"ratio: median {statistics.median(ratios):.3f} ({low:.3f} to {high:.3f}) over {asked.pairs} pairs")
    print(f"answers by status: {dict(sorted(statuses.items()))}")


def one_run(runs: Path, viewers: int, asked: argparse.Namespace, statuses: Counter[int]) -> float:
    """Return the processor seconds of a run that so many people look at."""
    maspo = [sys.executable, "-m", "maspo"]
    server = subprocess.Popen([*maspo, "ui", str(runs)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    demo = ["demo", "--topology", asked.topology, "--inputs", str(asked.inputs), "--out", str(runs / "run")]
    run = subprocess.Popen([*maspo, *demo], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return asyncio.run(looked_at(run.pid, address, viewers, statuses))
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
