"""Where the calls of an app go on to, by the settings and the variables that its SDKs read."""

from __future__ import annotations

import os
from dataclasses import replace

from maspo.config import ModelSettings
from maspo.gateway.client import Upstreams


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
