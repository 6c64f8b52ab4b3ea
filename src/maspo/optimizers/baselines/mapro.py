"""MAPRO: a pool of prompts for each agent, rewards of agents and edges, and message passing picks the team. Pure.

Zhang et al., arXiv 2510.07475. Its defining decisions: joint prompts are chosen by maximum a posteriori inference
over the product of a reward of each agent's prompt and of each edge's pair of prompts, solved by max-product belief
propagation; and only agents that the rewards blame are mutated for the next round. The rewards come from a language
model, as there: an agent's from its own outputs (local verdicts), an edge's from what its reader made of them
(lookahead verdicts). There both are scores that a model gives; here they are shares of wins over the prompt that is
in the team, and labels are not used for them. The chosen team meets the seed prompts before it is kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from pydantic import Field

from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.core.sums import add_up
from maspo.core.verdict import Comparison, Level
from maspo.optimizers.base import Compare, Propose, Search
from maspo.optimizers.baselines.planned import EVEN, Baseline, BaselineConfig, Meeting, PlannedSearch, Scored
from maspo.optimizers.parts.reward import value_of

_LEAST = 0.05
"""What a reward counts at least: a share of a few inputs that is 0 is no proof that a prompt is impossible."""
Nodes: TypeAlias = Mapping[str, Sequence[float]]
"""The reward of each prompt of a pool, by agent."""
Edges: TypeAlias = Mapping[tuple[str, str], Sequence[Sequence[float]]]
"""The reward of each pair of prompts, by source and reader: a row for each prompt of the source."""


class MaproConfig(BaselineConfig):
    """The settings of MAPRO."""

    method: Literal["mapro"] = "mapro"
    pool: int = Field(default=3, ge=2, description="prompts of an agent that are in play, the present one included")
    rewarded: int = Field(default=4, ge=1, description="inputs on which a reward is measured")
    rounds: int = Field(default=100, ge=1, description="rounds of choosing and mutating, at most")


class _Mapro(PlannedSearch[MaproConfig]):
    def run(self) -> Search:
        config, agents, seeds = self.config, self.team.rewritten, self.problem.seed_prompts
        best, blamed = Scored(seeds, EVEN), tuple(agents)
        for number in self.steps(config.rounds):
            inputs = shuffled(self.problem.inputs, self.problem.seed, "rewards", number)[: config.rewarded]
            traces = self.draw_traces(f"s{number}")
            asked = [
                Propose(f"s{number}/{name}/propose", name, best.prompts, traces, (), config.pool - 1) for name in blamed
            ]
            pretended = {
                name: [f"{best.prompts[name]}\n{draft}" for draft in range(config.pool - 1)] for name in blamed
            }
            rewards = self.rewards(best.prompts, pretended, inputs, "")
            if not self.fits_with(asked, rewards, Meeting(seeds, best.prompts, agents, self.sample)):
                return self.end_of_plan()
            self.open_step(blamed, number, config.rounds)
            drafts = dict(zip(blamed, (yield from self.propose(asked, number)), strict=True))
            pools = {name: [best.prompts[name], *drafts.get(name, ())] for name in agents}
            requests = self.rewards(best.prompts, drafts, inputs, f"s{number}")
            answers = (yield from self.ask(requests)) if requests else ()
            known = {
                request.id: result
                for request, result in answers
                if isinstance(request, Compare) and isinstance(result, Comparison)
            }
            nodes, edges = self.tables(pools, known, f"s{number}", inputs)
            chosen = max_product(nodes, edges)
            joint = {**best.prompts, **{name: pools[name][chosen[name]] for name in agents}}
            (met,) = yield from self.meet(seeds, [joint], self.sample, f"s{number}/joint")
            before, best = best, met if met.score > best.score else best
            for name in blamed:
                self.tell(number, name, met, before.prompts[name], best.prompts)
            blamed = self.to_blame(nodes, edges, chosen) or tuple(agents)
            self.take(number, best.prompts, f"chosen by rewards of agents and edges: {met.score:.0%} won")
        return self.end(f"all {config.rounds} rounds were done")

    def rewards(
        self, now: Prompts, drafts: Mapping[str, Sequence[str]], inputs: Sequence[str], where: str
    ) -> list[Compare]:
        """Return what is asked for rewards: each draft by itself, and beside each draft of each of its readers."""
        found = []
        for name, texts in drafts.items():
            for place, text in enumerate(texts, 1):
                alone = (Level.LOCAL, Level.LOOKAHEAD)
                found += self.compared(now, {name: text}, inputs, f"{where}/{name}/{place}", alone)
                for reader in self.team.successors[name]:
                    for other, theirs in enumerate(drafts.get(reader, ()), 1):
                        beside = {**now, reader: theirs}
                        place_of_pair = f"{where}/{name}/{place}/{reader}/{other}"
                        found += self.compared(beside, {name: text}, inputs, place_of_pair, (Level.LOOKAHEAD,))
        return found

    def compared(
        self, reference: Prompts, changes: Prompts, inputs: Sequence[str], where: str, levels: tuple[Level, ...]
    ) -> list[Compare]:
        """Return the comparisons of one prompt with the present one, each order of outputs equally often."""
        first = frozenset(shuffled(inputs, self.problem.seed, "order", where)[::2])
        return [
            Compare(f"{where}/{key}", reference, changes, key, key in first, levels=levels, purpose="reward")
            for key in inputs
        ]

    def fits_with(self, asked: Sequence[Propose], rewards: Sequence[Compare], met: Meeting) -> bool:
        """Tell whether a round fits into the plan, its rewards at their dearest."""
        reserve = 0
        for request in rewards:
            price = request.price(self.problem)
            reserve += price.judge + self.team.calls_of(price.rollouts[-1].agents)
        # References with a draft of a reader are runs of the whole team.
        references = {one.reference[reader] for one in rewards for reader in self.team.successors[one.agent]}
        reserve += (len(references) + 1) * self.config.rewarded * self.team.calls_of(self.team.everyone)
        return self.fits(asked, met, reserve)

    def tables(
        self, pools: Mapping[str, Sequence[str]], known: Mapping[str, Comparison], where: str, inputs: Sequence[str]
    ) -> tuple[Nodes, Edges]:
        """Return the rewards; the present prompt, which everything is compared with, is even."""

        def node(name: str, place: int) -> float:
            met = [known[f"{where}/{name}/{place}/{key}"] for key in inputs]
            return EVEN + add_up(value_of(one.local) for one in met) / len(met)

        def edge(name: str, reader: str, place: int, other: int) -> float:
            if place == 0:
                return EVEN
            pair = f"/{reader}/{other}" if other else ""
            met = [known[f"{where}/{name}/{place}{pair}/{key}"] for key in inputs]
            values = [value_of(verdict) for one in met for who, verdict in one.lookahead if who == reader]
            return EVEN + (add_up(values) / len(values) if values else 0.0)

        nodes = {name: [EVEN, *(node(name, place) for place in range(1, len(pool)))] for name, pool in pools.items()}
        edges = {
            (name, reader): [
                [edge(name, reader, place, other) for other in range(len(pools[reader]))]
                for place in range(len(pools[name]))
            ]
            for name in pools
            for reader in self.team.successors[name]
            if reader in pools
        }
        return nodes, edges

    def to_blame(self, nodes: Nodes, edges: Edges, chosen: Mapping[str, int]) -> tuple[str, ...]:
        """Return the agents whose chosen prompt is no better than even, by itself or for a reader."""
        blamed = []
        for name in self.team.rewritten:
            told = [nodes[name][chosen[name]]]
            told += [table[chosen[name]][chosen[reader]] for (source, reader), table in edges.items() if source == name]
            if min(told) <= EVEN:
                blamed.append(name)
        return tuple(blamed)


class Mapro(Baseline[MaproConfig]):
    """Reward agents and edges, choose by max-product, mutate who is to blame."""

    Config = MaproConfig
    Method = _Mapro


def max_product(nodes: Nodes, edges: Edges) -> dict[str, int]:
    """Return the prompt of each agent that max-product belief propagation chooses; exact where the team is a tree.

    In logarithms, as many rounds of messages as there are agents (Pearl 1988). When level, the earlier prompt.
    """
    scores = {name: [math.log(max(value, _LEAST)) for value in values] for name, values in nodes.items()}
    pairs: dict[tuple[str, str], list[list[float]]] = {}
    for (source, reader), table in edges.items():
        logs = [[math.log(max(value, _LEAST)) for value in row] for row in table]
        pairs[source, reader] = logs
        pairs[reader, source] = [list(column) for column in zip(*logs, strict=True)]
    messages = {(one, other): [0.0] * len(scores[other]) for one, other in pairs}

    def sum_messages(name: str, but: str = "") -> list[float]:
        """Return what an agent holds of its prompts: its own reward, and what all others but one say."""
        heard = [message for (one, other), message in messages.items() if other == name and one != but]
        return [score + add_up(message[place] for message in heard) for place, score in enumerate(scores[name])]

    for _ in nodes:
        fresh = {}
        for (one, other), table in pairs.items():
            own = sum_messages(one, but=other)
            found = [
                max(own[place] + row[target] for place, row in enumerate(table)) for target in range(len(scores[other]))
            ]
            fresh[one, other] = [value - max(found) for value in found]
        messages = fresh
    return {name: max(range(len(values)), key=sum_messages(name).__getitem__) for name, values in scores.items()}
