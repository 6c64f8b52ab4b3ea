"""The calls of one process: who answers them, the ledger that they are counted in, and those that got no reply."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from weakref import WeakSet

from maspo.core.control_tokens import count_defused
from maspo.core.errors import CallFailed, EmptyReply
from maspo.core.prompts import Prompts
from maspo.core.running import work_clock
from maspo.core.trace import Trace
from maspo.core.usage import Usage, told_beside
from maspo.events import CallLost, CallUnsettled, ControlTokensDefused, DidNotFit, Event
from maspo.models.base import AGENT, CLIENTS, PROBE, CallStore, DoesNotFit, ModelClient, Reply, Request
from maspo.models.budget import Ledger, Limits
from maspo.models.prices import PriceBook
from maspo.models.routed import Lane, Routed
from maspo.runners.base import Runner, shares_under_way
from maspo.store.codec import strange
from maspo.store.run_store import RunStore
from maspo.study.afterwards import price_afterwards
from maspo.study.connections import scope_of, servers_of
from maspo.study.job import Job, Provider
from maspo.study.resolve import Parts
from maspo.world import World


def provider_of(parts: Parts) -> Provider:
    """Return where replies come from when a caller gives parts: the client that is given, else the job's own."""
    if parts.client is None:
        return provider

    @asynccontextmanager
    async def open_given(job: Job, run: str) -> AsyncIterator[ModelClient]:
        async with _open_client(parts.client, job, run) as client, _with_wire(client, job, run) as both:
            yield both

    return open_given


@asynccontextmanager
async def provider(job: Job, run: str) -> AsyncIterator[ModelClient]:
    """Open the bare model of a job: its simulated world, or the client of its settings, for its endpoint.

    Raises:
        ConfigInvalid: the endpoint's address or key cannot be used, or there is no such client.

    """
    if job.world is not None:
        yield World(job.world)
        return
    async with _open_client(job.config.models.client, job, run) as client, _with_wire(client, job, run) as both:
        yield both


def share(record: RunStore, job: Job, asked: Provider, kind: str = "") -> None:
    """Let work of one kind in a store use each other's replies, where it is known who answers: by the job's settings.

    A run and an evaluation of what it found are of two kinds: draws that prompts were chosen by tell nothing of them.
    """
    if record.is_shared and asked is provider and job.world is None and (scope := scope_of(job.config.models)):
        record.share(f"{scope}/{kind}" if kind else scope)


@asynccontextmanager
async def _with_wire(client: ModelClient, job: Job, run: str) -> AsyncIterator[ModelClient]:
    """Open the way on which the calls of a job's app go to its models, beside that of judge and proposer."""
    if job.system.app is None:
        yield client
        return
    from maspo.gateway.client import WIRE
    from maspo.study.upstreams import wires_to

    async with wires_to(job.config.models, run) as wires:
        first = wires.lanes[0]
        lanes = client.lanes if isinstance(client, Routed) else {"": (Lane(client, first.place, first.near),)}
        yield Routed({**lanes, WIRE: wires.lanes})


@asynccontextmanager
async def _open_client(chosen: object, job: Job, run: str) -> AsyncIterator[ModelClient]:
    """Open a client: by name or class for as long as the job works; an object is its owner's to open and close.

    A role with an endpoint of its own gets a client of its own, and so does each server of an endpoint.
    """
    lanes: dict[str, list[Lane]] = {}
    async with AsyncExitStack() as opened:
        for role, endpoints in servers_of(job.config.models, run).items():
            for endpoint in endpoints:
                made = CLIENTS.make(chosen, endpoint)
                client: ModelClient = made
                if made is chosen:  # one object for all: whoever made it knows where it asks
                    yield client
                    return
                if hasattr(made, "__aenter__"):
                    client = await opened.enter_async_context(made)
                lanes.setdefault(role, []).append(Lane(client, endpoint.shown, endpoint.is_near))
        yield Routed(lanes)


def open_ledger(job: Job, store: RunStore, prices: PriceBook) -> Ledger:
    """Open the ledger where the record ends, so that caps hold over all processes of a run together."""
    caps, meta = job.config.caps, store.meta()
    limits = Limits(caps.calls, caps.usd, None if caps.minutes is None else caps.minutes * 60)
    try:
        last = {purpose: Usage(**values) for purpose, values in json.loads(meta.get("usage", "{}")).items()}
        elapsed = float(meta.get("seconds", "0"))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise strange("what the run has spent", error) from error
    spent = store.usage()
    # What the record counts; how often it answered, and why attempts failed, is told beside it.
    before = {}
    for purpose in {**last, **spent}:
        counted, told = spent.get(purpose, Usage(usd=0.0)), last.get(purpose, Usage())
        before[purpose] = told_beside(counted, told)
    before = price_afterwards(before, store, prices)
    return Ledger(limits, prices, before, elapsed, book=store, clock=work_clock(), pool=store.pool())


