"""Agno (tried with 3.1.10): a prompt is made of description, role and instructions, which may be several.

Where there is a role, it stands in a frame of its own, and the instructions are the prompt.
"""

from __future__ import annotations

from typing import Any

KINDS = (("agno.agent", "Agent"),)


def tell(agent: Any) -> dict[str, Any]:
    """Return what an agent is called and told."""
    said = agent.instructions if isinstance(agent.instructions, list) else [agent.instructions]
    around = [] if agent.role and any(said) else [agent.description, agent.role]
    return {"name": agent.name, "passages": [*around, *said], "hands_over_to": []}
