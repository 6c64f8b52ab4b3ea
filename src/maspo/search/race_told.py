"""What a race tells of a round: each candidate's figures, what changed and why. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from maspo.events import Event, PromptChanged, PromptKept
from maspo.search.mixture import Mixture
from maspo.search.race_state import State, step_of
from maspo.search.record import scored_event, tally
from maspo.search.reward import reward
from maspo.verdict import Comparison

_MOST_NAMES = 5


def recorded(state: State, part: Mixture, met: Sequence[Comparison]) -> State:
    """Say for each agent what its candidates came to in this round, and what becomes of its prompt."""
    events: list[Event] = []
    met_by = state.evidence()
    candidates: dict[str, list[int]] = {}
    for number, candidate in enumerate(state.candidates):
        candidates.setdefault(candidate.agent, []).append(number)
    for agent in state.setting.team.rewritten:
        step, now = step_of(state.round, agent), state.prompts[agent]
        own = candidates.get(agent, [])
        for number in own:
            evidence = met_by[number]
            worth = state.worth[number] if state.worth else 0.0
            result = (reward(evidence, state.setting.plan.weights, "centred"), worth, number in part.members)
            events.append(scored_event(step, agent, state.candidates[number].text, now, evidence, result))
        if agent in part.changes:
            reason = _why_changed(state, agent, part, met)
            events.append(PromptChanged(step, agent, now, part.changes[agent], reason))
        else:
            events.append(PromptKept(step, agent, _why_kept(state, own)))
    return replace(state, events=(*state.events, *events))


def _why_changed(state: State, agent: str, part: Mixture, met: Sequence[Comparison]) -> str:
    own = [number for number in part.members if state.candidates[number].agent == agent]
    worth = sum(state.worth[number] for number in own)
    merges = f"{len(own)} of its candidates merged" if len(own) > 1 else "one candidate"
    names = [name for name in part.changes if name != agent]
    # In a team of hundreds all names for every agent would be most of the record.
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    others = f" together with {', '.join(names[:_MOST_NAMES])}{more}" if names else ""
    return f"{merges}, expected worth {worth:+.3f}; tried{others}: {tally(met)}"


def _why_kept(state: State, own: Sequence[int]) -> str:
    if not own:
        return "no usable draft"
    if any(state.worth and state.worth[number] > 0 for number in own):
        return "looked better in mixed runs, but not when it was tried"
    return f"none of {len(own)} candidates was better"
