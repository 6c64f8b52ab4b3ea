"""From the calls of a rollout as they passed over the wire to a trace: turns of agents, and who read whom. Pure.

A turn is a call with the tools that were used within it: what the model asks for and what it is told are one turn as
long as no other agent takes part. Where one does (an agent as a tool), each call is a turn of its own, so that the
other agent reads the one and is read by the other.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from maspo.apps.provenance import continues, find_reads
from maspo.core.sums import add_up
from maspo.core.trace import Call, ToolUse, Trace
from maspo.gateway.wire import WireCall


@dataclass(frozen=True, slots=True)
class Known:
    """What tells nothing about who read whom: the texts of the input, and the prompt of each agent."""

    input: tuple[str, ...]
    prompts: Mapping[str, str]

    def of(self, agent: str | None) -> tuple[str, ...]:
        """Return what a call of an agent shows in any case."""
        return (*self.input, self.prompts[agent]) if agent is not None and agent in self.prompts else self.input


def trace_of(input_key: str, calls: Sequence[WireCall], answer: str, order: Sequence[str], known: Known) -> Trace:
    """Return the trace of a rollout. Calls of nobody's prompt are left out; what they passed on is not.

    Turns stand in the order in which they read one another; what that leaves open is decided by ``order`` (of agents)
    and by what a turn was shown, never by time: agents that work side by side come in the same order in every run.
    """
    reads = reads_between(calls, known)
    turns = _turns(calls, reads)
    at = {number: place for place, turn in enumerate(turns) for number in turn}
    needs = [
        {
            at[read]
            for number in turn
            for read in reads[number]
            if read in at and calls[read].agent != calls[number].agent
        }
        for turn in turns
    ]
    before = [
        {*need, *(at[read] for number in turn for read in reads[number] if read in at and at[read] != place)}
        for place, (turn, need) in enumerate(zip(turns, needs, strict=True))
    ]
    rank = {name: number for number, name in enumerate(order)}
    keys = [(rank.get(str(calls[turn[0]].agent), len(rank)), _hash_of_shown(calls[turn[0]]), turn[0]) for turn in turns]
    places = _topological(before, keys)
    new = {old: place for place, old in enumerate(places)}
    often: Counter[str] = Counter()
    made = []
    for old in places:
        call = _call([calls[number] for number in turns[old]], tuple(sorted(new[need] for need in needs[old])), often)
        made.append(call)
    return Trace(input_key, tuple(made), answer)


def reads_between(calls: Sequence[WireCall], known: Known) -> list[frozenset[int]]:
    """Return, of each call, the places of the calls that it read; through calls of nobody's prompt, whom they read."""
    found: list[frozenset[int]] = []
    for place, call in enumerate(calls):
        direct = find_reads(call, calls[:place], known.of(call.agent))
        passed_on = (found[read] for read in direct if calls[read].agent is None)
        found.append(direct.union(*passed_on))
    return found


def _turns(calls: Sequence[WireCall], reads: Sequence[frozenset[int]]) -> list[tuple[int, ...]]:
    """Return the turns of a rollout, each as the places of its calls."""
    turns: list[list[int]] = []
    for place, call in enumerate(calls):
        if call.agent is None:
            continue
        for turn in reversed(turns):
            if continues(call, calls[turn[-1]]) and not _is_split(calls, reads, turn[-1], place):
                turn.append(place)
                break
        else:
            turns.append([place])
    return [tuple(turn) for turn in turns]


def _is_split(calls: Sequence[WireCall], reads: Sequence[frozenset[int]], first: int, second: int) -> bool:
    """Return whether another agent took part between two calls of a turn."""
    between = [place for place in range(first + 1, second) if calls[place].agent not in (None, calls[first].agent)]
    return any(place in reads[second] or first in reads[place] for place in between)


def _hash_of_shown(call: WireCall) -> str:
    """Return a short name of all that a call was shown; it does not hang on the prompts that are tried."""
    texts = "\0".join(f"{text.role} {text.text}" for text in call.texts)
    return hashlib.blake2b(texts.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def _topological(before: Sequence[Iterable[int]], keys: Sequence[tuple[int, str, int]]) -> list[int]:
    """Return the places in an order in which each comes after all before it, the smallest key first."""
    missing = [len(set(places)) for places in before]
    after: list[list[int]] = [[] for _ in before]
    for place, places in enumerate(before):
        for one in set(places):
            after[one].append(place)
    ready = [(keys[place], place) for place, count in enumerate(missing) if not count]
    heapq.heapify(ready)
    order = []
    while ready:
        _, place = heapq.heappop(ready)
        order.append(place)
        for later in after[place]:
            missing[later] -= 1
            if not missing[later]:
                heapq.heappush(ready, (keys[later], later))
    return order


def _call(turn: Sequence[WireCall], reads: tuple[int, ...], often: Counter[str]) -> Call:
    last, agent = turn[-1], str(turn[-1].agent)
    used = tuple(ToolUse(tool.name, tool.arguments, tool.result or "") for call in turn[:-1] for tool in call.tools)
    asked = [f"{tool.name}({tool.arguments})" for tool in last.tools]
    nth, often[agent] = often[agent], often[agent] + 1
    keys = [call.key for call in turn]
    return Call(
        agent=agent,
        output="\n".join(text for text in (last.output, *asked) if text),
        reads=reads,
        nth=nth,
        tokens_in=_sum(call.tokens_in for call in turn),
        tokens_out=_sum(call.tokens_out for call in turn),
        seconds=add_up(call.seconds for call in turn),
        key=keys[0] if len(keys) == 1 else hashlib.blake2b("\0".join(keys).encode(), digest_size=16).hexdigest(),
        tools=used,
        replies=None if len(turn) == 1 + len(used) else len(turn),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = list(counts)
    return None if None in known else sum(count for count in known if count is not None)
