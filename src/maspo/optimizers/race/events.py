"""From what a round of the race found to the events that tell of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from maspo.core.prompts import Prompts
from maspo.core.sums import add_up
from maspo.core.verdict import Comparison
from maspo.events import CandidateScored, SearchEvent
from maspo.optimizers.parts.record import decision_event, scored_event, step_of, tally
from maspo.optimizers.parts.reward import Weights, reward
from maspo.optimizers.race.mixture import Candidate, by_agent
from maspo.optimizers.race.round import Round, Trial

_MOST_NAMED = 5
"""Other agents that a reason names; in a team of hundreds all of them for every agent would be most of the record."""


def round_events(round_: Round, accepted: Trial, agents: Iterable[str], weights: Weights) -> list[SearchEvent]:
    """Return for each agent what its candidates came to in a round of the race, and what becomes of its prompt."""
    candidates, changes = round_.candidates, accepted.part.changes
    evidence, effects = round_.evidence(), round_.effects or (0.0,) * len(candidates)
    spreads = round_.spreads()
    own = by_agent(range(len(candidates)), candidates)
    events: list[SearchEvent] = []
    for agent in agents:
        step, now, numbers = step_of(round_.number, agent), round_.anchor[agent], own.get(agent, [])
        some = {n: candidates[n] for n in numbers}
        events += _scored(step, now, some, evidence, effects, spreads, accepted, weights)
        reason = f"none of {len(numbers)} candidates was better" if numbers else "no usable draft"
        if agent in changes:
            members = [number for number in numbers if number in accepted.part.members]
            merges = f"{len(members)} of its candidates merged" if len(members) > 1 else "one candidate"
            expected = f"expected worth {add_up(effects[number] for number in members):+.3f}"
            others = [name for name in changes if name != agent]
            more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
            together = f" together with {', '.join(others[:_MOST_NAMED])}{more}" if others else ""
            reason = f"{merges}, {expected}; tried{together}: {tally(accepted.comparisons)}"
        elif any(effects[number] > 0 for number in numbers):
            reason = "looked better in mixed runs, but not when it was tried"
        events.append(decision_event(step, agent, now, changes.get(agent, now), reason))
    return events


def pruned_events(
    where: str,
    anchor: Prompts,
    left_out: Sequence[Candidate],
    evidence: Sequence[Sequence[Comparison]],
    effects: Sequence[float],
    accepted: Trial,
    weights: Weights,
) -> list[SearchEvent]:
    """Return what leaving out each sentence came to, and what becomes of the prompts."""
    events: list[SearchEvent] = []
    for agent, own in by_agent(range(len(left_out)), left_out).items():
        step, now = f"{where}/{agent}", anchor[agent]
        some = {n: left_out[n] for n in own}
        events += _scored(step, now, some, evidence, effects, [None] * len(left_out), accepted, weights)
        gone = sum(number in accepted.part.members for number in own)
        sentences = f"{gone} of {len(own)} added sentences left out that are not missed"
        reason = f"{sentences}: {tally(accepted.comparisons)}" if gone else "no added sentence can be left out"
        events.append(decision_event(step, agent, now, accepted.part.changes.get(agent, now), reason))
    return events


def _scored(
    step: str,
    parent: str,
    candidates: Mapping[int, Candidate],
    evidence: Sequence[Sequence[Comparison]],
    effects: Sequence[float],
    spreads: Sequence[float | None],
    accepted: Trial,
    weights: Weights,
) -> Iterator[CandidateScored]:
    """Yield what each of an agent's candidates, by its number, came to."""
    for number, one in candidates.items():
        result = (reward(evidence[number], weights, "centred"), effects[number], number in accepted.part.members)
        told = scored_event(step, one.agent, one.text, parent, evidence[number], result)
        yield replace(told, spread=spreads[number])
