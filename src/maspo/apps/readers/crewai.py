"""CrewAI (tried with 1.15.30): a prompt is made of role, goal and backstory, as a crew has filled them in.

The goal is what is told: it is what ``maspo`` takes for the prompt, role and backstory being set around it.
"""

from __future__ import annotations

from typing import Any

KINDS = (("crewai", "Agent"),)


def tell(agent: Any) -> dict[str, Any]:
    """Return what a member of a crew is called and told."""
    return {"name": agent.role, "passages": [agent.goal], "hands_over_to": []}
