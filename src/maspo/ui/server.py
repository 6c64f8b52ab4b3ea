"""``maspo ui``: the page, and what it asks for. Reads records, and writes nothing but a line of a decision."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self, TypeAlias
from urllib.parse import unquote

from aiohttp import web

from maspo.__about__ import __version__
from maspo.core.errors import MaspoError, UsageError
from maspo.core.plain import plain
from maspo.report.bundle import index_html, policy_of
from maspo.report.document import build_document
from maspo.report.document.of_view import row_of
from maspo.report.document.record import compared_in
from maspo.report.folder import look
from maspo.study.decisions import Approve, Decision, Line, Reject, decide, read_decision, unmet
from maspo.ui.documents import Documents
from maspo.ui.following import Followed
from maspo.ui.guard import HEADERS, LONGEST_PATH, Guard
from maspo.ui.runs import Runs

ADDRESS: Final = "127.0.0.1"
_MOST_STREAMS: Final = 64
"""Pages that follow runs at once."""
_MOST_LINE: Final = 2 * LONGEST_PATH
_KEEP_ALIVE: Final = 15.0
"""Seconds of an idle connection; a comment is sent to those that follow, so that one that is gone is noticed."""
_EVERY: Final = 1.0
"""Seconds between two documents of a run that changes: nobody reads faster."""
_BODY_SECONDS: Final = 5.0
"""For a decision to arrive."""
_ROUTES: Final = re.compile(r"/api/runs/([A-Za-z0-9._~-]{1,200})(?:/(events|actions|traces/([^/?#]{1,3000})))?")

Answer: TypeAlias = web.StreamResponse


class Server:
    """Serves runs on this machine until it is closed. ``token`` is what decisions need; empty: none are taken."""

    def __init__(self, runs: Runs, port: int = 0, token: str = "") -> None:
        self._runs = runs
        self.token = token
        self._asked_port = port
        self._documents = Documents(_document, _EVERY)
        self._rows = Documents(_row, _EVERY)
        self._followed: dict[Path, Followed] = {}
        self._streams = 0
        self._runner: web.ServerRunner | None = None
        self._page = index_html()
        self._headers = {**HEADERS, "Content-Security-Policy": f"{policy_of(self._page)}; frame-ancestors 'none'"}

    async def __aenter__(self) -> Self:
        server = web.Server(
            self._handle,
            access_log=None,
            logger=_quiet(),
            max_line_size=_MOST_LINE,
            max_field_size=_MOST_LINE,
            keepalive_timeout=_KEEP_ALIVE,
            lingering_time=0.0,
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, ADDRESS, self._asked_port, backlog=128)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise UsageError(f"--port {self._asked_port}: cannot be used ({error.strerror}); give another") from error
        self._guard = Guard(self.port, self.token)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None  # noqa: S101 (it was entered)
        await self._runner.cleanup()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._runner is not None  # noqa: S101 (it was entered)
        found: int = self._runner.addresses[0][1]
        return found

    @property
    def address(self) -> str:
        """What to open; the token stands behind the ``#``, which browsers keep to themselves."""
        return f"http://{ADDRESS}:{self.port}/" + (f"#token={self.token}" if self.token else "")

    # ── requests ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _handle(self, request: web.BaseRequest) -> Answer:
        target = request.raw_path
        refused = self._guard.refusal(request.method, target, _headers_of(request))
        if refused is not None:
            return self._refusal(*refused, close=True)
        path, _, query = target.partition("?")
        try:
            if request.method == "POST":
                return await self._act(request, path)
            return await self._show(request, path, query)
        except UsageError as error:
            return self._refusal(409, str(error))
        except MaspoError as error:
            return self._refusal(500, str(error))

    async def _show(self, request: web.BaseRequest, path: str, query: str) -> Answer:
        if path == "/":
            return self._reply(self._page.encode(), "text/html; charset=utf-8")
        if path == "/api/session":
            return self._json({"actions": bool(self.token), "version": __version__})
        if path == "/api/runs":
            return await self._list()
        found = _ROUTES.fullmatch(path)
        folder = await asyncio.to_thread(self._runs.folder, found[1]) if found else None
        if found is None or folder is None or found[2] == "actions":
            return self._refusal(404, "there is nothing of this name")
        if found[2] is None:
            return await self._document(request, folder)
        if found[2] == "events":
            return await self._follow(request, folder, query)
        compared = await asyncio.to_thread(compared_in, folder, unquote(found[3]))
        if compared is None:
            return self._refusal(404, "no trace of this comparison is kept")
        return self._json(compared.dump())

    async def _list(self) -> Answer:
        folders = await asyncio.to_thread(self._runs.folders)
        rows: list[object] = []
        for run, folder in tuple(folders.items()):
            with suppress(MaspoError):  # one that cannot be read does not hide the others
                rows.append({**json.loads((await self._rows.of(folder)).body), "id": run})
        return self._json({"runs": rows})

    async def _document(self, request: web.BaseRequest, folder: Path) -> Answer:
        document = await self._documents.of(folder)
        tag = f'"{document.tag}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={**self._headers, "ETag": tag, "Cache-Control": "no-cache"})
        reply = self._reply(document.body, "application/json")
        reply.headers.update({"ETag": tag, "Cache-Control": "no-cache"})
        return reply

    async def _follow(self, request: web.BaseRequest, folder: Path, query: str) -> Answer:
        since = re.fullmatch(r"(?:since=(\d{1,12}))?", query)
        if since is None:
            return self._refusal(400, "expected since=NUMBER")
        if self._streams >= _MOST_STREAMS:
            return self._refusal(503, "too many pages follow runs; close some")
        if request.method == "HEAD":
            return self._reply(b"", "text/event-stream")
        self._streams += 1
        stream = web.StreamResponse(headers={**self._headers, "Cache-Control": "no-store"})
        stream.content_type = "text/event-stream"
        followed, seen = self._followed.setdefault(folder, Followed(folder)), int(since[1] or 0)
        try:
            async with followed.following():
                await stream.prepare(request)
                while True:
                    news = await followed.news(seen, _KEEP_ALIVE)
                    seen = seen if news is None else news
                    said = ": nothing new\n\n" if news is None else f'event: changed\ndata: {{"seq": {news}}}\n\n'
                    await stream.write(said.encode())
        except ConnectionError:
            return stream  # whoever followed is gone
        finally:
            self._streams -= 1

    async def _act(self, request: web.BaseRequest, path: str) -> Answer:
        found = _ROUTES.fullmatch(path)
        known = found is not None and found[2] == "actions"
        folder = await asyncio.to_thread(self._runs.folder, found[1]) if found and known else None
        if folder is None:
            return self._refusal(404, "there is nothing of this name")
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.read()
            given = json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError, TimeoutError):
            return self._refusal(400, "a decision is a JSON object")
        try:
            decision = read_decision(given)
        except UsageError as error:
            return self._refusal(400, str(error))
        line = await asyncio.to_thread(_decide, folder, decision)
        return self._json({"message": f"Noted: {decision.action}.", "id": line.id})

    # ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _reply(self, body: bytes, kind: str, status: int = 200) -> web.Response:
        headers = {**self._headers, "Content-Type": kind, "Cache-Control": "no-store"}
        return web.Response(status=status, body=body, headers=headers)

    def _json(self, content: Mapping[str, object], status: int = 200) -> web.Response:
        return self._reply(as_json(content), "application/json", status)

    def _refusal(self, status: int, why: str, close: bool = False) -> web.Response:
        reply = self._json({"error": why}, status)
        if close:
            reply.force_close()  # what follows on this connection may be the rest of what was refused
        return reply


def _decide(folder: Path, decision: Decision) -> Line:
    if isinstance(decision, Approve | Reject) and (why := unmet(decision, look(folder).view.approval)):
        raise UsageError(why)
    return decide(folder, decision)


def as_json(content: object) -> bytes:
    """Return content as JSON that every reader takes, lone surrogates too."""
    return json.dumps(plain(content), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def _quiet() -> logging.Logger:
    """Return a log that goes nowhere: what is no HTTP is answered, and deserves no traceback on a person's terminal."""
    found = logging.getLogger("maspo.ui")
    found.propagate = False
    if not found.handlers:
        found.addHandler(logging.NullHandler())
    return found


def _document(folder: Path) -> bytes:
    return as_json(build_document(folder))


def _row(folder: Path) -> bytes:
    looked = look(folder)
    return as_json(row_of(looked.view, "", folder.name, looked.written))


def _headers_of(request: web.BaseRequest) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request.raw_headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found
