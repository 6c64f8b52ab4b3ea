"""The flow of a team: who is called when, how often, and what one reads of the others. Plain data, validated.

In a plain team everybody is called once, after whom they read. Beyond that an agent may be called only on a condition
(``when``), for each entry of a list (``each``), or in rounds, where agents read one another in a circle (``rounds``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from maspo.core.patterns import compiled
from maspo.team.graph import circles, layered

if TYPE_CHECKING:
    from maspo.team.system import Agent

MOST_ROUNDS = 20
"""Rounds of a circle, at most: debates and critics settle within a handful, and each round is paid for."""
MOST_ENTRIES = 8
"""Entries of a list that ``each`` takes up unless told otherwise: the bound of what a run costs counts all of them."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on what an agent wrote last: it equals a text, or a pattern is found in it.

    Case and white space around do not count for ``equals``; the output may also end with a line that equals it, or
    hold it in ``<answer>``: models like to explain themselves. Who was not called has written nothing.
    """

    agent: str
    equals: str = ""
    matches: str = ""

    def __str__(self) -> str:
        return f"{self.agent} says {self.equals!r}" if self.equals else f"{self.agent} matches {self.matches!r}"


@dataclass(frozen=True, slots=True)
class Each:
    """Call an agent once for each entry of a JSON list that another one wrote."""

    agent: str
    path: str = ""
    """Where the list stands in the JSON, such as ``plan.steps``; empty: it is the list itself."""
    most: int = MOST_ENTRIES
    """Entries beyond these are left out."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a chat prompt; placeholders in it are filled in as in a template."""

    role: str
    content: str = ""
    """Empty: here stands the prompt that is optimized."""


@dataclass(frozen=True, slots=True)
class Part:
    """Agents that go side by side with other parts of their level: one alone, or a circle that goes round and round."""

    layers: tuple[tuple[str, ...], ...]
    """Of a round: one layer after the other, the agents of a layer side by side."""
    rounds: int = 1
    until: Condition | None = None
    """Ends a circle after the round in which it holds."""


@dataclass(frozen=True)
class Flow:
    """How a run of a team goes: level by level, in each level all its parts side by side."""

    levels: tuple[tuple[Part, ...], ...]
    fresh: Mapping[str, tuple[str, ...]]
    """Whom an agent reads once they have been called in the same round. Without anything from any of these it is not
    called. Of the others it reads what they wrote the round before."""

    @property
    def longest(self) -> int:
        """The calls that wait for one another in a run, at most."""
        return sum(max(len(part.layers) * part.rounds for part in level) for level in self.levels)


def flow_of(agents: Sequence[Agent], rounds: int = 0, until: Condition | None = None) -> Flow:
    """Return the flow of a valid team; ``rounds`` and ``until`` hold for circles that say nothing themselves."""
    by_name, hangs_on = {agent.name: agent for agent in agents}, dependencies(agents)
    part_of: dict[str, int] = {}
    parts: list[Part] = []
    fresh: dict[str, tuple[str, ...]] = {}
    found = circles(hangs_on)
    for name in by_name:
        if name in part_of:
            continue
        circle = [other for other in by_name if other in found.get(name, (name,))]
        inside = {one: _before_in_round(one, circle, by_name, hangs_on) for one in circle}
        for one in circle:
            part_of[one] = len(parts)
            waits = {*inside[one], *(read for read in by_name[one].reads if read not in circle)}
            fresh[one] = tuple(read for read in by_name[one].reads if read in waits)
        said = [by_name[one] for one in circle]
        goes_round = len(circle) > 1 or name in hangs_on[name]
        most = max((agent.rounds for agent in said), default=0) or rounds
        end = next((agent.until for agent in said if agent.until), until)
        parts.append(Part(layered(inside), max(1, most) if goes_round else 1, end if goes_round else None))
    levels: list[list[int]] = []
    for layer in layered(hangs_on):
        levels.append(list(dict.fromkeys(part_of[name] for name in layer)))
    return Flow(tuple(tuple(parts[number] for number in level) for level in levels), fresh)


def dependencies(agents: Sequence[Agent]) -> dict[str, tuple[str, ...]]:
    """Return whom each agent waits for: whom it reads, and whose output decides whether it is called."""
    return {
        agent.name: tuple(dict.fromkeys((*agent.reads, *((agent.when.agent,) if agent.when else ()))))
        for agent in agents
    }


