"""What to look at twice before a new prompt is used: words in it that speak to other systems."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.proposers.foreign import remarks
from maspo.report.fold import AgentView


def remarks_on(agent: AgentView) -> tuple[str, ...]:
    """Return what is remarkable in an agent's new prompt and was not in its seed prompt."""
    return remarks(agent.winner, agent.seed) if agent.rewritten else ()


def remarked(agents: Sequence[AgentView]) -> list[str]:
    """Return one line for each remark, with the agent's name."""
    return [f"{agent.name}'s new prompt {remark}" for agent in agents for remark in remarks_on(agent)]
