"""OpenAI Agents SDK (tried with 0.24.0): instructions may be a function, and then only the name is told."""

from __future__ import annotations

from typing import Any

KINDS = (("agents", "Agent"),)


def tell(agent: Any) -> dict[str, Any]:
    """Return what an agent is called, told and allowed."""
    handed = [getattr(one, "agent_name", None) or getattr(one, "name", "") for one in agent.handoffs]
    return {"name": agent.name, "passages": [agent.instructions], "hands_over_to": handed}
