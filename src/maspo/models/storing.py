"""What a prompt costs that an endpoint keeps in its cache: read from the request, whoever wrote it, and the reply."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from maspo.models.counts import count_of

_STORING: Final = re.compile(rb'"cache_control(?:_injection_points)?"\s*:\s*[{\[]\s*["{]')
"""How a request asks for a part of its prompt to be kept, itself or by the proxy that it passes through (LiteLLM); in
what it says, quotes stand behind backslashes."""
_FOR_AN_HOUR: Final = re.compile(rb'"ttl"\s*:\s*"1h"')
_CREATED: Final = "cache_creation"
"""How Anthropic's names of such tokens begin; other names are of others, some of whom keep prompts for nothing."""
_OF_AN_HOUR: Final = "ephemeral_1h_input_tokens"
_DEPTH: Final = 3
"""Tables in one another that are looked into; known usage has one or two."""
_STORED, _STORED_FOR_AN_HOUR = 1.25, 2.0
"""What tokens cost that are put into the cache for five minutes and for an hour, of those that are read (Anthropic,
"Prompt caching", pricing)."""


def share_of_storing(body: bytes) -> float:
    """Return what a token that a body of JSON has put into a cache costs at least, of one that is read."""
    if not _STORING.search(body):
        return 1.0
    return _STORED_FOR_AN_HOUR if _FOR_AN_HOUR.search(body) else _STORED


def share_as_told(usage: Mapping[Any, Any], stored: int) -> float:
    """Return what a token that was put into a cache costs at least, of one that is read, as the usage of a reply tells.

    Nobody need have asked for it in the request: a proxy on the way may have.
    """
    told = list(_counts(usage, _DEPTH))
    if not stored or not any(count and name.startswith((_CREATED, _OF_AN_HOUR)) for name, count in told):
        return 1.0
    for_an_hour = min(max((count for name, count in told if name == _OF_AN_HOUR), default=0), stored)
    return _STORED + (_STORED_FOR_AN_HOUR - _STORED) * for_an_hour / stored


def _counts(usage: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, int]]:
    for name, told in usage.items():
        if isinstance(told, Mapping) and depth:
            yield from _counts(told, depth - 1)
        elif (count := count_of(told)) is not None:
            yield str(name), count
