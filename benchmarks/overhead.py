"""What a model call costs this program itself: CPU milliseconds against a server that does nothing else.

    python benchmarks/overhead.py [--json] [--calls 4000] [--rounds 7] [--in-flight 256] [--seconds 0.05]
    python benchmarks/overhead.py --against ../maspo-84bce21 --calls 500 --rounds 21 --in-flight 64

CPU is user plus system time of the client's process, all threads; the server runs in a process of its own. Two
stacks are measured: the bare client, and every layer around it with replies recorded durably in a run's database.
Each with a word in place of a key, and with a key, which is looked for in all that comes back.

By default the server answers at once, one call after the other, as a small one at home: few calls are then in flight,
since more would wait there, so the event loop turns and the record is flushed more often for each call. With
``--seconds`` it answers each call after so long, side by side, as those do that are rented.

``--against`` names another checkout (``git worktree add --detach ../maspo-84bce21 84bce21``). Both then measure short
rounds in turns, so that a busy machine slows both alike; the median of the ratios of neighbouring rounds counts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

from maspo.models import Endpoint, Ledger, Limits, Message, ModelClient, PriceBook, Request, RetryPolicy, compose
from maspo.models.chat_completions import ChatClient
from maspo.store import RunStore

PROMPT = "You solve the problem step by step and check each step. " * 20
QUESTION = "A train leaves at nine and travels at sixty miles an hour. " * 15
ANSWER = "First, note what is asked; then compute and verify the result. " * 25

HERE = Path(__file__).resolve().parents[1]
KEY = "sk-proj-Q8f2Jx0mVb7Lr4Tz9Wc3Ny6Hd1Ks5Pg-Ae"
"""Made up, as long as some are."""
_NO_KEY = "key"
"""What a server at home is sent: any word."""
_MEASURE_WHEN_ASKED = """\
import asyncio, sys
from functools import partial
sys.path.insert(0, "benchmarks")
import overhead

async def measure(url, stack, key, calls, in_flight):
    endpoint = overhead.Endpoint
    overhead.Endpoint = lambda url, _, **more: endpoint(url, key, **more)
    source = overhead.requests()
    async with overhead.STACKS[stack](url, in_flight) as model:
        await overhead.one_round(model, source, calls, in_flight)
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print((await overhead.one_round(model, source, calls, in_flight))[0], flush=True)

