"""LlamaIndex (tried with 0.14.25): agents of a workflow."""

from __future__ import annotations

from typing import Any

KINDS = (("llama_index.core.agent.workflow", "BaseWorkflowAgent"),)


def tell(agent: Any) -> dict[str, Any]:
    """Return what an agent is called, told and allowed."""
    return {"name": agent.name, "passages": [agent.system_prompt], "hands_over_to": list(agent.can_handoff_to or [])}
