"""The bare model client of the wire: sends a request as it is, and passes the reply on as it comes."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import ClassVar, Final, Protocol, Self
from urllib.parse import parse_qsl, urlsplit

from yarl import URL

from maspo.core.errors import CallFailed, ProviderError, said_of
from maspo.gateway.connections import Connection, Connections, Taker, Unreached, request_head
from maspo.gateway.dialects.base import Dialect, Incoming, Provider
from maspo.gateway.message_reader import Headers
from maspo.gateway.response_reader import Head
from maspo.gateway.wire import WireReply
from maspo.models.base import PROBE, Adapted, Broken, Message, Reply, Request, Stage, Transient
from maspo.models.endpoint import Endpoint, header_safe
from maspo.models.reaching import environment_proxy, how_to_reach
from maspo.models.refusals import excerpt, read_refusal
from maspo.models.secret import Secret
from maspo.models.storing import share_of_storing

_CONNECT_SECONDS: Final = 15.0
"""Longest wait for a connection, as of the chat client."""
_LARGEST_REPLY: Final = 64 * 1024 * 1024
"""Bytes, unpacked: a reply with several images. What is longer is passed on, and recorded as failed."""
_WITH_HEAD: Final = 16_384
"""Bytes of a stream that go to the app in one write with its status and headers: any socket takes as many at once."""
WIRE: Final = "wire"
"""The endpoint of an app's own calls, among those of roles (``Request.endpoint``)."""
ASSUMED_TOKENS: Final = Request.max_tokens
"""What a reply is reserved at where the app sets no limit of tokens; a longer one raises the reserve of the next."""
_NO_TEXT: Final = '""'
_WORTH_KEEPING: Final = 200
"""Characters of a text from which on it takes longer to look through it than to see that it was."""
_OFTEN_SEEN: Final = 16_384
"""Characters of a text that may be met again in the next calls, such as a prompt; longer ones are not kept for that."""
_CUT: Final = frozenset({"length", "max_tokens", "max_output_tokens", "MAX_TOKENS"})
"""How the dialects say that a reply ended at the limit of tokens."""
_KEY_HEADERS: Final = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "proxy-authorization", "cookie")
_KEY_PARAMETERS: Final = frozenset({"key", "api_key", "api-key", "access_token", "token"})
_UNPACKED: Final = {"gzip": 31, "x-gzip": 31, "deflate": 47}
"""The codings of a body that can be read here; window bits of zlib: gzip alone, or whichever of gzip and zlib it is."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer as it came from the endpoint: status, headers as they stand there, and the body, packed or not."""

    status: int
    headers: Headers
    body: bytes = b""


@dataclass(slots=True)
class Delivery:
    """Where an answer goes, and what is known of it. One that keeps what it gets; the gateway's passes streams on."""

    response: Response | None = None
    """The answer, once it is whole: what the app gets, or would get if it asked again."""
    said: WireReply | None = None
    """What it says, once it was read."""
    refusal: Response | None = None
    """The last answer that was an error: what the app gets when no other comes."""
    head: Head | None = None
    """Status and headers of a stream that is passed on."""
    cut: bool = False
    """The connection to the endpoint broke while it was passed on."""

    def begin(self, head: Head, first: bytes) -> Taker | None:  # noqa: ARG002 (what has come of its body already)
        """Take status and headers of a stream, and the bytes that came with them; return where the rest goes."""
        self.head = head
        return None