asyncio.run(measure(*sys.argv[1:4], *map(int, sys.argv[4:])))
"""
"""What a tree is told to do; it knows its own ``overhead.py``, which names the same things in every version."""

Stack: TypeAlias = Callable[[str, int], AbstractAsyncContextManager[ModelClient]]


@dataclass(frozen=True)
class Figures:
    """Medians over rounds, with the lowest and highest round."""

    stack: str
    cpu_ms: float
    cpu_ms_low: float
    cpu_ms_high: float
    other_ms: float
    """The median of the other checkout; of this one where there is no other."""
    ratio: float
    """The median of the ratios of neighbouring rounds."""


class AnswerTheSame(asyncio.Protocol):
    """The least that a server can do: read a request's length, answer the same to all, each after some seconds."""

    BODY = json.dumps(
        {
            "choices": [{"message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 500, "completion_tokens": 400},
        }
    ).encode()
    RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
    NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    """To questions without a body, which ask what server this is."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with nothing read."""
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            assert isinstance(self.transport, asyncio.WriteTransport)
            answer = self.RESPONSE if length else self.NOTHING
            if self.seconds:
                asyncio.get_running_loop().call_later(self.seconds, self.transport.write, answer)
            else:
                self.transport.write(answer)


def serve(pipe: Connection, seconds: float) -> None:
    async def run() -> None:
        protocol = partial(AnswerTheSame, seconds)
        server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(pipe.poll, None)

    asyncio.run(run())


@asynccontextmanager
async def bare(base_url: str, _: int) -> AsyncIterator[ModelClient]:
    async with ChatClient(Endpoint(base_url, _NO_KEY, run="bench")) as client:
        yield client


@asynccontextmanager
async def full(base_url: str, in_flight: int) -> AsyncIterator[ModelClient]:
    ledger = Ledger(Limits(usd=1e6, calls=10**9, seconds=1e6), PriceBook({"m": (0.4, 1.6)}))
    # Here rather than in the system's folder for such files, which may be in memory, where a flush costs nothing.
    with tempfile.TemporaryDirectory(dir=".") as folder:
        async with RunStore.create(Path(folder) / "run.db") as store, bare(base_url, in_flight) as client:
            yield compose(client, store, ledger, RetryPolicy(), in_flight)


STACKS: dict[str, Stack] = {"bare client": bare, "all layers and store": full}


def requests() -> Iterator[Request]:
    """Yield requests of about 2 KB, no two alike."""
    for number in count():
        messages = (Message("system", PROMPT), Message("user", f"{number}: {QUESTION}"))
        yield Request("m", messages, purpose="agent", agent="solver")


async def one_round(model: ModelClient, source: Iterator[Request], calls: int, in_flight: int) -> tuple[float, float]:
    """Return CPU and wall seconds of a round."""
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            await model.complete(next(source))

    cpu, wall = time.process_time(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(in_flight):
            group.create_task(worker())
    return time.process_time() - cpu, time.perf_counter() - wall


class Turns:
    """A checkout that measures a round whenever it is asked."""

    def __init__(self, root: Path, base_url: str, stack: str, key: str, options: argparse.Namespace) -> None:
        given = (base_url, stack, key, str(options.calls), str(options.in_flight))
        command = (sys.executable, "-c", _MEASURE_WHEN_ASKED, *given)
        env = {**os.environ, "PYTHONPATH": str(root / "src")}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=root, env=env, stdin=pipe, stdout=pipe, text=True)
        self._answer()

    def measure(self) -> float:
        """Return the CPU seconds of a round."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def measure(name: str, key: str, base_url: str, options: argparse.Namespace) -> Figures:
    trees = [HERE, *([options.against.resolve()] if options.against else [])]
    turns = [Turns(root, base_url, name, key, options) for root in trees]
    rounds = []
    for number in range(options.rounds):
        order = turns if number % 2 else turns[::-1]  # each goes first every other time
        seconds = {one: (one.measure()) for one in order}
        rounds.append([1000 * seconds[one] / options.calls for one in turns])
    for one in turns:
        one.close()
    ours, others = [each[0] for each in rounds], [each[-1] for each in rounds]
    ratio = statistics.median(one / other for one, other in zip(ours, others, strict=True))
    named = f"{name}, {'with' if key == KEY else 'without'} a key"
    return Figures(named, statistics.median(ours), min(ours), max(ours), statistics.median(others), ratio)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=4000, help="per round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=0.0, help="that the server takes for each call")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout, measured in turns with this")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, options.seconds), daemon=True)
    server.start()
    base_url = f"http://127.0.0.1:{ours.recv()}/v1"
    figures = [measure(name, key, base_url, options) for key in (_NO_KEY, KEY) for name in STACKS]
    ours.send(None)
    server.join()
    if options.json:
        print(json.dumps([asdict(each) for each in figures]))
        return
    said = f"{options.rounds} rounds of {options.calls} calls, {options.in_flight} in flight"
    print(f"{said}, {options.seconds:g} s each at the server\n")
    heads = ("other", "ratio") if options.against else ()
    print(f"{'stack':36} {'CPU ms a call':>14} {'low':>7} {'high':>7}{''.join(f'{one:>8}' for one in heads)}")
    for each in figures:
        against = f" {each.other_ms:7.3f} {each.ratio:7.3f}" if options.against else ""
        print(f"{each.stack:36} {each.cpu_ms:14.3f} {each.cpu_ms_low:7.3f} {each.cpu_ms_high:7.3f}{against}")


if __name__ == "__main__":
    main()
