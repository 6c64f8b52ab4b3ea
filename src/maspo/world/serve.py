"""The world over OpenAI's protocols: HTTP, headers and retries can be tried without a model."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Literal, TypeAlias, cast
from urllib.parse import unquote

from aiohttp import web

from maspo.core.concurrency import WAITING
from maspo.core.errors import ConfigInvalid, ProviderError
from maspo.models.base import AGENT, JUDGE_GLOBAL, PROPOSER, Message, Reply, Request, ToolAsked, ToolOffered
from maspo.models.endpoint import is_loopback
from maspo.world import completions, responses
from maspo.world.noise import unit
from maspo.world.outputs import sections
from maspo.world.spec import WorldSpec
from maspo.world.world import World

MODEL = "maspo-world"
FINGERPRINT = "simulated"
MAX_BODY = 32 * 1024 * 1024
"""Bytes of a request: a prompt of eight million tokens, beyond any model's."""
_Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
_SHOWN = 100
"""Characters of a path that a refusal repeats."""
_PIECE = 80
"""Characters of a piece of a stream."""
_ROLES: Mapping[str, _Role] = {
    **{"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"},
}


@dataclass(frozen=True)
class Faults:
    """What goes wrong on purpose. Which requests fail depends only on the world's seed and on their number.

    Raises:
        ConfigInvalid: a knob out of its range.

    """

    latency_ms: float = 0.0
    error_rate: float = 0.0
    """Share of chat requests that fail, in turn with 429 and with 500."""
    retry_after: int = 0
    """Seconds that a 429 asks the client to wait."""
    api_key: str = ""
    """The bearer key that is required; empty asks for none."""

    def __post_init__(self) -> None:
        if not 0 <= self.error_rate <= 1:
            raise ConfigInvalid(f"world serve: error rate is {self.error_rate}; expected a share from 0 to 1")
        if self.latency_ms < 0 or self.retry_after < 0:
            raise ConfigInvalid("world serve: latency and Retry-After are times; expected 0 or more")


@dataclass(frozen=True)
class Address:
    """Where the server listens; port 0 takes a free one. A host beyond this machine must be allowed by name.

    Raises:
        ConfigInvalid: the host can be reached from other machines and ``public`` is not set.

    """

    host: str = "127.0.0.1"
    port: int = 0
    public: bool = False

    def __post_init__(self) -> None:
        if not self.public and not is_loopback(self.host):
            raise ConfigInvalid(
                f"world serve: {self.host!r} can be reached from other machines; use 127.0.0.1, or allow it explicitly"
            )


@asynccontextmanager
async def start_server(
    spec: WorldSpec | None = None, faults: Faults | None = None, address: Address | None = None
) -> AsyncIterator[str]:
    """Run the world's server while the context is open; yields its base URL, which ends in ``/v1``.

    Raises:
        ProviderError: the port cannot be listened on.

    """
    where = address or Address()
    handler = _Handler(World(spec), faults or Faults())
    application = web.Application(client_max_size=MAX_BODY)
    application.router.add_post("/v1/chat/completions", handler.chat)
    application.router.add_post("/v1/responses", handler.responses)
    application.router.add_get("/v1/models", handler.models)
    application.router.add_get("/healthz", handler.health)
    application.router.add_route("*", "/{rest:.*}", handler.unknown)
    # Two seconds for calls in flight: whoever stops a server waits for it.
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=2.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, where.host, where.port, backlog=WAITING)
        try:
            await site.start()
        except OSError as error:
            raise ProviderError(
                f"world serve: cannot listen on {where.host}:{where.port} ({error.strerror}); choose another port"
            ) from error
        port = runner.addresses[0][1]
        host = f"[{where.host}]" if ":" in where.host else where.host
        yield f"http://{host}:{port}/v1"
    finally:
        await runner.cleanup()


async def serve(
    spec: WorldSpec, faults: Faults, address: Address, stop: asyncio.Event, on_ready: Callable[[str], None]
) -> None:
    """Serve until ``stop`` is set; ``on_ready`` is told the base URL once the server listens."""
    async with start_server(spec, faults, address) as base_url:
        on_ready(base_url)
        await stop.wait()


def read_request(body: object, headers: Mapping[str, str]) -> Request:
    """Turn a chat-completions body into a request; without attribution headers the tags tell the purpose.

    Raises:
        ValueError: the body is not a chat; the message says what is missing.

    """
    if not isinstance(body, dict):
        raise ValueError("the body is not a JSON object")
    given = body.get("messages")
    if not isinstance(given, list) or not given:
        raise ValueError("`messages` is missing or empty")
    messages: list[Message] = []
    for item in given:
        role = _ROLES.get(str(item.get("role"))) if isinstance(item, dict) else None
        if not isinstance(item, dict) or role is None:
            raise ValueError("a message needs a `role` (system, user, assistant or tool) and `content`")
        asks = _asks_of(item.get("tool_calls"))
        content = item.get("content")
        if content is None and asks:
            content = ""
        if isinstance(content, list):
            content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
        if not isinstance(content, str):
            raise ValueError("`content` is neither text nor a list of text parts")
        messages.append(Message(role, content, asks, str(item.get("tool_call_id", "")) if role == "tool" else ""))
    temperature = body.get("temperature", 0.0)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float):
        raise ValueError("`temperature` is not a number")
    return Request(
        model=str(body.get("model", MODEL)),
        messages=tuple(messages),
        purpose=headers.get("X-Maspo-Purpose") or purpose_of(messages),
        agent=unquote(headers.get("X-Maspo-Agent", "")),
        temperature=float(temperature),
        identity=str(body.get("seed", "")) if temperature else "",
        tools=tuple(_offered_in(body.get("tools"))),
        tools_over=body.get("tool_choice") == "none",
    )


