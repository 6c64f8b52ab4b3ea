"""What the gateway costs a call, beside a LiteLLM proxy and mitmproxy: processor time, latency, memory.

    .venv-dev/bin/python benchmarks/gateway.py [--calls 2000] [--others DIR]

A fake endpoint, the load and each proxy are processes of their own, so the processor time is that of the proxy alone.
LiteLLM and mitmproxy are installed into environments below DIR (a temporary folder by default; takes minutes), with
``--others none`` only the gateway is measured. The endpoint answers a stream in 20 pieces, 2 ms apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp

IN_FLIGHT = 64
PIECES = 20
PIECE_SECONDS = 0.002
KEY = f"sk-{secrets.token_hex(32)}"
"""Made up for one run: LiteLLM does not start without one that is strong."""
LITELLM = "litellm[proxy]"
MITMPROXY = "mitmproxy"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
USAGE = {"prompt_tokens": 300, "completion_tokens": 100, "total_tokens": 400}
WORDS = "word " * 100
PLAIN = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": WORDS}, "finish_reason": "stop"}],
        "usage": USAGE,
    }
).encode()


def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


STREAM = [chunk({"content": WORDS[: len(WORDS) // PIECES]}) for _ in range(PIECES - 1)] + [
    chunk({}, "stop") + b"data: [DONE]\n\n"
]
SYSTEM = "You are the solver. " + "Think about it step by step, and answer with care. " * 20


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer chat completions on one connection."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            at = head.find(b"content-length:")
            body = await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)])) if at >= 0 else b""
            if b'"stream": true' in body or b'"stream":true' in body:
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                for piece in STREAM:
                    writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    await asyncio.sleep(PIECE_SECONDS)
                writer.write(b"0\r\n\r\n")
            else:
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(PLAIN), PLAIN)
                )
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve(port: int) -> None:
    server = await asyncio.start_server(answer, "127.0.0.1", port)
    await server.serve_forever()


async def load(url: str, calls: int, in_flight: int, streamed: bool, salt: str) -> list[float]:
    """Make calls, so many at once; return the seconds of each."""
    seconds: list[float] = []
    numbers = iter(range(calls))

    async def worker(session: aiohttp.ClientSession) -> None:
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
        await asyncio.gather(*(worker(session) for _ in range(in_flight)))
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


def measure(name: str, url: str, pid: int, calls: int, rounds: int) -> dict[str, float]:
    """Return milliseconds of processor time a call, and of latency: those of the best round on a busy machine."""
    figures: dict[str, float] = {}
    for form, streamed, share in (("plain", False, 1.0), ("streamed", True, 0.5)):
        count = max(IN_FLIGHT, int(calls * share / rounds))
        asyncio.run(load(url, IN_FLIGHT, IN_FLIGHT, streamed, "warm"))
        cpu, latency = [], []
        for number in range(rounds):
            before = cpu_of(pid)
            seconds = asyncio.run(load(url, count, IN_FLIGHT, streamed, f"{name} {form} {number}"))
            cpu.append(1000 * (cpu_of(pid) - before) / count)
            latency.append(1000 * statistics.median(seconds))
        figures[f"{form} cpu"], figures[f"{form} p50"] = min(cpu), min(latency)
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
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(given.serve))
        return
    upstream = free_port()
    with started(sys.executable, __file__, "--serve", str(upstream)):
        wait_until_open(upstream)
        direct = measure("direct", f"http://127.0.0.1:{upstream}/v1", os.getpid(), given.calls, given.rounds)
        print(f"{IN_FLIGHT} in flight; milliseconds a call; latency beyond that of the endpoint itself")
        print(f"{'':16}{'plain cpu':>11}{'streamed cpu':>14}{'plain p50':>11}{'streamed p50':>14}", flush=True)

        def show(name: str, row: dict[str, float]) -> None:
            added = [row[f"{form} p50"] - direct[f"{form} p50"] for form in ("plain", "streamed")]
            cpu = f"{row['plain cpu']:>11.2f}{row['streamed cpu']:>14.2f}"
            print(f"{name:16}{cpu}{added[0]:>11.1f}{added[1]:>14.1f}", flush=True)

        with gateway(upstream) as (url, pid):
            show("maspo gateway", measure("maspo", url, pid, given.calls, given.rounds))
            early, late = grow(url, pid, given.many)
            print(f"memory of the gateway: {early:.1f} MB, after {given.many:,} calls {late:.1f} MB", flush=True)
        if given.others != "none":
            folder = Path(given.others or tempfile.mkdtemp(prefix="gateway-benchmark-"))
            with mitmproxy(upstream, installed(folder, MITMPROXY, "mitmdump")) as (url, pid):
                show("mitmproxy", measure("mitmproxy", url, pid, given.calls // 4, given.rounds))
            with litellm(upstream, installed(folder, LITELLM, "litellm")) as (url, pid):
                show("LiteLLM proxy", measure("litellm", url, pid, given.calls // 4, given.rounds))


if __name__ == "__main__":
    main()
