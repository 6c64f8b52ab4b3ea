"""Plain edits where a proposer writes nothing that can be used, so that a weak model still has something to try.

Decided from results alone, after all proposals of a wave are in: so a run that is resumed decides the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from maspo.events import DraftsReplaced
from maspo.optimizers.base import EXAMPLES, FALLBACK, Drafts, Propose, Request, Result, Results
from maspo.optimizers.parts.similar import KnownPrompts
from maspo.study.session import Session


async def with_edits(session: Session, requests: Sequence[Request], results: Results) -> Results:
    """Return results in which the drafts of plain edits follow those of each agent whose drafts are all of no use."""
    if session.job.config.proposer.fallback == "none" or session.job.config.proposer.kind == "edits":
        return results
    useless = useless_proposals(requests, results)
    if not useless:
        return results
    told = {event.request for event in session.recorded(DraftsReplaced)}
    for number, reason in useless.items():
        request = requests[number]
        if isinstance(request, Propose) and request.id not in told:
            await session.publish(DraftsReplaced(request.id, request.agent, reason))
    asked = [
        replace(request, id=f"{request.id}/{FALLBACK}", purpose=FALLBACK)
        for number in useless
        if isinstance(request := requests[number], Propose)
    ]
    edits = dict(zip(useless, await session.submit(asked), strict=True))
    return tuple(_join(result, edits.get(number)) for number, result in enumerate(results))


def useless_proposals(requests: Sequence[Request], results: Results) -> Mapping[int, str]:
    """Return the places of proposals for agents of which no draft can be used, each with the most frequent reason.

    A copy of the prompt that shall be rewritten is of no use either, also when it differs in case or punctuation. Edits
    are of no use themselves where the agent is not called.
    """
    refused: dict[str, list[str]] = {}
    places: dict[str, list[int]] = {}
    for number, (request, result) in enumerate(zip(requests, results, strict=True)):
        if not isinstance(request, Propose) or not isinstance(result, Drafts) or result.uncalled:
            continue
        if _writes_prompts(request):
            known = KnownPrompts([request.prompts[request.agent]])
            places.setdefault(request.agent, []).append(number)
            reasons = [draft.rejected or known.refusal(draft.text) for draft in result.drafts]
            refused.setdefault(request.agent, []).extend(reasons or ["the proposer wrote no draft"])
    return {
        number: Counter(refused[agent]).most_common(1)[0][0]
        for agent, numbers in places.items()
        if all(refused[agent])
        for number in numbers
    }


def _writes_prompts(request: Propose) -> bool:
    """Tell whether a proposer was asked for prompts; worked examples are drawn beside them, and say nothing of it."""
    return request.rewrites == "prompt" and request.purpose != EXAMPLES


def _join(result: Result, edits: Result | None) -> Result:
    """Return drafts with those of edits behind them; what else was found stays as it is."""
    if isinstance(result, Drafts) and isinstance(edits, Drafts):
        return Drafts((*result.drafts, *edits.drafts))
    return result
