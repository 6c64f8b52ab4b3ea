"""OpenAI-compatible chat completions: the client. What it sends, reads and learns stands in files of their own."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, Self
from urllib.parse import urljoin

import aiohttp
from yarl import URL

from maspo.core.errors import CallFailed, ProviderError, said_of
from maspo.models.answered_by import is_another, is_own_name
from maspo.models.base import (
    PROBE,
    Adapted,
    BrokeOff,
    DoesNotFit,
    NoCompletion,
    Reply,
    Request,
    Stage,
    ToolAsked,
    Transient,
    Unusable,
)
from maspo.models.context import most_bytes, sizes_in
from maspo.models.dialects import STANDARD, Dialect, learn, payload, size_of
from maspo.models.endpoint import Endpoint
from maspo.models.incoming import LARGEST_BODY, WHOLE, Incoming, in_utf8, is_too_large
from maspo.models.reaching import environment_proxy, how_to_reach, shown_proxy
from maspo.models.refusals import READ_OF_ERROR, excerpt, read_refusal, read_told, says_nothing
from maspo.models.replies import is_stream, read_reply, told_failure
from maspo.models.surroundings import Surroundings, ask
from maspo.models.unnamed import Guesses

_CONNECT_SECONDS = 15.0
"""Longest wait for a connection: room for a lost packet or two, and far below a reply's time."""
_KEEP_ALIVE_SECONDS = 60.0
"""How long an idle connection is kept; a search pauses for seconds between two batches of calls."""
_ANSWERED = (200, 201, 203)
"""OK, Created, and what a proxy has changed (RFC 9110): their bodies are replies."""
_QUEUE = 4
"""Times the longest wait of late that a first part may take, once it is known that replies come in parts."""
_LOST = {
    "": "no reply within",
    "silent": "silence within the reply, after",
    "written": "the reply was still being written, longer than its tokens may take, after",
}
"""What is said of a reply that did not come to its end in time."""
_WAITS = 20
"""Waits for a first part that are remembered."""
_LONG_ENOUGH = 1000
"""Bytes of a prompt from which on the tokens that frame it play no part in how many tokens a byte is."""
_NEARLY = 0.9
"""Of the context: a prompt with more tokens may have been cut to fit, so it tells nothing of its length."""
_NEVER = "request too large"
"""A limit by the minute that a single request is beyond: waiting does not help."""
_STREAM_FAILED = frozenset({500, 501, 502})
"""Errors of a server, or of one behind a gateway (RFC 9110); 503, 504 and 529 speak of load, or of nobody there."""
_STREAMS_FAILED = 2
"""Streams that fail, where nothing was ever answered, before one reply is asked for whole: one may be chance."""
_OTHERS = 3
"""Replies that are no chat completion, where none ever came, until every call is taken to meet them: one or two may
come of a gateway that starts."""
_OTHER_MODELS = 3
"""Other models that replies to one name are said to come from; a router may have any number."""
_NOT_THERE = frozenset({404, 405, 501})
"""What a server says that knows no such path, or not for this method (RFC 9110)."""
_NO_SUCH_PATH = re.compile(r"unexpected endpoint", re.IGNORECASE)
"""The same in words, with HTTP 200: LM Studio's."""
_PACKED = "content-encoding"
"""What the HTTP library says of a body that it cannot unpack."""
_TOO_LARGE = 413
"""Content Too Large (RFC 9110): of the server, or of a proxy before it."""
_SPENT_ON_THOUGHTS = re.compile(r"could not finish the message because max_tokens|model output limit was reached")
"""HTTP 400 in words that say what ``finish_reason: length`` says: the model thought up to the limit."""

_TOO_FEW = re.compile(r"max\w*tokens\b.{0,60}(?:below minimum|at least|greater than or equal to|minimum)")
"""A limit of tokens that is too small for the endpoint: said of the small question, it answers all the same."""


