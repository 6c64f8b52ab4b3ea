"""Where replies come from: the endpoint of the config, or the simulated world of the job."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from maspo.models.base import CLIENTS, ModelClient
from maspo.models.endpoint import Endpoint
from maspo.study.job import Job, Provider
from maspo.study.resolve import Parts
from maspo.world import World


def provider_of(parts: Parts) -> Provider:
    """Return where replies come from when a caller gives parts: the client that is given, else the job's own."""
    if parts.client is None:
        return provider

    @asynccontextmanager
    async def given(job: Job, run: str) -> AsyncIterator[ModelClient]:
        async with _opened(parts.client, job, run) as client:
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
    async with _opened(job.config.models.client, job, run) as client:
        yield client


@asynccontextmanager
async def _opened(chosen: object, job: Job, run: str) -> AsyncIterator[ModelClient]:
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
