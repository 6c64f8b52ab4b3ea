"""``maspo mcp`` on standard input and output."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from maspo.mcp.protocol import Server
from maspo.mcp.tools import Tools

_LONGEST_LINE: Final = 16 * 2**20
"""Bytes of one message."""


def serve(folder: Path, programs: Sequence[str]) -> None:
    """Serve until standard input ends; then stop what is at work."""
    wire, sys.stdout = sys.stdout, sys.stderr  # only messages of the protocol may stand on the wire
    try:
        asyncio.run(_serve(Tools(folder, programs), sys.stdin.buffer, wire.buffer))
    finally:
        sys.stdout = wire


async def _serve(tools: Tools, source: BinaryIO, wire: BinaryIO) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)

    def write(line: bytes) -> None:
        try:
            wire.write(line)
            wire.flush()
        except OSError:  # nobody listens any more
            stop.set()

    serving = asyncio.ensure_future(Server(tools, write).serve(_lines(source)))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    tools.jobs.end()
    for task in (serving, stopping):
        task.cancel()
    await asyncio.gather(serving, stopping, return_exceptions=True)


async def _lines(source: BinaryIO) -> AsyncIterator[bytes]:
    """Yield the lines of a stream, whatever kind of file it is; a thread waits for them."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        line = b"-"
        while line:
            line = source.readline(_LONGEST_LINE)
            try:
                loop.call_soon_threadsafe(waiting.put_nowait, line)
            except RuntimeError:  # the loop has ended
                return

    threading.Thread(target=read, daemon=True, name="standard input").start()
    while line := await waiting.get():
        yield line
