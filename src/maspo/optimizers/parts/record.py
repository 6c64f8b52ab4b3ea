"""From what a search saw to the events that tell of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from maspo.core.prompts import prompt_id
from maspo.core.verdict import Comparison
from maspo.events import CandidateScored, CaseFound, DraftRejected, PromptChanged, PromptKept, SearchEvent
from maspo.optimizers.base import Case, Drafts
from maspo.optimizers.parts.mixture import by_agent
from maspo.optimizers.parts.reward import Weights, counts, reward
from maspo.optimizers.parts.similar import KnownPrompts
from maspo.optimizers.parts.union import Round, Trial

_MOST_NAMED = 5
"""Other agents that a reason names; in a team of hundreds all of them for every agent would be most of the record."""


def step_of(number: int, agent: str) -> str:
    """Return the step of an agent in a round, as events and ids of requests name it."""
    return f"r{number}/{agent}"


def rejected_events(step: str, agent: str, drafts: Drafts, known: KnownPrompts) -> tuple[list[str], list[SearchEvent]]:
    """Return the texts that may be tried, and an event for each draft that may not; ``known`` grows by the former."""
    fresh: list[str] = []
    events: list[SearchEvent] = []
    for draft in drafts.drafts:
        reason = draft.rejected or known.refusal(draft.text)
        if reason:
            events.append(DraftRejected(step, agent, draft.text, reason))
        else:
            known.add(draft.text)
            fresh.append(draft.text)
    return fresh, events


def case_events(cases: Iterable[Case]) -> list[SearchEvent]:
    """Return an event for each misalignment case."""
    found: list[SearchEvent] = []
    for case in cases:
        ids = prompt_id(case.candidate), prompt_id(case.reference[case.agent])
        found.append(CaseFound(case.step, case.agent, case.input_key, *ids, case.lost))
    return found


def scored_event(
    step: str, agent: str, text: str, parent: str, evidence: Sequence[Comparison], result: tuple[float, float, bool]
) -> CandidateScored:
    """Return the event of a candidate that met its reference; ``result`` is (reward R, score J, kept)."""
    reward, score, kept = result
    return CandidateScored(
        step=step,
        agent=agent,
        candidate=prompt_id(text),
        text=text,
        parent=prompt_id(parent),
        reward=reward,
        score=score,
        local=counts(comparison.local for comparison in evidence),
        lookahead=counts(verdict for comparison in evidence for _, verdict in comparison.lookahead),
        glob=counts(comparison.glob for comparison in evidence),
        inputs=len(evidence),
        misaligned=sum(comparison.misaligned for comparison in evidence),
        kept=kept,
    )


def tally(comparisons: Iterable[Comparison]) -> str:
    """Return the global verdicts of comparisons in words."""
    found = list(comparisons)
    seen = counts(comparison.glob for comparison in found)
    wins = f"{seen.wins} win{'s' * (seen.wins != 1)}"
    return f"{wins}, {seen.losses} loss{'es' * (seen.losses != 1)} on {len(found)} inputs"


def decision_event(step: str, agent: str, before: str, after: str, reason: str) -> PromptChanged | PromptKept:
    """Return the event of what becomes of an agent's prompt."""
    return PromptKept(step, agent, reason) if before == after else PromptChanged(step, agent, before, after, reason)


def round_events(round_: Round, accepted: Trial, agents: Iterable[str], weights: Weights) -> list[SearchEvent]:
    """Return for each agent what its candidates came to in a round of the race, and what becomes of its prompt."""
    candidates, changes = round_.candidates, accepted.part.changes
    evidence, effects = round_.evidence(), round_.effects or (0.0,) * len(candidates)
    own = by_agent(range(len(candidates)), candidates)
    events: list[SearchEvent] = []
    for agent in agents:
        step, now, numbers = step_of(round_.number, agent), round_.anchor[agent], own.get(agent, [])
        members = [number for number in numbers if number in accepted.part.members]
        for number in numbers:
            result = (reward(evidence[number], weights, "centred"), effects[number], number in members)
            events.append(scored_event(step, agent, candidates[number].text, now, evidence[number], result))
        reason = f"none of {len(numbers)} candidates was better" if numbers else "no usable draft"
        if agent in changes:
            merges = f"{len(members)} of its candidates merged" if len(members) > 1 else "one candidate"
            expected = f"expected worth {sum(effects[number] for number in members):+.3f}"
            others = [name for name in changes if name != agent]
            more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
            together = f" together with {', '.join(others[:_MOST_NAMED])}{more}" if others else ""
            reason = f"{merges}, {expected}; tried{together}: {tally(accepted.comparisons)}"
        elif any(effects[number] > 0 for number in numbers):
            reason = "looked better in mixed runs, but not when it was tried"
        events.append(decision_event(step, agent, now, changes.get(agent, now), reason))
    return events


def pruned_events(
    round_: Round,
    evidence: Sequence[Sequence[Comparison]],
    accepted: Trial,
    steps: Mapping[str, str],
    weights: Weights,
) -> list[SearchEvent]:
    """Return what leaving out each sentence came to, and what becomes of the prompts; ``steps`` are by agent."""
    events: list[SearchEvent] = []
    for agent, step in steps.items():
        own = [number for number, one in enumerate(round_.candidates) if one.agent == agent]
        gone = [number for number in own if number in accepted.part.members]
        for number in own:
            result = (reward(evidence[number], weights, "centred"), round_.effects[number], number in gone)
            events.append(
                scored_event(
                    step, agent, round_.candidates[number].text, round_.anchor[agent], evidence[number], result
                )
            )
        now = round_.anchor[agent]
        sentences = f"{len(gone)} of {len(own)} added sentences left out that are not missed"
        reason = f"{sentences}: {tally(accepted.comparisons)}" if gone else "no added sentence can be left out"
        events.append(decision_event(step, agent, now, accepted.part.changes.get(agent, now), reason))
    return events
