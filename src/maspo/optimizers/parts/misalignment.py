"""The misalignment buffer (Eq. 6): inputs on which a candidate won locally and the team did not gain. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import Case, Compare, Request, Result
from maspo.team.graph import Team

_KEPT_PER_AGENT = 20
"""Cases of an agent that are remembered: several times the three (K_mis) that are shown at once."""


def new_cases(answers: Iterable[tuple[Request, Result]], step: Callable[[Compare], str]) -> list[Case]:
    """Return the misalignment cases among some comparisons; changes of several agents make none."""
    cases: list[Case] = []
    for request, result in answers:
        if not (isinstance(request, Compare) and isinstance(result, Comparison) and result.misaligned):
            continue
        if len(request.changes) == 1:
            lost = [name for name, verdict in result.lookahead if verdict is not Verdict.WIN]
            lost += ["global"] if result.glob is Verdict.LOSS else []
            texts = request.agent, request.candidate, request.reference
            cases.append(Case(request.input_key, *texts, step(request), tuple(lost)))
    return cases


def remember(buffer: Sequence[Case], new: Sequence[Case]) -> tuple[Case, ...]:
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
        if case.agent == agent or agent in team.readers(case.agent):
            chosen.setdefault(case.input_key, case)
    return tuple(chosen.values())[:most]