@dataclass
class _Known:
    """What was learned of a model: its dialect, and how its replies come."""

    dialect: Dialect = STANDARD
    streams: bool = False
    waits: deque[float] = field(default_factory=lambda: deque(maxlen=_WAITS))
    """Seconds until the first part of the last replies."""
    context: int = 0
    """Tokens of prompt and reply together that a refusal named; 0 is not known."""
    least: float = 0.0
    """The fewest tokens a byte that a prompt of it had; 0 is not known."""
    whole_asked: bool = False
    """Whether it was tried to get tokens told by asking for whole replies."""
    streams_failed: int = 0
    """Requests for streams that were answered by an error of the server, or that broke off, before any reply and since
    a whole one was tried."""
    answered: bool = False
    """Whether a reply of it ever came."""
    guesses: Guesses = field(default_factory=Guesses)
    """What refusals may be about that name nothing."""
    others: set[str] = field(default_factory=set)
    """Names of other models that its replies came with."""

    def is_new_name(self, asked: str, told: str) -> bool:
        """Return whether a reply came with another model's name than any before; take note of it."""
        if told in self.others or len(self.others) == _OTHER_MODELS or not is_another(asked, told):
            return False
        self.others.add(told)
        return True

    def tries_whole(self) -> bool:
        """Return whether to ask for a whole reply now: no reply ever came, and streams failed twice in a row."""
        if not self.dialect.stream or self.answered or self.streams_failed < _STREAMS_FAILED:
            return False
        self.streams_failed = 0
        return True


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A request as it was sent once."""

    request: Request
    known: _Known
    """What was known of its model, and grows by what comes back."""
    dialect: Dialect
    whole: bool
    """Whether it was tried without a stream, although streams are not known to fail."""
    size: int
    """Bytes of its body."""
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class _Answer:
    """An HTTP response that has come to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    kind: str = ""
    """The type that the headers name."""

    def without_key(self, endpoint: Endpoint) -> _Answer:
        """Return the same without the key, in all that messages quote of it."""
        return replace(self, body=endpoint.redacted(self.body), kind=endpoint.without_key(self.kind))

    @property
    def is_too_large(self) -> bool:
        """Whether it has more bytes than any reply needs."""
        return is_too_large(self.body)


