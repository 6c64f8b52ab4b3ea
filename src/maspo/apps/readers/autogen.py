"""AutoGen (tried with 0.7.5): what an agent is told stands in its configuration only."""

from __future__ import annotations

from typing import Any

KINDS = (("autogen_agentchat.agents", "AssistantAgent"),)


def tell(agent: Any) -> dict[str, Any]:
    """Return what an agent is called, told and allowed; an agent whose tools cannot be written down tells its name."""
    try:
        kept = agent.dump_component().config
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        kept = {}
    handed = [one if isinstance(one, str) else one.get("target", "") for one in kept.get("handoffs") or []]
    return {"name": agent.name, "passages": [kept.get("system_message")], "hands_over_to": handed}
