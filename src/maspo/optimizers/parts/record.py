"""From what a search saw to the events that tell of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from maspo.core.prompts import prompt_id
from maspo.core.verdict import Comparison
from maspo.events import CandidateScored, CaseFound, DraftRejected, PromptChanged, PromptKept, SearchEvent
from maspo.optimizers.base import Case, Drafts
from maspo.optimizers.parts.reward import counts
from maspo.optimizers.parts.similar import KnownPrompts


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