class ChatClient:
    """A ``ModelClient`` over HTTP: one attempt per call, no retries, no limit, no cache; those are layers.

    Use it as an async context manager. It learns, once per model, which parameters the endpoint refuses, and whether
    replies come as they are written. One that is being written may take as long as its tokens need: silence ends it.

    Raises (from ``complete``):
        Transient: this attempt failed and another may not.
        CallFailed: the endpoint refuses this request.
        ProviderError: the endpoint refuses every request of this kind (key, model, address).

    """

    def __init__(self, endpoint: Endpoint) -> None:
        endpoint.check_private()
        self._given = endpoint
        self._turn_to(endpoint)
        self._under_v1 = endpoint.under_v1
        """Where else chats may be answered, until that was tried."""
        self._not_here: ProviderError | None = None
        """What was said at the address as it was given, while the other one is tried or used."""
        self._moved = ""
        """What to say of the other one, once it answers."""
        self._proxy = environment_proxy(endpoint.url) if endpoint.use_proxy else None
        self._headers: dict[tuple[str, str], dict[str, str]] = {}
        first = STANDARD if endpoint.stream else replace(STANDARD, stream="")
        self._known: defaultdict[str, _Known] = defaultdict(lambda: _Known(first))
        self._session: aiohttp.ClientSession | None = None
        self._surroundings: asyncio.Task[Surroundings] | None = None
        self._answered = False
        """Whether a chat completion ever came."""
        self._others = 0
        """Replies that were none."""
        self._most_bytes = 0
        """Of a request, as a refusal has shown, whatever the model: a proxy may stand before all; 0 is not known."""
        self._why_too_large = ""

    async def __aenter__(self) -> Self:
        # Concurrency has its own layer, so the connector sets no limit. Redirects and cookies are not followed.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(_CONNECT_SECONDS, self.endpoint.timeout)),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._surroundings is not None:
            self._surroundings.cancel()
            await asyncio.gather(self._surroundings, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def surroundings(self) -> Surroundings:
        """Return what the server tells of its slots and its context; asked until it can tell."""
        if self._surroundings is None:
            self._surroundings = asyncio.create_task(ask(self._opened(), self.endpoint))
        found = await asyncio.shield(self._surroundings)
        if found.loading:
            self._surroundings = None
        return found

    async def complete(self, request: Request) -> Reply:
        """Send one request once. The key is cut out of whatever comes back."""
        try:
            reply = await self._send(request)
        except ProviderError as error:
            error.args = (self.endpoint.without_key(str(error), shortest=1),)
            raise
        return _without_key(reply, self.endpoint) if self.endpoint.has_secrets else reply

    async def _send(self, request: Request) -> Reply:
        known = self._known[request.model]
        self._check_may_fit(request, known)
        whole = "stream" not in self.endpoint.extra and known.tries_whole()
        dialect = replace(known.dialect, stream="") if whole else known.dialect
        if dialect.exact_tokens > request.max_tokens and request.purpose != PROBE:
            raise ProviderError(
                f"{request.model}: its limit of tokens must be {dialect.exact_tokens:,}, and a call may have "
                f"{request.max_tokens:,} here ({request.purpose}): --set models.max_tokens={dialect.exact_tokens}"
            )
        body = payload(request, dialect, self.endpoint.extra)
        if self._most_bytes and len(body) > self._most_bytes:
            raise DoesNotFit(self._too_large(len(body), "so it was not sent; "))
        attempt = _Attempt(request, known, dialect, whole, len(body), self.endpoint)
        answer, place = await self._post(request, known, body), attempt.endpoint.shown
        reply = _reply_in(answer, place)
        if reply is not None:
            return self._accept(attempt, answer, reply)
        # What says why is quoted in part, so the key is cut out before; of a reply only what was read goes on.
        answer = answer.without_key(self.endpoint)
        if answer.is_too_large:
            reason = f"a body of more than {LARGEST_BODY:,} bytes, which no reply within a token limit needs"
            raise Unusable(f"{place}: {reason}", None, answer.seconds)
        if answer.status in _ANSWERED:
            return self._accept(attempt, answer, self._read_or_learn(attempt, answer))
        return self._take_refusal(attempt, answer)

    def _read_or_learn(self, attempt: _Attempt, answer: _Answer) -> Reply:
        """Return the reply that is in an answer which was no plain one.

        Raises:
            Transient: there is none. What it says was learned; or chats may be answered elsewhere.

        """
        try:
            return _read(answer, attempt.endpoint.shown)
        except NoCompletion as other:
            if error := self._told_failure(attempt, answer):
                raise error from None
            raise self._look_elsewhere(attempt.endpoint, other) or self._somebody_else(other) from None
        except BrokeOff:
            attempt.known.streams_failed += bool(attempt.dialect.stream)
            raise
        except Transient as failed:
            # Some gateways tell with HTTP 200 what others tell with HTTP 400.
            failure = str(failed) if is_stream(answer.body) else _words_of(answer.body)
            elsewhere = self._look_elsewhere(attempt.endpoint, failed) if _NO_SUCH_PATH.search(failure) else None
            if elsewhere is not None:
                raise elsewhere from None
            self._learn(attempt, failure)
            self._check_fits(attempt.request, attempt.known, attempt.dialect, failure)
            if error := self._told_failure(attempt, answer):
                raise error from None
            raise

    def _told_failure(self, attempt: _Attempt, answer: _Answer) -> ProviderError | None:
        """Return the error that a body tells with HTTP 200 where every call would meet it, or where it is a limit."""
        told = told_failure(answer.body)
        return read_told(attempt.endpoint, told, answer.headers, _text_of(attempt.request)) if told else None

    def _accept(self, attempt: _Attempt, answer: _Answer, reply: Reply) -> Reply:
        """Return a reply, and learn from it how this endpoint answers."""
        request, known, dialect = attempt.request, attempt.known, attempt.dialect
        self._answered = known.answered = True
        if attempt.endpoint is not self.endpoint:
            # Here chats are answered after all; another call was told no model, say.
            self._turn_to(attempt.endpoint)
            self._moved = ""
        if self._moved:
            reply, self._moved = replace(reply, adapted=self._moved), ""
        if attempt.whole:
            # Streams fail there, so they are no way to more tokens, whatever form this reply has.
            known.dialect = replace(known.dialect, stream="")
            reply = replace(reply, adapted=f"{request.model}: no streams, they fail there: it sends replies whole")
        else:
            self._note_form(known, is_stream(answer.body), reply)
        known.dialect, left_out = known.guesses.take(request, dialect, known.dialect)
        if left_out:
            said = f"{request.model}: it refused without a reason, and takes requests with {left_out}"
            reply = replace(reply, adapted=said)
        own_name = attempt.endpoint.is_of_deployments and is_own_name(request.model, reply.model)
        if not reply.adapted and not own_name and known.is_new_name(request.model, reply.model):
            reply = replace(reply, adapted=_answered_by(request.model, reply.model))
        self._note_size(known, request, reply.tokens_in)
        if dialect.tokens and reply.answers and reply.tokens_out == dialect.limit(request):
            # Some servers say "stop" whatever ended a reply; nearly none ends by itself at its last token.
            reply = replace(reply, truncated=True)
        return reply

    def _take_refusal(self, attempt: _Attempt, answer: _Answer) -> Reply:
        """Learn from a refusal and raise it; of a question that had too few tokens return the empty reply."""
        request, known, dialect, status = attempt.request, attempt.known, attempt.dialect, answer.status
        if attempt.whole and status < 500:
            known.streams_failed = _STREAMS_FAILED  # About something else, a parameter: nothing is shown yet.
        words = _words_of(answer.body)
        small = request.purpose == PROBE and _TOO_FEW.search(words.lower())
        if status in (400, 422) and (small or _SPENT_ON_THOUGHTS.search(words.lower())):
            return Reply("", seconds=answer.seconds, truncated=True)
        nobody = status == 404 and "the requested parameters" in words.lower()  # OpenRouter: takes them
        no_streams = status in (403, 405) and dialect.stream != "" and "stream" in words.lower()
        if status in (400, 422) or status >= 500 or nobody or no_streams:
            # Some gateways put the refusal of the server behind them into an error of their own.
            self._learn(attempt, words)
        if status in (400, _TOO_LARGE, 422) or status >= 500 or (status == 429 and _NEVER in words.lower()):
            self._check_fits(request, known, dialect, words)
        if status == _TOO_LARGE:
            raise self._learn_size(attempt, answer, words)
        if status in (400, 422) and not attempt.whole and says_nothing(answer.body):
            self._guess(attempt)
        known.streams_failed += bool(dialect.stream) and status in _STREAM_FAILED
        error = read_refusal(attempt.endpoint, status, answer.headers, answer.body, _text_of(request))
        if 300 <= status < 400:
            self._add_slash(attempt.endpoint, answer.headers.get("Location", ""))
        if status in _NOT_THERE and (elsewhere := self._look_elsewhere(attempt.endpoint, error)) is not None:
            raise elsewhere
        if isinstance(error, CallFailed) and status in (400, 422) and (own := self._own_parameter(words)):
            error = ProviderError(
                f"{error}; {own} is a parameter of your settings: leave it out, or give another value"
            )
        if isinstance(error, Transient):
            error.seconds = answer.seconds
        raise error

    def _learn_size(self, attempt: _Attempt, answer: _Answer, words: str) -> DoesNotFit:
        """Learn from HTTP 413 how large a request may be; return the error of this one."""
        told = most_bytes(words.lower(), attempt.size)
        self._most_bytes = told or attempt.size - 1
        known_by = f"it takes at most {told:,}" if told else f"it refused one of {attempt.size:,}"
        self._why_too_large = f"{known_by}, with HTTP 413: {excerpt(answer.body) or 'no explanation'}"
        most = f"of more than {told:,} bytes" if told else "as large as one that it refused"
        said = f"it takes no request {most}: such a one is asked with less, or fails"
        return DoesNotFit(self._too_large(attempt.size), f"{self.endpoint.shown}: {said}")

    def _learn(self, attempt: _Attempt, words: str) -> None:
        """Learn from the words of a refusal.

        Raises:
            Adapted: there was something to learn.

        """
        request, known = attempt.request, attempt.known
        learned = learn(attempt.dialect, words, request)
        if learned is None:
            return
        known.dialect = replace(learned.dialect, stream=known.dialect.stream) if attempt.whole else learned.dialect
        raise Adapted(
            f"{request.model} refuses a parameter: {excerpt(words.encode('utf-8', 'replace'))}",
            unlimited=not learned.dialect.tokens,
            said=f"{request.model}: {learned.what}",
        )

    def _guess(self, attempt: _Attempt) -> None:
        """Ask in another way after a refusal that names nothing, as long as there is one.

        Raises:
            Adapted: there is one.

        """
        known, guesses = attempt.known, attempt.known.guesses
        if attempt.dialect == known.dialect:
            before = guesses.before
            found = guesses.next(attempt.request, known.dialect)
            known.dialect = found or before or known.dialect
            if found is None:
                return
        raise Adapted(f"{attempt.request.model} refuses something without a word: it is asked without {guesses.what}")

    def _turn_to(self, endpoint: Endpoint) -> None:
        self.endpoint, self._url = endpoint, URL(endpoint.url)

    def _look_elsewhere(self, asked: Endpoint, error: ProviderError) -> ProviderError | None:
        """Return what becomes of a call that met no chats: it is sent again under ``/v1``, once; None where it is lost.

        Where there is none either, what was said at the address as it was given is the error.
        """
        if asked is not self.endpoint:
            return Adapted(f"{asked.shown}: another address is tried")
        if self._not_here is not None and not self._answered:
            said, self._not_here, self._moved = self._not_here, None, ""
            said.args = (f"{said} (nor are chats answered at {asked.shown})",)
            self._turn_to(self._given)
            return said
        if self._answered or self._under_v1 is None:
            return None
        self._turn_to(self._under_v1)
        self._under_v1, self._not_here = None, error
        self._moved = (
            f"--base-url {asked.shown}: no chats are answered there, and they are at {self.endpoint.shown}, which is "
            "asked from now on: name that one"
        )
        return Adapted(f"{asked.shown}: no chats are answered there; {self.endpoint.shown} is tried")

    def _add_slash(self, asked: Endpoint, location: str) -> None:
        """Ask with a slash behind the path from now on, where that is all that a redirect adds.

        Raises:
            Adapted: it is.

        """
        there = replace(asked, behind="/")
        if asked.behind or urljoin(asked.url, location) != there.url:
            return
        if asked is self.endpoint:
            self._turn_to(there)
        raise Adapted(
            f"{asked.shown}: it redirects to a slash behind the path",
            said=f"{asked.shown}: it takes requests with a slash behind their path only",
        )

    def _somebody_else(self, other: NoCompletion) -> ProviderError:
        """Return the error of what is no completion: every call's, where nothing else ever came."""
        self._others += 1
        if self._answered or self._others < _OTHERS:
            return other
        proxy = f", asked through the proxy {shown_proxy(self._proxy)}" if self._proxy else ""
        return ProviderError(
            f"{other} (so {self._others} times, and nothing else came from {self.endpoint.shown_url}{proxy})"
        )

    def _own_parameter(self, words: str) -> str:
        """Return the parameter of the settings' own that a refusal names, as the settings call it; empty if none."""
        named = next((name for name in self.endpoint.extra if re.search(rf"\b{re.escape(name)}\b", words)), "")
        return "models.effort" if named == "reasoning_effort" else f"models.extra.{named}" if named else ""

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the client is not open; use `async with ChatClient(endpoint) as client:`")
        return self._session

    def _too_large(self, size: int, sent: str = "") -> str:
        return (
            f"{self.endpoint.shown}: the request does not fit: it has {size:,} bytes, {sent}{self._why_too_large}; "
            "shorten inputs or prompts, or let the server, or the proxy before it, take more"
        )

    async def _post(self, request: Request, known: _Known, body: bytes) -> _Answer:
        """Send a request and return the whole answer, however long it is written at.

        Raises:
            Transient: no answer came, or it fell silent.

        """
        session, began = self._opened(), time.perf_counter()
        attribution = (request.purpose, request.agent)
        if attribution not in self._headers:
            self._headers[attribution] = self.endpoint.headers(request)
        incoming = Incoming(request.max_tokens, self.endpoint.timeout, asyncio.get_running_loop().time)
        answered: aiohttp.ClientResponse | None = None
        try:
            async with (
                asyncio.timeout(self._patience(known)) as scope,
                session.post(
                    self._url,
                    data=body,
                    headers=self._headers[attribution],
                    proxy=self._proxy,
                    allow_redirects=False,
                ) as response,
            ):
                answered = response
                async for chunk in response.content.iter_any():
                    if not incoming.take(chunk):
                        response.close()
                        break
                    is_last = response.content.at_eof()
                    deadline = incoming.deadline_after(chunk, is_last)
                    if is_last:
                        break
                    if deadline is not None:
                        scope.reschedule(deadline)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            if not (isinstance(error, TimeoutError) and (incoming.over or incoming.ended)):
                # Not chained: texts of the HTTP library may hold what was sent.
                raise self._describe_loss(error, time.perf_counter() - began, incoming.state) from None
        assert answered is not None  # noqa: S101 (else there was an error)
        if answered.status in _ANSWERED:
            known.waits.append(incoming.first_part)
        came, kind = bytes(incoming.body), answered.headers.get("Content-Type", "")
        if not came.isascii():
            came = in_utf8(came, answered.charset or "")
        return _Answer(answered.status, answered.headers, came, time.perf_counter() - began, kind)

    def _patience(self, known: _Known) -> float:
        """Return the seconds until the first part of a reply must have come: others may be answered before."""
        silence, whole = self.endpoint.timeout, WHOLE * self.endpoint.timeout
        if not known.streams or not known.waits:
            return whole
        return min(whole, max(silence, _QUEUE * max(known.waits)))

    def _note_form(self, known: _Known, streamed: bool, reply: Reply) -> None:
        """Remember how replies come. Where a stream tells no tokens, a whole reply may: it is tried once."""
        known.streams = streamed
        if known.dialect.stream and streamed and reply.tokens_out is None and not known.whole_asked:
            known.whole_asked = True
            known.dialect = replace(known.dialect, stream="")
        elif not known.dialect.stream and known.whole_asked and reply.tokens_out is None and self.endpoint.stream:
            known.dialect = replace(known.dialect, stream="plain")

    def _context_of(self, model: str) -> int:
        """Return the tokens that a prompt and its reply may have: by the settings, a refusal, or what was told."""
        told, asked = 0, self._surroundings
        if asked is not None and asked.done() and not asked.cancelled() and asked.exception() is None:
            told = asked.result().context_of(model)
        known = self._known[model]
        return self.endpoint.context or known.context or known.dialect.context or told

    def _note_size(self, known: _Known, request: Request, tokens: int | None) -> None:
        """Learn how few tokens a text may have. One that was cut on the other side has as many as the context."""
        if not tokens or (size := size_of(request)) < _LONG_ENOUGH or 0 < known.least <= tokens / size:
            return
        context = self._context_of(request.model)
        if context and tokens > _NEARLY * context:
            return
        known.least = tokens / size

    def _check_may_fit(self, request: Request, known: _Known) -> None:
        """Check that a prompt is not surely longer than the context: some servers cut such a one without a word.

        Raises:
            DoesNotFit: it is, by the fewest tokens a byte that this model has been seen to make of a text.

        """
        context = known.least and self._context_of(request.model)
        if context and (tokens := int(size_of(request) * known.least)) > context:
            raise DoesNotFit(
                f"{request.model}: the prompt does not fit: it is longer than {tokens:,} tokens, more than the context "
                f"of {context:,}, so it was not sent; shorten inputs or prompts, or use a model with a longer context"
            )

    def _check_fits(self, request: Request, known: _Known, dialect: Dialect, words: str) -> None:
        """Check that a refusal is not that of a prompt that is too long.

        Raises:
            DoesNotFit: it is; names the sizes, as far as they were told.

        """
        sizes = sizes_in(words.lower(), dialect.limit(request))
        if sizes is None:
            return
        said = ""
        if sizes.context and sizes.context != known.context:
            known.context = sizes.context
            said = (
                f"{request.model}: its context is {sizes.context:,} tokens: what is longer is asked with less, or fails"
            )
        if sizes.prompt and size_of(request) >= _LONG_ENOUGH:
            known.least = min(known.least or 1.0, sizes.prompt / size_of(request))
        prompt = f"{sizes.prompt:,} tokens" if sizes.prompt else "it"
        context = f"the context of {sizes.context:,}" if sizes.context else "the context of the model"
        raise DoesNotFit(
            f"{request.model}: the prompt does not fit: {prompt} and a reply need more than {context}; shorten inputs "
            f"or prompts, or use a model with a longer context ({excerpt(words.encode('utf-8', 'replace'))})",
            said,
        )

    def _describe_loss(
        self, error: Exception, seconds: float, begun: Literal["", "silent", "written"]
    ) -> ProviderError:
        """Return the failure of an attempt that brought no answer; ``begun``: what had become of it, if a part came."""
        unreached = isinstance(
            error, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
        )
        if isinstance(error, TimeoutError):
            what = "no connection within" if unreached else _LOST[begun]
            reason = f"{what} {seconds:.0f} s (models.timeout is {self.endpoint.timeout:g} s)"
        else:
            text = said_of(error).encode("utf-8", "replace")
            reason = excerpt(self.endpoint.redacted(text, shortest=1))
            if _PACKED in reason:
                what = "it sends packed what was to come as it is"
                reason = f"{what} ({reason}): let the server, or a proxy before it, heed Accept-Encoding"
                return self._somebody_else(
                    NoCompletion(f"{self.endpoint.shown}: {reason}", Stage.LOST, seconds=seconds)
                )
            if isinstance(error, aiohttp.ClientHttpProxyError):
                reason = f"the proxy answers with HTTP {error.status} ({excerpt(error.message.encode())})"
            elif isinstance(error, aiohttp.ClientResponseError):
                reason = f"what answers there does not speak HTTP as it should ({reason})"
        fix = "; check the port, and http or https, in --base-url" if "speak HTTP" in reason else ""
        if unreached:
            fix = f"; {how_to_reach(error, self.endpoint.url, self._proxy)}"
        stage = Stage.UNREACHED if unreached else Stage.LOST
        return Transient(f"{self.endpoint.shown}: {reason}{fix}", stage, seconds=seconds)


def _read(answer: _Answer, place: str) -> Reply:
    return read_reply(answer.body, answer.seconds, place, answer.kind)


def _reply_in(answer: _Answer, place: str) -> Reply | None:
    """Return the reply that an answer holds; None where it holds none, or none that can be read."""
    if answer.status not in _ANSWERED or answer.is_too_large:
        return None
    try:
        return _read(answer, place)
    except Transient:
        return None


def _answered_by(asked: str, told: str) -> str:
    name = excerpt(told.encode("utf-8", "replace"))
    return f"{asked}: replies say that {name} wrote them; what is found holds for that model: see that it is meant"


def _without_key(reply: Reply, endpoint: Endpoint) -> Reply:
    """Return a reply without the key, in all that goes on of it."""
    without = endpoint.without_key
    asks = tuple(ToolAsked(without(one.id), without(one.name), without(one.arguments)) for one in reply.asks)
    told = (reply.text, reply.thoughts, reply.missing, reply.adapted, reply.model)
    kept = tuple([text and without(text) for text in told])
    if kept == told and asks == reply.asks:
        return reply
    text, thoughts, missing, adapted, model = kept
    return replace(reply, text=text, thoughts=thoughts, missing=missing, asks=asks, adapted=adapted, model=model)


def _text_of(request: Request) -> str:
    """Return what a request says, which a refusal of it may repeat."""
    return "\n".join(message.content for message in request.messages)


def _words_of(body: bytes) -> str:
    """Return the text of an error's body; where JSON has written letters as numbers, with the letters after it."""
    words = body[:READ_OF_ERROR].decode("utf-8", "replace")
    return f"{words}\n{excerpt(body)}" if "\\u" in words else words
