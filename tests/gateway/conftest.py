"""A gateway before an endpoint of the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest

from maspo.gateway.client import Upstreams, WireClient
from maspo.gateway.ended import EndedCall
from maspo.gateway.gateway import Gateway, Rollout
from maspo.gateway.wire import WireAgent
from maspo.models.base import CallStore
from maspo.models.budget import Ledger
from maspo.models.layers.compose import compose
from maspo.models.layers.retried import RetryPolicy
from maspo.testing.models import MemoryStore
from tests.gateway.upstream import Upstream, upstream

AT_ONCE = RetryPolicy(attempts=3, base=0.0, cap=0.0)


@dataclass
class Bench:
    """Endpoint, gateway, one rollout and an app's HTTP client."""

    upstream: Upstream
    gateway: Gateway
    rollout: Rollout
    app: aiohttp.ClientSession
    ledger: Ledger
    store: CallStore = field(default_factory=MemoryStore)

    @property
    def root(self) -> str:
        return self.rollout.base_url.removesuffix("/v1")


Opener = Callable[..., AbstractAsyncContextManager[Bench]]


@asynccontextmanager
async def open_bench(
    agents: Sequence[WireAgent] = (),
    store: CallStore | None = None,
    ledger: Ledger | None = None,
    policy: RetryPolicy = AT_ONCE,
    stateless: bool = False,
    silence: float = 20.0,
    on_call: Callable[[Rollout, EndedCall], None] | None = None,
) -> AsyncIterator[Bench]:
    kept, book = store or MemoryStore(), ledger or Ledger()
    async with upstream() as endpoint, aiohttp.ClientSession(auto_decompress=False) as app:
        where = endpoint.url
        upstreams = Upstreams(f"{where}/v1", where, where, where, timeout=silence, stateless=stateless)
        async with WireClient(upstreams) as client:
            model = compose(client, kept, book, policy, 64)
            async with Gateway(model, agents, on_call, sender=client) as gateway:
                yield Bench(endpoint, gateway, gateway.open(), app, book, kept)


@pytest.fixture
def bench() -> Opener:
    return open_bench
