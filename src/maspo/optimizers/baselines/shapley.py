"""Contribution-guided: Shapley values say which agent's rewrite adds least, and that agent is rewritten next. Pure.

After HiveMind (Xia et al., AAAI 2026, arXiv 2512.06432). Its defining decisions: an agent's contribution is its
Shapley value over coalitions of agents (its Eq. 2), values of coalitions that were run are used again, and only the
agent with the least contribution, the bottleneck, is refined in the next cycle. There an agent outside of a coalition
is silent; here it keeps its seed prompt, since a prompt optimizer changes prompts and not who speaks. So the value of
a coalition is the share of inputs on which the team does better when only its members have their new prompts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Literal

from pydantic import Field

from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.optimizers.base import Problem, Propose, Search
from maspo.optimizers.baselines.planned import EVEN, Baseline, BaselineConfig, Meeting, PlannedSearch, Scored
from maspo.stats.shapley import Coalition, coalitions_of, mean_gains

_MOST_EXACT = 3
"""Agents of which every order is run: six orders, seven coalitions."""


class ShapleyConfig(BaselineConfig):
    """The settings of the contribution-guided search."""

    method: Literal["shapley"] = "shapley"
    cycles: int = Field(default=200, ge=1, description="refinements of the bottleneck, at most")
    orders: int = Field(default=4, ge=1, description="orders of more than three agents that a Shapley value is from")


class _Shapley(PlannedSearch[ShapleyConfig]):
    def __init__(self, config: ShapleyConfig, problem: Problem) -> None:
        super().__init__(config, problem)
        self.met: dict[tuple[str, ...], Scored] = {}
        """What every joint set of prompts that was run came to."""

    def run(self) -> Search:
        config, agents, seeds = self.config, self.team.rewritten, self.problem.seed_prompts
        best, rewrites = Scored(seeds, EVEN), dict(seeds)
        refined: tuple[str, ...] = agents
        for number in self.steps(config.cycles):
            orders = self.draw_orders()
            coalitions = coalitions_of(agents, orders)
            traces = self.draw_traces(f"s{number}")
            asked = [Propose(f"s{number}/{name}/propose", name, best.prompts, traces, (), 1) for name in refined]
            changed = [one for one in coalitions if one & set(refined)]
            if not self.fits(asked, Meeting(seeds, seeds, agents, self.sample, len(changed))):
                return self.end_of_plan()
            self.open_step(refined, number, config.cycles)
            drafts = yield from self.propose(asked, number)
            rewrites |= {name: found[0] for name, found in zip(refined, drafts, strict=True) if found}
            joint = {one: {**seeds, **{name: rewrites[name] for name in one}} for one in coalitions}
            new = {self.key(prompts): prompts for prompts in joint.values() if self.key(prompts) not in self.met}
            for scored in (yield from self.meet(seeds, list(new.values()), self.sample, f"s{number}")):
                self.met[self.key(scored.prompts)] = scored
            values = {one: self.met[self.key(prompts)].score for one, prompts in joint.items()}
            worth = shapley_values(orders, values)
            before, best = best, max([best, *(self.met[self.key(prompts)] for prompts in joint.values())], key=_score)
            for name in refined:
                alone = self.met[self.key({**seeds, name: rewrites[name]})] if frozenset({name}) in values else best
                self.tell(number, name, alone, before.prompts[name], best.prompts)
            refined = (min(agents, key=lambda name: worth[name]),)  # the bottleneck; the first one when level
            self.take(number, best.prompts, f"the best coalition so far, {best.score:.0%} won; {refined[0]} adds least")
        return self.end(f"all {config.cycles} cycles were done")

    def draw_orders(self) -> Sequence[tuple[str, ...]]:
        """Return the orders in which agents join: all of a few agents, else some drawn."""
        agents = self.team.rewritten
        if len(agents) <= _MOST_EXACT:
            return list(permutations(agents))
        # The same in every cycle, so that coalitions without the bottleneck are known.
        return [shuffled(agents, self.problem.seed, "join", order) for order in range(self.config.orders)]

    def key(self, prompts: Prompts) -> tuple[str, ...]:
        """Return what joint prompts are known by."""
        return tuple(prompts[name] for name in self.team.rewritten)


class Shapley(Baseline[ShapleyConfig]):
    """Refine the agent whose rewrite contributes least; end with the best coalition of rewrites that was met."""

    Config = ShapleyConfig
    Method = _Shapley


def _score(scored: Scored) -> float:
    return scored.score


def shapley_values(orders: Sequence[Sequence[str]], values: Mapping[Coalition, float]) -> dict[str, float]:
    """Return what each agent adds when it joins, on average over orders; exact over all orders (Eq. 2 of the paper)."""
    return mean_gains(orders[0] if orders else (), values, orders, nobody=EVEN)  # of nobody: the seed prompts
