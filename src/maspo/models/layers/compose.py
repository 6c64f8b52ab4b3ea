"""The layers around a model client, and their order. Retries and limits are larger and have files of their own.

Why each stands where it stands: ``docs/design/0006-promises.md``.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Protocol

from maspo.core.errors import EmptyReply, ProviderError
from maspo.models.asking import encoded
from maspo.models.base import PROBE, Adapted, Broken, CallStore, ModelClient, Reply, Request, Silent, Stage, Transient
from maspo.models.budget import BROKEN, DECLINED, SILENT, Ledger
from maspo.models.layers.endings import check_ending
from maspo.models.layers.error_texts import ErrorTexts
from maspo.models.layers.limited import NEAR, Health, Limited, Pacing
from maspo.models.layers.retried import Retried, RetryPolicy
from maspo.models.layers.spread import Server, Spread
from maspo.models.routed import At, Lane, Routed
from maspo.models.surroundings import KnowsSurroundings
from maspo.models.thoughts import without_thoughts
from maspo.models.wrapping import unwrapped

_MORE_TOKENS = 4
"""How many times the tokens to try when a model writes nothing: models that think write several times what they say."""
_ROOM_TO_THINK = 8192
"""Tokens that are advised at least: reasoning models of 2026 think for some thousand on a question of mathematics."""
_NO_LIMIT = nullcontext()
"""In the place of a time cap where there is none."""


def compose(
    model: ModelClient,
    store: CallStore | None,
    ledger: Ledger,
    policy: RetryPolicy,
    concurrency: int,
    health: Health | None = None,
    lender: Lender | None = None,
    pacing: Pacing | None = None,
) -> ModelClient:
    """Wrap every layer around a bare model: ``Cached(Retried(Spread(Limited(Recorded(OnceMore(Metered(model)))))))``.

    The cache is outermost: what is known costs nothing. A retry waits without holding a slot, so the limit is inside.
    Each attempt is metered, just before it is sent. A reply without any text is paid for and recorded, but never taken
    for an answer. ``health`` tells why calls wait, when they do. Each address has a limit of its own. ``lender`` has
    replies of other runs. ``pacing`` is how every endpoint is approached; without one, that follows from where it is.
    Where an endpoint has several servers, ``Spread`` chooses among their limits, within the retries, so that a call is
    tried again elsewhere. Without a ``store`` nothing is kept, and each request is a question of its own: of a
    program of somebody else, which sees for itself that a reply is empty.
    """
    routes = model if isinstance(model, Routed) else Routed({"": (Lane(model),)})
    silent: set[str] = set()
    errors = ErrorTexts()
    servers: dict[str, Server] = {}
    spread: dict[str, Spread] = {}

    def beside(request: Request) -> Spread:
        return spread.get(request.endpoint) or spread[""]

    def elsewhere(place: str, request: Request) -> bool:
        return beside(request).open_beside(place)

    def leaves(place: str, request: Request) -> bool:
        return beside(request).takes_over(place)

    for lane in (lane for lanes in routes.lanes.values() for lane in lanes):
        if lane.place not in servers:
            paid: ModelClient = OnceMore(Metered(At(routes, lane.place), ledger), ledger, silent, errors)
            recorded = paid if store is None else Recorded(paid, store)
            slots = partial(slots_of, lane.client)
            others = partial(elsewhere, lane.place), partial(leaves, lane.place)
            approach = pacing or (NEAR if lane.near else Pacing())
            limit = Limited(recorded, concurrency, approach, health, ledger.remaining_seconds, slots, *others)
            servers[lane.place] = Server(lane.place, limit)
    for role, lanes in routes.lanes.items():
        spread[role] = Spread([servers[place] for place in dict.fromkeys(lane.place for lane in lanes)], health)
    limited = Routed({role: (Lane(one),) for role, one in spread.items()})
    retried: ModelClient = Retried(limited, policy, ledger.remaining_seconds)
    answering = retried if lender is None else Borrowed(retried, lender, ledger)
    return answering if store is None else Cached(answering, store, ledger)


async def slots_of(client: ModelClient) -> int:
    """Return how many calls an endpoint says that it answers side by side; 0 when it does not say."""
    return (await client.surroundings()).slots if isinstance(client, KnowsSurroundings) else 0


class Cached:
    """Answers from the run's record; concurrent equal requests share one call (single flight).

    Recording is the inner ``Recorded``'s part. A failure is everyone's failure; when the caller who leads is
    cancelled, one who waits takes over.

    Raises (from ``complete``):
        EmptyReply: the reply holds no text, now or in the record.

    """

    def __init__(self, inner: ModelClient, store: CallStore, ledger: Ledger) -> None:
        self._inner = inner
        self._store = store
        self._ledger = ledger
        self._flights: dict[str, asyncio.Future[Reply | None]] = {}

    async def complete(self, request: Request) -> Reply:
        """Answer from the record, from a call in flight, or by a call of its own."""
        while True:
            known = self._store.get(request.key)
            if known is None:
                flight = self._flights.get(request.key)
                if flight is None:
                    return _with_text(request, await self._lead(request))
                # Shielded: a waiter that is cancelled must not cancel the others' call.
                known = await asyncio.shield(flight)
            if known is not None:
                self._ledger.count_cached(request.purpose)
                return _with_text(request, replace(known, cached=True))

    async def _lead(self, request: Request) -> Reply:
        flight: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
        self._flights[request.key] = flight
        try:
            reply = await self._inner.complete(request)
            flight.set_result(reply)
            return reply
        except Exception as error:
            flight.set_exception(error)
            flight.exception()  # Seen here, so that a failure nobody waits for is not reported as forgotten.
            raise
        finally:
            del self._flights[request.key]
            if not flight.done():
                flight.set_result(None)  # Cancelled: one of the waiters takes over.


class Lender(Protocol):
    """Has replies that other runs have paid for."""

    async def borrow(self, key: str) -> Reply | None:
        """Return the reply of another run to a question, recorded in this one at no cost; None when none has one."""


class Borrowed:
    """Answers with what another run was answered, where runs share their replies.

    Not the small question that shows whether somebody answers now, nor for a program of somebody else.
    """

    def __init__(self, inner: ModelClient, lender: Lender, ledger: Ledger) -> None:
        self._inner = inner
        self._lender = lender
        self._ledger = ledger

    async def complete(self, request: Request) -> Reply:
        """Answer with the reply of another run, or as the inner model does."""
        if request.purpose == PROBE or request.verbatim:
            return await self._inner.complete(request)
        lent = await self._lender.borrow(request.key)
        if lent is None:
            return await self._inner.complete(request)
        self._ledger.count_cached(request.purpose)
        return replace(lent, cached=True)


class Recorded:
    """Records each reply: it is durable before anyone sees it.

    It stands inside the concurrency limit, so that a killed process repeats at most as many calls as it may have in
    flight.
    """

    def __init__(self, inner: ModelClient, store: CallStore) -> None:
        self._inner = inner
        self._store = store

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does, and record the reply."""
        request, reply = request.kept(await self._inner.complete(request))
        try:
            await self._store.put(request, reply)
        except asyncio.CancelledError:
            # The reply is paid for: recorded first, cancelled then.
            await self._store.put(request, reply)
            raise
        return reply


