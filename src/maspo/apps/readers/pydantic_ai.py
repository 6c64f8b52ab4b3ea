"""PydanticAI (tried with 2.68.0): an agent keeps its texts under no public name, so they are found by what they are.

Its public ways of asking for them, ``system_prompt_parts`` and a run with a test model, call the app's own functions,
with whatever these do.
"""

from __future__ import annotations

from typing import Any

KINDS = (("pydantic_ai", "Agent"),)


def tell(agent: Any) -> dict[str, Any]:
    """Return what an agent is called and told first: a system prompt, else its own instructions."""
    kept = [one for value in vars(agent).values() if isinstance(value, (list, tuple)) for one in value]
    system = [one for one in kept if isinstance(one, str)][:1]
    # What tools and capabilities add has another source.
    own = [getattr(one, "instruction", None) for one in kept if str(getattr(one, "source", "")) == "agent"]
    return {"name": agent.name or "", "passages": system or own, "hands_over_to": []}
