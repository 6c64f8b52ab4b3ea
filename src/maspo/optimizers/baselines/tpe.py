"""TPE over a pool of instructions: prompts are written first, then the best combination of them is searched for. Pure.

The search of MIPRO (Opsahl-Ong et al., EMNLP 2024, arXiv 2406.11695). Its defining decision: proposing and searching
are two things. Instructions are proposed for every agent at the beginning, from its traces, and a Tree-structured
Parzen Estimator models which of them go together. The sampler is Optuna's (Bergstra et al., NeurIPS 2011), the extra
``tpe``. Examples of runs in prompts, the other half of MIPRO's pool, copy inputs, so they are drawn only where a user
asked for them (``proposer.examples``): the first instructions of all are met first, and each instruction is searched
with and without examples of the runs that won there.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from maspo.core.errors import ConfigInvalid
from maspo.optimizers.base import Propose, Search
from maspo.optimizers.baselines.planned import EVEN, Baseline, BaselineConfig, Meeting, PlannedSearch, Scored


class TpeConfig(BaselineConfig):
    """The settings of TPE over a pool of instructions."""

    method: Literal["tpe"] = "tpe"
    drafts: int = Field(default=6, ge=1, description="instructions that are proposed for each agent, at the beginning")
    trials: int = Field(default=500, ge=1, description="combinations that are tried, at most")


class _Tpe(PlannedSearch[TpeConfig]):
    def run(self) -> Search:
        agents, seeds, trials = self.team.rewritten, self.problem.seed_prompts, self.config.trials
        study, best = _study(self.problem.seed), Scored(seeds, EVEN)
        asked = [
            Propose(f"s0/{name}/propose", name, seeds, self.draw_traces(f"s0/{name}"), (), self.config.drafts)
            for name in agents
        ]
        if not agents or not self.fits(asked, Meeting(seeds, seeds, agents, self.sample)):
            return self.end_of_plan()
        self.open_step(agents, 1, trials)
        drafts = yield from self.propose(asked, 1)
        pools = {name: [seeds[name], *found] for name, found in zip(agents, drafts, strict=True)}
        pools = yield from self.show_examples(pools, self.sample)
        # The seed prompts are even with themselves: a first trial that costs nothing, as MIPRO's default program.
        study.enqueue_trial(dict.fromkeys(agents, 0))
        met: dict[tuple[int, ...], Scored] = {(0,) * len(agents): best}
        for number in self.steps(trials):
            trial = study.ask()
            chosen = tuple(trial.suggest_categorical(name, list(range(len(pools[name])))) for name in agents)
            if chosen not in met:
                if not self.fits((), Meeting(seeds, seeds, agents, self.sample)):
                    return self.end_of_plan()
                if number > 1:
                    self.open_step(agents, number, trials)
                joint = {**seeds, **{name: pools[name][place] for name, place in zip(agents, chosen, strict=True)}}
                (met[chosen],) = yield from self.meet(seeds, [joint], self.sample, f"s{number}")
                before, best = best, max(best, met[chosen], key=lambda one: one.score)
                for name in agents:
                    self.tell(number, name, met[chosen], before.prompts[name], best.prompts)
                self.take(number, best.prompts, f"the best of {len(met)} combinations: {best.score:.0%} won")
            study.tell(trial, met[chosen].score)
        return self.end(f"all {trials} combinations were tried")


class Tpe(Baseline[TpeConfig]):
    """Propose a pool of instructions for everybody; let TPE choose which combination is tried next."""

    Config = TpeConfig
    Method = _Tpe


def _study(seed: int) -> Any:
    """Return a study of Optuna that draws the same for the same seed and keeps quiet."""
    try:
        import optuna
    except ImportError as error:
        raise ConfigInvalid(f"search.method=tpe needs Optuna: pip install 'maspo[tpe]' ({error})") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed % 2**32))
