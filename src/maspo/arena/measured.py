"""The world as the arena asks it: every reply takes its time on the run's clock, and what arrives is counted."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from maspo.models.base import PROBE, Reply, Request
from maspo.world import World

Pace: TypeAlias = Literal["none", "wall", "depth"]
"""How long a reply takes: no time, 200 ms + 2 ms a token, or one unit whatever it is."""
_LATENCY = 0.2
_PER_TOKEN = 0.002
UNIT = 1.0


@dataclass(slots=True)
class Measured:
    """A ``ModelClient`` in front of a world."""

    world: World
    pace: Pace
    world_seconds: float = 0.0
    """CPU seconds of the world itself, which a real model would spend elsewhere."""
    repeats: int = 0
    """Calls at temperature 0 that had been asked before in the same words."""
    _asked: set[str] = field(default_factory=set)

    async def complete(self, request: Request) -> Reply:
        """Answer one request when its time has passed."""
        if request.temperature == 0 and request.purpose != PROBE:
            self.repeats += request.key in self._asked
            self._asked.add(request.key)
        began = time.thread_time()
        reply = self.world.reply(request)
        self.world_seconds += time.thread_time() - began
        if self.pace != "none":
            await asyncio.sleep(UNIT if self.pace == "depth" else _LATENCY + _PER_TOKEN * (reply.tokens_out or 0))
        return reply
