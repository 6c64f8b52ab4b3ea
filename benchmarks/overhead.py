"""What a model call costs this program itself: CPU milliseconds against a server that answers at once.

    python benchmarks/overhead.py [--json] [--calls 4000] [--rounds 7] [--in-flight 256]

CPU is user plus system time of the client's process, all threads; the server runs in a process of its own. Two
stacks are measured: the bare client, and every layer around it with replies recorded durably in a run's database.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict, dataclass
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

Stack: TypeAlias = Callable[[str, int], AbstractAsyncContextManager[ModelClient]]


@dataclass(frozen=True)
class Figures:
    """Medians over rounds, with the lowest and highest round."""

    stack: str
    cpu_ms: float
    cpu_ms_low: float
    cpu_ms_high: float
    calls_per_second: float


class AnswerAtOnce(asyncio.Protocol):
    """The least that a server can do: read a request's length, answer the same to all."""

    BODY = json.dumps(
        {
            "choices": [{"message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 500, "completion_tokens": 400},
        }
    ).encode()
    RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
    NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    """To questions without a body, which ask what server this is."""

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
            self.transport.write(self.RESPONSE if length else self.NOTHING)


def serve(pipe: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(AnswerAtOnce, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.to_thread(pipe.poll, None)

    asyncio.run(run())


@asynccontextmanager
async def bare(base_url: str, _: int) -> AsyncIterator[ModelClient]:
    async with ChatClient(Endpoint(base_url, "key", run="bench")) as client:
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


async def measure(name: str, base_url: str, options: argparse.Namespace) -> Figures:
    source = requests()
    rounds = []
    async with STACKS[name](base_url, options.in_flight) as model:
        await one_round(model, source, options.in_flight * 2, options.in_flight)  # connections and caches warm up
        for _ in range(options.rounds):
            rounds.append(await one_round(model, source, options.calls, options.in_flight))
    cpu = [1000 * cpu / options.calls for cpu, _ in rounds]
    speed = statistics.median(options.calls / wall for _, wall in rounds)
    return Figures(name, statistics.median(cpu), min(cpu), max(cpu), speed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=4000, help="per round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    base_url = f"http://127.0.0.1:{ours.recv()}/v1"
    figures = [asyncio.run(measure(name, base_url, options)) for name in STACKS]
    ours.send(None)
    server.join()
    if options.json:
        print(json.dumps([asdict(each) for each in figures]))
        return
    print(f"{options.rounds} rounds of {options.calls} calls, {options.in_flight} in flight\n")
    print(f"{'stack':22} {'CPU ms a call':>14} {'low':>7} {'high':>7} {'calls/s':>9}")
    for each in figures:
        print(
            f"{each.stack:22} {each.cpu_ms:14.3f} {each.cpu_ms_low:7.3f} {each.cpu_ms_high:7.3f} "
            f"{each.calls_per_second:9.0f}"
        )


if __name__ == "__main__":
    main()