def _before_in_round(
    name: str, circle: Sequence[str], by_name: Mapping[str, Agent], hangs_on: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """Return the agents of its circle that come before an agent in each round, of those that it waits for.

    They come as they stand in the file. Three or more that all read one another speak at the same time: a debate.
    """
    place = circle.index(name)
    return tuple(
        one
        for one in circle[:place]
        if one in hangs_on[name] and not _debate(by_name[name], by_name[one], circle, by_name)
    )


def _debate(one: Agent, other: Agent, circle: Sequence[str], by_name: Mapping[str, Agent]) -> bool:
    def mutual(first: Agent, second: Agent) -> bool:
        return first.name in second.reads and second.name in first.reads

    thirds = (by_name[name] for name in circle if name not in (one.name, other.name))
    return mutual(one, other) and any(mutual(one, third) and mutual(other, third) for third in thirds)


# ── what is wrong with it ────────────────────────────────────────────────────────────────────────────────────────────


def flow_problems(agents: Sequence[Agent], rounds: int, until: Condition | None) -> list[str]:
    """Return what is wrong with the flow of agents whose names and reads are fine, one line each with the fix."""
    names = {agent.name for agent in agents}
    problems = list(_round_problems("", rounds, until, names))
    for agent in agents:
        place = f"agents.{agent.name}"
        problems += _round_problems(f"{place}.", agent.rounds, agent.until, names)
        if agent.when:
            problems += _condition_problems(f"{place}.when", agent.when, names)
            if agent.when.agent == agent.name:
                problems.append(f"{place}.when: hangs on its own output; name another agent")
        if agent.each:
            if agent.each.agent not in names:
                problems.append(f"{place}.each.agent: unknown agent {agent.each.agent!r}; {_known(names)}")
            if not 1 <= agent.each.most <= 100:
                problems.append(f"{place}.each.most: {agent.each.most} is given; expected 1 to 100")
            if "item" in names:
                problems.append(f"{place}.each: an agent is called 'item', which stands for the entry; rename it")
    problems += _sharing_problems(agents)
    return problems or list(_circle_problems(agents, rounds, until))


def _round_problems(place: str, rounds: int, until: Condition | None, names: Collection[str]) -> Iterator[str]:
    if rounds < 0 or rounds > MOST_ROUNDS:
        yield f"{place}rounds: {rounds} is given; expected 1 to {MOST_ROUNDS}"
    if until is not None:
        yield from _condition_problems(f"{place}until", until, names)
        if not rounds:
            yield f"{place}until: without `rounds`; add the hard limit, such as `rounds: 3`"


def _condition_problems(place: str, condition: Condition, names: Collection[str]) -> Iterator[str]:
    if condition.agent not in names:
        yield f"{place}.agent: unknown agent {condition.agent!r}; {_known(names)}"
    if bool(condition.equals.strip()) == bool(condition.matches):
        yield f"{place}: give one of `equals: TEXT` and `matches: PATTERN`"
    try:
        compiled(condition.matches)
    except ValueError as error:
        yield f"{place}.matches: {condition.matches!r:.200} is not a regular expression ({error}); correct the pattern"


def _sharing_problems(agents: Sequence[Agent]) -> Iterator[str]:
    by_name = {agent.name: agent for agent in agents}
    for agent in agents:
        place, shared = f"agents.{agent.name}.same_prompt_as", agent.same_prompt_as
        if not shared:
            continue
        if shared == agent.name or shared not in by_name:
            yield f"{place}: {shared!r} is no other agent; {_known(name for name in by_name if name != agent.name)}"
        elif by_name[shared].same_prompt_as:
            first = by_name[shared].same_prompt_as
            yield f"{place}: {shared} has the prompt of {first} itself; write `same_prompt_as: {first}`"
        elif agent.frozen:
            yield f"agents.{agent.name}.frozen: it has the prompt of {shared}; freeze {shared} instead"


def _circle_problems(agents: Sequence[Agent], rounds: int, until: Condition | None) -> Iterator[str]:
    by_name, hangs_on = {agent.name: agent for agent in agents}, dependencies(agents)
    found = circles(hangs_on)
    for agent in agents:
        if agent.rounds and agent.name not in found:
            yield (
                f"agents.{agent.name}.rounds: it stands in no circle, so there is nothing to repeat; let it read what "
                "should be taken up again, or leave `rounds` out"
            )
    for circle in dict.fromkeys(found.values()):
        members = [name for name in by_name if name in circle]
        said = [by_name[name] for name in members]
        limits = sorted({one.rounds for one in said if one.rounds})
        ends = list(dict.fromkeys(one.until for one in said if one.until)) or ([until] if until else [])
        if not limits and not rounds:
            yield f"agents: a cycle, {_path(members, hangs_on)}; {_FIX}"
        if len(limits) > 1:
            yield f"agents.{members[0]}.rounds: {', '.join(members)} go round together; give one number, not {limits}"
        if len(ends) > 1:
            yield f"agents.{members[0]}.until: {', '.join(members)} go round together; give one condition"
        for end in ends:
            if end.agent not in circle:
                yield f"until.agent: {end.agent} is in no circle with {members[0]}; name one of {', '.join(members)}"


_FIX = (
    "an agent cannot read its own result: remove one of these reads, or let them go round a limited number of times "
    "with `rounds: 3`"
)


def _path(members: Collection[str], hangs_on: Mapping[str, Sequence[str]]) -> str:
    """Return a circle along the flow of outputs; it ends where it began."""
    inside = {name: [one for one in hangs_on[name] if one in members] for name in members}
    try:
        TopologicalSorter(inside).prepare()
    except CycleError as error:
        return " → ".join(error.args[1])
    return " → ".join(members)


def _known(names: Collection[str] | Iterator[str]) -> str:
    return "the agents are: " + ", ".join(sorted(names))


# ── for people ───────────────────────────────────────────────────────────────────────────────────────────────────────


def describe_calls(agent: Agent) -> str:
    """Return what decides whether and how often an agent is called, in words; empty for one that always is, once."""
    words = []
    if agent.when:
        words.append(f"when {agent.when}")
    if agent.each:
        words.append(f"for each of {agent.each.agent}'s {agent.each.path or 'list'} (at most {agent.each.most})")
    if agent.rounds:
        words.append(f"{agent.rounds} rounds at most" + (f", until {agent.until}" if agent.until else ""))
    if agent.same_prompt_as:
        words.append(f"the prompt of {agent.same_prompt_as}")
    return "; ".join(words)
