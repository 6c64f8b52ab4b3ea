"""Naive joint optimization: rewrite every prompt at once, keep all of them or none. Pure.

What tuning a whole team comes to without credit assignment, the problem that the paper opens with (arXiv 2605.06623,
section 1): one bad rewrite spoils the good ones beside it, and nobody can tell which it was.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from maspo.optimizers.base import Propose, Search
from maspo.optimizers.baselines.planned import EVEN, Baseline, BaselineConfig, Meeting, PlannedSearch


class NaiveJointConfig(BaselineConfig):
    """The settings of naive joint optimization."""

    method: Literal["naive-joint"] = "naive-joint"
    rounds: int = Field(default=200, ge=1, description="rewrites of the whole team, at most")


class _NaiveJoint(PlannedSearch[NaiveJointConfig]):
    def run(self) -> Search:
        agents, rounds = self.team.rewritten, self.config.rounds
        for number in self.steps(rounds):
            step = f"s{number}"
            traces = self.draw_traces(step)
            asked = [Propose(f"{step}/{name}/propose", name, self.prompts, traces, (), 1) for name in agents]
            if not self.fits(asked, Meeting(self.prompts, self.prompts, agents, self.sample)):
                return self.end_of_plan()
            self.open_step(agents, number, rounds)
            drafts = yield from self.propose(asked, number)
            new = {name: found[0] for name, found in zip(agents, drafts, strict=True) if found}
            (met,) = yield from self.meet(self.prompts, [{**self.prompts, **new}], self.sample, step)
            better = met.prompts if met.score > EVEN else self.prompts
            for name in new:
                self.tell(number, name, met, self.prompts[name], better)
            self.take(number, better, f"all agents rewritten at once: {met.score:.0%} won")
        return self.end(f"all {rounds} rounds were done")


class NaiveJoint(Baseline[NaiveJointConfig]):
    """Rewrite everybody at once; keep the whole if the team does better with it."""

    Config = NaiveJointConfig
    Method = _NaiveJoint