@dataclass(frozen=True)
class WireRequest(Request):
    """A model call in an app's own words. Its messages are its body, so that it is recorded, and bounded, as one.

    Keys of the app may stand in them, and in what is answered: what is recorded is ``kept``. ``content`` tells what is
    asked apart from how: equal contents, at equal ``draw``, ask the same. ``expanded`` is the same request with its
    whole conversation, for endpoints that keep none.
    """

    verbatim: ClassVar[bool] = True
    endpoint: str = WIRE
    dialect: Dialect = field(kw_only=True)
    method: str = field(default="POST", kw_only=True)
    path: str = field(kw_only=True)
    """Below the gateway's own prefix, with the query."""
    body: bytes = field(kw_only=True, repr=False)
    headers: Headers = field(kw_only=True, repr=False)
    """The app's, its key among them: sent to its own host, and stored nowhere."""
    streamed: bool = field(kw_only=True)
    content: str = field(kw_only=True)
    draw: tuple[str, int, int] = field(kw_only=True)
    """The input, which of its rollouts, and how often that has asked the same: equal draws share a reply."""
    expanded: bytes | None = field(default=None, kw_only=True, repr=False)
    incoming: Incoming = field(kw_only=True, repr=False, compare=False)
    texts: Sequence[str] = field(default=(), kw_only=True, repr=False, compare=False)
    """Texts that stand in the body: prompts, and what was said before, come again with every call."""
    delivery: Delivery = field(default_factory=Delivery, kw_only=True, repr=False, compare=False)

    @cached_property
    def key(self) -> str:
        """The content address of the call."""
        draw = json.dumps(self.draw)
        content = [self.dialect.name, self.method, self.path.split("?")[0], self.content, draw, self.identity]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]

    @cached_property
    def app_keys(self) -> tuple[str, ...]:
        """The app's keys, which stand in no record."""
        return keys_in(self.headers, self.path)

    @cached_property
    def prompt(self) -> tuple[tuple[str, str], ...]:
        """What the model reads: instructions come first, wherever in the body they stand."""
        body = self.incoming.body if self.expanded is None else json.loads(self.expanded)
        texts = self.dialect.read_request(replace(self.incoming, body=body)).texts
        first = sorted(texts, key=lambda text: text.role != "instructions")
        return tuple((text.role, text.text) for text in first) or super().prompt

    @property
    def storing(self) -> float:
        """What the app has its endpoint keep, and for how long, decides what a token of it costs."""
        return share_of_storing(self.body)

    def kept(self, reply: Reply) -> tuple[Request, Reply]:
        """Return question and reply without the app's keys, however spelled."""
        (message,) = self.messages
        body = without_secrets(self.headers, self.path, message.content, self.texts)
        request = replace(self, messages=(Message("user", body),))
        request.__dict__["key"] = self.key  # it is the same, and known
        said = self.delivery.said
        text = _without_keys_in_parts(self, reply.text, said.text if said is not None else "")
        return request, replace(reply, text=text)

    def ready(self) -> Request:
        """Return the small question to whom this request is for, with the same key."""
        asked = self.dialect.ready(self.incoming)
        body = json.dumps(asked.body).encode()
        return replace(
            self,
            messages=(Message("user", body.decode()),),
            purpose=PROBE,
            agent="",
            max_tokens=16,
            path=asked.path,
            body=body,
            streamed=False,
            content="ready",
            expanded=None,
            delivery=Delivery(),
        )


@dataclass(frozen=True)
class Upstreams:
    """Where the requests of each provider's dialects go. Each app's key is sent to the address of its own dialect.

    ``timeout`` is the longest silence in seconds, ``stateless`` says that the endpoint keeps no conversations
    (Responses): requests are sent with theirs. Plain http to another machine and proxies must be allowed by name.
    """

    openai: str = "https://api.openai.com/v1"
    anthropic: str = "https://api.anthropic.com"
    gemini: str = "https://generativelanguage.googleapis.com"
    ollama: str = "http://127.0.0.1:11434"
    timeout: float = 600.0
    stateless: bool = False
    allow_http: bool = False
    use_proxy: bool = False
    attribution: bool = True
    run: str = ""

    @classmethod
    def found_in(cls, environ: Mapping[str, str], openai: str) -> Self:
        """Return where requests go by the variables that SDKs read; OpenAI's dialects go to the address given."""
        ollama = environ.get("OLLAMA_HOST") or cls.ollama
        return cls(
            openai=openai,
            anthropic=environ.get("ANTHROPIC_BASE_URL") or cls.anthropic,
            gemini=environ.get("GOOGLE_GEMINI_BASE_URL") or cls.gemini,
            ollama=ollama if "://" in ollama else f"http://{ollama}",
        )

    def endpoint(self, provider: Provider) -> Endpoint:
        """Return the endpoint of a provider.

        Raises:
            ConfigInvalid: its address cannot be used.

        """
        base = {"openai": self.openai, "anthropic": self.anthropic, "gemini": self.gemini, "ollama": self.ollama}
        endpoint = Endpoint(base[provider], "", self.run, self.attribution, self.timeout, self.allow_http)
        endpoint.check_private()
        return endpoint


