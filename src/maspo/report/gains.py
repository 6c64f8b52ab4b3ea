"""Where the gain came from, as the search estimated it: what it thought its accepted candidates were worth. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maspo.core.prompts import prompt_id
from maspo.events import CandidateScored, PromptChanged
from maspo.report.fold import RunView, StepView


@dataclass(frozen=True, slots=True)
class Gain:
    """What an agent's new prompts were worth in the search's own scores, summed; no proof, and not causal.

    ``share`` is the agent's part of the worth of all agents; None when there is nothing to share out.
    """

    worth: float = 0.0
    share: float | None = None


def gains(view: RunView) -> Mapping[str, Gain]:
    """Return the gain of every agent by name."""
    worth = {agent.name: 0.0 for agent in view.agents}
    seen: dict[tuple[str, str], CandidateScored] = {}
    for step in view.steps:
        seen |= {(step.agent, candidate.candidate): candidate for candidate in step.candidates}
        if isinstance(step.decision, PromptChanged):
            winner = seen.get((step.agent, prompt_id(step.decision.after)))
            worth[step.agent] = worth.get(step.agent, 0.0) + _worth(step, winner)
    total = sum(worth.values())
    return {name: Gain(value, value / total if total > 0 else None) for name, value in worth.items()}


def _worth(step: StepView, winner: CandidateScored | None) -> float:
    """Return the score of the new prompt; one that no candidate was is merged from those that were kept."""
    merged: Sequence[CandidateScored] = [candidate for candidate in step.candidates if candidate.kept]
    return sum(candidate.score for candidate in ([winner] if winner else merged))
