"""What the gateway costs a call, beside a LiteLLM proxy and mitmproxy: processor time, latency, memory.

    .venv-dev/bin/python benchmarks/gateway.py [--calls 2000] [--others DIR]

A fake endpoint, the load and each proxy are processes of their own, so the processor time is that of the proxy alone.
LiteLLM and mitmproxy are installed into environments below DIR (a temporary folder by default; takes minutes), with
``--others none`` only the gateway is measured. A stream has 20 pieces. Every question and every reply is another one,
so that no text which is looked through was seen before.

Two endpoints answer. At one that answers at once (a stream's pieces are 2 ms apart) 64 in flight are more than one
process can do: that tells processor time, and latency there is the wait in a queue. At the other a call takes 300 ms,
as a short reply of a real model does, so that 64 in flight are some 200 calls a second: that tells what is added. There
64 apps begin one after another within the time of a call ("p50"), or all in one moment ("burst"): then the last of 64
waits for the work on the others, whatever the proxy, and it takes some rounds until their calls lie apart.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import aiohttp

IN_FLIGHT = 64
PIECES = 20
PIECE_SECONDS = 0.002
SLOW_SECONDS = 0.3
"""What a call takes at the endpoint where latency is measured."""
KEY = f"sk-{secrets.token_hex(32)}"
"""Made up for one run: LiteLLM does not start without one that is strong."""
LITELLM = "litellm[proxy]"
MITMPROXY = "mitmproxy"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
USAGE = {"prompt_tokens": 300, "completion_tokens": 100, "total_tokens": 400}
NUMBER = "00000000"
"""Stands in a reply for what makes it another one."""
WORDS = NUMBER + " word" * 100
PLAIN = json.dumps(
    {
        "id": NUMBER,
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": WORDS}, "finish_reason": "stop"}],
        "usage": USAGE,
    }
).encode()


def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": NUMBER, "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


STREAM = [chunk({"content": WORDS[: len(WORDS) // PIECES]}) for _ in range(PIECES - 1)] + [
    chunk({}, "stop") + b"data: [DONE]\n\n"
]
SYSTEM = "You are the solver. " + "Think about it step by step, and answer with care. " * 20


_NUMBERS = itertools.count()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Answer chat completions on one connection; each takes some seconds, or as long as it takes where that is 0."""
    between = seconds / PIECES or PIECE_SECONDS
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            at = head.find(b"content-length:")
            body = await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)])) if at >= 0 else b""
            number = b"%08d" % next(_NUMBERS)
            if b'"stream": true' in body or b'"stream":true' in body:
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                for piece in (one.replace(NUMBER.encode(), number) for one in STREAM):
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    await asyncio.sleep(between)
                writer.write(b"0\r\n\r\n")
            else:
                await asyncio.sleep(seconds)
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(PLAIN), PLAIN.replace(NUMBER.encode(), number))
                )
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve(port: int, seconds: float) -> None:
    server = await asyncio.start_server(partial(answer, seconds=seconds), "127.0.0.1", port)
    await server.serve_forever()


@contextmanager
def endpoint(seconds: float) -> Iterator[int]:
    port = free_port()
    with started(sys.executable, __file__, "--serve", str(port), "--seconds", str(seconds)):
        wait_until_open(port)
        yield port


