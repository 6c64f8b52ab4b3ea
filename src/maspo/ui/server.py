"""``maspo ui``: the page, and what it asks for. Reads records, and writes nothing but a line of a decision."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self, TypeAlias
from urllib.parse import quote, unquote

from aiohttp import web

from maspo.__about__ import __version__
from maspo.core.errors import MaspoError, UsageError
from maspo.report.bundle import index_html, policy_of
from maspo.report.document.of_view import row_of
from maspo.report.document.record import Reading, compared_in
from maspo.report.document.sheet import Sheet, sheet_in, sheet_row
from maspo.report.folder import JOURNAL, look
from maspo.report.wholes import WHOLES, sheet_of_whole
from maspo.study.decisions import (
    OF_A_PROCESS,
    Approve,
    Decision,
    Line,
    Pin,
    Reject,
    Veto,
    decide,
    read_decision,
    too_late,
    unmet,
    works,
)
from maspo.ui.documents import Documents, as_json
from maspo.ui.following import FollowedRun
from maspo.ui.guard import HEADERS, LONGEST_PATH, Guard
from maspo.ui.runs import Runs, WorkEntry

ADDRESS: Final = "127.0.0.1"
_MOST_STREAMS: Final = 64
"""Pages that follow runs at once."""
_MOST_LINE: Final = 2 * LONGEST_PATH
_KEEP_ALIVE: Final = 15.0
"""Seconds of an idle connection; a comment is sent to those that follow, so that one that is gone is noticed."""
_EVERY: Final = 0.4
"""Seconds between two documents of a run that changes: with the look for changes, news are there within a second."""
_EVERY_ROW: Final = 2.0
"""The same of its line in the list of runs."""
_READINGS: Final = 32
"""Records of which what was read is kept; more than people look at, and than the parts of most comparisons."""
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
        readings = _Readings(runs)
        self._documents = Documents(readings.document, _EVERY)
        self._rows = Documents(readings.row, _EVERY_ROW)
        self._followed: dict[WorkEntry, FollowedRun] = {}
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
        if path == "/favicon.ico":
            return self._reply(b"", "image/x-icon", 204)  # browsers ask for it, and would note that there is none
        if path == "/api/session":
            return self._json({"actions": bool(self.token), "version": __version__})
        if path == "/api/runs":
            return await self._list()
        found = _ROUTES.fullmatch(path)
        shown = await asyncio.to_thread(self._runs.get, found[1]) if found else None
        if found is None or found[2] == "actions":
            return self._refusal(404, "there is nothing of this name")
        if shown is None:
            return self._refusal(404, "No run of this name has begun here. It is shown as soon as it has.")
        if found[2] is None:
            return await self._document(request, shown, query)
        if found[2] == "events":
            return await self._follow(request, shown, query)
        if shown.page:
            return self._refusal(404, "no trace of this comparison is kept")
        compared = await asyncio.to_thread(compared_in, shown.folder, unquote(found[3]))
        if compared is None:
            return self._refusal(404, "no trace of this comparison is kept")
        return self._json(compared.dump())

    async def _list(self) -> Answer:
        listed = await asyncio.to_thread(self._runs.listed)
        runs, sheets = list[object](), list[object]()
        for run, shown in tuple(listed.items()):
            with suppress(MaspoError):  # one that cannot be read does not hide the others
                row = {**(await self._rows.of(shown)).data, "id": run}
                (sheets if shown.page else runs).append(row)
        return self._json({"runs": runs, "sheets": sheets})

    async def _document(self, request: web.BaseRequest, shown: WorkEntry, query: str) -> Answer:
        """Answer with the document; to a page that names the tag of one that it has, with what has changed since."""
        since = re.fullmatch(r"(?:since=([0-9a-f]{1,64}))?", query)
        if since is None:
            return self._refusal(400, "expected since=TAG")
        document = await self._documents.of(shown)
        tag = f'"{document.tag}"'
        whole = await asyncio.to_thread(self._runs.whole_of, shown)
        known = {
            "ETag": tag,
            "Cache-Control": "no-cache",
            "X-Maspo-Folder": quote(str(shown.folder)),
            "X-Maspo-Whole": whole,
        }
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={**self._headers, **known})
        patch = self._documents.patch(shown, since[1]) if since[1] else None
        reply = self._reply(document.body if patch is None else patch, "application/json")
        reply.headers.update(known)
        return reply

    async def _follow(self, request: web.BaseRequest, shown: WorkEntry, query: str) -> Answer:
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
        followed, seen = self._followed.setdefault(shown, FollowedRun(shown)), int(since[1] or 0)
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
        shown = await asyncio.to_thread(self._runs.get, found[1]) if found and known else None
        if shown is None or shown.page:
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
        line = await asyncio.to_thread(_decide, shown.folder, decision)
        return self._json({"message": f"Noted: {decision.action}. {_THEN[decision.action]}".strip(), "id": line.id})

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


_THEN: Final = {
    "pause": "No new call is sent; those in flight are finished.",
    "resume": "Calls go on.",
    "stop": "The search ends after this round; then comes the final test.",
    "raise-cap": "It holds from now on.",
    "pin": "The prompt stays as it is from the next round on.",
    "veto": "The prompt is out from the next round on.",
    "approve": "It ships when all that wait are decided and the run goes on.",
    "reject": "It does not ship; the proposer is told the reason.",
    "judge": "Your verdict is kept with the run.",
}
"""What comes of a decision, for whoever took it."""


def _decide(folder: Path, decision: Decision) -> Line:
    if isinstance(decision, Approve | Reject | Pin | Veto):
        view = look(folder).view
        if why := unmet(decision, view.approval, view.prompt_ids):
            raise UsageError(why)
    if isinstance(decision, OF_A_PROCESS) and not works(folder / JOURNAL):
        why = too_late(decision, look(folder).view.finished)
        if why:
            raise UsageError(why)
    return decide(folder, decision)


def _quiet() -> logging.Logger:
    """Return a log that goes nowhere: what is no HTTP is answered, and deserves no traceback on a person's terminal."""
    found = logging.getLogger("maspo.ui")
    found.propagate = False
    if not found.handlers:
        found.addHandler(logging.NullHandler())
    return found


