"""The gateway: takes the requests of apps on loopback, says whose they are, swaps prompts, and answers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from hmac import compare_digest
from typing import Any, Final, Self, TypeAlias
from urllib.parse import unquote

from maspo.core.errors import BudgetReached, CallFailed, ConfigInvalid, MaspoError
from maspo.gateway.app_server import AppServer, Exchange, Handler
from maspo.gateway.attribution import Attribution, Team, rewrite, swap
from maspo.gateway.client import (
    ASSUMED_TOKENS,
    Delivery,
    Response,
    Sender,
    WireRequest,
    cut_from,
    forget_keys,
    header,
    keys_in,
    read,
    replayed,
    unpacked,
)
from maspo.gateway.connections import Taker
from maspo.gateway.conversations import Conversations, expanded
from maspo.gateway.dialects.base import Asked, Dialect, Incoming, loads
from maspo.gateway.dialects.registry import dialect_of
from maspo.gateway.dialects.responses import kept_texts
from maspo.gateway.ended import EndedCall
from maspo.gateway.message_reader import Headers
from maspo.gateway.request_reader import RequestHead
from maspo.gateway.response_reader import Head
from maspo.gateway.tools import PATH, ToolRecord
from maspo.gateway.wire import JsonObject, RolloutLimits, WireAgent, WireCall, WireReply
from maspo.models.base import AGENT, Message, ModelClient, Reply

Edit: TypeAlias = Callable[[str | None, tuple[WireCall, ...], str], str]
"""Returns a text of a request as its agent is shown it; given the agent, the calls before, and the text."""
LARGEST_REQUEST: Final = 64 * 1024 * 1024
"""Bytes: a request with a dozen images."""
_HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "proxy-connection"}
)
"""Headers of one connection (RFC 9110, 7.6.1): never passed on."""
_NOT_SENT: Final = _HOP_BY_HOP | {"host", "content-length", "expect", "accept-encoding", "x-maspo-agent"}
_NOT_RETURNED: Final = _HOP_BY_HOP | {"content-length", "alt-svc"}
_CODINGS: Final = frozenset({"gzip", "deflate", "identity"})
"""What a reply may be packed with: what can be unpacked for the record."""
_AGENT_HEADER: Final = "x-maspo-agent"
"""Percent-encoded where a header cannot carry the name (UTF-8), as maspo itself sends it."""
_RETRIES_HEADER: Final = "x-stainless-retry-count"
"""By which the SDKs of OpenAI and Anthropic say how often they have tried."""
_SAME_FAILURE: Final = 120.0
"""Seconds for which a request that failed is answered with the same failure. SDKs and frameworks try again within the
first minute or so: up to 27 times in 21 s, the slowest after 60 s (docs/design/0014)."""
_MOST_REMEMBERED: Final = 10_000
"""Different requests of which a rollout remembers how often they came; an app that runs for days passes more."""
_MOST_UNDELIVERED: Final = 1_000
"""Answers that are held for an app which may ask for them again: errors, and those that came when it had hung up."""
ENDED_BEFORE: Final = "the rollout ended before the reply came"
"""What is said of a call whose app did not wait for the reply."""
_PATIENCE: Final = 600.0
"""Seconds for which a reply waits for an app that takes nothing of it, or goes on for one that has gone, as long as an
endpoint may be silent: it holds a place among the calls in flight meanwhile, and comments may come for ever."""
_NOT_ASKED: Final = frozenset({"metadata", "user", "prompt_cache_key", "safety_identifier", "store"})
"""Members of a body that tell the provider something and the model nothing: they may differ from run to run."""
_IN_ORDER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
"""Writes equal bodies alike, whatever the order of their members."""
_MADE_UP: Final = re.compile(
    r'("(?:tool_call_id|call_id|tool_use_id|id)":)"'
    r'((?:[a-z]{1,8}[-_])?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12})"'
)
"""A UUID by which a request calls a tool's call. Frameworks that write a hand-over themselves make a new one each time
(langgraph-supervisor 0.0.31), and it says nothing: what counts is which call and which result are one."""
_GRACE: Final = 5.0
"""Seconds that a rollout which ends waits for replies that its app has not waited for."""
_JSON: Final = (("Content-Type", "application/json"),)
_UNDECLARED: Final = Attribution(None, "no agents are declared")
_LOG = logging.getLogger(__name__)


class _ToApp(Delivery):
    """Passes a stream on to the app as it comes. When the app has gone, the reply is still read: it is paid for."""

    __slots__ = ("exchange", "forsaken")

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self.exchange = exchange
        self.forsaken = False
        """The app has left, and was waited for long enough."""

    @property
    def taken(self) -> bool:
        """Whether all that came of a stream was sent."""
        return self.head is not None and self.exchange.waits

    def begin(self, head: Head, first: bytes) -> Taker | None:
        """Send status and headers, and in the same write what has come of the body; return where the rest goes."""
        self.head = head
        return self.exchange.begin(head.status, _returned(head.headers), first)


@dataclass(slots=True, eq=False)
class _Attempt:
    """A question that an app asks: the retries of its SDK are the same question, and get the same answer."""

    delivery: _ToApp
    task: asyncio.Task[Response]
    waiting: list[Exchange] = field(default_factory=list)
    """Who waits for the answer: who asked first, if still there, and retries."""
    delivered: bool = False
    failed_at: float | None = None
    _limit: asyncio.TimerHandle | None = None
    """What ends it, once nobody waits for the answer."""

    def join(self, exchange: Exchange) -> None:
        """Let a request of the app wait for the answer."""
        self.waiting.append(exchange)
        exchange.on_gone = partial(self.leave, exchange)
        self.stay()
        if self.task.done():
            self.answer()

    def stay(self) -> None:
        """Take note that the answer is waited for again, or is there."""
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def answer(self) -> None:
        """Give the answer to all who wait: the end of the stream to whom it was passed on, the whole to others."""
        gone = Response(503, (("x-should-retry", "false"),), b"the rollout has ended")
        response = gone if self.task.cancelled() else self.task.result()
        waiting, self.waiting = self.waiting, []
        for exchange in waiting:
            if self.delivery.head is None or exchange is not self.delivery.exchange:
                self.delivered = self.failed_at is None
                _answer(exchange, response)
            elif self.delivery.cut:
                exchange.cut()  # what came is sent; the end, which never came, is not
            else:
                exchange.end()

    def may_be_joined(self, retry: bool, now: float) -> bool:
        """Say whether an equal request that comes now is a retry of this one, rather than a question of its own."""
        if self.failed_at is not None:
            return now - self.failed_at < _SAME_FAILURE
        return not self.delivered and (retry or not self.waiting)

    def leave(self, exchange: Exchange) -> None:
        """Take note that a request is gone: what is paid for goes on without an app, but not for ever."""
        if exchange in self.waiting:
            self.waiting.remove(exchange)
        if not self.waiting and not self.task.done():
            self._limit = asyncio.get_running_loop().call_later(_PATIENCE, self._forsake)

    def _forsake(self) -> None:
        self.delivery.forsaken = True
        self.task.cancel()


@dataclass(eq=False)
class Rollout:
    """One run of the app on one input, as the gateway sees it."""

    name: str
    base_url: str
    """What OpenAI's SDKs take as base URL; ends in ``/v1``."""
    prompts: Mapping[str, str]
    input_key: str
    occurrence: int
    limits: RolloutLimits
    edit: Edit | None = None
    replays_tools: bool = False
    error: MaspoError | None = None
    """Why no further call can be made, when that is so: a cap of the run, or the endpoint."""
    opened: float = field(default_factory=time.monotonic)
    sent: int = 0
    """Requests so far, retries of SDKs left out."""
    usd: float = 0.0
    """What its calls cost, as far as known; those from the record cost nothing."""
    _keys: set[str] = field(default_factory=set, repr=False)
    """What its requests came with."""
    _calls: dict[int, WireCall] = field(default_factory=dict)
    _attempts: OrderedDict[str, list[_Attempt]] = field(default_factory=OrderedDict)
    _times: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _conversations: Conversations = field(default_factory=Conversations)
    _tasks: dict[asyncio.Task[Response], float] = field(default_factory=dict)
    """Requests that are not answered yet, and when they came."""

    @property
    def calls(self) -> tuple[WireCall, ...]:
        """The calls that have ended, in the order in which they were asked; none where ``on_call`` takes them."""
        return tuple(self._calls[number] for number in sorted(self._calls))

    @property
    def waits(self) -> float:
        """The seconds that a request of it has waited for its answer; 0 where none does."""
        return time.monotonic() - min(self._tasks.values()) if self._tasks else 0.0

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which SDKs find the gateway; to be set in the app's process."""
        root = self.base_url.removesuffix("/v1")
        around = ",".join(filter(None, (os.environ.get("NO_PROXY", ""), "127.0.0.1,localhost")))
        return {
            "OPENAI_BASE_URL": self.base_url,
            "OPENAI_API_BASE": self.base_url,
            "ANTHROPIC_BASE_URL": root,
            "GOOGLE_GEMINI_BASE_URL": root,
            "OLLAMA_HOST": root,
            "OLLAMA_API_BASE": root,
            "NO_PROXY": around,
            "no_proxy": around,
            "MASPO_TOOLS": root + PATH if self.replays_tools else "",
        }

    def without_keys(self, text: str) -> str:
        """Return what the app brought or printed without the keys that it sent: errors of SDKs repeat them."""
        return cut_from(self._keys, text)

    def settle(self, content: str, attempt: _Attempt) -> None:
        """Let go of an attempt whose answer has reached the app."""
        attempts = self._attempts.get(content, [])
        if attempt in attempts:
            attempts.remove(attempt)
        if not attempts:
            self._attempts.pop(content, None)

    def exceeded(self) -> str:
        """Return the limit that the next call would pass; empty when it fits."""
        limits = self.limits
        if limits.calls is not None and self.sent >= limits.calls:
            return f"{limits.calls} calls"
        if limits.usd is not None and self.usd >= limits.usd:
            return f"${limits.usd:g}"
        if limits.seconds is not None and time.monotonic() - self.opened >= limits.seconds:
            return f"{limits.seconds:g} s"
        return ""

    def draw(self, content: str) -> int:
        """Return how often a question was asked before, and count it."""
        times = self._times.pop(content, 0)
        self._times[content] = times + 1
        while len(self._times) > _MOST_REMEMBERED:
            self._times.popitem(last=False)
        return times


