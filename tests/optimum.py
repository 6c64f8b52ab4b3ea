"""Nearly optimal prompts for the team of two of the default world: sought once, by whoever needs them first."""

from __future__ import annotations

from functools import cache

from maspo.core.prompts import Prompts
from maspo.world import World


@cache
def best_prompts() -> Prompts:
    """Return them; the search takes half a second, which is too long for the import of a module."""
    world = World()
    return world.best_prompts(world.system("reflect"), 60)