async def load(url: str, calls: int, in_flight: int, streamed: bool, salt: str, within: float = 0.0) -> list[float]:
    """Make calls, so many at once, which begin within some seconds; return the seconds of each."""
    seconds: list[float] = []
    numbers = iter(range(calls))

    async def worker(session: aiohttp.ClientSession, place: int) -> None:
        await asyncio.sleep(within * place / in_flight)
        for number in numbers:
            messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": f"{salt} {number}"}]
            body = {"model": "m", "messages": messages, "max_tokens": 200, **({"stream": True} if streamed else {})}
            began = time.perf_counter()
            async with session.post(
                f"{url}/chat/completions", json=body, headers={"Authorization": f"Bearer {KEY}"}
            ) as response:
                text = await response.read()
                if response.status != 200 or len(text) < 500:
                    raise SystemExit(f"{url}: HTTP {response.status}: {text[:300]!r}")
            seconds.append(time.perf_counter() - began)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(worker(session, place) for place in range(in_flight)))
    return seconds


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def cpu_of(pid: int) -> float:
    """Return the processor seconds of a process and its children that live."""
    total = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(entry.name) == pid or int(fields[1]) == pid:
                total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory_of(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MB


@contextmanager
def started(*command: str, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **(environment or {})}
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_until_open(port: int, seconds: float = 400.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise SystemExit(f"nothing listens on {port} after {seconds:g} s")


@contextmanager
def gateway(upstream: int) -> Iterator[tuple[str, int]]:
    with started(sys.executable, "-m", "maspo", "gateway", "--base-url", f"http://127.0.0.1:{upstream}/v1") as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip().partition("=")[2], process.pid


@contextmanager
def litellm(upstream: int, binary: Path) -> Iterator[tuple[str, int]]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        model = {"model": "openai/m", "api_base": f"http://127.0.0.1:{upstream}/v1", "api_key": "none"}
        config.write_text(json.dumps({"model_list": [{"model_name": "m", "litellm_params": model}]}))
        quiet = {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
            "LITELLM_MASTER_KEY": KEY,
            "NO_PROXY": "127.0.0.1",
        }
        command = (str(binary), "--config", str(config), "--port", str(port), "--host", "127.0.0.1")
        with started(*command, "--telemetry", "False", environment=quiet) as process:
            wait_until_open(port)
            yield f"http://127.0.0.1:{port}/v1", process.pid


@contextmanager
def mitmproxy(upstream: int, binary: Path) -> Iterator[tuple[str, int]]:
    port = free_port()
    mode = f"reverse:http://127.0.0.1:{upstream}"
    options = ("--set", "stream_large_bodies=1", "--set", "flow_detail=0", "-q")
    with started(str(binary), "--mode", mode, "--listen-host", "127.0.0.1", "-p", str(port), *options) as process:
        wait_until_open(port)
        yield f"http://127.0.0.1:{port}/v1", process.pid


def installed(folder: Path, package: str, program: str) -> Path:
    """Return a program of a package in an environment of its own; make that if it is not there."""
    environment = folder / program
    if not (environment / "bin" / program).exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        subprocess.run([str(environment / "bin/pip"), "install", "-q", package], check=True)
    return environment / "bin" / program


FORMS = (("plain", False), ("streamed", True))
BEGINNINGS = {"p50": SLOW_SECONDS, "burst": 0.0}
"""Seconds within which the calls of 64 apps begin."""


def processor_time(name: str, url: str, pid: int, calls: int, rounds: int) -> dict[str, float]:
    """Return milliseconds of processor time a call: those of the best round, on a machine with other work."""
    figures: dict[str, float] = {}
    for form, streamed in FORMS:
        count = max(IN_FLIGHT, int(calls * (0.5 if streamed else 1.0) / rounds))
        asyncio.run(load(url, IN_FLIGHT, IN_FLIGHT, streamed, "warm"))
        cpu = []
        for number in range(rounds):
            before = cpu_of(pid)
            asyncio.run(load(url, count, IN_FLIGHT, streamed, f"{name} {form} {number}"))
            cpu.append(1000 * (cpu_of(pid) - before) / count)
        figures[form] = min(cpu)
    return figures


def latency(name: str, url: str, rounds: int, within: float) -> dict[str, float]:
    """Return the median milliseconds of a call, of apps that begin within some seconds: those of the best round."""
    figures: dict[str, float] = {}
    for form, streamed in FORMS:
        asyncio.run(load(url, IN_FLIGHT, IN_FLIGHT, streamed, "warm"))
        found = [
            statistics.median(
                asyncio.run(load(url, 4 * IN_FLIGHT, IN_FLIGHT, streamed, f"{name} {form} {number} {within}", within))
            )
            for number in range(rounds)
        ]
        figures[form] = 1000 * min(found)
    return figures


def grow(url: str, pid: int, calls: int) -> tuple[float, float]:
    """Return megabytes of a process after a tenth of many calls, and after all."""
    asyncio.run(load(url, calls // 10, IN_FLIGHT, False, "first"))
    early = memory_of(pid)
    asyncio.run(load(url, calls - calls // 10, IN_FLIGHT, False, "rest"))
    return early, memory_of(pid)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--many", type=int, default=10_000, help="calls after which memory is looked at again")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts")
    parser.add_argument("--others", default="", help="folder of their environments, or none")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=0.0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given.serve, given.seconds))
        return
    proxies: list[tuple[str, Callable[[int], AbstractContextManager[tuple[str, int]]]]] = [("maspo gateway", gateway)]
    if given.others != "none":
        folder = Path(given.others or tempfile.mkdtemp(prefix="gateway-benchmark-"))
        proxies += [
            ("mitmproxy", partial(mitmproxy, binary=installed(folder, MITMPROXY, "mitmdump"))),
            ("LiteLLM proxy", partial(litellm, binary=installed(folder, LITELLM, "litellm"))),
        ]
    print(f"{IN_FLIGHT} in flight; milliseconds a call: processor time, and latency beyond that of the endpoint")
    heads = ("plain cpu", "streamed cpu", *(f"{form} {what}" for what in BEGINNINGS for form, _ in FORMS))
    print(f"{'':16}{''.join(f'{head:>16}' for head in heads)}", flush=True)
    with endpoint(0.0) as fast, endpoint(SLOW_SECONDS) as slow:
        for name, proxy in proxies:
            calls = given.calls if proxy is gateway else given.calls // 4
            with proxy(fast) as (url, pid):
                cpu = processor_time(name, url, pid, calls, given.rounds)
                memory = grow(url, pid, given.many) if proxy is gateway else None
            added = list[float]()
            with proxy(slow) as (url, _):
                for within in BEGINNINGS.values():
                    through = latency(name, url, given.rounds, within)
                    straight = latency(name, f"http://127.0.0.1:{slow}/v1", given.rounds, within)
                    added += [through[form] - straight[form] for form in through]
            row = [f"{cpu[form]:>16.2f}" for form, _ in FORMS] + [f"{one:>16.1f}" for one in added]
            print(f"{name:16}{''.join(row)}", flush=True)
            if memory is not None:
                print(f"its memory: {memory[0]:.1f} MB, after {given.many:,} calls {memory[1]:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