class _Readings:
    """The run folders that are read for documents and for the list of runs, each read on by both.

    Those that were read last are kept: a list of hundreds shall not hold all their records.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._known: OrderedDict[Path, Reading] = OrderedDict()
        self._turn = threading.Lock()

    def document(self, shown: WorkEntry) -> dict[str, Any]:
        """Return what the page shows."""
        return (self._linked(shown) if shown.page else self._of(shown.folder).document()).dump()

    def row(self, shown: WorkEntry) -> dict[str, Any]:
        """Return what the list shows."""
        if shown.page:
            written = (shown.folder / shown.page).lstat().st_mtime
            return sheet_row(self._sheet(shown), shown.name, written).dump()
        looked = self._of(shown.folder).look()
        begun = looked.entries[0].at if looked.entries else None
        row = row_of(looked.view, "", shown.name, looked.written, begun)
        return replace(row, inside=self._runs.whole_of(shown)).dump()

    def _sheet(self, shown: WorkEntry) -> Sheet:
        file = shown.folder / shown.page
        return sheet_of_whole(file, lambda folder: self._of(folder).look()) if shown.page in WHOLES else sheet_in(file)

    def _linked(self, shown: WorkEntry) -> Sheet:
        """Return a sheet whose ways to its runs lead to what is listed here."""
        found = self._sheet(shown)
        parts = (
            replace(
                part, links=tuple(replace(one, run=self._runs.id_of(shown.folder / one.folder)) for one in part.links)
            )
            for part in found.parts
        )
        return replace(found, parts=tuple(parts))

    def _of(self, folder: Path) -> Reading:
        with self._turn:
            reading = self._known.setdefault(folder, Reading(folder))
            self._known.move_to_end(folder)
            while len(self._known) > _READINGS:
                self._known.popitem(last=False)
            return reading


def _headers_of(request: web.BaseRequest) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in request.raw_headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found
