"""An endpoint over bare sockets that answers with given bytes, cut up as told, and keeps what it was sent."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Answer:
    """What is sent for one request: bytes in pieces, the last of which may never come."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    cuts: Sequence[int] = ()
    """Where the body is cut into pieces."""
    framing: str = "length"
    """How its end is told: ``length``, ``chunked``, or ``close`` (HTTP/1.0)."""
    breaks: bool = False
    """The connection is closed before the end that was promised."""
    gate: asyncio.Event | None = None
    """Nothing is sent before it is set."""
    between: asyncio.Event | None = None
    """Only the first piece is sent before it is set."""

    def pieces(self) -> list[bytes]:
        edges = [0, *sorted(self.cuts), len(self.body)]
        return [self.body[a:b] for a, b in itertools.pairwise(edges) if a < b]


@dataclass
class Heard:
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Upstream:
    """Answers in order; when they have run out, with the last one."""

    url: str = ""
    answers: deque[Answer] = field(default_factory=deque)
    heard: list[Heard] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def will(self, *answers: Answer) -> None:
        self.answers = deque(answers)

    async def arrived(self, requests: int) -> None:
        """Wait until so many requests have come."""
        while len(self.heard) < requests:
            self.came.clear()
            await self.came.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in rest)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.heard.append(Heard(line, headers, body))
        self.came.set()
        answer = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        if answer.gate is not None:
            await answer.gate.wait()
        old = answer.framing == "close"
        sent = [f"HTTP/1.{0 if old else 1} {answer.status} Fine", f"Content-Type: {answer.kind}"]
        sent += [f"{name}: {value}" for name, value in answer.headers]
        if answer.framing == "length":
            sent.append(f"Content-Length: {len(answer.body) + answer.breaks}")
        elif answer.framing == "chunked":
            sent.append("Transfer-Encoding: chunked")
        writer.write("\r\n".join([*sent, "", ""]).encode())
        for piece in answer.pieces():
            chunked = answer.framing == "chunked"
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
            await (asyncio.sleep(0) if answer.between is None else answer.between.wait())
        if answer.framing == "chunked" and not answer.breaks:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return not (old or answer.breaks)


@asynccontextmanager
async def upstream() -> AsyncIterator[Upstream]:
    found = Upstream()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    try:
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield found
    finally:
        server.close()
