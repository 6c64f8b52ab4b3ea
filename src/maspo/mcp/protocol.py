"""The Model Context Protocol over two streams: JSON-RPC 2.0, a message a line.

Revision 2026-07-28, in which every request carries its version and nothing is remembered between requests; and, for
clients that open with ``initialize``, the revisions before it. What is offered comes from an ``Offer``.

Source: https://modelcontextprotocol.io/specification/2026-07-28.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from maspo.__about__ import __version__

REVISIONS: Final = ("2026-07-28",)
"""Those without a handshake."""
HANDSHAKE_REVISIONS: Final = ("2025-11-25", "2025-06-18")
"""Those that a client opens with ``initialize``, newest first: all that know structured results."""

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
UNSUPPORTED_VERSION: Final = -32022
"""The first five are JSON-RPC's; the last is MCP's."""

_RESERVED: Final = "io.modelcontextprotocol/"
_FRESH_MS: Final = 3_600_000
"""How long a client may keep what cannot change while this process lives: an hour, as in the specification."""
_SELF: Final = {"name": "maspo", "version": __version__}

Json: TypeAlias = dict[str, Any]
_CAPABILITIES: Final[Json] = {"tools": {}, "resources": {}}
Progress: TypeAlias = Callable[[str], None]
"""Takes a line about what is going on."""


@dataclass(frozen=True)
class Called:
    """What a tool gave back: content for the model, and the same as data; or, with ``failed``, what went wrong."""

    content: tuple[Json, ...]
    data: Json | None = None
    failed: bool = False


class Offer(Protocol):
    """What a server offers: tools, and files to read."""

    instructions: str

    def tools(self) -> list[Json]:
        """Return the tools as ``tools/list`` tells them, always in one order."""

    async def call(self, name: str, arguments: Json, progress: Progress) -> Called:
        """Run a tool. Raises KeyError where there is none of this name."""

    def resources(self) -> list[Json]:
        """Return the files as ``resources/list`` tells them."""

    def read(self, uri: str) -> Json:
        """Return the contents of one of these. Raises KeyError where it is none of them."""


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: int, message: str, data: Json | None = None) -> None:
        super().__init__(message)
        self.error: Json = {"code": code, "message": message} | ({"data": data} if data is not None else {})


@dataclass(frozen=True)
class _Asked:
    """A request: which, with what, and in which era."""

    id: str | int
    method: str
    params: Json
    modern: bool

    @property
    def meta(self) -> Json:
        """What stands beside the parameters."""
        return _object(self.params.get("_meta", {}), "_meta")


@dataclass
class Server:
    """Answers requests side by side, each as it is done."""

    offer: Offer
    write: Callable[[bytes], None]
    """Writes and shows a line."""
    _opened: bool = False
    """Whether a client of an older revision has opened with ``initialize``."""
    _working: dict[str | int, asyncio.Task[None]] = field(default_factory=dict)

    async def serve(self, lines: AsyncIterator[bytes]) -> None:
        """Answer until the lines end; what is then at work is given up."""
        async for line in lines:
            if line.strip():
                self._take(line)
        for task in list(self._working.values()):
            task.cancel()
        await asyncio.gather(*self._working.values(), return_exceptions=True)

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            self._send({"error": {"code": PARSE_ERROR, "message": "Parse error: expected one JSON object a line"}})
            return
        valid = isinstance(message, dict) and message.get("jsonrpc") == "2.0"
        if not valid or not isinstance(message.get("method"), str):
            if not (valid and ("result" in message or "error" in message)):  # answers to nothing are ignored
                self._send({"error": {"code": INVALID_REQUEST, "message": "Invalid request: not JSON-RPC 2.0"}})
            return
        if "id" not in message:
            self._note(message["method"], message.get("params"))
            return
        number = message["id"]
        if isinstance(number, bool) or not isinstance(number, str | int) or number in self._working:
            why = "the id must be a text or a whole number, and not that of a request in progress"
            self._send({"error": {"code": INVALID_REQUEST, "message": f"Invalid request: {why}"}})
            return
        task = asyncio.ensure_future(self._answer(number, message["method"], message.get("params")))
        self._working[number] = task
        task.add_done_callback(lambda _: self._working.pop(number, None))

    def _note(self, method: str, params: object) -> None:
        """Take a notification; those that make no sense are ignored, as they must be."""
        if method == "notifications/cancelled" and isinstance(params, dict):
            number = params.get("requestId")
            if isinstance(number, str | int) and number in self._working:
                self._working[number].cancel()

    async def _answer(self, number: str | int, method: str, params: object) -> None:
        """Answer one request. One that is cancelled is not answered."""
        try:
            result = await self._result(self._read_request(number, method, params))
        except Refused as refused:
            self._send({"id": number, "error": refused.error})
        except Exception as error:  # whatever a tool meets, the next request is answered
            what = f"unexpected {type(error).__name__}: {error}; this is a bug in maspo, please report it"
            self._send({"id": number, "error": {"code": INTERNAL_ERROR, "message": what}})
        else:
            self._send({"id": number, "result": result})

    def _read_request(self, number: str | int, method: str, params: object) -> _Asked:
        """Return the request with its era. Raises Refused where it does not say what its revision demands."""
        given = _object({} if params is None else params, "params")
        meta = _object(given.get("_meta", {}), "_meta")
        version = meta.get(f"{_RESERVED}protocolVersion")
        if version is None and (self._opened or method in ("initialize", "ping")):
            return _Asked(number, method, given, modern=False)
        if not isinstance(version, str):
            raise Refused(
                INVALID_PARAMS,
                f"{method}: _meta has no {_RESERVED}protocolVersion ({', '.join(REVISIONS)} are spoken; clients of "
                f"{', '.join(HANDSHAKE_REVISIONS)} open with initialize)",
            )
        if version not in REVISIONS:
            told = {"supported": list(REVISIONS), "requested": version}
            raise Refused(UNSUPPORTED_VERSION, "Unsupported protocol version", told)
        if not isinstance(meta.get(f"{_RESERVED}clientCapabilities"), dict):
            raise Refused(INVALID_PARAMS, f"{method}: _meta has no {_RESERVED}clientCapabilities, an object")
        return _Asked(number, method, given, modern=True)

    async def _result(self, asked: _Asked) -> Json:
        match asked.method, asked.modern:
            case "initialize", False:
                return self._initialized(asked)
            case "ping", False:
                return {}
            case "server/discover", True:
                told = {"supportedVersions": list(REVISIONS), "capabilities": _CAPABILITIES}
                return _lasting(told | {"instructions": self.offer.instructions}, asked, _FRESH_MS)
            case "tools/list", _:
                return _lasting({"tools": self.offer.tools()}, asked, _FRESH_MS)
            case "tools/call", _:
                return await self._call(asked)
            case "resources/list", _:
                return _lasting({"resources": self.offer.resources()}, asked, 0)
            case "resources/templates/list", _:
                return _lasting({"resourceTemplates": []}, asked, _FRESH_MS)
            case "resources/read", _:
                return _lasting({"contents": [self._read(asked.params.get("uri"))]}, asked, 0)
            case "subscriptions/listen", True:
                await self._listen(asked)
        raise Refused(METHOD_NOT_FOUND, f"Method not found: {asked.method}")

    def _initialized(self, asked: _Asked) -> Json:
        self._opened = True
        wanted = asked.params.get("protocolVersion")
        version = wanted if wanted in HANDSHAKE_REVISIONS else HANDSHAKE_REVISIONS[0]
        told = {"protocolVersion": version, "capabilities": _CAPABILITIES, "serverInfo": _SELF}
        return told | {"instructions": self.offer.instructions}

    async def _call(self, asked: _Asked) -> Json:
        name, arguments = asked.params.get("name"), asked.params.get("arguments", {})
        try:
            called = await self.offer.call(str(name), _object(arguments, "arguments"), self._progress(asked))
        except KeyError:
            raise Refused(INVALID_PARAMS, f"Unknown tool: {name}") from None
        found: Json = {"content": list(called.content), "isError": called.failed}
        return _complete(found if called.data is None else found | {"structuredContent": called.data}, asked)

    def _progress(self, asked: _Asked) -> Progress:
        """Return what tells the client how a request goes on, where it asked to be told."""
        token = asked.meta.get("progressToken")
        if isinstance(token, bool) or not isinstance(token, str | int):
            return lambda _: None
        told = 0

        def tell(line: str) -> None:
            nonlocal told
            told += 1
            params = {"progressToken": token, "progress": told, "message": line}
            self._send({"method": "notifications/progress", "params": params})

        return tell

    def _read(self, uri: object) -> Json:
        try:
            return self.offer.read(str(uri))
        except KeyError:
            raise Refused(INVALID_PARAMS, "Resource not found", {"uri": str(uri)}) from None

    async def _listen(self, asked: _Asked) -> None:
        """Keep a subscription open until it is cancelled. Nothing that it could tell of ever changes here."""
        params = {"_meta": {f"{_RESERVED}subscriptionId": asked.id}, "notifications": {}}
        self._send({"method": "notifications/subscriptions/acknowledged", "params": params})
        await asyncio.Event().wait()

    def _send(self, message: Json) -> None:
        self.write(json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=True).encode() + b"\n")


def _complete(found: Json, asked: _Asked) -> Json:
    """Return a result as the client's revision has it."""
    if not asked.modern:
        return found
    return {"resultType": "complete", **found, "_meta": {f"{_RESERVED}serverInfo": _SELF}}


def _lasting(found: Json, asked: _Asked, milliseconds: int) -> Json:
    """Return a result that says how long it may be kept, by this client alone."""
    return _complete(found | ({"ttlMs": milliseconds, "cacheScope": "private"} if asked.modern else {}), asked)


def _object(value: object, name: str) -> Json:
    if not isinstance(value, Mapping):
        raise Refused(INVALID_PARAMS, f"{name}: expected an object")
    return dict(value)