class OnceMore:
    """Asks once more for a reply that holds no text, or one that reads as an error; it then stands, and is recorded.

    Once, since some endpoints send an empty reply now and then, and a model that was silent twice is mostly silent a
    third time. Not at all when the reply ended at the token limit, which would be met again.

    It stands outside the meter, since such a reply is paid for, and inside the record, which holds the last one.

    Raises (from ``complete``):
        Silent: ask again.
        Refused, Transient: it ended as no answer ends; it is neither recorded nor asked once more as silent.

    """

    def __init__(
        self,
        inner: ModelClient,
        ledger: Ledger,
        silent: set[str] | None = None,
        errors: ErrorTexts | None = None,
    ) -> None:
        self._inner = inner
        self._ledger = ledger
        self._errors = errors or ErrorTexts()
        self._silent = set[str]() if silent is None else silent
        """Calls that were answered once, without text, by whichever server."""

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does, if that is an answer or the second reply."""
        reply = await self._inner.complete(request)
        # A program of somebody else has its reply by then, as it came: what it is worth is for that program to say.
        judged = not (request.verbatim or reply.broken or reply.refused_by)
        if judged and (error := self._find_error(request, reply)):
            self._ledger.book_unused(request, reply.usd, BROKEN)
            reply = replace(reply, broken=True, missing=error)
        check_ending(request, reply)
        answers = request.verbatim or (reply.text.strip() and not self._errors.asks_again(request, reply))
        if answers or reply.truncated or request.key in self._silent:
            if self._silent:  # nearly always nobody is, and a key takes as long as all of this
                self._silent.discard(request.key)
            return reply
        self._silent.add(request.key)
        self._ledger.book_unused(request, reply.usd, SILENT)
        raise Silent(_why_empty(request, reply), reply.usd, reply.seconds)

    def _find_error(self, request: Request, reply: Reply) -> str:
        """Return what shows that a reply is an error of a gateway; it is booked where every call would meet it."""
        try:
            return self._errors.find_error(request, reply)
        except ProviderError:
            self._ledger.book_unused(request, reply.usd, BROKEN)
            raise


def _with_text(request: Request, reply: Reply) -> Reply:
    """Return a reply that holds text: what is missing is never taken for an answer.

    Raises:
        EmptyReply: it holds none.

    """
    if reply.text.strip():
        return reply
    error = EmptyReply(_why_empty(request, reply))
    error.attempts = reply.attempts
    raise error


def _why_empty(request: Request, reply: Reply) -> str:
    """Say why a reply is empty, as far as that is known, and what helps."""
    more = f"--set models.reasoning_tokens={max(_ROOM_TO_THINK, _MORE_TOKENS * request.max_tokens)}"
    if reply.truncated:
        why = f"it ended at the limit of {request.max_tokens} tokens before any text. A model that thinks before it "
        why += f"writes needs tokens for that: {more}"
    elif reply.thoughts:
        why = (
            "it holds thoughts and no answer. If the server takes answers for thoughts (a parser of reasoning that is "
        )
        why += f"not this model's), start it without; else give the model more tokens to think: {more}"
    elif not reply.text.strip() and reply.missing in ("", "the content is empty"):
        why = f"the content is empty. If the model thinks before it writes, give it tokens for that: {more}"
    elif reply.missing:
        why = reply.missing
    else:
        why = "it reads as an error of what stands before the model"
    return f"{request.model}: a reply without an answer: {why}"


class Metered:
    """Keeps the ledger of a model: each attempt is reserved before it is sent, booked after, cut at the time cap."""

    def __init__(self, inner: ModelClient, ledger: Ledger) -> None:
        self._inner = inner
        self._ledger = ledger

    async def complete(self, request: Request) -> Reply:
        """Answer, if the ledger lets the call pass.

        Raises:
            BudgetReached: it does not.
            ProviderError: money is capped, and the model takes no limit of tokens.

        """
        reservation = await self._ledger.reserve(request)
        seconds = self._ledger.remaining_seconds()
        scope = None if seconds == math.inf else asyncio.timeout(seconds)
        try:
            async with scope or _NO_LIMIT:
                reply = await self._inner.complete(request)
        except ProviderError as error:
            if isinstance(error, Broken) or (isinstance(error, Transient) and error.stage is Stage.LOST):
                error.usd = self._ledger.book_loss(reservation)
            else:
                self._ledger.book_refusal(reservation)
            if isinstance(error, Adapted) and error.unlimited:
                self._ledger.check_unlimited(request.model)
            raise
        except BaseException as error:
            # Cancelled or out of time: nobody knows how far the call came.
            expired = isinstance(error, TimeoutError) and scope is not None and scope.expired()
            late = self._ledger.out_of_time() if expired else None
            self._ledger.cut_off(reservation)
            if late is not None:
                raise late from None
            raise
        if not request.verbatim:
            asked = "\n".join(message.content for message in request.messages)
            reply = without_thoughts(unwrapped(reply, request.messages), asked)
        if request.tools:
            reply = encoded(reply)
        usd = self._ledger.settle(reservation, reply)
        if reply.refused_by or reply.broken:
            self._ledger.book_unused(request, usd, BROKEN if reply.broken else DECLINED)
        return reply if usd is reply.usd else replace(reply, usd=usd)
