"""Contrast per agent: several joint configurations on the same inputs, and each prompt is credited by comparison. Pure.

After CANTANTE (Zehle, arXiv 2605.13295). Its defining decision: the reward of the team is decomposed into one signal
an agent by contrasting rollouts of several joint configurations on the same query. There a model reads the rollouts
and attributes; here the contrast is counted: a prompt's credit is how much better configurations that hold it do than
all configurations on the same input. The credit drives a local search of each agent, as there: the worst prompt of
its pool makes room for a rewrite of the best.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Literal

from pydantic import Field

from maspo.core.prompts import Prompts
from maspo.core.seeded import rank
from maspo.optimizers.base import Problem, Propose, Search
from maspo.optimizers.baselines.planned import EVEN, Baseline, BaselineConfig, Meeting, PlannedSearch, Scored
from maspo.optimizers.parts.reward import value_of


class CantanteConfig(BaselineConfig):
    """The settings of the contrastive search."""

    method: Literal["cantante"] = "cantante"
    pool: int = Field(default=4, ge=2, description="prompts of each agent that are in play")
    configurations: int = Field(default=4, ge=2, description="joint configurations that meet on the same inputs")
    rounds: int = Field(default=200, ge=1, description="rounds, at most")


class _Cantante(PlannedSearch[CantanteConfig]):
    def __init__(self, config: CantanteConfig, problem: Problem) -> None:
        super().__init__(config, problem)
        self.pools = {name: [self.prompts[name]] for name in self.team.rewritten}
        self.advantages: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        """Of each agent's prompts: by how much configurations with it did better than all, input by input."""

    def run(self) -> Search:
        config, agents, seeds = self.config, self.team.rewritten, self.problem.seed_prompts
        best = Scored(seeds, EVEN)
        for number in self.steps(config.rounds):
            wanted = config.pool - 1 if number == 1 else 1
            asked = [
                Propose(
                    f"s{number}/{name}/propose",
                    name,
                    {**best.prompts, name: self.best_of(name)},
                    self.draw_traces(f"s{number}/{name}"),
                    (),
                    wanted,
                )
                for name in agents
            ]
            if not self.fits(asked, Meeting(seeds, seeds, agents, self.sample, config.configurations)):
                return self.end_of_plan()
            self.open_step(agents, number, config.rounds)
            for name, drafts in zip(agents, (yield from self.propose(asked, number)), strict=True):
                self.pools[name] = self.renewed(name, drafts)
            configurations = self.draw(number)
            met = yield from self.meet(seeds, configurations, self.sample, f"s{number}")
            self.credit(met)
            before, best = best, max([best, *met], key=lambda one: one.score)
            for name in agents:
                first = met[0]
                self.tell(number, name, first, before.prompts[name], best.prompts)
            self.take(number, best.prompts, f"the best configuration so far: {best.score:.0%} won")
        return self.end(f"all {config.rounds} rounds were done")

    def draw(self, number: int) -> list[Prompts]:
        """Return joint configurations: everybody's best-credited prompt, then everybody's newest, then any."""
        found: list[Prompts] = [{**self.problem.seed_prompts, **{name: self.best_of(name) for name in self.pools}}]
        for place in range(1, self.config.configurations):
            # The newest stand last; who stands beside whom is drawn.
            drawn = {name: rank(self.problem.seed, "beside", number, place, name) for name in self.pools}
            chosen = {name: pool[-1 if place == 1 else drawn[name] % len(pool)] for name, pool in self.pools.items()}
            found.append({**self.problem.seed_prompts, **chosen})
        return found

    def credit(self, met: Sequence[Scored]) -> None:
        """Credit the prompts of configurations that met on the same inputs."""
        for name, text, gained in contrasts(met, self.team.rewritten):
            self.advantages[name, text].append(gained)

    def credit_of(self, name: str, text: str) -> float:
        """Return the credit of a prompt; one that was in no configuration yet has none."""
        found = self.advantages.get((name, text))
        return fmean(found) if found else 0.0

    def best_of(self, name: str) -> str:
        """Return an agent's prompt with the highest credit, the older one when level."""
        return max(self.pools[name], key=lambda text: self.credit_of(name, text))

    def renewed(self, name: str, drafts: Sequence[str]) -> list[str]:
        """Return the pool with new prompts last, and without as many of the worst as do not fit."""
        pool = [*self.pools[name]]
        while len(pool) + len(drafts) > self.config.pool and len(pool) > 1:
            pool.remove(min(reversed(pool), key=lambda text: self.credit_of(name, text)))
        return [*pool, *drafts]


class Cantante(Baseline[CantanteConfig]):
    """Credit each prompt by contrast; replace each agent's worst by a rewrite of its best."""

    Config = CantanteConfig
    Method = _Cantante


def contrasts(met: Sequence[Scored], agents: Sequence[str]) -> list[tuple[str, str, float]]:
    """Return, of each agent's prompt in each configuration, by how much that one did better than all on average.

    Only inputs on which all configurations were run count; one that is the reference itself is even everywhere.
    """
    rewards: list[Mapping[str, float]] = [
        {each.input_key: EVEN + value_of(each.glob) for each in one.comparisons} for one in met
    ]
    keys = sorted({key for reward in rewards for key in reward})
    found = []
    for key in keys:
        values = [reward.get(key, EVEN) for reward in rewards]
        mean = fmean(values)
        found += [
            (name, one.prompts[name], value - mean) for one, value in zip(met, values, strict=True) for name in agents
        ]
    return found
