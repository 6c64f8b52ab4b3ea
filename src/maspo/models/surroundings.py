"""What a server tells of itself: how many calls it answers side by side, and how long a context it has.

Slots are asked for once, and only of servers on this machine or in a private network; one that does not know the
question says 404. The list of models, which many servers give with their contexts, may be asked for anywhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from maspo.models.bounded import read_at_most
from maspo.models.endpoint import Endpoint

if TYPE_CHECKING:  # who asks has opened a session; a run on the simulated world loads no HTTP library
    import aiohttp

_SECONDS = 2.0
"""For all questions together: a server near by answers at once."""
_LOADING = 503  # as llama.cpp says it
_LONGEST = 4_000_000
"""Bytes of an answer: OpenRouter's list of some hundred models is half a megabyte; more is something else."""
_MOST = 10_000
"""Slots that a server may have; a larger number is a mistake."""
_CONTEXTS = ("max_model_len", "context_length", "context_window", "max_context_length", "max_input_tokens")
"""What the context of a model is called in a list of models: by vLLM and SGLang, OpenRouter and Together, Groq,
Mistral, Anthropic and LiteLLM. Not what it was trained with, of which a server may keep less."""
_LOADED = "/api/ps"
"""Where Ollama tells what it has loaded."""
_NAMES = ("id", "model", "name")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a server; 0 is not known. ``context`` is in tokens, of one call."""

    slots: int = 0
    context: int = 0
    """Of every model that has none of its own in ``contexts``."""
    contexts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """By the name of a model."""
    loading: bool = False
    """It cannot tell yet, since it loads its model."""

    def context_of(self, model: str) -> int:
        """Return the tokens that a prompt of a model and its reply may have together; 0 is not known."""
        return self.contexts.get(model, 0) or self.contexts.get(f"{model}:latest", 0) or self.context


@runtime_checkable
class KnowsSurroundings(Protocol):
    """A client that can tell what its server tells of itself."""

    async def surroundings(self) -> Surroundings:
        """Return what is known; asked once."""
        ...


async def ask(session: aiohttp.ClientSession, endpoint: Endpoint) -> Surroundings:
    """Ask a server near by for its slots and its context; whatever fails is not known."""
    if not endpoint.is_near:
        return Surroundings()
    asked = _Questions(session, endpoint)
    try:
        async with asyncio.timeout(min(_SECONDS, endpoint.timeout)):
            props = await asked.get("/props")
            slots = None if _slots(props) or asked.loading else await asked.get("/slots")
            known = _slots(props) or _slots(slots)
            loaded = None if known or asked.loading else await asked.get(_LOADED)
            context = _context(props) or _context(slots)
            return Surroundings(known, context, _of_models(loaded), asked.loading)
    except TimeoutError:
        return Surroundings()


async def ask_contexts(session: aiohttp.ClientSession, endpoint: Endpoint, models: Sequence[str]) -> Surroundings:
    """Ask a server for the contexts of models: near by in every way there is, elsewhere by its list of models.

    Nothing of this is a call of a model.
    """
    found = await ask(session, endpoint)
    if all(map(found.context_of, models)):
        return found
    asked = _Questions(session, endpoint)
    contexts = dict(found.contexts)
    try:
        async with asyncio.timeout(_SECONDS if endpoint.is_near else 2 * _SECONDS):
            contexts = {**_of_models(await asked.get("/models", beside=True)), **contexts}
            unknown = [model for model in models if not contexts.get(model)]
            if unknown and endpoint.is_near and isinstance(await asked.get(_LOADED), Mapping):  # only Ollama has this
                contexts |= {model: _read_context(await asked.post("/api/show", {"model": model})) for model in unknown}
    except TimeoutError:
        pass
    return Surroundings(found.slots, found.context, contexts, found.loading)


class _Questions:
    """Asks one server; what cannot be had is None."""

    def __init__(self, session: aiohttp.ClientSession, endpoint: Endpoint) -> None:
        self._session = session
        self._base = endpoint.url.partition("?")[0].rstrip("/").removesuffix("/chat/completions")
        self._headers = {name: value for name, value in endpoint.headers_of_key().items() if name != "Content-Type"}
        self.loading = False

    async def get(self, path: str, beside: bool = False) -> Any:
        """Return what is told at a path of the server's own, or ``beside`` the one that chats are posted to."""
        root = self._base if beside else self._base.removesuffix("/v1")
        return await self._ask("GET", root + path)

    async def post(self, path: str, body: Mapping[str, str]) -> Any:
        """Return what a server tells about what a question names."""
        return await self._ask("POST", self._base.removesuffix("/v1") + path, body)

    async def _ask(self, method: str, url: str, body: Mapping[str, str] | None = None) -> Any:
        import aiohttp

        try:
            asked = self._session.request(method, url, headers=self._headers, json=body, allow_redirects=False)
            async with asked as response:
                self.loading = self.loading or response.status == _LOADING
                return json.loads(await read_at_most(response, _LONGEST)) if response.status == 200 else None
        except (aiohttp.ClientError, OSError, ValueError, RecursionError):
            return None


def _slots(found: Any) -> int:
    """Return the slots that llama.cpp's ``/props`` or ``/slots`` tells."""
    if isinstance(found, Mapping):
        return _number(found.get("total_slots"), _MOST)
    return len(found) if isinstance(found, Sequence) and 0 < len(found) <= _MOST else 0


def _context(found: Any) -> int:
    """Return the context of a call: of llama.cpp's slots."""
    if isinstance(found, Mapping):
        settings = found.get("default_generation_settings")
        return _number(settings.get("n_ctx")) if isinstance(settings, Mapping) else 0
    counts = [_number(one.get("n_ctx")) for one in found or () if isinstance(one, Mapping)]
    return min((count for count in counts if count), default=0)


def _of_models(found: Any) -> dict[str, int]:
    """Return the contexts in a list of models: that of OpenAI's protocol, or Ollama's of what it has loaded."""
    contexts: dict[str, int] = {}
    for one in _entries(found):
        told = [count for name in _CONTEXTS if (count := _number(one.get(name)))]
        if told:
            contexts |= {str(one[name]): told[0] for name in _NAMES if one.get(name)}
    return contexts


def _entries(found: Any) -> Iterator[Mapping[str, Any]]:
    listed = (found.get("data") or found.get("models")) if isinstance(found, Mapping) else found
    if isinstance(listed, Sequence) and not isinstance(listed, str):
        yield from (one for one in listed if isinstance(one, Mapping))


def _read_context(found: Any) -> int:
    """Return the context of a model as Ollama's ``/api/show`` tells it: what it is given, else what it may have."""
    if not isinstance(found, Mapping):
        return 0
    parameters = found.get("parameters")
    for line in parameters.splitlines() if isinstance(parameters, str) else ():
        name, _, value = line.strip().partition(" ")
        if name == "num_ctx" and value.strip().isdecimal():
            return _number(int(value))
    about = found.get("model_info")
    told = about.items() if isinstance(about, Mapping) else ()
    return next((_number(value) for name, value in told if str(name).endswith(".context_length")), 0)


def _number(found: object, most: int = 2**40) -> int:
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found <= most else 0
