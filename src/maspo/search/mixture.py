"""Mixtures: prompts that hold several candidates at once, drawn each candidate in its share of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from maspo.prompts import Prompts
from maspo.search.draw import rank, shuffled
from maspo.search.merge import merged
from maspo.search.work import Team


@dataclass(frozen=True, slots=True)
class Candidate:
    """A new prompt for one agent; ``removal`` when it is the anchor's without one sentence that the search added."""

    agent: str
    text: str
    removal: bool = False


@dataclass(frozen=True, slots=True)
class Mixture:
    """Candidates together: their numbers, and the prompts that they make of the anchor's."""

    members: tuple[int, ...]
    changes: Prompts


def joined(anchor: Prompts, candidates: Sequence[Candidate], members: Sequence[int], team: Team) -> Mixture:
    """Return candidates together, those of one agent merged sentence by sentence, in the order given.

    One that does not merge with an earlier one of the same agent, or makes its prompt too long, stays out.
    """
    held: list[int] = []
    changes: dict[str, str] = {}
    for number in members:
        agent = candidates[number].agent
        both = merged(anchor[agent], changes.get(agent, anchor[agent]), candidates[number].text)
        budget = team.length_budget.get(agent)
        if both is not None and (budget is None or len(both) <= budget):
            changes[agent] = both
            held.append(number)
    return Mixture(tuple(held), {name: text for name, text in changes.items() if text != anchor[name]})


def drawn(pools: Mapping[str, Sequence[int]], runs: int, most: int, seed: int, where: str) -> Iterator[tuple[int, ...]]:
    """Yield the candidates of each mixed run, in a drawn order; ``pools`` are the candidates of each agent.

    Every candidate is in the same share of the runs: half of them, or less when an agent has more than twice ``most``
    candidates. A run that would be empty holds one.
    """
    held: list[list[int]] = [[] for _ in range(runs)]
    for pool in pools.values():
        # The only candidate of all has nothing to be told apart from.
        share = min(0.5, most / len(pool)) if len(pools) > 1 or len(pool) > 1 else 1.0
        for candidate in pool:
            names = shuffled(map(str, range(runs)), seed, "mixture", where, candidate)
            for name in names[: max(1, round(share * runs))]:
                held[int(name)].append(candidate)
    everyone = [candidate for pool in pools.values() for candidate in pool]
    for run, members in enumerate(held):
        found = members or [everyone[rank(seed, "alone", where, run) % len(everyone)]]
        yield tuple(int(name) for name in shuffled(map(str, found), seed, "merge order", where, run))
