"""Asking endpoints whether they answer: ``GET /models``, side by side, with short time limits."""

from __future__ import annotations

import asyncio
import errno
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import aiohttp

from maspo.models.chat_completions import environment_proxy
from maspo.models.endpoint import Endpoint

Answer = Literal["answers", "refuses the key", "unexpected", "unreachable"]
_LONGEST_REPLY = 2_000_000
_MODELS_SHOWN = 3


@dataclass(frozen=True)
class Place:
    """An endpoint to ask: its name for people, its base URL, the key to show it, and how many seconds it gets.

    ``allow_http`` and ``use_proxy`` are those of the settings.
    """

    name: str
    base_url: str
    api_key: str = ""
    seconds: float = 0.5
    allow_http: bool = False
    use_proxy: bool = False


@dataclass(frozen=True)
class Probe:
    """What an endpoint said. ``detail`` is for people."""

    place: Place
    answer: Answer
    detail: str
    models: tuple[str, ...] = ()


LOCAL_PLACES = (
    Place("Ollama", "http://127.0.0.1:11434/v1"),
    Place("llama.cpp", "http://127.0.0.1:8080/v1"),
    Place("vLLM", "http://127.0.0.1:8000/v1"),
    Place("LM Studio", "http://127.0.0.1:1234/v1"),
)


async def probe_all(places: Sequence[Place]) -> list[Probe]:
    """Ask all places at once; a place that does not answer is a finding, never an error."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        return await asyncio.gather(*(_probe(session, place) for place in places))


async def _probe(session: aiohttp.ClientSession, place: Place) -> Probe:
    endpoint = Endpoint(place.base_url, place.api_key, allow_http=place.allow_http)
    endpoint.check_private()
    proxy = environment_proxy(endpoint.url) if place.use_proxy else None
    headers = {"Authorization": f"Bearer {place.api_key.strip()}"} if place.api_key.strip() else {}
    url = endpoint.url.removesuffix("/chat/completions") + "/models"
    timeout = aiohttp.ClientTimeout(total=place.seconds)
    try:
        async with session.get(url, headers=headers, timeout=timeout, proxy=proxy, allow_redirects=False) as response:
            body = await response.content.read(_LONGEST_REPLY)
            return _read(place, response.status, body)
    except TimeoutError:
        return Probe(place, "unreachable", f"no answer within {place.seconds:g} s")
    except aiohttp.ClientConnectorError as error:
        refused = error.os_error.errno == errno.ECONNREFUSED
        return Probe(place, "unreachable", "nothing listens there" if refused else str(error.os_error))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Probe(place, "unreachable", str(error) or type(error).__name__)


def _read(place: Place, status: int, body: bytes) -> Probe:
    if status in (401, 403):
        return Probe(place, "refuses the key", f"HTTP {status}: {'wrong' if place.api_key else 'no'} key")
    if status != 200:
        return Probe(place, "unexpected", f"HTTP {status} to GET /models; the base URL usually ends in /v1")
    try:
        names = [str(entry["id"]) for entry in json.loads(body)["data"]]
    except (ValueError, LookupError, TypeError, RecursionError):
        return Probe(place, "unexpected", "answers, but not with a list of models; is it OpenAI-compatible?")
    return Probe(place, "answers", f"models: {', '.join(names[:_MODELS_SHOWN])}", tuple(names))