_NOT_THERE = frozenset({404, 405, 501})
"""An address without the route of a call, as a base URL that lacks its version has."""
_VERSION = re.compile(r"/v1(?=[/?]|$)")


@lru_cache(maxsize=256)
def address(endpoint: Endpoint, provider: Provider, path: str) -> URL:
    """Return where a request goes: OpenAI's base addresses hold the version that its paths begin with."""
    base, _, query = endpoint.base_url.partition("?")
    base = base.rstrip("/")
    if provider == "openai":
        base = base.removesuffix("/chat/completions").removesuffix("/responses")
        # Only a whole part of the path: what remains must not read as a part of the host.
        path = path.removeprefix("/v1") if _VERSION.match(path) else path
    if query:
        path += f"{'&' if '?' in path else '?'}{query}"
    return URL(base + path, encoded=True)


class Sender(Protocol):
    """What sends a request that is no model call, such as one for the list of models."""

    async def forward(self, request: WireRequest) -> Response:
        """Return the answer, whatever it is.

        Raises:
            Transient: there is none.

        """
        ...


@dataclass(frozen=True)
class AnyOf:
    """A ``Sender`` over servers of the same models: the first that can be reached answers."""

    senders: Sequence[Sender]

    async def forward(self, request: WireRequest) -> Response:
        """Return the answer, whatever it is."""
        *others, last = self.senders
        for one in others:
            try:
                return await one.forward(request)
            except Transient as fault:
                if fault.stage is not Stage.UNREACHED:
                    raise
        return await last.forward(request)


