"""What a prompt costs that an endpoint is asked to keep in its cache: read from the request, whoever wrote it."""

from __future__ import annotations

import re
from typing import Final

_STORING: Final = re.compile(rb'"cache_control(?:_injection_points)?"\s*:\s*[{\[]\s*["{]')
"""How a request asks for a part of its prompt to be kept, itself or by the proxy that it passes through (LiteLLM); in
what it says, quotes stand behind backslashes."""
_FOR_AN_HOUR: Final = re.compile(rb'"ttl"\s*:\s*"1h"')
_STORED, _STORED_FOR_AN_HOUR = 1.25, 2.0
"""What tokens cost that are put into the cache for five minutes and for an hour, of those that are read (Anthropic,
"Prompt caching", pricing)."""


def share_of_storing(body: bytes) -> float:
    """Return what a token that a body of JSON has put into a cache costs at least, of one that is read."""
    if not _STORING.search(body):
        return 1.0
    return _STORED_FOR_AN_HOUR if _FOR_AN_HOUR.search(body) else _STORED
