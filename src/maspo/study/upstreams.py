"""Where the calls of an app go on to, by the settings and the variables that its SDKs read."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

from maspo.config import ModelSettings
from maspo.gateway.client import AnyOf, Upstreams, WireClient
from maspo.models.routed import Lane
from maspo.study.connections import servers_of


def upstreams_of(models: ModelSettings, run: str = "", address: str = "") -> Upstreams:
    """Return where the calls of an app go: OpenAI's dialects to the endpoint of the settings, others to their own.

    ``address`` is that of one of its servers; without it the first is taken.

    Raises:
        ConfigInvalid: an address that cannot be used.

    """
    upstreams = replace(
        Upstreams.found_in(os.environ, address or models.base_url_of("")),
        timeout=models.timeout,
        allow_http=models.allow_http,
        use_proxy=models.use_proxy,
        attribution=models.attribution,
        run=run,
    )
    upstreams.endpoint("openai")
    return upstreams


@dataclass(frozen=True)
class Wires:
    """The ways of an app's calls to the servers of its models; ``sender`` takes what is no model call."""

    lanes: Sequence[Lane]
    sender: AnyOf


@asynccontextmanager
async def wires_to(models: ModelSettings, run: str = "") -> AsyncIterator[Wires]:
    """Open the way of an app's calls to each server that answers all roles.

    Raises:
        ConfigInvalid: what ``servers_of`` and ``upstreams_of`` raise.

    """
    lanes, clients = [], []
    async with AsyncExitStack() as opened:
        for one in servers_of(models, run)[""]:
            client = await opened.enter_async_context(WireClient(upstreams_of(models, run, one.base_url)))
            clients.append(client)
            lanes.append(Lane(client, one.shown, one.is_near))
        yield Wires(lanes, AnyOf(clients))