class WireClient:
    """A ``ModelClient`` for wire requests: one attempt a call, no retries, no cache; those are layers.

    A stream is passed on as it comes, byte for byte; everything else once it is whole. Use it as an async context
    manager. It learns of each endpoint whether it keeps conversations.

    Raises (from ``complete``):
        Transient: this attempt failed, nothing of it was passed on, and another may not fail.
        Broken: it failed after a part was passed on.
        CallFailed: the endpoint refuses this request; its answer is in ``delivery.refusal``. Or a stream was passed on
            before, by another attempt: nothing is sent.
        ConfigInvalid: the address of the endpoint cannot be used.

    """

    def __init__(self, upstreams: Upstreams) -> None:
        self.upstreams = upstreams
        self._stateless: set[Provider] = {"openai"} if upstreams.stateless else set()
        self._endpoints: dict[Provider, Endpoint] = {}
        self._given: dict[Provider, Endpoint] = {}
        """Addresses as they were given, of providers that are asked at another."""
        self._answered: set[Provider] = set()
        self._connections: Connections | None = None

    async def __aenter__(self) -> Self:
        # Bytes are passed on as they are, so nothing is unpacked; redirects and cookies are the app's own affair.
        silence = self.upstreams.timeout
        self._connections = Connections(silence, min(_CONNECT_SECONDS, silence))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._connections is not None:
            await self._connections.close()
            self._connections = None

    async def forward(self, request: WireRequest) -> Response:
        """Send a request that is no model call, and return the answer, whatever it is."""
        started = time.perf_counter()
        try:
            url, proxy = self._way(request)
            connection = await self._lines.take(url, proxy)
            try:
                head = await self._ask(connection, request, url, proxy, most=sys.maxsize)  # a file may be long
                await connection.pass_on(None)
                return Response(head.status, head.headers, bytes(connection.body))
            finally:
                self._lines.give_back(url, proxy, connection)
        except (TimeoutError, OSError, ValueError) as error:
            raise self._describe_loss(request, error, time.perf_counter() - started) from None

    async def complete(self, request: Request) -> Reply:
        """Send one request once."""
        if not isinstance(request, WireRequest):
            raise TypeError(f"{request!r} is no request of the wire; ChatClient answers it")
        if request.delivery.head is not None:
            raise CallFailed("the app has a reply to this request already, and a second one cannot be passed on")
        raw: bytes | bytearray = b""
        asked = self._endpoint(request.dialect.provider)
        started = time.perf_counter()
        begun, failure, passed, taker = False, False, 0, None
        try:
            url, proxy = self._way(request)
            connection = await self._lines.take(url, proxy)
            try:
                head = await self._ask(connection, request, url, proxy, most=_LARGEST_REPLY)
                if request.streamed and head.status == 200:
                    begun = True
                    first = bytes(connection.body[:_WITH_HEAD])
                    taker, passed = request.delivery.begin(head, first), len(first)
                raw = connection.body
                await connection.pass_on(taker, passed)
            finally:
                self._lines.give_back(url, proxy, connection)
        except (TimeoutError, OSError, ValueError) as error:
            failure = True
            lost = self._describe_loss(request, error, time.perf_counter() - started)
        seconds = time.perf_counter() - started
        if failure:
            if not begun:
                raise lost from None
            request.delivery.said = read(request, Response(head.status, head.headers, bytes(raw)))
            request.delivery.cut = True
            raise Broken(f"{lost}, after {len(raw)} bytes of the reply")
        return self._reply(request, asked, Response(head.status, head.headers, bytes(raw)), seconds)

    @property
    def _lines(self) -> Connections:
        """The connections that are lent to requests."""
        if self._connections is None:
            raise RuntimeError("the client is not open; use `async with WireClient(upstreams) as client:`")
        return self._connections

    async def _ask(self, connection: Connection, request: WireRequest, url: URL, proxy: str | None, most: int) -> Head:
        """Send a request; return status and headers of its answer, of which ``most`` bytes are held, and a piece."""
        provider = request.dialect.provider
        endpoint = self._endpoint(provider)
        body = request.body if request.expanded is None or provider not in self._stateless else request.expanded
        told = (request.purpose, request.agent, endpoint.run) if endpoint.attribution else ()
        sent = request_head(request.method, url, (*request.headers, *_attribution(*told)), len(body), proxy)
        return await connection.ask(sent, body, most)

    def _way(self, request: WireRequest) -> tuple[URL, str | None]:
        """Return where a request goes, and through which proxy."""
        endpoint = self._endpoint(request.dialect.provider)
        proxy = environment_proxy(endpoint.base_url) if self.upstreams.use_proxy else None
        return address(endpoint, request.dialect.provider, request.path), proxy

    def _endpoint(self, provider: Provider) -> Endpoint:
        if provider not in self._endpoints:
            self._endpoints[provider] = self.upstreams.endpoint(provider)
        return self._endpoints[provider]

    def _reply(self, request: WireRequest, asked: Endpoint, response: Response, seconds: float) -> Reply:
        """Return what is recorded of an answer that came from an endpoint, or raise what it means."""
        delivery, provider = request.delivery, request.dialect.provider
        if response.status in _NOT_THERE and provider == "openai" and (other := self._elsewhere(provider, asked)):
            delivery.refusal = response
            raise other
        if response.status >= 300:
            raise self._refusal(request, response, seconds)
        moved = self._given.get(provider) if provider not in self._answered else None
        self._answered.add(provider)
        said = read(request, response)
        if not said.whole or said.failure:
            why = f"{self._endpoint(request.dialect.provider).shown}: {said.failure or 'the reply breaks off'}"
            why = without_keys(request, why)
            delivery.said = said
            if delivery.head is not None:
                raise Broken(why)
            delivery.refusal = response
            raise Transient(why, Stage.LOST, seconds=seconds)
        delivery.response, delivery.said, delivery.refusal = response, said, None
        return Reply(
            text=recorded(response),
            tokens_in=said.tokens_in,
            tokens_out=said.tokens_out,
            tokens_cached=said.tokens_cached,
            tokens_stored=said.tokens_stored,
            storing=said.storing,
            seconds=seconds,
            truncated=said.finish in _CUT,
            adapted=(
                f"--base-url {moved.shown}: no model calls are answered there, and they are at {asked.shown}, which is "
                "asked from now on: name that one"
                if moved is not None
                else ""
            ),
        )

    def _elsewhere(self, provider: Provider, asked: Endpoint) -> Adapted | None:
        """Return what becomes of a call that met no such route: it is sent again under ``/v1``, once; else None.

        Where there is none either, the address as it was given is asked from then on.
        """
        if asked is not self._endpoint(provider):
            return Adapted(f"{asked.shown}: another address is tried")
        if provider in self._answered:
            return None
        if provider in self._given:
            self._endpoints[provider] = self._given.pop(provider)
            self._answered.add(provider)
            return None
        if (other := asked.under_v1) is None:
            return None
        self._given[provider], self._endpoints[provider] = asked, other
        return Adapted(f"{asked.shown}: no model calls are answered there; {other.shown} is tried")

    def _refusal(self, request: WireRequest, response: Response, seconds: float) -> CallFailed:
        """Return the failure that an answer with an error means, and keep the answer for the app."""
        request.delivery.refusal = response
        endpoint = self._endpoint(request.dialect.provider)
        # Cut out before: messages quote a part of it, in other letters.
        text = (unpacked(response.body, response.headers) or b"").decode("utf-8", "surrogateescape")
        body = without_keys(request, text).encode("utf-8", "surrogateescape")
        unknown = response.status in (400, 404) and b"previous_response" in body and "openai" not in self._stateless
        if request.expanded is not None and unknown:
            self._stateless.add("openai")
            return Adapted(f"{endpoint.shown} does not know the conversation: {excerpt(body)}")
        headers = {name.title(): value for name, value in response.headers}
        failure = read_refusal(endpoint, response.status, {**headers, **dict(response.headers)}, body)
        if isinstance(failure, Transient):
            failure.seconds = seconds
        # What an endpoint says to one app, key or model is no verdict on the others: each call fails alone.
        words = without_keys(request, f"{failure}{_of_route(request, response.status)}")
        if isinstance(failure, Transient):
            failure.args = (words,)
            return failure
        return failure if isinstance(failure, CallFailed) and words == str(failure) else CallFailed(words)

    def _describe_loss(self, request: WireRequest, error: Exception, seconds: float) -> ProviderError:
        """Return the failure of an attempt that brought no answer."""
        endpoint = self._endpoint(request.dialect.provider)
        unreached = isinstance(error, Unreached)
        text = excerpt(said_of(error).encode("utf-8", "replace"))
        if isinstance(error, TimeoutError):
            text = f"silence for {seconds:.0f} s"
        proxy = environment_proxy(endpoint.base_url) if self.upstreams.use_proxy else None
        fix = f"; {how_to_reach(error, endpoint.base_url, proxy)}" if unreached else ""
        stage = Stage.UNREACHED if unreached else Stage.LOST
        return Transient(without_keys(request, f"{endpoint.shown}: {text}{fix}"), stage, seconds=seconds)


