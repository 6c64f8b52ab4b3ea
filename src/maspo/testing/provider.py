"""A fake provider: the simulated world over HTTP, with faults by script and a record of every request.

::

    script = (Rule(Refuse(503), When(begin=2.0, end=5.0)), Rule(BlackHole(), When(share=0.01)))
    async with fake_provider(script) as provider:
        ...  # a run against provider.base_url
    assert provider.requests_of("agent") <= 1.1 * calls

A fault is anything with ``answer``: the first rule of the script that is due for a request, and whose fault answers,
decides; without one the world answers. What is drawn depends on the rule's seed and the number of the request alone.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from maspo.world import World
from maspo.world.noise import unit
from maspo.world.serve import FINGERPRINT, MAX_BODY, read_request
from maspo.world.spec import WorldSpec


@dataclass(frozen=True)
class Seen:
    """A request as it came; ``at`` is seconds since the provider was opened, ``number`` counts from 1."""

    number: int
    at: float
    purpose: str
    path: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Exchange:
    """What a fault may look at: the request, what it asks for, and the body that the world would send."""

    seen: Seen
    request: web.Request = field(repr=False)
    body: bytes = field(repr=False)
    wanted: Mapping[str, Any] = field(default_factory=dict, repr=False)


class Fault(Protocol):
    """Something that goes wrong with a request."""

    async def answer(self, asked: Exchange, /) -> web.StreamResponse | None:
        """Answer in the world's place; None lets the next rule, or the world, answer."""
        ...


@dataclass(frozen=True)
class When:
    """Which requests a rule is for: all conditions must hold. Times are seconds since the provider was opened.

    ``numbers`` are request numbers (none: all), ``share`` is a probability, ``purposes`` are beginnings of
    X-Maspo-Purpose (none: all).
    """

    numbers: frozenset[int] = frozenset()
    share: float = 1.0
    seed: int = 0
    begin: float = 0.0
    end: float = math.inf
    purposes: tuple[str, ...] = ()

    def due(self, seen: Seen) -> bool:
        """Say whether a rule is for this request."""
        return (
            (not self.numbers or seen.number in self.numbers)
            and self.begin <= seen.at < self.end
            and (not self.purposes or seen.purpose.startswith(self.purposes))
            and unit(self.seed, "provider fault", seen.number) < self.share
        )


@dataclass(frozen=True)
class Rule:
    """A fault and the requests that meet it."""

    fault: Fault
    when: When = When()


@dataclass(frozen=True)
class Refuse:
    """An HTTP error, or a redirect: status, message, code and headers (Retry-After in any form, Location …)."""

    status: int
    message: str = "refused on purpose"
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    async def answer(self, _: Exchange) -> web.StreamResponse | None:
        """Refuse."""
        body = {"error": {"message": self.message, "type": self.code or "error", "code": self.code or None}}
        return web.json_response(body, status=self.status, headers=self.headers)


@dataclass(frozen=True)
class Echo:
    """An HTTP error whose message repeats the request's Authorization header, as careless gateways do."""

    status: int = 500

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        """Refuse, and show the key."""
        said = f"could not handle Authorization: {asked.request.headers.get('Authorization', '')}"
        return web.json_response({"error": {"message": said}}, status=self.status)


