"""The simulated world: a seeded stand-in for agents, judge and proposer."""

from maspo.world.spec import WorldSpec
from maspo.world.world import World

__all__ = ["World", "WorldSpec"]