def _asks_of(found: object) -> tuple[ToolAsked, ...]:
    asked = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    functions = [(str(one.get("id", "")), one.get("function")) for one in asked]
    return tuple(
        ToolAsked(name, str(one.get("name", "")), str(one.get("arguments", "")))
        for name, one in functions
        if isinstance(one, dict)
    )


def _offered_in(found: object) -> Iterator[ToolOffered]:
    for one in found if isinstance(found, list) else ():
        told = one.get("function") if isinstance(one, dict) else None
        if isinstance(told, dict):
            schema = json.dumps(told.get("parameters") or {})
            yield ToolOffered(str(told.get("name", "")), str(told.get("description", "")), schema)


def purpose_of(messages: Sequence[Message]) -> str:
    """Tell the purpose of a call by its tags; a judge whose level is not known judges final answers."""
    text = "\n".join(message.content for message in messages)
    if sections(text, "output_1") and sections(text, "output_2"):
        return JUDGE_GLOBAL
    return PROPOSER if sections(text, "current_prompt") else AGENT


class _Handler:
    """The routes; counts requests of models, so that faults are repeatable."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._requests = 0
        self._failed = 0
        self._draws: Counter[str] = Counter()

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer a chat completion, as a stream where one is asked for."""
        answered = await self._answer(request, lambda body: body)
        if isinstance(answered, web.Response):
            return answered
        body, said, reply = answered
        if body.get("stream") is not True:
            return web.json_response(completions.whole(said, reply))
        options = body.get("stream_options")
        tells = isinstance(options, dict) and options.get("include_usage") is True
        return _stream(completions.events(said, reply, _pieces(reply.text), tells), b"data: [DONE]\n\n")

    async def responses(self, request: web.Request) -> web.StreamResponse:
        """Answer a request of the Responses API, as a stream where one is asked for."""
        answered = await self._answer(request, responses.as_chat)
        if isinstance(answered, web.Response):
            return answered
        body, said, reply = answered
        if body.get("stream") is not True:
            return web.json_response(responses.whole(said, reply))
        return _stream(responses.events(said, reply, _pieces(reply.text)))

    async def _answer(
        self, request: web.Request, read: Callable[[object], object]
    ) -> tuple[Mapping[str, object], Mapping[str, object], Reply] | web.Response:
        """Return the body of a request, what a reply says of itself, and the reply; or a refusal.

        ``read`` makes the body one of a chat.
        """
        if not self._admits(request):
            return _refuse(401, "invalid_api_key", "the key is missing or wrong")
        self._requests += 1
        number = self._requests
        if self._faults.latency_ms:
            await asyncio.sleep(self._faults.latency_ms / 1000)
        if unit(self._world.spec.seed, "fault", number) < self._faults.error_rate:
            self._failed += 1
            if not self._failed % 2:
                return _refuse(500, "server_error", "simulated failure")
            wait = {"Retry-After": str(self._faults.retry_after)}
            return _refuse(429, "rate_limit_exceeded", "simulated rate limit", wait)
        try:
            body = read(cast(object, await request.json()))
            asked = read_request(body, request.headers)
        except (ValueError, RecursionError) as error:
            return _refuse(400, "invalid_request_error", str(error))
        if asked.temperature and not asked.identity:
            # The n-th equal request at a temperature above 0 has its own draw, as with a sampling model.
            self._draws[asked.key] += 1
            asked = replace(asked, identity=str(self._draws[asked.key]))
        said = {"id": f"simulated-{number}", "created": 0, "model": asked.model, "system_fingerprint": FINGERPRINT}
        return cast("Mapping[str, object]", body), said, self._world.reply(asked)

    async def models(self, request: web.Request) -> web.Response:
        """List the one model."""
        if not self._admits(request):
            return _refuse(401, "invalid_api_key", "the key is missing or wrong")
        listed = {"id": MODEL, "object": "model", "created": 0, "owned_by": "maspo (simulated)"}
        return web.json_response({"object": "list", "data": [listed]})

    async def health(self, request: web.Request) -> web.Response:
        """Say that the server runs."""
        return web.json_response({"status": "ok", "simulated": True, "path": request.path})

    async def unknown(self, request: web.Request) -> web.Response:
        """Refuse what is no route here, with the routes that are."""
        there = "POST /v1/chat/completions, POST /v1/responses and GET /v1/models"
        asked = f"{request.method} {request.path[:_SHOWN]}"
        return _refuse(404, "not_found", f"this simulated endpoint has no route {asked}; it has {there}")

    def _admits(self, request: web.Request) -> bool:
        if not self._faults.api_key:
            return True
        given = request.headers.get("Authorization", "")
        return compare_digest(given.encode("utf-8", "replace"), f"Bearer {self._faults.api_key}".encode())


def _pieces(text: str) -> list[str]:
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]


def _stream(events: Iterable[Mapping[str, object]], end: bytes = b"") -> web.Response:
    """Return server-sent events; those that tell their type are named by it."""
    lines = [(f"event: {one['type']}\n" if "type" in one else "", json.dumps(one)) for one in events]
    body = "".join(f"{name}data: {data}\n\n" for name, data in lines).encode() + end
    return web.Response(body=body, content_type="text/event-stream")


def _refuse(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = json.dumps({"error": {"message": message, "type": code, "code": code}})
    return web.Response(status=status, text=body, content_type="application/json", headers=headers)
