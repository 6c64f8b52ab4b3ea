"""The calls of one process: who answers them, the ledger that they are counted in, and those that got no reply."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from weakref import WeakSet

from maspo.core.errors import CallFailed, EmptyReply
from maspo.core.usage import Usage
from maspo.events import CallLost, CallUnsettled, Event
from maspo.models.base import CLIENTS, ModelClient, Reply, Request
from maspo.models.budget import Ledger, Limits
from maspo.models.endpoint import Endpoint
from maspo.models.prices import PriceBook
from maspo.store.run_store import RunStore
from maspo.study.job import Job, Provider
from maspo.study.resolve import Parts
from maspo.world import World


def provider_of(parts: Parts) -> Provider:
    """Return where replies come from when a caller gives parts: the client that is given, else the job's own."""
    if parts.client is None:
        return provider

    @asynccontextmanager
    async def given(job: Job, run: str) -> AsyncIterator[ModelClient]:
        async with _open_client(parts.client, job, run) as client:
            yield client

    return given


@asynccontextmanager
async def provider(job: Job, run: str) -> AsyncIterator[ModelClient]:
    """Open the bare model of a job: its simulated world, or the client of its settings, for its endpoint.

    Raises:
        ConfigInvalid: the endpoint's address or key cannot be used, or there is no such client.

    """
    if job.world is not None:
        yield World(job.world)
        return
    async with _open_client(job.config.models.client, job, run) as client:
        yield client


@asynccontextmanager
async def _open_client(chosen: object, job: Job, run: str) -> AsyncIterator[ModelClient]:
    """Open a client: by name or class for as long as the job works; an object is its owner's to open and close."""
    models = job.config.models
    endpoint = Endpoint(
        base_url=models.base_url,
        api_key=os.environ.get(models.api_key_env, ""),
        run=run,
        attribution=models.attribution,
        timeout=models.timeout,
        allow_http=models.allow_http,
        use_proxy=models.use_proxy,
    )
    made = CLIENTS.make(chosen, endpoint)
    if made is chosen or not hasattr(made, "__aenter__"):
        yield made
        return
    async with made as client:
        yield client


def open_ledger(job: Job, store: RunStore, prices: PriceBook) -> Ledger:
    """Open the ledger where the record ends, so that caps hold over all processes of a run together."""
    caps, meta = job.config.caps, store.meta()
    limits = Limits(caps.calls, caps.usd, None if caps.minutes is None else caps.minutes * 60)
    last = {purpose: Usage(**values) for purpose, values in json.loads(meta.get("usage", "{}")).items()}
    spent = store.usage()
    # What the record counts, and how often it answered.
    before = {
        purpose: replace(spent.get(purpose, Usage(usd=0.0)), cached=last.get(purpose, Usage()).cached)
        for purpose in {**last, **spent}
    }
    return Ledger(limits, prices, before, float(meta.get("seconds", "0")), book=store)


@dataclass(frozen=True)
class LossReporter:
    """Publishes a ``CallLost`` for each call that failed for good, and lets the failure pass.

    Equal questions in flight share one call, and so one failure: it is published for the first who asked. An empty
    reply is recorded, so whoever asks again meets it again: ``empty`` are the keys of those that are told already.
    """

    inner: ModelClient
    publish: Callable[[Event], Awaitable[None]]
    empty: set[str] = field(default_factory=set)
    published: WeakSet[CallFailed] = field(default_factory=WeakSet)

    async def complete(self, request: Request) -> Reply:
        """Answer as the inner model does."""
        try:
            return await self.inner.complete(request)
        except CallFailed as error:
            key = request.key if isinstance(error, EmptyReply) else ""
            if error not in self.published and key not in self.empty:
                self.published.add(error)
                if key:
                    self.empty.add(key)
                reason = str(error)
                await self.publish(
                    CallLost(request.purpose, request.agent, reason, error.attempts, key=key, outcome=error.outcome)
                )
            raise


def unsettled_calls(store: RunStore, events: Iterable[Event]) -> list[CallUnsettled]:
    """Return the calls that were in flight when an earlier process died, without those that the events list already.

    They are asked again, so they may be billed twice.
    """
    listed = {event.number for event in events if isinstance(event, CallUnsettled)}
    return [CallUnsettled(**asdict(left)) for left in store.open_attempts() if left.number not in listed]
