"""Haystack (tried with 3.4.1): an agent has no name but that of its place in a pipeline, or of its variable."""

from __future__ import annotations

from typing import Any

KINDS = (("haystack", "Pipeline"), ("haystack.components.agents", "Agent"))


def tell(one: Any) -> list[dict[str, Any]] | dict[str, Any]:
    """Return what an agent is told, or what the agents of a pipeline are called and told."""
    if not hasattr(one, "walk"):
        return {"name": "", "passages": [one.system_prompt], "hands_over_to": []}
    return [
        {"name": name, "passages": [component.system_prompt], "hands_over_to": [], "object": component}
        for name, component in one.walk()
        if getattr(component, "system_prompt", None)
    ]
