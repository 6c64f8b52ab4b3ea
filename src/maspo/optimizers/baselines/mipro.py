"""MIPROv2 by DSPy's own package: a pool of instructions, searched by minibatches and now and then in full.

Opsahl-Ong et al., EMNLP 2024, arXiv 2406.11695; the package is ``dspy``. What defines the second
version is its own code, run in a thread: a combination of instructions is met on a drawn minibatch, Optuna's
multivariate TPE learns from it, and after so many trials the combination with the highest mean is met on all inputs,
which alone can make it the best. What it wants evaluated becomes requests of this port. The pool is written by our
proposer, led by traces, before the search begins, or, with ``words=own``, by DSPy's (section 3.1 of the paper), which
is shown a summary of the inputs that a model has written, and a tip; what it proposes is vetted like a draft. It would
be shown the program's code, too, which here is only the code of this file. Examples of runs in prompts, its other half,
copy inputs, so they are drawn only where a user asked for them (``proposer.examples``): as instructions of the pool,
each with and without examples of runs that won, since an agent here has one text and no place for demonstrations.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import Field

from maspo.core.errors import ConfigInvalid
from maspo.core.sums import add_up
from maspo.core.turns import Done, Say, Turns
from maspo.optimizers.base import Answered, Asking, AskModel, Problem, Propose, Search, ShownText
from maspo.optimizers.baselines.planned import (
    EVEN,
    WORDS,
    Baseline,
    BaselineConfig,
    Meeting,
    PlannedSearch,
    Scored,
    Words,
)
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
    words: Words = WORDS


@dataclass(frozen=True, slots=True)
class _Evaluate:
    """The package wants to know what a combination is worth on some inputs, in percent."""

    combination: Combination
    inputs: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Ask:
    """The package's proposer wants to ask a model."""

    messages: Sequence[tuple[Literal["system", "user", "assistant"], str]]
    """Each with who says it."""


@dataclass(frozen=True, slots=True)
class _Propose:
    """The package's proposer has written instructions for each agent, in their order."""

    texts: Sequence[Sequence[str]]


class _Mipro(PlannedSearch[MiproConfig]):
    def __init__(self, config: MiproConfig, problem: Problem) -> None:
        super().__init__(config, problem)
        self.pools: list[list[str]] = []
        self.scores: dict[Combination, dict[str, float]] = {}
        """What combinations came to, input by input."""
        self.best = Scored(self.prompts, EVEN)
        self.trials, self.asked = 0, 0

    def run(self) -> Search:
        agents, seeds = self.team.rewritten, self.problem.seed_prompts
        asked = [
            Propose(f"s0/{name}/propose", name, seeds, self.draw_traces(f"s0/{name}"), (), self.config.drafts)
            for name in agents
        ]
        own = self.config.words == "own"
        more = len(agents) * (self.config.drafts + 1) + _SUMMARY if own else 0
        if not agents or not self.fits(() if own else asked, Meeting(seeds, seeds, agents, self.sample), more):
            return self.end_of_plan()
        package = _package()
        self.open_step(agents, 1, self.config.trials)
        if not own:
            drafts = yield from self.propose(asked, 1)
            self.pools = [[seeds[name], *found] for name, found in zip(agents, drafts, strict=True)]
            self.pools = yield from self.with_examples()
        with Turns(lambda say: _search(self, package, say)) as turns:
            while not isinstance(said := turns.hear(), Done):
                match said:
                    case _Ask():
                        turns.answer((yield from self.answer(said)))
                    case _Propose():
                        yield from self.fill_pools(said)
                        self.pools = yield from self.with_examples()
                        turns.answer(None)
                    case _:
                        assert isinstance(said, _Evaluate)  # noqa: S101 - nothing else is said
                        if not self.has_room(said):
                            return self.end_of_plan()
                        turns.answer((yield from self.evaluate(said)))
        return self.end(f"all {self.config.trials} trials were made")

    # ── in the package's own words ───────────────────────────────────────────────────────────────────────────────────

    @property
    def marks(self) -> dict[str, ShownText]:
        """What stands for the inputs of the sample in a question."""
        seeds = self.problem.seed_prompts
        return {f"[[input {place}]]": ShownText(seeds, key, "input") for place, key in enumerate(self.sample)}

    def answer(self, said: _Ask) -> Asking[str]:
        """Return what a model answers to the package's own question."""
        self.asked += 1
        text = "\n".join(text for _, text in said.messages)
        asked = AskModel(
            id=f"s0/ask/{self.asked}",
            messages=tuple(said.messages),
            shown={mark: shown for mark, shown in self.marks.items() if mark in text},
            purpose="propose",
            example=_as_asked(text, f"Instruction {self.asked}."),
        )
        ((_, found),) = yield from self.ask([asked])
        said_back = found.text if isinstance(found, Answered) else ""
        # What has not the form is taken as a whole: the package would ask twice, and then end the search.
        return said_back if _FIELD.search(said_back) else _as_asked(text, said_back or _NOTHING)

    def with_examples(self) -> Asking[list[list[str]]]:
        """Return the pools with worked examples in them, where they were asked for."""
        named = dict(zip(self.team.rewritten, self.pools, strict=True))
        return list((yield from self.show_examples(named, self.sample)).values())

    def fill_pools(self, said: _Propose) -> Asking[None]:
        """Take what may be used of the instructions that the package's proposer wrote."""
        agents, seeds = self.team.rewritten, self.problem.seed_prompts
        self.pools = [[seeds[name]] for name in agents]
        for number in range(max(map(len, said.texts), default=0)):
            texts = {name: of[number] for name, of in zip(agents, said.texts, strict=True) if number < len(of)}
            new = yield from self.vet(number, seeds, texts)
            for place, name in enumerate(agents):
                self.pools[place] += [new[name]] if name in new else []

    # ── combinations ─────────────────────────────────────────────────────────────────────────────────────────────────

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
        score = add_up(known[key] for key in said.inputs) / len(said.inputs)
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


