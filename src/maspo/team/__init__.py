"""What is optimized: agents, systems, placeholders and topologies. Plain data, no I/O but reading a system file."""

from maspo.team.system import Agent, System

__all__ = ["Agent", "System"]
