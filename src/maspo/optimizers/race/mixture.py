"""Mixed runs: whose candidates are in them, how many there are, and which candidates meet the anchor at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from maspo.core.prompts import Prompts, prompt_id
from maspo.core.seeded import rank, shuffled
from maspo.core.verdict import Comparison
from maspo.optimizers.parts.merge import merge
from maspo.team.graph import Team


@dataclass(frozen=True, slots=True)
class Candidate:
    """A new prompt for one agent, from the draft to the hold-out: what it is and what it was written from.

    ``removal``: it is the anchor's prompt without one sentence that the search had added.
    """

    agent: str
    text: str
    parent: str
    removal: bool = False

    @property
    def id(self) -> str:
        """What it is known by in requests, events, reports: the content address of its text."""
        return prompt_id(self.text)

    @property
    def added_characters(self) -> int:
        """By how much it is longer than the prompt that it was written from."""
        return len(self.text) - len(self.parent)


@dataclass(frozen=True, slots=True)
class Mixture:
    """Candidates together: their places in the round, and the prompts that they change of the anchor's."""

    members: tuple[int, ...]
    changes: Prompts


@dataclass(frozen=True, slots=True)
class MixedRun:
    """A run that is over: the candidates in it (by number), whose noise it has, and how it did against the anchor."""

    members: tuple[int, ...]
    group: str
    comparison: Comparison


def by_agent(numbers: Iterable[int], candidates: Sequence[Candidate]) -> dict[str, list[int]]:
    """Return the numbers of some candidates by their agent, in the order given."""
    found: dict[str, list[int]] = {}
    for number in numbers:
        found.setdefault(candidates[number].agent, []).append(number)
    return found


def join(anchor: Prompts, candidates: Sequence[Candidate], members: Sequence[int], team: Team) -> Mixture:
    """Return candidates together, those of one agent merged sentence by sentence, in the order given.

    One that does not merge with an earlier one of the same agent, leaves nothing of its prompt, or makes it too long,
    stays out. Of two that each drop what the other keeps nothing would be left.
    """
    held: list[int] = []
    changes: dict[str, str] = {}
    for number in members:
        agent = candidates[number].agent
        both = merge(anchor[agent], changes.get(agent, anchor[agent]), candidates[number].text)
        budget = team.length_budget.get(agent)
        if both and (budget is None or len(both) <= budget):
            changes[agent] = both
            held.append(number)
    return Mixture(tuple(held), {name: text for name, text in changes.items() if text != anchor[name]})


def split_blocks(agents: Sequence[str], most: int) -> list[Sequence[str]]:
    """Return agents in at most so many blocks of topological neighbours; in a small team each is a block of its own."""
    size = -(-len(agents) // most)
    return [agents[start : start + size] for start in range(0, len(agents), size)]


def share_of_runs(block: Sequence[str], blocks: Sequence[Sequence[str]], team: Team, least: float) -> float:
    """Return which share of the mixed runs of a round a block gets: fewer where each takes more calls.

    A change far from the output costs a call of every agent that it reaches, and seldom changes a final answer.
    """
    cheapest = min(calls_of_run(one, team) for one in blocks)
    return max(least, cheapest / calls_of_run(block, team))


def calls_of_run(agents: Sequence[str], team: Team) -> int:
    """Return the agent calls of a run in which the cheapest of some agents is changed."""
    return min(team.calls_of(team.reached((name,))) for name in agents)


def mixtures_of_an_input(pools: Mapping[str, Sequence[int]], most: int) -> int:
    """Return into how many mixtures candidates are dealt on an input: about ``most`` of an agent in each, two at least.

    The only candidate of all has nothing to be told apart from, so it is in all of them.
    """
    largest = max(map(len, pools.values()))
    return max(2, round(largest / most)) if largest > 1 or len(pools) > 1 else 1


def deal_mixtures(
    pools: Mapping[str, Sequence[int]], runs: int, most: int, seed: int, where: str
) -> Iterator[tuple[int, ...]]:
    """Yield the candidates of each mixed run, in a drawn order: on each input all of them are dealt, each once.

    So each candidate meets the same inputs as every other one, and how lucky the anchor was on an input is no matter
    of which candidates met it there: a block design, its blocks the inputs. ``pools`` are the candidates of each agent.
    """
    hands = mixtures_of_an_input(pools, most)
    for first in range(0, runs, hands):
        held: list[list[str]] = [[] for _ in range(hands)]
        for agent, pool in pools.items():
            begin = rank(seed, "begin", where, first, agent) % hands
            for place, candidate in enumerate(shuffled(map(str, pool), seed, "deal", where, first, agent), begin):
                held[place % hands].append(candidate)
        everyone = [str(candidate) for pool in pools.values() for candidate in pool]
        for run, members in enumerate(held[: runs - first], first):
            found = members or [everyone[rank(seed, "alone", where, run) % len(everyone)]]
            yield tuple(int(name) for name in shuffled(found, seed, "merge order", where, run))


def draw_mixtures(
    pools: Mapping[str, Sequence[int]], runs: int, most: int, seed: int, where: str
) -> Iterator[tuple[int, ...]]:
    """Yield the candidates of each mixed run, in a drawn order; ``pools`` are the candidates of each agent.

    Every candidate is in the same share of the runs: half of them, where its effect is told best, or less when an
    agent has more than twice ``most`` candidates. A run that would be empty holds one.
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