class Mipro(Baseline[MiproConfig]):
    """Propose a pool of instructions for everybody; let the package search it."""

    Config = MiproConfig
    Method = _Mipro


_SUMMARY = 4
"""Calls that the package's summary of the inputs takes at most: two looks at ten each, a summary, one in reserve."""
_FIELD = re.compile(r"\[\[ ## (\w+) ## \]\]")
_NOTHING = "…"
"""Stands for an answer that did not come: no prompt, since it has no letter."""


def _as_asked(question: str, text: str) -> str:
    """Return an answer in the form that DSPy asks for: each field that is wanted, with a text."""
    wanted = dict.fromkeys(_FIELD.findall(question.rpartition("Respond with")[2]))
    return "\n".join(f"[[ ## {name} ## ]]\n{'' if name == 'completed' else text}" for name in wanted)


def _package() -> Any:
    try:
        from dspy import teleprompt
    except ImportError as error:
        raise ConfigInvalid(
            f"search.method=mipro needs DSPy and Optuna: pip install 'dspy>=3.4' optuna ({error})"
        ) from error
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
            if search.config.words == "own":
                texts = [search.problem.seed_prompts[name] for name in search.team.rewritten]
                shown = [dspy.Example(input=mark).with_inputs("input") for mark in search.marks]
                batch, count = min(10, len(shown)), search.config.drafts + 1
                found = super()._propose_instructions(
                    Program(texts), shown, None, batch, False, True, True, False, count
                )
                say(_Propose([found[place][1:] for place in range(len(texts))]))  # the first is the seed prompt
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
        def __init__(self, instructions: Sequence[str]) -> None:
            super().__init__()
            self.agents = [dspy.Predict(dspy.Signature("input -> output", text)) for text in instructions]

    class Asked(dspy.BaseLM):  # type: ignore[misc]
        """What the package's proposer asks."""

        def __init__(self) -> None:
            super().__init__("asked", "chat")

        def __call__(self, prompt: str | None = None, messages: Any = None, **_: Any) -> list[str]:
            given = messages or [{"role": "user", "content": prompt or ""}]
            return [str(say(_Ask([(one["role"], str(one["content"])) for one in given])))]

    config = search.config
    nobody = dspy.utils.DummyLM([])  # is never asked
    rows = [dspy.Example(key=key).with_inputs("key") for key in search.sample]
    optimizer = Searching(
        metric=lambda *_: 0.0,
        prompt_model=Asked(),
        task_model=nobody,
        max_bootstrapped_demos=0,
        max_labeled_demos=0,
        auto=None,
        num_candidates=config.drafts + 1 if config.words == "own" else max(map(len, search.pools)),
        track_stats=False,
    )
    optimizer.compile(
        Program(["0"] * len(search.team.rewritten)),
        trainset=rows,
        valset=rows,
        num_trials=config.trials,
        seed=search.problem.seed % 2**32 or 1,  # 0 would be taken for none
        minibatch=len(rows) > config.minibatch,
        minibatch_size=min(config.minibatch, len(rows)),
        minibatch_full_eval_steps=config.full_every,
    )