@dataclass(frozen=True)
class Body:
    """A reply with a body of its own: HTML, a cut JSON, an odd completion (``odd_bodies``)."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    charset: str | None = None

    async def answer(self, _: Exchange) -> web.StreamResponse | None:
        """Send the body."""
        named = self.content_type if self.charset is None else f"{self.content_type}; charset={self.charset}"
        return web.Response(status=self.status, body=self.body, headers={"Content-Type": named})


@dataclass(frozen=True)
class Unless:
    """Another fault, for requests that are not as the endpoint wants them: ``accepts`` looks at their JSON."""

    accepts: Callable[[Mapping[str, Any]], bool]
    fault: Fault

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        """Let the other fault answer what is not accepted."""
        return None if self.accepts(asked.wanted) else await self.fault.answer(asked)


@dataclass(frozen=True)
class Spoiled:
    """A reply in the form of another provider: ``change`` alters the world's completion, and what it returns counts.

    It is sent as server-sent events where ``pieces`` turns it into some.
    """

    change: Callable[[dict[str, Any]], object]
    pieces: Callable[[dict[str, Any]], Sequence[bytes]] | None = None

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        """Send the completion as it was changed."""
        found = json.loads(asked.body)
        changed = self.change(found)
        found = changed if isinstance(changed, dict) else found
        if self.pieces is None or not asked.wanted.get("stream"):
            return web.json_response(found)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(asked.request)
        for piece in self.pieces(found):
            await response.write(piece)
        return response


def in_pieces(found: Mapping[str, Any], size: int = 7) -> list[bytes]:
    """Return a completion as the events of a stream, so many characters a piece, usage last."""
    choice = found["choices"][0]
    message = {name: text for name, text in choice["message"].items() if isinstance(text, str) and name != "role"}
    deltas: list[dict[str, Any]] = [{"role": "assistant"}]
    for name, text in sorted(message.items(), key=lambda one: one[0] == "content"):
        deltas += [{name: text[at : at + size]} for at in range(0, len(text), size)]
    shared = {
        "object": "chat.completion.chunk",
        "model": found.get("model"),
        "system_fingerprint": found.get("system_fingerprint"),
    }
    events: list[object] = [
        {**shared, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
    ]
    events.append({**shared, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    if found.get("usage"):
        events.append({**shared, "choices": [], "usage": found["usage"]})
    return [b": awake\n\n", *(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events), b"data: [DONE]\n\n"]


@dataclass(frozen=True)
class Slow:
    """A delay in seconds before whatever comes next."""

    seconds: float

    async def answer(self, _: Exchange) -> web.StreamResponse | None:
        """Wait, and let the next rule answer."""
        await asyncio.sleep(self.seconds)
        return None


@dataclass(frozen=True)
class BlackHole:
    """The request is accepted and never answered."""

    async def answer(self, _: Exchange) -> web.StreamResponse | None:
        """Never answer."""
        await asyncio.Event().wait()
        return None


@dataclass(frozen=True)
class Stall:
    """Half of the body comes, the rest never does; with ``reset`` the connection breaks there instead."""

    reset: bool = False

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        """Send half of the body."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = len(asked.body)
        await response.prepare(asked.request)
        await response.write(asked.body[: len(asked.body) // 2])
        if self.reset:
            return _break_off(asked.request)
        await asyncio.Event().wait()
        return response


@dataclass(frozen=True)
class Reset:
    """The connection breaks before any answer."""

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        """Break the connection."""
        return _break_off(asked.request)


@dataclass
class RateLimit:
    """A limit as gateways keep it: ``per_second`` requests on average, ``burst`` at once; beyond it 429.

    ``header`` names how the wait is told: ``Retry-After`` (whole seconds), ``retry-after-ms``,
    ``x-ratelimit-reset-requests`` (a duration), or empty for not at all. Holds its own state: one per provider.
    """

    per_second: float
    burst: float = 1.0
    header: str = "Retry-After"
    refused: int = 0
    passed: int = 0
    _tokens: float = math.nan
    _last: float = 0.0

    async def answer(self, asked: Exchange) -> web.StreamResponse | None:
        """Refuse what comes too fast; let the rest pass."""
        at = asked.seen.at
        known = self.burst if math.isnan(self._tokens) else self._tokens
        self._tokens = min(self.burst, known + (at - self._last) * self.per_second)
        self._last = at
        if self._tokens >= 1:
            self._tokens -= 1
            self.passed += 1
            return None
        self.refused += 1
        wait = (1 - self._tokens) / self.per_second
        forms = {
            "Retry-After": f"{math.ceil(wait)}",
            "retry-after-ms": f"{math.ceil(wait * 1000)}",
            "x-ratelimit-reset-requests": f"{math.ceil(wait * 1000)}ms",
        }
        told = {self.header: forms[self.header]} if self.header else {}
        return await Refuse(429, "too fast", "rate_limit_exceeded", told).answer(asked)


class FakeProvider:
    """An endpoint that misbehaves by script; ``seen`` holds every call in the order of arrival.

    ``tells`` is what it answers to questions (GET) by path, such as ``/props``; to others it says 404.
    """

    def __init__(
        self, script: Sequence[Rule] = (), spec: WorldSpec | None = None, tells: Mapping[str, object] | None = None
    ) -> None:
        self.tells = tells or {}
        self.base_url = ""
        self.seen: list[Seen] = []
        self._script = script
        self._world = World(spec)
        self._opened = 0.0

    def requests_of(self, purpose: str = "") -> int:
        """Return how many requests came whose purpose begins so."""
        return sum(seen.purpose.startswith(purpose) for seen in self.seen)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Listen on a free port of this machine while the context is open; yields the base URL."""
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=0.05
        )  # seconds that hung requests may hold up a test
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._opened = asyncio.get_running_loop().time()
            self.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            yield self.base_url
        finally:
            await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            known = request.path in self.tells
            return web.json_response(self.tells[request.path] if known else {}, status=200 if known else 404)
        at = asyncio.get_running_loop().time() - self._opened
        purpose = request.headers.get("X-Maspo-Purpose", "")
        seen = Seen(len(self.seen) + 1, at, purpose, request.path_qs, dict(request.headers))
        self.seen.append(seen)
        wanted = json.loads(await request.read())
        reply = self._world.reply(read_request(wanted, request.headers))
        body = completion({"content": reply.text}, usage=(reply.tokens_in, reply.tokens_out))
        asked = Exchange(seen, request, body, wanted)
        for rule in self._script:
            if rule.when.due(seen):
                response = await rule.fault.answer(asked)
                if response is not None:
                    return response
        return web.Response(body=asked.body, content_type="application/json")


@asynccontextmanager
async def fake_provider(
    script: Sequence[Rule] = (), spec: WorldSpec | None = None, tells: Mapping[str, object] | None = None
) -> AsyncIterator[FakeProvider]:
    """Open a fake provider on this machine."""
    provider = FakeProvider(script, spec, tells)
    async with provider.listening():
        yield provider


def completion(
    message: Mapping[str, object], finish: object = "stop", usage: tuple[object, object] | None = (7, 3)
) -> bytes:
    """Return the body of a chat completion with one choice; usage as (tokens in, tokens out), None for none."""
    body: dict[str, object] = {
        "object": "chat.completion",
        "system_fingerprint": FINGERPRINT,
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}],
    }
    if usage is not None:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return json.dumps(body).encode()


def odd_bodies(text: str) -> Mapping[str, bytes]:
    """Return bodies that providers send with status 200 and careless code falls over, by name.

    Those that hold an answer hold ``text``.
    """
    good = completion({"content": text})
    tool = {"id": "1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    several = [{"index": index, "message": {"content": text * (index == 0)}} for index in range(3)]
    return {
        "null": completion({"content": None}),
        "empty": completion({"content": ""}),
        "blank": completion({"content": " \n\t"}),
        "absent": completion({}),
        "number": completion({"content": 5}),
        "tool calls": completion({"content": None, "tool_calls": [tool]}, "tool_calls"),
        "refusal": completion({"content": None, "refusal": text}),
        "filtered": completion({"content": ""}, "content_filter"),
        "truncated": completion({"content": text}, "length"),
        "nothing before the limit": completion({"content": "", "reasoning_content": text}, "length"),
        "parts": completion({"content": [{"type": "text", "text": text}, {"type": "image_url"}, 5, None]}),
        "several choices": json.dumps({"choices": several}).encode(),
        "no choices": b'{"choices": []}',
        "an error": b'{"error": {"message": "overloaded"}}',
        "surrogates": completion({"content": f"\ud800{text}\udfff"}),
        "NUL": completion({"content": f"\0{text}\0"}),
        "bidi": completion({"content": f"\u202e{text}\u2066\u200f"}),
        "10 MB": completion({"content": text + "x" * 10_000_000}),
        "html": b"<!doctype html><title>Sign in</title><p>Please sign in to this network.",
        "cut": good[: len(good) // 2],
        "cut in a character": '{"choices": [{"message": {"content": "é'.encode()[:-1],
        "nothing": b"",
        "no JSON": b"data: [DONE]\n\n",
        "deep": b"[" * 100_000,
        "a long number": b'{"choices": ' + b"9" * 10_000 + b"}",
        "no usage": completion({"content": text}, usage=None),
        "negative usage": completion({"content": text}, usage=(-5, -5)),
        "huge usage": completion({"content": text}, usage=(10**30, 10**30)),
        "usage in words": completion({"content": text}, usage=("many", None)),
        "odd finish": completion({"content": text}, {"why": ["stop"]}),
    }


def _break_off(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
