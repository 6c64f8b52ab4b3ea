"""smolagents (tried with 1.26.0): instructions stand within a long prompt of the framework's own."""

from __future__ import annotations

from typing import Any

KINDS = (("smolagents", "MultiStepAgent"),)


def tell(agent: Any) -> dict[str, Any]:
    """Return what an agent is called and told, and whom it manages."""
    managed = list(agent.managed_agents)
    # Of an agent without instructions the framework's own prompt is all that there is.
    return {"name": agent.name or "", "passages": [agent.instructions or agent.system_prompt], "hands_over_to": managed}
