"""Which calls of two runs are compared: credit goes to calls, since agents may be called often, or never. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from maspo.core.trace import Call, Trace


@dataclass(frozen=True, slots=True)
class CallPair:
    """A call of the candidate's run and its counterpart in the reference's."""

    candidate: Call
    reference: Call


def judged_pairs(
    candidate: Trace, reference: Trace, agents: Collection[str], readers: Sequence[str]
) -> tuple[CallPair | None, tuple[CallPair | None, ...]]:
    """Return the calls that are judged: of those that a prompt acts on, and of each reader. None where nobody is asked.

    ``agents`` are those that one prompt acts on.
    """
    own = first_difference(candidate, reference, agents)
    return own, tuple(own and next_readers(candidate, reference, own, reader) for reader in readers)


def first_difference(candidate: Trace, reference: Trace, agents: Collection[str]) -> CallPair | None:
    """Return the first call of some agents that differs, with its counterpart: until then both runs were the same.

    ``agents`` are those that one prompt acts on. Their first call where none differs. None when none of them was called
    in both runs: then the prompt is not judged there.
    """
    found = [
        pair
        for agent in agents
        for pair in zip(candidate.by_agent.get(agent, ()), reference.by_agent.get(agent, ()), strict=False)
    ]
    if len(agents) > 1:
        place = {id(call): place for place, call in enumerate(candidate.calls)}
        found.sort(key=lambda pair: place[id(pair[0])])
    pairs = found
    differing = (CallPair(one, other) for one, other in pairs if one.written != other.written)
    return next(differing, CallPair(*pairs[0]) if pairs else None)


def next_readers(candidate: Trace, reference: Trace, pair: CallPair, reader: str) -> CallPair | None:
    """Return a reader's next calls that read a pair of calls; None when it did not read it in both runs."""
    found = _next_reader(candidate, pair.candidate, reader), _next_reader(reference, pair.reference, reader)
    return None if found[0] is None or found[1] is None else CallPair(found[0], found[1])


def _next_reader(trace: Trace, call: Call, reader: str) -> Call | None:
    place = next(place for place, one in enumerate(trace.calls) if one is call)
    return next((one for one in trace.by_agent.get(reader, ()) if place in one.reads), None)
