"""What a server near by tells of itself: how many calls it answers side by side, and how long a context it has.

Asked once, and only of servers on this machine or in a private network; one that does not know the question says 404.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from maspo.models.endpoint import Endpoint

if TYPE_CHECKING:  # who asks has opened a session; a run on the simulated world loads no HTTP library
    import aiohttp

_SECONDS = 2.0
"""For all questions together: a server near by answers at once."""
_LOADING = 503  # as llama.cpp says it
_LONGEST = 2_000_000
"""Bytes of an answer; more is something else."""
_MOST = 10_000
"""Slots that a server may have; a larger number is a mistake."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of a server; 0 is not known. ``context`` is in tokens, of one call."""

    slots: int = 0
    context: int = 0
    loading: bool = False
    """It cannot tell yet, since it loads its model."""


@runtime_checkable
class KnowsSurroundings(Protocol):
    """A client that can tell what its server tells of itself."""

    async def surroundings(self) -> Surroundings:
        """Return what is known; asked once."""
        ...


async def ask(session: aiohttp.ClientSession, endpoint: Endpoint) -> Surroundings:
    """Ask a server near by for its slots and its context; whatever fails is not known."""
    import aiohttp

    if not endpoint.is_near:
        return Surroundings()
    base = endpoint.url.partition("?")[0].removesuffix("/chat/completions")
    root = base.removesuffix("/v1")
    headers = {name: value for name, value in endpoint.headers_of_key().items() if name != "Content-Type"}

    loading = False

    async def get(url: str) -> Any:
        nonlocal loading
        try:
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                loading = loading or response.status == _LOADING
                return json.loads(await response.content.read(_LONGEST)) if response.status == 200 else None
        except (aiohttp.ClientError, OSError, ValueError, RecursionError):
            return None

    try:
        async with asyncio.timeout(min(_SECONDS, endpoint.timeout)):
            props = await get(f"{root}/props")
            slots = None if _slots(props) or loading else await get(f"{root}/slots")
            known = _slots(props) or _slots(slots)
            loaded = None if known or loading else await get(f"{root}/api/ps")
            return Surroundings(known, _context(props) or _context(slots) or _context(loaded), loading)
    except TimeoutError:
        return Surroundings()


def _slots(found: Any) -> int:
    """Return the slots that llama.cpp's ``/props`` or ``/slots`` tells."""
    if isinstance(found, Mapping):
        return _number(found.get("total_slots"), _MOST)
    return len(found) if isinstance(found, Sequence) and 0 < len(found) <= _MOST else 0


def _context(found: Any) -> int:
    """Return the context of a call: of llama.cpp's slots, or of the model that Ollama has loaded."""
    if isinstance(found, Mapping):
        settings = found.get("default_generation_settings")
        if isinstance(settings, Mapping) and settings.get("n_ctx"):
            return _number(settings.get("n_ctx"))
        models = found.get("models")
        found = models if isinstance(models, Sequence) else []
    counts = [_number(one.get("n_ctx") or one.get("context_length")) for one in found or () if isinstance(one, Mapping)]
    return min((count for count in counts if count), default=0)


def _number(found: object, most: int = 2**40) -> int:
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found <= most else 0
