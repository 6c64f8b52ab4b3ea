"""Google ADK (tried with 2.13.0): instructions may be a function, and then only the name is told."""

from __future__ import annotations

from typing import Any

KINDS = (("google.adk.agents", "LlmAgent"),)


def tell(agent: Any) -> dict[str, Any]:
    """Return what an agent is called and told, and whom it may transfer to."""
    below = [one.name for one in agent.sub_agents]
    return {"name": agent.name, "passages": [agent.instruction], "hands_over_to": below}
