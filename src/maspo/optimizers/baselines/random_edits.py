"""Random edits: add, drop, move or shorten a sentence of one prompt, keep it when the team does better. Pure.

The search without a proposer that GrIPS describes (Prasad et al., EACL 2023, arXiv 2203.07281). Its defining decisions:
edits are drawn without looking at what the team wrote, and the best so far is what is edited next. It tells what a
model that writes prompts is worth: nobody is asked for a draft.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from maspo.core.seeded import rank
from maspo.optimizers.base import FALLBACK, Propose, Search
from maspo.optimizers.baselines.planned import EVEN, Baseline, BaselineConfig, Meeting, PlannedSearch, Scored


class RandomEditsConfig(BaselineConfig):
    """The settings of random edits."""

    method: Literal["random-edits"] = "random-edits"
    edits: int = Field(default=1000, ge=1, description="edits that are tried, at most")


class _RandomEdits(PlannedSearch[RandomEditsConfig]):
    def run(self) -> Search:
        agents, seeds, edits = self.team.rewritten, self.problem.seed_prompts, self.config.edits
        best = Scored(seeds, EVEN)
        for number in self.steps(edits):
            agent = agents[rank(self.problem.seed, "random edits", number) % len(agents)]
            asked = [Propose(f"s{number}/{agent}/propose", agent, best.prompts, (), (), 1, purpose=FALLBACK)]
            if not self.fits(asked, Meeting(seeds, best.prompts, (agent,), self.sample)):
                return self.end_of_plan()
            self.open_step([agent], number, edits)
            ((*drafts,),) = yield from self.propose(asked, number)
            for draft in drafts:
                candidate = {**best.prompts, agent: draft}
                (met,) = yield from self.meet(seeds, [candidate], self.sample, f"s{number}/{agent}")
                before = best.prompts[agent]
                best = met if met.score > best.score else best
                self.tell(number, agent, met, before, best.prompts)
                self.take(number, best.prompts, f"the best of {number} edits: {best.score:.0%} won")
        return self.end(f"all {edits} edits were tried")


class RandomEdits(Baseline[RandomEditsConfig]):
    """Edit a prompt drawn at random; the edited team replaces the best one when it scores higher."""

    Config = RandomEditsConfig
    Method = _RandomEdits