@lru_cache(maxsize=256)
def _attribution(purpose: str = "", agent: str = "", run: str = "") -> Headers:
    """Return the headers that tell whose a call is."""
    named = {"Purpose": purpose, "Agent": agent, "Run": run}
    return tuple((f"X-Maspo-{name}", header_safe(value)) for name, value in named.items() if value)


def header(headers: Headers, name: str) -> str:
    """Return a header's value, in lower case; empty when there is none."""
    for key, value in headers:
        if key.lower() == name:
            return value.strip().lower()
    return ""


def unpacked(body: bytes, headers: Headers) -> bytes | None:
    """Return a body without its content coding; None when that cannot be undone. Of one that breaks off, what came."""
    coding = header(headers, "content-encoding")
    if coding in ("", "identity"):
        return body
    if coding not in _UNPACKED:
        return None
    unpack = zlib.decompressobj(_UNPACKED[coding])
    try:
        found = unpack.decompress(body, _LARGEST_REPLY)
        while unpack.eof and unpack.unused_data and len(found) < _LARGEST_REPLY:  # gzip may have several members
            unpack, rest = zlib.decompressobj(_UNPACKED[coding]), unpack.unused_data
            found += unpack.decompress(rest, _LARGEST_REPLY - len(found))
    except zlib.error:
        return None
    return None if unpack.unconsumed_tail else found


def read(request: WireRequest, response: Response) -> WireReply:
    """Return what an answer says, as far as it came; some endpoints answer plainly where a stream is asked for."""
    body = unpacked(response.body, response.headers)
    if body is None or len(response.body) > _LARGEST_REPLY:
        return WireReply(whole=False, failure="the body cannot be unpacked, or is too large")
    kind = header(response.headers, "content-type")
    plain = kind.startswith("application/json") and body.lstrip()[:1] == b"{"
    return request.dialect.read_reply(body, request.streamed and not plain)


