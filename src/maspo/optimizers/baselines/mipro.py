"""MIPROv2 by DSPy's own package: a pool of instructions, searched by minibatches and now and then in full.

Opsahl-Ong et al., EMNLP 2024, arXiv 2406.11695; the package is ``dspy``, the extra ``mipro``. What defines the second
version is its own code, run in a thread: a combination of instructions is met on a drawn minibatch, Optuna's
multivariate TPE learns from it, and after so many trials the combination with the highest mean is met on all inputs,
which alone can make it the best. What it wants evaluated becomes requests of this port. The pool is written by our
proposer, led by traces, before the search begins; DSPy's would ask in words of its own and show inputs. Examples of
runs in prompts, its other half, are not drawn: they would copy inputs.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import Field

from maspo.core.errors import ConfigInvalid
from maspo.core.turns import Say, Turns
from maspo.optimizers.base import Asking, Problem, Propose, Search
from maspo.optimizers.baselines.planned import EVEN, BaselineConfig, Meeting, PlannedSearch, Scored
from maspo.optimizers.parts.reward import value_of

Combination: TypeAlias = tuple[int, ...]
"""For each agent the place of its instruction in its pool; 0 is the seed prompt."""


class MiproConfig(BaselineConfig):
    """The settings of MIPROv2; ``batch`` inputs are its validation set."""

    method: Literal["mipro"] = "mipro"
    batch: int = Field(default=15, ge=1, description="inputs on which a combination is met in full")
    drafts: int = Field(default=6, ge=1, description="instructions that are proposed for each agent, at the beginning")
    minibatch: int = Field(default=5, ge=1, description="inputs on which a combination is tried (35 in the package)")
    full_every: int = Field(default=5, ge=1, description="trials after which the best so far is met in full")
    trials: int = Field(default=300, ge=1, description="combinations that are tried, at most")


class Mipro:
    """Propose a pool of instructions for everybody; let the package search it."""

    Config = MiproConfig

    def __init__(self, config: MiproConfig) -> None:
        self.config = config

    def search(self, problem: Problem) -> Search:
        """Begin a search from the seed prompts."""
        return _Mipro(self.config, problem).run()


@dataclass(frozen=True, slots=True)
class _Evaluate:
    """The package wants to know what a combination is worth on some inputs, in percent."""

    combination: Combination
    inputs: Sequence[str]


class _Mipro(PlannedSearch):
    def __init__(self, config: MiproConfig, problem: Problem) -> None:
        super().__init__(config, problem)
        self.config = config
        self.pools: list[list[str]] = []
        self.scores: dict[Combination, dict[str, float]] = {}
        """What combinations came to, input by input."""
        self.best = Scored(self.prompts, EVEN)
        self.trials = 0

    def run(self) -> Search:
        agents, seeds = self.team.rewritten, self.problem.seed_prompts
        asked = [
            Propose(f"s0/{name}/propose", name, seeds, self.draw_traces(f"s0/{name}"), (), self.config.drafts)
            for name in agents
        ]
        if not agents or not self.fits(asked, Meeting(seeds, seeds, agents, self.sample)):
            return self.end_of_plan()
        package = _package()
        self.open_step(agents, 1, self.config.trials)
        drafts = yield from self.propose(asked, 1)
        self.pools = [[seeds[name], *found] for name, found in zip(agents, drafts, strict=True)]
        with Turns(lambda say: _search(self, package, say)) as turns:
            while isinstance(said := turns.hear(), _Evaluate):
                if not self.has_room(said):
                    return self.end_of_plan()
                turns.answer((yield from self.evaluate(said)))
        return self.end(f"all {self.config.trials} trials were made")

    def joint(self, combination: Combination) -> dict[str, str]:
        """Return the joint prompts of a combination."""
        agents = self.team.rewritten
        chosen = {name: pool[at] for name, pool, at in zip(agents, self.pools, combination, strict=True)}
        return {**self.problem.seed_prompts, **chosen}

    def missing(self, said: _Evaluate) -> list[str]:
        """Return the inputs on which a combination has not been met; the seed prompts are even with themselves."""
        known = self.scores.setdefault(said.combination, {})
        if not any(said.combination):
            known.update(dict.fromkeys(said.inputs, EVEN))
        return [key for key in said.inputs if key not in known]

    def has_room(self, said: _Evaluate) -> bool:
        """Tell whether what is asked fits into the plan; what is known costs nothing."""
        seeds, missing = self.problem.seed_prompts, tuple(self.missing(said))
        return not missing or self.fits((), Meeting(seeds, seeds, self.team.rewritten, missing))

    def evaluate(self, said: _Evaluate) -> Asking[float]:
        """Return the mean score of a combination on some inputs; what is known is not asked again."""
        seeds, joint = self.problem.seed_prompts, self.joint(said.combination)
        known, missing = self.scores[said.combination], self.missing(said)
        met: Scored | None = None
        if missing:
            self.trials += 1
            (met,) = yield from self.meet(seeds, [joint], missing, f"s{self.trials}")
            known.update({one.input_key: EVEN + value_of(one.glob) for one in met.comparisons})
        score = sum(known[key] for key in said.inputs) / len(said.inputs)
        in_full = len(said.inputs) == len(self.sample)
        before = self.best
        if in_full and score > before.score:
            self.best = Scored(joint, score, met.comparisons if met else ())
        if met is not None:
            for name in self.team.rewritten:
                self.tell(self.trials, name, met, before.prompts[name], self.best.prompts)
        if self.best is not before:
            self.take(max(self.trials, 1), joint, f"the best that was met in full: {score:.0%} won")
        return score


def _package() -> Any:
    try:
        from dspy import teleprompt
    except ImportError as error:
        raise ConfigInvalid("search.method=mipro needs DSPy and Optuna: pip install 'dspy>=3.4' optuna") from error
    for name in ("dspy", "dspy.teleprompt"):  # what the search does is told by events
        logging.getLogger(name).setLevel(logging.ERROR)
    return teleprompt


def _search(search: _Mipro, package: Any, say: Say) -> None:
    """Run the package's search over the pool of instructions, for as long as it is answered."""
    import dspy

    class Score:
        def __init__(self, score: float) -> None:
            self.score = score

    def evaluate(program: Any, devset: Sequence[Any], **_: Any) -> Score:
        """Return what the package's own evaluation would: percent of the metric, here of meetings that were won."""
        combination = tuple(int(one.signature.instructions) for one in program.predictors())
        return Score(100 * say(_Evaluate(combination, [example.key for example in devset])))

    class Searching(package.MIPROv2):  # type: ignore[misc]
        """The package's optimizer without its two first steps: it is given a pool, and draws no examples."""

        def _bootstrap_fewshot_examples(self, *_: Any, **__: Any) -> None:
            return None

        def _propose_instructions(self, *_: Any, **__: Any) -> dict[int, list[str]]:
            # By their place: as texts the package would trim them.
            return {number: list(map(str, range(len(pool)))) for number, pool in enumerate(search.pools)}

        def _optimize_prompt_parameters(self, *given: Any) -> Any:
            program, instructions, demos, _, *rest = given
            return super()._optimize_prompt_parameters(program, instructions, demos, evaluate, *rest)

        def _perform_full_evaluation(self, *given: Any) -> Any:
            _, _, tried, in_full, _, _, _, calls, _, score, program, *_ = given
            if all(combination in in_full for combination in tried):  # the package would raise (findings/)
                return score, program, calls
            return super()._perform_full_evaluation(*given)

    class Program(dspy.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            signature = dspy.Signature("input -> output", "0")
            self.agents = [dspy.Predict(signature) for _ in search.pools]

    config = search.config
    nobody = dspy.utils.DummyLM([])  # is never asked
    rows = [dspy.Example(key=key).with_inputs("key") for key in search.sample]
    optimizer = Searching(
        metric=lambda *_: 0.0,
        prompt_model=nobody,
        task_model=nobody,
        max_bootstrapped_demos=0,
        max_labeled_demos=0,
        auto=None,
        num_candidates=max(map(len, search.pools)),
        track_stats=False,
    )
    optimizer.compile(
        Program(),
        trainset=rows,
        valset=rows,
        num_trials=config.trials,
        seed=search.problem.seed % 2**32 or 1,  # 0 would be taken for none
        minibatch=len(rows) > config.minibatch,
        minibatch_size=min(config.minibatch, len(rows)),
        minibatch_full_eval_steps=config.full_every,
    )
