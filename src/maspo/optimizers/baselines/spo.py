"""SPO, Self-Supervised Prompt Optimization: the best prompt so far against one rewrite, by output pairs alone. Pure.

Xiang et al., arXiv 2502.06855. Its defining decisions: no labels and no score, only "which of these two outputs is
better", asked on three inputs; the rewrite is led by the best prompt's own outputs and by nothing else; whoever wins is
the best from then on. It was published for one prompt: in a team each agent has its turn, the others fixed, and the
outputs that are compared are the team's. The three inputs are drawn anew for each rewrite.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from maspo.core.seeded import shuffled
from maspo.optimizers.base import Propose, Search
from maspo.optimizers.baselines.planned import EVEN, Baseline, BaselineConfig, Meeting, PlannedSearch


class SpoConfig(BaselineConfig):
    """The settings of SPO; defaults are the paper's."""

    method: Literal["spo"] = "spo"
    batch: int = Field(default=3, ge=1, description="inputs on which outputs are compared (three in the paper)")
    iterations: int = Field(default=10, ge=1, description="rewrites of an agent in one visit (ten in the paper)")
    passes: int = Field(default=50, ge=1, description="visits of every agent, at most")


class _Spo(PlannedSearch[SpoConfig]):
    def run(self) -> Search:
        config, steps = self.config, 0
        for _pass in range(config.passes):
            for agent in self.team.rewritten:
                for _iteration in range(config.iterations):
                    steps += 1
                    step = f"s{steps}/{agent}"
                    inputs = shuffled(self.problem.inputs, self.problem.seed, "sample", step)[: config.batch]
                    shown = inputs[: config.traces]
                    asked = [Propose(f"{step}/propose", agent, self.prompts, shown, (), 1, form="spo")]  # φ_opt
                    if not self.fits(asked, Meeting(self.prompts, self.prompts, (agent,), inputs, orders=2)):
                        return self.end_of_plan()
                    self.open_step([agent], steps, config.passes * config.iterations * len(self.team.rewritten))
                    ((*drafts,),) = yield from self.propose(asked, steps)
                    for draft in drafts:
                        candidate = {**self.prompts, agent: draft}
                        (met,) = yield from self.meet(
                            self.prompts, [candidate], inputs, step, orders=2
                        )  # φ_exe, φ_eval
                        better = candidate if met.score > EVEN else self.prompts
                        self.tell(steps, agent, met, self.prompts[agent], better)
                        self.take(steps, better, f"{met.score:.0%} of its outputs preferred")
        return self.end(f"all {config.passes} passes were done")


class Spo(Baseline[SpoConfig]):
    """Optimize, execute, evaluate: a rewrite replaces the best prompt when its outputs are preferred."""

    Config = SpoConfig
    Method = _Spo