class LimitReached(CallFailed):
    """The rollout has used what one rollout may use."""


class Gateway:
    """A transparent reverse proxy on loopback; use it as an async context manager.

    ``model`` answers ``WireRequest``s: layers around a ``WireClient``. ``agents`` are whom to recognize. ``on_call``
    takes each call as it ends; without it the rollout keeps them. ``sender`` takes requests that are no model calls,
    such as one for the list of models; without one they are refused. ``tools`` answers tools of the app that ask for
    what they answered before.
    ``relayed``: apps come through relays, of other machines too, each of which has a port of its own on loopback.

    Only who knows the secret in a rollout's address is served, and only by the names of this machine.
    """

    def __init__(
        self,
        model: ModelClient,
        agents: Iterable[WireAgent] = (),
        on_call: Callable[[Rollout, EndedCall], None] | None = None,
        sender: Sender | None = None,
        tools: ToolRecord | None = None,
        relayed: bool = False,
    ) -> None:
        self._model = model
        self._team = Team(agents)
        self._on_call = on_call
        self._sender = sender
        self._tools = tools
        self._relayed = relayed
        self._secret = secrets.token_urlsafe(24)
        self._rollouts: dict[str, Rollout] = {}
        self._opened = 0
        self._server = AppServer(self._admit, LARGEST_REQUEST, _PATIENCE)
        self._hosts: frozenset[str] = frozenset()
        self._apart: set[asyncio.Task[None]] = set()
        """Requests under way that are no model calls."""

    async def __aenter__(self) -> Self:
        await self._server.__aenter__()
        self._hosts = frozenset(self._of_port(f"{host}:{self._server.port}") for host in ("127.0.0.1", "localhost"))
        return self

    async def __aexit__(self, *_: object) -> None:
        for rollout in list(self._rollouts.values()):
            await self.close(rollout, grace=0.0)
        for task in self._apart:
            task.cancel()
        await self._server.__aexit__()
        forget_keys()
        _passed_on.cache_clear()

    def open(
        self,
        prompts: Mapping[str, str] | None = None,
        input_key: str = "",
        occurrence: int = 0,
        limits: RolloutLimits | None = None,
        name: str = "",
        edit: Edit | None = None,
    ) -> Rollout:
        """Open a rollout: an address of its own, at which an app is served with some prompts.

        Equal requests of rollouts with equal ``input_key`` and ``occurrence`` share their replies, in the order in
        which a rollout asks them. ``name`` gives a rollout the address of an earlier one that has ended: of an app that
        is kept alive, and has taken note of it. ``edit`` changes what agents are shown.
        """
        unknown = sorted(set(prompts or {}) - set(self._team.agents))
        if unknown:
            raise ConfigInvalid(f"prompts for {', '.join(unknown)}: no such agent; known: {', '.join(self.agents)}")
        name = name or str(self._opened)
        self._opened += 1
        base_url = f"http://127.0.0.1:{self._server.port}/{self._secret}/w/{name}/v1"
        rollout = Rollout(name, base_url, dict(prompts or {}), input_key, occurrence, limits or RolloutLimits(), edit)
        rollout.replays_tools = self._tools is not None
        self._rollouts[name] = rollout
        return rollout

    @property
    def agents(self) -> Sequence[str]:
        """The names of the agents that are recognized."""
        return list(self._team.agents)

    async def close(self, rollout: Rollout, grace: float = _GRACE) -> tuple[WireCall, ...]:
        """End a rollout and return its calls; replies that nobody waits for are waited for ``grace`` seconds."""
        self._rollouts.pop(rollout.name, None)
        tasks = set(rollout._tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return rollout.calls

    # ── a request ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _admit(self, head: RequestHead) -> Handler | None:
        """Return what takes a request; None for whoever does not belong here."""
        parts = head.path.split("/", 4)
        if self._of_port(head.named.get("host", "").lower()) not in self._hosts or len(parts) < 5 or parts[2] != "w":
            return None
        if not compare_digest(parts[1].encode("utf-8", "replace"), self._secret.encode()):
            return None
        rollout = self._rollouts.get(parts[3])
        return None if rollout is None else partial(self._take, rollout, f"/{parts[4]}")

    def _take(self, rollout: Rollout, path: str, exchange: Exchange) -> None:
        """Let a request be answered."""
        dialect = dialect_of(exchange.head.method, path.partition("?")[0], exchange.head.named)
        try:
            self._handle(rollout, path, dialect, exchange)
        except Exception:
            _answer(exchange, _unexpected(dialect, rollout))

    def _handle(self, rollout: Rollout, path: str, dialect: Dialect, exchange: Exchange) -> None:
        method, named, packed = exchange.head.method, exchange.head.named, exchange.body
        if named.get("upgrade", "").lower() == "websocket":  # any other offer may be passed over
            what = "the gateway carries no WebSockets; use plain requests"
            return _answer(exchange, _error(dialect, 400, what, "unsupported"))
        sent = _passed_on(tuple([pair for pair in exchange.head.headers if pair[0].lower() != "content-length"]))
        rollout._keys.update(keys_in(sent, path))
        if method != "POST":
            return self._answer_apart(exchange, rollout, dialect, self._pass_on(dialect, method, path, packed, sent))
        found = _object(unpacked(packed, sent))
        if path == PATH and self._tools is not None and found is not None:
            return self._answer_apart(exchange, rollout, dialect, self._result(self._tools, rollout, found))
        incoming = Incoming(path.partition("?")[0], found if found is not None else {})
        content, before = self._content(rollout, dialect, incoming, packed)
        attempt = self._find_attempt(rollout, content, named.get(_RETRIES_HEADER, "0") not in ("0", ""))
        if attempt is None:
            exceeded = rollout.exceeded()
            if exceeded:
                rollout.error = LimitReached(f"this rollout may use {exceeded}, and has")
                return _answer(exchange, _refusal(dialect, rollout.error))
            asking = _Asking(rollout, rollout.sent, dialect, incoming, path, packed, sent, content, before)
            rollout.sent += 1
            attempt = self._begin(asking, exchange, unquote(named.get(_AGENT_HEADER, "")))
        attempt.join(exchange)
        if attempt.delivered:
            rollout.settle(content, attempt)
        return None

    def _answer_apart(
        self, exchange: Exchange, rollout: Rollout, dialect: Dialect, answer: Coroutine[Any, Any, Response]
    ) -> None:
        """Let a request that is no model call be answered; it ends when its app leaves."""

        async def run() -> None:
            try:
                response = await answer
            except Exception:
                response = _unexpected(dialect, rollout)
            _answer(exchange, response)

        task = asyncio.create_task(run())
        self._apart.add(task)
        task.add_done_callback(self._apart.discard)
        exchange.on_gone = task.cancel

    def _of_port(self, host: str) -> str:
        """Return what must be known of the host that an app names; behind relays it names their ports."""
        return host.rpartition(":")[0] if self._relayed else host

    async def _pass_on(self, dialect: Dialect, method: str, path: str, body: bytes, headers: Headers) -> Response:
        """Return the answer to a request that is no model call."""
        if self._sender is None:
            return _error(dialect, 404, f"the gateway passes on model calls only, not {method}", "not_found")
        request = WireRequest(
            *("", (), "other.forward"),
            dialect=dialect,
            method=method,
            path=path,
            body=body,
            headers=headers,
            streamed=False,
            content="",
            draw=("", 0, 0),
            incoming=Incoming(path, {}),
        )
        try:
            return await self._sender.forward(request)
        except MaspoError as error:
            return _error(dialect, 502, str(error), "upstream")

    async def _result(self, tools: ToolRecord, rollout: Rollout, asked: JsonObject) -> Response:
        """Return the answer to a tool of the app, which asks for what it answered before."""
        found = await tools.answer(rollout.input_key, asked, rollout.without_keys)
        return Response(200, _JSON, json.dumps(found).encode())

    def _content(
        self, rollout: Rollout, dialect: Dialect, incoming: Incoming, raw: bytes
    ) -> tuple[str, tuple[Any, ...] | None]:
        """Return a digest of what is asked, and the conversation before it; None where that is not known."""
        previous = incoming.body.get("previous_response_id") if dialect.name == "responses" else None
        before = rollout._conversations.before(previous) if isinstance(previous, str) else ()
        if not incoming.body:
            return _digest(raw), before
        asked = {name: value for name, value in incoming.body.items() if name not in _NOT_ASKED}
        if before:
            asked = {**asked, "previous_response_id": before}
        text = _IN_ORDER([dialect.name, incoming.path, asked])
        if 'id":"' in text:
            names: dict[str, int] = {}
            text = _MADE_UP.sub(lambda found: f'{found[1]}"{names.setdefault(found[2], len(names))}"', text)
        return _digest(text.encode()), before

    def _find_attempt(self, rollout: Rollout, content: str, retry: bool) -> _Attempt | None:
        """Return the attempt that a request is a retry of."""
        now = time.monotonic()
        return next((one for one in rollout._attempts.get(content, ()) if one.may_be_joined(retry, now)), None)

    def _begin(self, asking: _Asking, exchange: Exchange, declared: str) -> _Attempt:
        """Send a question on its way; it goes on when the app hangs up, since it is paid for."""
        rollout = asking.rollout
        delivery = _ToApp(exchange)
        task = asyncio.create_task(self._asked(asking, delivery, declared))
        attempt = _Attempt(delivery, task)
        rollout._attempts.setdefault(asking.content, []).append(attempt)
        rollout._tasks[task] = time.monotonic()

        def ended(done: asyncio.Task[Response]) -> None:
            rollout._tasks.pop(done, None)
            attempt.stay()
            # A stream that broke off after its beginning was not tried again here: whoever does, asks anew.
            over = done.cancelled() or delivery.cut or delivery.taken
            if not over and delivery.response is None and delivery.head is None:
                attempt.failed_at = time.monotonic()
            attempt.answer()
            if over or attempt.delivered:
                rollout.settle(asking.content, attempt)

        task.add_done_callback(ended)
        while len(rollout._attempts) > _MOST_UNDELIVERED:
            rollout._attempts.popitem(last=False)
        return attempt

    async def _asked(self, asking: _Asking, delivery: _ToApp, declared: str) -> Response:
        """Return what the app gets, whatever goes wrong; never raises but when cancelled."""
        try:
            return await self._ask(asking, delivery, declared)
        except Exception:
            delivery.cut = delivery.head is not None
            return _unexpected(asking.dialect, asking.rollout)

    async def _ask(self, asking: _Asking, delivery: _ToApp, declared: str) -> Response:
        """Ask the model, take note of the call, and return what the app gets."""
        rollout, dialect = asking.rollout, asking.dialect
        asked = asking.read_request()
        attribution = self._attribute(asked, declared)
        request = self._request(asking, asked, attribution, delivery)
        note = partial(self._note, asking, asked, attribution, request, time.perf_counter())
        try:
            reply = await self._model.complete(request)
        except asyncio.CancelledError:
            why = ENDED_BEFORE
            if delivery.forsaken:
                why = f"the app went away, and its reply had not come to its end {_PATIENCE:g} s later"
            note(delivery.said or WireReply(), None, why)
            raise
        except MaspoError as error:
            note(delivery.said or WireReply(), None, str(error))
            if not isinstance(error, CallFailed):
                rollout.error = error
            if delivery.refusal is not None and not isinstance(error, BudgetReached):
                return _final(delivery.refusal)
            return _refusal(dialect, error)
        except Exception as error:
            note(WireReply(), None, f"unexpected {type(error).__name__}: {error}")
            return _unexpected(dialect, rollout)
        if delivery.response is None:
            delivery.response = replayed(reply.text)
            delivery.said = read(request, delivery.response)
        said = delivery.said or WireReply()
        note(said, reply, "")
        if asking.before is not None:
            rollout._conversations.keep(said.id, asking.before, asking.incoming.body, said.items)
        return delivery.response

    def _note(
        self,
        asking: _Asking,
        asked: Asked,
        attribution: Attribution,
        request: WireRequest,
        began: float,
        said: WireReply,
        reply: Reply | None,
        why: str,
    ) -> None:
        """Take note of a call that has ended, with what a reply says or why there is none."""
        rollout = asking.rollout
        seconds = reply.seconds if reply is not None else time.perf_counter() - began
        ended = EndedCall(rollout.name, asking.number, request, asked, attribution, said, reply, seconds, why)
        if reply is not None and not reply.cached:
            rollout.usd += reply.usd or 0.0
        if self._on_call is not None:
            self._on_call(rollout, ended)
            return
        ended.put_results(rollout._calls)
        rollout._calls[asking.number] = ended.call

    def _attribute(self, asked: Asked, declared: str) -> Attribution:
        if not self._team.agents:
            return _UNDECLARED
        return self._team.attribute(asked, declared)

    def _request(self, asking: _Asking, asked: Asked, attribution: Attribution, delivery: Delivery) -> WireRequest:
        """Return the model call that a request becomes, with the prompts of its rollout in place."""
        rollout, body, packed = asking.rollout, asking.incoming.body, asking.packed
        headers, content, texts = asking.headers, asking.content, asked.texts
        if (rollout.prompts and attribution.standing) or rollout.edit is not None:
            body = json.loads(unpacked(packed, headers) or b"")  # what was read stays as the app wrote it
            changed = swap(body, attribution, self._team, rollout.prompts)
            if rollout.edit is not None:
                shown_texts = asking.dialect.read_request(replace(asking.incoming, body=body)).texts
                changed |= rewrite(body, shown_texts, partial(rollout.edit, attribution.agent, rollout.calls))
            if changed:
                packed = json.dumps(body).encode()
                headers = tuple(pair for pair in headers if pair[0].lower() != "content-encoding")
                asking.incoming = replace(asking.incoming, body=body)
                content, _ = self._content(rollout, asking.dialect, asking.incoming, packed)
                texts = asking.dialect.read_request(asking.incoming).texts
        whole = json.dumps(expanded(body, asking.before)).encode() if asking.before else None
        shown = (whole if whole is not None else packed).decode("utf-8", "replace")
        draw = rollout.input_key, rollout.occurrence, rollout.draw(content)
        return WireRequest(
            model=asked.model,
            messages=(Message("user", shown),),
            purpose=AGENT,
            agent=attribution.agent or "",
            max_tokens=asked.max_tokens or ASSUMED_TOKENS,
            dialect=asking.dialect,
            path=asking.path,
            body=packed,
            headers=headers,
            streamed=asked.streamed,
            content=content,
            draw=draw,
            expanded=whole,
            incoming=asking.incoming,
            texts=[one.text for one in texts],
            delivery=delivery,
        )


@dataclass(slots=True, eq=False)
class _Asking:
    """A request of an app, on its way."""

    rollout: Rollout
    number: int
    dialect: Dialect
    incoming: Incoming
    path: str
    packed: bytes
    headers: Headers
    content: str
    before: tuple[Any, ...] | None

    def read_request(self) -> Asked:
        """Return what is asked, with the texts of a conversation that the endpoint keeps."""
        asked = self.dialect.read_request(self.incoming)
        if not self.before:
            return asked
        first = [text for text in asked.texts if text.role == "instructions"]
        rest = [text for text in asked.texts if text.role != "instructions"]
        return replace(asked, texts=(*first, *kept_texts(self.before), *rest))


def _object(body: bytes | None) -> JsonObject | None:
    found = loads(body or b"")
    return found if isinstance(found, dict) else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


@lru_cache(maxsize=64)
def _passed_on(found: Headers) -> Headers:
    """Return the headers of an app that are sent on; they are the same from call to call, but for the length."""
    kept = _end_to_end(found, _NOT_SENT)
    codings = [coding.strip() for coding in header(found, "accept-encoding").split(",")]
    known = [coding for coding in codings if coding.split(";")[0].strip() in _CODINGS]
    return (*kept, *((("Accept-Encoding", ", ".join(known)),) if known else ()))


def _returned(headers: Headers) -> Headers:
    """Return the headers that are passed on to the app."""
    return _end_to_end(headers, _NOT_RETURNED)


def _end_to_end(headers: Headers, without: frozenset[str]) -> Headers:
    """Return headers without some, and without those that ``Connection`` names as its own (RFC 9110, 7.6.1)."""
    found = [(name.lower(), value) for name, value in headers]
    for name, value in found:
        if name == "connection":
            without = without.union(one.strip().lower() for one in value.split(","))
    return tuple([pair for pair, (name, _) in zip(headers, found, strict=True) if name not in without])


def _answer(exchange: Exchange, response: Response) -> None:
    exchange.answer(response.status, _returned(response.headers), response.body)


def _final(response: Response) -> Response:
    """Return an endpoint's own error, which its SDK is told not to try again: that was done."""
    return replace(response, headers=(*response.headers, ("x-should-retry", "false")))


def _refusal(dialect: Dialect, error: MaspoError) -> Response:
    """Return the answer that an error of ours means: a cap is a matter of payment, all else of the endpoint."""
    if isinstance(error, BudgetReached | ConfigInvalid | LimitReached):
        return _error(dialect, 402, str(error), "billing_error")
    return _error(dialect, 502, str(error), "api_error")


def _unexpected(dialect: Dialect, rollout: Rollout) -> Response:
    """Return the answer that a fault of ours means, which is logged; within ``except``."""
    _LOG.exception("a request of rollout %s failed", rollout.name)
    return _error(dialect, 500, "unexpected error in the gateway", "internal")


def _error(dialect: Dialect, status: int, message: str, kind: str) -> Response:
    """Return an error as SDKs of all dialects read it, and do not try again."""
    error = {"message": f"maspo gateway: {message}", "type": kind, "code": kind, "status": kind.upper()}
    body: JsonObject = (
        {"error": error["message"]} if dialect.provider == "ollama" else {"type": "error", "error": error}
    )
    return Response(status, (*_JSON, ("x-should-retry", "false")), json.dumps(body).encode())
