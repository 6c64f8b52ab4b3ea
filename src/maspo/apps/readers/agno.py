"""Agno (tried with 3.1.10): a prompt is made of description, role and instructions, which may be several."""

from __future__ import annotations

from typing import Any

KIND = ("agno.agent", "Agent")


def tell(agent: Any) -> dict[str, Any]:
    """Return what an agent is called and told."""
    said = agent.instructions if isinstance(agent.instructions, list) else [agent.instructions]
    return {"name": agent.name, "passages": [agent.description, agent.role, *said], "hands_over_to": []}