@dataclass(frozen=True)
class LossReporter:
    """Publishes a ``CallLost`` for each call that failed for good, and lets the failure pass.

    Not for a small question that only shows whether a model answers, where the failure shows that it does. Equal
    questions in flight share one call, and so one failure: it is published for the first who asked. An empty reply is
    recorded, so whoever asks again meets it again: ``empty`` are the keys of those that are told already.
    """

    inner: ModelClient
    publish: Callable[[Event], Awaitable[None]]
    empty: set[str] = field(default_factory=set)
    published: WeakSet[CallFailed] = field(default_factory=WeakSet)
    unfit: set[str] = field(default_factory=set)
    """The keys of requests of which it was told that they do not fit."""

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does."""
        try:
            return await self.inner.complete(request)
        except CallFailed as error:
            if request.purpose == PROBE and proves_that_it_answers(error):
                raise
            key = request.key if isinstance(error, EmptyReply) else ""
            is_told = error in self.published or key in self.empty
            self.published.add(error)
            if isinstance(error, DoesNotFit) and request.purpose != AGENT:
                # Whoever asked goes on with less; what does not fit at all is undecided, or no draft.
                if not is_told and request.key not in self.unfit:
                    self.unfit.add(request.key)
                    await self.publish(DidNotFit(request.key, request.purpose, request.agent, str(error)))
                raise
            if not is_told:
                if key:
                    self.empty.add(key)
                reason = str(error)
                await self.publish(
                    CallLost(request.purpose, request.agent, reason, error.attempts, key=key, outcome=error.outcome)
                )
            raise


def proves_that_it_answers(error: CallFailed) -> bool:
    """Say whether a call that failed for good shows that somebody answers: with no text, or by declining to."""
    return error.outcome != "failed"


@dataclass(frozen=True)
class DefusalReporter:
    """Tells a ``ControlTokensDefused`` for each call whose texts held such tokens; ``told`` are earlier keys."""

    inner: ModelClient
    publish: Callable[[Event], Awaitable[None]]
    told: set[str] = field(default_factory=set)

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does."""
        tokens = sum(count_defused(message.content) for message in request.messages)
        if tokens and request.key not in self.told:
            self.told.add(request.key)
            await self.publish(ControlTokensDefused(request.key, request.purpose, request.agent, tokens))
        return await self.inner.complete(request)


@dataclass(frozen=True)
class Keeping:
    """Keeps results of tools in the record of calls: a tool is called once for an input, and replayed from then on."""

    inner: ModelClient
    store: CallStore
    _making: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does."""
        return await self.inner.complete(request)

    async def keep_result(self, request: Request, make: Callable[[], Awaitable[str]]) -> str:
        """Return what is recorded under a request's key; else make it, and record it before it is returned."""
        async with self._making.setdefault(request.key, asyncio.Lock()):
            known = self.store.get(request.key)
            if known is None:
                began = time.perf_counter()
                text = await make()
                known = Reply(text, seconds=time.perf_counter() - began, attempts=0)  # nobody is paid for it
                # The tool has done its work: it is recorded first, whoever does not wait any more.
                await asyncio.shield(self.store.put(request, known))
            return known.text


@dataclass(frozen=True)
class RunReporter:
    """Publishes a ``CallLost`` for each run of the team that failed though no call did, and lets the failure pass.

    An app can crash, hang or bring no answer. ``published`` are the failures of calls, which are told already; a run
    that failed by one of them names it as its cause.
    """

    inner: Runner
    publish: Callable[[Event], Awaitable[None]]
    published: WeakSet[CallFailed]

    @property
    def shares_under_way(self) -> bool:
        """Whether the inner runner takes over from a base that is under way."""
        return shares_under_way(self.inner)

    async def run(self, prompts: Prompts, input_key: str, base: Prompts | None = None) -> Trace:
        """Run as the inner runner does."""
        return await self._report_failure(self.inner.run(prompts, input_key, base))

    async def run_without(self, prompts: Prompts, input_key: str, source: str, reader: str) -> Trace:
        """Run as the inner runner does."""
        return await self._report_failure(self.inner.run_without(prompts, input_key, source, reader))

    async def close(self) -> None:
        """End what is still running."""
        await self.inner.close()

    async def _report_failure(self, run: Coroutine[Any, Any, Trace]) -> Trace:
        try:
            return await run
        except CallFailed as error:
            if error not in self.published and error.__cause__ is None:
                self.published.add(error)
                await self.publish(CallLost(AGENT, "", str(error), error.attempts, outcome=error.outcome))
            raise


def unsettled_calls(store: RunStore, events: Iterable[Event]) -> list[CallUnsettled]:
    """Return the calls that were in flight when an earlier process died, without those that the events list already.

    They are asked again, so they may be billed twice.
    """
    listed = {event.number for event in events if isinstance(event, CallUnsettled)}
    return [CallUnsettled(**asdict(left)) for left in store.open_attempts() if left.number not in listed]
