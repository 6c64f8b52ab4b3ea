"""Haystack (tried with 3.4.1): an agent has no name but that of its place in a pipeline."""

from __future__ import annotations

from typing import Any

KIND = ("haystack", "Pipeline")


def tell(pipeline: Any) -> list[dict[str, Any]]:
    """Return what the agents of a pipeline are called and told."""
    return [
        {"name": name, "passages": [component.system_prompt], "hands_over_to": []}
        for name, component in pipeline.walk()
        if getattr(component, "system_prompt", None)
    ]
