"""Microsoft Agent Framework (tried with 1.23.0): instructions are among the default options of a chat agent."""

from __future__ import annotations

from typing import Any

KINDS = (("agent_framework", "Agent"),)


def tell(agent: Any) -> dict[str, Any]:
    """Return what an agent is called and told."""
    return {"name": agent.name, "passages": [agent.default_options.get("instructions")], "hands_over_to": []}