def recorded(response: Response) -> str:
    """Return an answer as it is recorded: a line of status and content type, then the body, unpacked."""
    kind = next((value for name, value in response.headers if name.lower() == "content-type"), "")
    body = unpacked(response.body, response.headers)
    return f"{response.status} {kind}\n{(body or b'').decode('utf-8', 'surrogateescape')}"


def replayed(text: str) -> Response:
    """Return the answer that was recorded."""
    head, _, body = text.partition("\n")
    status, _, kind = head.partition(" ")
    return Response(int(status), (("Content-Type", kind),), body.encode("utf-8", "surrogateescape"))


def _of_route(request: WireRequest, status: int) -> str:
    """Return which route an app asked for, where an endpoint may not have it; else empty."""
    if status not in (404, 405):
        return ""
    other = " (many endpoints have chat completions alone)" if request.dialect.name == "responses" else ""
    return f"; the app asked for {request.incoming.path}: check that this endpoint has that route{other}"


def without_keys(request: WireRequest, text: str) -> str:
    """Return a text without the app's keys, however spelled: an endpoint repeats them, or the app itself does."""
    return cut_from(request.app_keys, text)


def without_secrets(headers: Headers, path: str, body: str, texts: Iterable[str]) -> str:
    """Return a body without the keys that stand in headers and in the query of a path.

    ``texts`` stand in it, and are looked through once.
    """
    for key in keys_in(headers, path):
        rest = _rest_of(key, body, texts)
        if cut_from((key,), rest) != rest:  # without its texts, one request is as another
            body = _secret(key).cut_from(body)
    return body


def _rest_of(key: str, body: str, texts: Iterable[str]) -> str:
    """Return a body without those of its texts that hold no key, as was seen before or is seen now once and for all."""
    for text in texts:
        if _WORTH_KEEPING <= len(text) <= _OFTEN_SEEN and _cut(key, text) == text:
            body = _without(body, text)
    return body


def _without(body: str, text: str) -> str:
    """Return a body of JSON with an empty text in the place of one, in either of the ways in which it is written."""
    escaped = _in_json(text)
    if escaped in body:
        return body.replace(escaped, _NO_TEXT)
    return body if text.isascii() else body.replace(json.dumps(text, ensure_ascii=False), _NO_TEXT)


@lru_cache(maxsize=256)
def _in_json(text: str) -> str:
    """Return a text as JSON has it; the prompts of agents come with every call."""
    return json.dumps(text)


def cut_from(keys: Iterable[str], text: str) -> str:
    """Return a text without some keys, in every spelling."""
    for key in keys:
        text = _cut(key, text) if len(text) <= _OFTEN_SEEN else _secret(key).cut_from(text)
    return text


@lru_cache(maxsize=256)
def _cut(key: str, text: str) -> str:
    """Return a text without a key; the prompts of agents come with every call."""
    return _secret(key).cut_from(text)


def _without_keys_in_parts(request: WireRequest, body: str, text: str) -> str:
    """Return a body as it came without the app's keys, also where they are split over the parts of a stream.

    ``text`` is what the reply says: it is told elsewhere, too, and stands in a body that is no stream as one.
    """
    for key in request.app_keys:
        rest = body if request.streamed else _rest_of(key, body, (text,))
        if _secret(key).cut_from_parts(rest) != rest:
            body = _secret(key).cut_from_parts(body)
    return body


@lru_cache(maxsize=64)
def keys_in(headers: Headers, path: str) -> tuple[str, ...]:
    """Return the keys that an app sends along; words shorter than any key may stand in a text by right."""
    found = [value for name, value in headers if name.lower() in _KEY_HEADERS]
    if "?" in path:
        found += [value for name, value in parse_qsl(urlsplit(path).query) if name in _KEY_PARAMETERS]
    return tuple(word for value in found for word in [value.split(" ")[-1]] if len(word) >= 8)


@lru_cache(maxsize=64)
def _secret(key: str) -> Secret:
    return Secret(key)


def forget_keys() -> None:
    """Let go of the keys that were kept from call to call."""
    keys_in.cache_clear()
    _cut.cache_clear()
    _in_json.cache_clear()
    _secret.cache_clear()
