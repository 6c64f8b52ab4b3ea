"""OPRO, Optimization by PROmpting: a model writes new prompts from a list of old ones with their scores. Pure.

Yang et al., arXiv 2309.03409. Its defining decision: the proposer sees the trajectory, the best prompts so far with
their scores, in ascending order, and is asked for one that scores higher (section 4.2: 20 prompts, eight new ones a
step). It was published for one prompt and accuracy on labelled inputs: in a team the agents take turns, and the score
is the share of inputs on which the team does better than under the seed prompts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from maspo.optimizers.base import Problem, Propose, Search, Tried
from maspo.optimizers.baselines.planned import EVEN, Baseline, BaselineConfig, Meeting, PlannedSearch, Scored


class OproConfig(BaselineConfig):
    """The settings of OPRO; defaults are the paper's, but for the inputs of a score."""

    method: Literal["opro"] = "opro"
    steps: int = Field(default=200, ge=1, description="steps, at most (200 in the paper)")
    drafts: int = Field(default=8, ge=1, description="new prompts a step (8 in the paper)")
    history: int = Field(default=20, ge=1, description="prompts with their scores that the proposer sees (20)")


class _Opro(PlannedSearch[OproConfig]):
    def __init__(self, config: OproConfig, problem: Problem) -> None:
        super().__init__(config, problem)
        self.trajectory = {name: [Tried(text, EVEN)] for name, text in self.prompts.items()}
        self.best = Scored(self.prompts, EVEN)

    def run(self) -> Search:
        config, agents, seeds = self.config, self.team.rewritten, self.problem.seed_prompts
        for number in self.steps(config.steps):
            agent = agents[(number - 1) % len(agents)]
            step = f"s{number}/{agent}"
            trajectory = sorted(self.trajectory[agent], key=lambda one: one.score)[-config.history :]  # ascending
            asked = Propose(
                id=f"{step}/propose",
                agent=agent,
                prompts=self.prompts,
                inputs=self.draw_traces(step),
                cases=(),
                count=config.drafts,
                form="opro",
                history=tuple(trajectory),
            )
            while not self.fits([asked], Meeting(seeds, self.prompts, (agent,), self.sample, asked.count)):
                if asked.count == 1:
                    return self.end_of_plan()
                asked = replace(asked, count=asked.count - 1)  # the last step is smaller
            self.open_step([agent], number, config.steps)
            (drafts,) = yield from self.propose([asked], number)
            candidates = [{**self.prompts, agent: draft} for draft in drafts]
            met = yield from self.meet(seeds, candidates, self.sample, step)
            self.trajectory[agent] += [Tried(one.prompts[agent], one.score) for one in met]
            before, best = self.prompts[agent], max(met, key=lambda one: one.score, default=self.best)
            self.best = max(self.best, best, key=lambda one: one.score)  # the earlier one when they are level
            for one in met:
                self.tell(number, agent, one, before, self.best.prompts)
            self.take(number, self.best.prompts, f"the highest score so far: {self.best.score:.0%}")
        return self.end(f"all {config.steps} steps were done")


class Opro(Baseline[OproConfig]):
    """Ask for prompts that score higher than all of the trajectory."""

    Config = OproConfig
    Method = _Opro
