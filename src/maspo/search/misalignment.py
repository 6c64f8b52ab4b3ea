"""The misalignment buffer (Eq. 6): inputs on which a candidate won locally and the team did not gain. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from maspo.search.work import Case, Compare, Team
from maspo.verdict import Comparison, Verdict

_KEPT_PER_AGENT = 20


def found_case(work: Compare, comparison: Comparison, step: str) -> Case | None:
    """Return the misalignment case that a comparison shows, or None."""
    if not comparison.misaligned:
        return None
    lost = [name for name, verdict in comparison.lookahead if verdict is not Verdict.WIN]
    if comparison.glob is Verdict.LOSS:
        lost.append("global")
    return Case(work.input_key, work.agent, work.candidate, work.reference, step, tuple(lost))


def remembered(buffer: Sequence[Case], new: Sequence[Case]) -> tuple[Case, ...]:
    """Return the buffer with new cases in front: newest first, one per agent and input, old ones fall out."""
    kept: dict[tuple[str, str], Case] = {}
    for case in (*reversed(new), *buffer):
        kept.setdefault((case.agent, case.input_key), case)
    held: dict[str, int] = {}
    result = []
    for case in kept.values():
        held[case.agent] = held.get(case.agent, 0) + 1
        if held[case.agent] <= _KEPT_PER_AGENT:
            result.append(case)
    return tuple(result)


def hard_negatives(buffer: Sequence[Case], agent: str, team: Team, most: int) -> tuple[Case, ...]:
    """Return the cases that concern an agent: its own and its predecessors', one per input, newest first."""
    chosen: dict[str, Case] = {}
    for case in buffer:
        if case.agent == agent or agent in team.successors[case.agent]:
            chosen.setdefault(case.input_key, case)
    return tuple(chosen.values())[:most]
