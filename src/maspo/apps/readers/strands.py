"""Strands (tried with 1.62.0)."""

from __future__ import annotations

from typing import Any

KINDS = (("strands", "Agent"),)


def tell(agent: Any) -> dict[str, Any]:
    """Return what an agent is called and told."""
    return {"name": agent.name, "passages": [agent.system_prompt], "hands_over_to": []}
