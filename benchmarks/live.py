"""How late a page is told of a large run that works, what the server works for it, and whether anything fails.

    .venv-dev/bin/python benchmarks/live.py [--calls 20000] [--viewers 10] [--seconds 60] [--rate 100]

A process records like a run: first as many calls as are asked for, with entries as a search leaves them, then some
calls a second, an entry for every third. Ten people follow it as the page does, by patches. Late is the time from when
an event was recorded until a viewer had a document that tells it. At the end the document made of all patches is
compared with the whole.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp

from maspo.config import search_of
from maspo.models.base import Message, Reply, Request
from maspo.store import RunStore
from maspo.store.codec import Entry
from maspo.testing.runs import begin, with_config, world_job

_TEXT = "The train leaves at 9:40 and takes 2 h 35 min; its speed is 84 km/h, so the way is 217 km. " * 12
_TOGETHER = 400
"""Calls that are recorded at once before anybody looks."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--viewers", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=100, help="calls a second")
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.record:
        asyncio.run(record(asked.record, asked.calls, asked.rate))
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), asked)


# ── a process that records as a run does ─────────────────────────────────────────────────────────────────────────────


async def record(folder: Path, calls: int, rate: int) -> None:
    """Record until killed; say on stdout when what is there before anybody looks is there."""
    small = folder / "small"
    await begin(with_config(world_job(inputs=60), search=search_of("default", {"calls": 800})), small)
    source = RunStore.read(small / "run.db")
    journal, meta = source.journal(), source.meta()
    source.close_reader()
    (folder / "run").mkdir()
    async with RunStore.create(folder / "run" / "run.db") as store:
        await store.append(journal[:1], {name: meta[name] for name in ("job", "run") if name in meta})
        again = endless(journal[1:])
        for first in range(0, calls, _TOGETHER):
            await asyncio.gather(*(put(store, first + n) for n in range(_TOGETHER)))
            await store.append([next(again) for _ in range(_TOGETHER // 3)])
        print("there", flush=True)
        number, begun = calls, time.monotonic()
        while True:
            number += 1
            await put(store, number)
            if number % 3 == 0:
                await store.append([next(again)])
            await asyncio.sleep(max(0.0, begun + (number - calls) / rate - time.monotonic()))


def endless(journal: list[Entry]) -> Iterator[Entry]:
    """Yield the entries of a search again and again, each time as later rounds; what ends a run is left out."""
    kept = [one for one in journal if not re.search(r"finished|ended|looked|shown|influence", one.kind + one.body[:60])]
    for turn in range(1_000_000):
        for one in kept:
            yield Entry(one.kind, later(one.body, 10 * turn))


def later(body: str, rounds: int) -> str:
    """Return an entry as one of later rounds."""
    return re.sub(r'"r(\d+)(?=[/"])', lambda found: f'"r{int(found[1]) + rounds}', body)


async def put(store: RunStore, number: int) -> None:
    """Record a call."""
    purpose = ("agent", "agent", "agent", "judge.global", "judge.local")[number % 5]
    request = Request("large-one", (Message("user", f"{number}: {_TEXT}"),), purpose, ("solver", "critic")[number % 2])
    await store.put(request, Reply(f"{_TEXT} <verdict>1</verdict>", 320, 310, 0.001, 1.5 + number % 7, False, 1))


# ── people who look ──────────────────────────────────────────────────────────────────────────────────────────────────


def measure(folder: Path, asked: argparse.Namespace) -> None:
    """Start both processes, look, and print what was found."""
    here = [sys.executable, str(Path(__file__).resolve()), "--record", str(folder), "--calls", str(asked.calls)]
    writer = subprocess.Popen([*here, "--rate", str(asked.rate)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    writer.stdout.readline()
    maspo = [sys.executable, "-m", "maspo", "ui", str(folder / "run")]
    server = subprocess.Popen(maspo, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        asyncio.run(look_on(server.stdout.readline().strip(), writer, server, asked))
    finally:
        for one in (server, writer):
            one.kill()
            one.wait()


async def look_on(
    address: str, writer: subprocess.Popen[str], server: subprocess.Popen[str], asked: argparse.Namespace
) -> None:
    """Look as long as is asked for, and print what was found."""
    viewers = [Viewer() for _ in range(asked.viewers)]
    looking = [asyncio.create_task(one.look(address)) for one in viewers]
    await asyncio.wait_for(asyncio.gather(*(one.there.wait() for one in viewers)), 240)
    before, begun = [cpu(one.pid) for one in (writer, server)], time.monotonic()
    await asyncio.sleep(asked.seconds)
    wall = time.monotonic() - begun
    spent = [cpu(one.pid) - old for one, old in zip((writer, server), before, strict=True)]
    failed = [one.exception() for one in looking if one.done()]
    for one in looking:
        one.cancel()
    await asyncio.gather(*looking, return_exceptions=True)
    if failed:
        raise SystemExit(f"{len(failed)} viewers failed: {failed[0]!r}")
    writer.send_signal(signal.SIGSTOP)  # so that the run stands still
    await compared(address, viewers[0])
    report(viewers, spent, wall, asked)


class Viewer:
    """Somebody who follows the run."""

    def __init__(self) -> None:
        self.document: dict[str, Any] = {}
        self.tag = ""
        self.there = asyncio.Event()
        self.late: list[float] = []
        self.sizes: list[int] = []
        self.statuses: Counter[int] = Counter()
        self.wholes = 0

    async def look(self, address: str) -> None:
        """Do what the page does, until cancelled."""
        forever = aiohttp.ClientTimeout(total=None)
        async with (
            aiohttp.ClientSession(address, read_bufsize=2**20) as client,
            client.get("/api/runs/run/events?since=0", timeout=forever) as stream,
        ):
            last = 0.0
            async for line in stream.content:
                if line.startswith(b"data:"):
                    await asyncio.sleep(max(0.0, last + 0.4 - time.monotonic()))
                    last = time.monotonic()
                    await self.ask(client)

    async def ask(self, client: aiohttp.ClientSession) -> None:
        """Ask for what has changed."""
        async with client.get(f"/api/runs/run?since={self.tag}" if self.tag else "/api/runs/run") as reply:
            body = await reply.read()
        now = time.time()
        self.statuses[reply.status] += 1
        if reply.status != 200:
            return
        seen = self.document.get("seq", 0)
        found = json.loads(body)
        self.wholes += "patch" not in found
        self.document = patched(self.document, found["patch"]) if "patch" in found else found
        self.tag = reply.headers["ETag"].strip('"')
        if self.there.is_set():
            self.sizes.append(len(body))
            self.late += [now - line["at"] for line in self.document["log"] if line["seq"] > seen][:1]
        self.there.set()


def patched(before: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Make the later document of the earlier one, as the page does."""
    found = {**before, **patch["fields"]}
    for name, (drop, keep, more) in patch["lists"].items():
        found[name] = [*found[name][drop : drop + keep], *more]
    for name, (changed, gone) in patch["maps"].items():
        found[name] = {key: value for key, value in {**found[name], **changed}.items() if key not in gone}
    return found


async def compared(address: str, viewer: Viewer) -> None:
    """Require that what all patches made is what the server has."""
    async with aiohttp.ClientSession(address, read_bufsize=2**20) as client:
        for _ in range(20):
            await viewer.ask(client)
            async with client.get("/api/runs/run") as reply:
                whole = await reply.json()
                if reply.headers["ETag"].strip('"') == viewer.tag:
                    if whole != viewer.document:
                        raise SystemExit("the document of all patches is not what the server has")
                    return
    raise SystemExit("the run changed faster than it could be compared")


def report(viewers: list[Viewer], spent: list[float], wall: float, asked: argparse.Namespace) -> None:
    """Print what was measured."""
    late = sorted(one for viewer in viewers for one in viewer.late)
    sizes = [size for viewer in viewers for size in viewer.sizes]
    statuses = sum((viewer.statuses for viewer in viewers), Counter[int]())
    calls = viewers[0].document["cost"]["total"]["calls"]

    def at(share: float) -> float:
        return late[min(len(late) - 1, int(share * len(late)))]

    whole, load = viewers[0].document, os.getloadavg()[0]
    print(f"{calls:,} calls, {whole['seq']:,} entries; {asked.viewers} viewers, {wall:.0f} s, load {load:.1f}")
    shown = f"median {at(0.5):.2f} s, 95 % {at(0.95):.2f} s, at most {late[-1]:.2f} s"
    print(f"late: {shown}, of {len(late):,} documents with news")
    wholes = sum(one.wholes for one in viewers)
    print(f"sent: median {statistics.median(sizes):,.0f} bytes a patch, {wholes} whole documents")
    recording, serving = (100 * one / wall for one in spent)
    print(f"processor, in % of a core: the server {serving:.1f}, the process that records {recording:.1f}")
    print(f"answers by status: {dict(sorted(statuses.items()))}")


def cpu(pid: int) -> float:
    """Return the processor seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
