"""Best of n: draw n sets of prompts around the seed prompts, score each, keep the best. Pure.

What a person does who tries a few versions by hand. There is no second step: nothing is learned from one set for the
next. A search has to beat it to be worth its name (Brown et al., "Large Language Monkeys", arXiv 2407.21787, on how far
repeated sampling alone goes).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from maspo.optimizers.base import Propose, Search
from maspo.optimizers.baselines.planned import EVEN, Baseline, BaselineConfig, Meeting, PlannedSearch, Scored


class BestOfNConfig(BaselineConfig):
    """The settings of best of n."""

    method: Literal["best-of-n"] = "best-of-n"
    sets: int = Field(default=200, ge=1, description="n: sets of prompts that are tried, at most")


class _BestOfN(PlannedSearch[BestOfNConfig]):
    def run(self) -> Search:
        agents, seeds, sets = self.team.rewritten, self.problem.seed_prompts, self.config.sets
        best = Scored(seeds, EVEN)
        for number in self.steps(sets):
            step = f"s{number}"
            traces = self.draw_traces(step)
            asked = [Propose(f"{step}/{name}/propose", name, seeds, traces, (), 1) for name in agents]
            if not self.fits(asked, Meeting(seeds, seeds, agents, self.sample)):
                return self.end_of_plan()
            self.open_step(agents, number, sets)
            drafts = yield from self.propose(asked, number)
            new = {name: found[0] for name, found in zip(agents, drafts, strict=True) if found}
            (met,) = yield from self.meet(seeds, [{**seeds, **new}], self.sample, step)
            best = max(best, met, key=lambda one: one.score)  # the earlier one when they are level
            for name in new:
                self.tell(number, name, met, seeds[name], best.prompts)
            self.take(number, best.prompts, f"the best of {number} sets: {best.score:.0%} won")
        return self.end(f"all {sets} sets were tried")


class BestOfN(Baseline[BestOfNConfig]):
    """Draw sets of prompts around the seed prompts and keep the one that wins most often over them."""

    Config = BestOfNConfig
    Method = _BestOfN
