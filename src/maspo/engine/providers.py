"""Where replies come from: the endpoint of the config, or the simulated world of the job."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from maspo.engine.job import Job
from maspo.models.base import Model
from maspo.models.endpoint import Endpoint
from maspo.world import World


@asynccontextmanager
async def provider(job: Job, run: str) -> AsyncIterator[Model]:
    """Open the bare model of a job: its simulated world, or an HTTP client for its endpoint.

    Raises:
        ConfigInvalid: the endpoint's address or key cannot be used.

    """
    if job.world is not None:
        yield World(job.world)
        return
    from maspo.models.client import ChatClient  # the HTTP library is a third of what a simulated run would load

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
    async with ChatClient(endpoint) as client:
        yield client
