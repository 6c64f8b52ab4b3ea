"""GEPA by its own package: reflective evolution on a Pareto front of inputs, asked through this port.

Agrawal et al., arXiv 2507.19457; the package is ``gepa``, the extra of the same name. What defines GEPA is its own
code, run in a thread: which candidate is the parent (drawn from the Pareto front over inputs), which agent is next,
whether a child is accepted (a strictly higher sum on the minibatch) and scored on all of the Pareto inputs. What it
wants evaluated or rewritten becomes requests of this port, so that its calls are recorded, counted and capped like
everybody's, and it is resumed by replay. Its reflection is worded by our proposer, which shows the traces of the
minibatch, or, with ``words=own``, by the package (section 3.2 of the paper), with marks in place of texts; what comes
back is vetted like a draft. A candidate's score on an input is 1, ½ or 0 as it is better than the seed prompts, level
or worse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import Field

from maspo.core.errors import ConfigInvalid
from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.core.sums import add_up
from maspo.core.turns import Done, Say, Turns
from maspo.core.verdict import Comparison
from maspo.optimizers.base import Answered, Asking, AskModel, Compare, Problem, Propose, Search, ShownText
from maspo.optimizers.baselines.planned import (
    EVEN,
    FEEDBACK,
    WORDS,
    Baseline,
    BaselineConfig,
    Meeting,
    PlannedSearch,
    Scored,
    Words,
)
from maspo.optimizers.parts.reward import value_of

_MOST_IDLE = 20
"""Iterations in a row that ask for nothing, after which none will."""


class GepaConfig(BaselineConfig):
    """The settings of GEPA; ``batch`` inputs are its Pareto set, the others feed its minibatches."""

    method: Literal["gepa"] = "gepa"
    minibatch: int = Field(default=3, ge=1, description="inputs whose traces lead a rewrite (3 in the paper)")
    merge: bool = Field(default=False, description="also merge candidates that descend from one (GEPA+Merge)")
    words: Words = WORDS


@dataclass(frozen=True, slots=True)
class _Evaluate:
    """GEPA wants to know what a candidate is worth on some inputs."""

    candidate: Mapping[str, str]
    inputs: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Rewrite:
    """GEPA wants new texts for some agents of a candidate, led by its traces on a minibatch."""

    candidate: Mapping[str, str]
    agents: Sequence[str]
    inputs: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Reflect:
    """GEPA wants to ask a model in its own words about an agent of the candidate that it is rewriting."""

    agent: str
    question: str


@dataclass(frozen=True, slots=True)
class _Check:
    """GEPA has new texts for some agents of that candidate, and wants to know which may be used."""

    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Child:
    """A candidate that was rewritten, and is not told of yet."""

    step: int
    prompts: Prompts
    parent: Prompts
    agents: tuple[str, ...]
    """Whose texts are new."""
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class _MayGoOn:
    """GEPA asks whether there is room for another iteration."""


class _Gepa(PlannedSearch[GepaConfig]):
    def __init__(self, config: GepaConfig, problem: Problem) -> None:
        super().__init__(config, problem)
        self.scores: dict[tuple[str, ...], dict[str, float]] = {}
        """What joint prompts came to, input by input."""
        self.best = Scored(self.prompts, EVEN)
        self.child: _Child | None = None
        self.steps_begun = 0
        self.shown: dict[str, ShownText] = {}
        self.under_way: tuple[int, Prompts] = (0, self.prompts)
        """The step in which the package asks in its own words, and the joint prompts that it rewrites."""
        self.spent, self.idle = 0, 0
        rest = tuple(key for key in problem.inputs if key not in self.sample)
        self.feedback = shuffled(rest or problem.inputs, problem.seed, "feedback")

    def run(self) -> Search:
        if not self.team.rewritten:
            return self.end("nobody may be rewritten")
        package = _package()
        with Turns(lambda say: _search(self, package, say)) as turns:
            while not isinstance(said := turns.hear(), Done):
                match said:
                    case _Evaluate():
                        turns.answer((yield from self.evaluate(said)))
                    case _Rewrite() if self.config.words == "ours":
                        turns.answer((yield from self.rewrite(said)))
                    case _Rewrite():
                        turns.answer(self.show(said))
                    case _Reflect():
                        turns.answer((yield from self.reflect(said)))
                    case _Check():
                        turns.answer((yield from self.check(said)))
                    case _:
                        turns.answer(self.has_room())
        self.tell_child()
        if self.joint(said.value) != self.best.prompts:
            self.take(self.steps_begun, self.joint(said.value), "the best by GEPA's own count")
        return self.end_of_plan()

    def joint(self, candidate: Mapping[str, str]) -> dict[str, str]:
        """Return a candidate with the prompts of agents that are never rewritten."""
        return {**self.problem.seed_prompts, **{name: candidate[name] for name in self.team.rewritten}}

    def has_room(self) -> bool:
        """Tell whether a whole iteration fits: parent and child on a minibatch, the child on the Pareto inputs."""
        seeds, agents = self.problem.seed_prompts, self.team.rewritten
        # An iteration that asks for nothing costs nothing, and would come again for ever.
        self.idle = 0 if self.count.total > self.spent else self.idle + 1
        self.spent = self.count.total
        if self.idle > _MOST_IDLE:
            return False
        # A minibatch may be new to parent, child and seed prompts: as if the child met twice as many inputs.
        unseen = [f"{key}?" for key in self.feedback[: 2 * self.config.minibatch]]
        asked = [Propose("", agents[0], self.prompts, (), (), 1)]
        return self.fits(asked, Meeting(seeds, seeds, agents, (*self.sample, *unseen)))

    def evaluate(self, said: _Evaluate) -> Asking[list[float]]:
        """Return the score of a candidate on each input; what is known is not asked again."""
        prompts, seeds = self.joint(said.candidate), self.problem.seed_prompts
        known = self.scores.setdefault(tuple(prompts[name] for name in self.team.rewritten), {})
        if prompts == dict(seeds):
            known.update(dict.fromkeys(said.inputs, EVEN))
        missing = [key for key in dict.fromkeys(said.inputs) if key not in known]
        where = f"s{self.steps_begun}/{len(self.scores)}/{len(known)}"
        requests = self.comparisons(seeds, prompts, missing, where)
        answers = (yield from self.ask(requests)) if requests else ()
        met = [result for asked, result in answers if isinstance(asked, Compare) and isinstance(result, Comparison)]
        known.update({each.input_key: EVEN + value_of(each.glob) for each in met})
        if self.child is not None and self.child.prompts == prompts:
            self.child = replace(self.child, comparisons=(*self.child.comparisons, *met))
        if set(self.sample) <= known.keys():
            score = add_up(known[key] for key in self.sample) / len(self.sample)
            if met and score > self.best.score:
                self.best = Scored(prompts, score, tuple(met))
                self.tell_child()
                self.take(self.steps_begun, prompts, f"the best on the Pareto inputs: {score:.0%} won")
        return [known[key] for key in said.inputs]

    def rewrite(self, said: _Rewrite) -> Asking[dict[str, str]]:
        """Return new texts, or the present ones where the proposer wrote none that can be used."""
        step, parent = self.open(said)
        asked = [
            Propose(f"s{step}/{name}/propose", name, parent, tuple(said.inputs)[: self.config.traces], (), 1)
            for name in said.agents
        ]
        drafts = yield from self.propose(asked, step)
        new = {name: found[0] for name, found in zip(said.agents, drafts, strict=True) if found}
        self.child = _Child(step, {**parent, **new}, parent, tuple(new))
        return {name: new.get(name, parent[name]) for name in said.agents}

    def open(self, said: _Rewrite) -> tuple[int, Prompts]:
        """Begin to rewrite a candidate; return the step and the candidate's joint prompts."""
        self.tell_child()
        self.steps_begun += 1
        self.open_step(said.agents, self.steps_begun, 0)
        return self.steps_begun, self.joint(said.candidate)

    # ── in the package's own words ───────────────────────────────────────────────────────────────────────────────────

    def show(self, said: _Rewrite) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Return, by agent, what its reflection is shown of the minibatch: marks, and how the team did."""
        step, parent = self.open(said)
        known = self.scores[tuple(parent[name] for name in self.team.rewritten)]
        self.shown, self.under_way = {}, (step, parent)
        records: dict[str, list[Mapping[str, str]]] = {name: [] for name in said.agents}
        for place, key in enumerate(said.inputs[: self.config.traces]):
            for name in said.agents:
                marks = {what: f"[[{what} {place} of {name}]]" for what in ("input", "read", "output")}
                self.shown |= {marks["input"]: ShownText(parent, key, "input", name)}
                self.shown |= {marks["read"]: ShownText(parent, key, "read", name)}
                self.shown |= {marks["output"]: ShownText(parent, key, "output", name)}
                inputs = f"{marks['input']}\n{marks['read']}"
                feedback = FEEDBACK[known[key]]
                records[name].append({"Inputs": inputs, "Generated Outputs": marks["output"], "Feedback": feedback})
        return records

    def reflect(self, said: _Reflect) -> Asking[str]:
        """Return what a model answers to GEPA's own question."""
        step, parent = self.under_way
        asked = AskModel(
            id=f"s{step}/{said.agent}/reflect",
            messages=(("user", said.question),),
            shown={mark: text for mark, text in self.shown.items() if mark in said.question},
            agent=said.agent,
            purpose="reflect",
            example=f"```\n{parent[said.agent]}\n- {step}.\n```",
        )
        ((_, answer),) = yield from self.ask([asked])
        return answer.text if isinstance(answer, Answered) else ""

    def check(self, said: _Check) -> Asking[dict[str, str]]:
        """Return the new texts that may be used, and the present ones in place of the others."""
        step, parent = self.under_way
        new = yield from self.vet(step, parent, said.texts)
        self.child = _Child(step, {**parent, **new}, parent, tuple(new))
        return {name: new.get(name, parent[name]) for name in said.texts}

    def tell_child(self) -> None:
        """Tell what the latest child came to on all that it met, once it meets no more.

        The package does not say when it drops a child: the next rewrite does.
        """
        child, self.child = self.child, None
        if child is None or not child.comparisons:
            return
        score = EVEN + add_up(value_of(one.glob) for one in child.comparisons) / len(child.comparisons)
        met = Scored(child.prompts, score, child.comparisons)
        for name in child.agents:
            self.tell(child.step, name, met, child.parent[name], self.best.prompts)


class Gepa(Baseline[GepaConfig]):
    """Let the package search, and answer it."""

    Config = GepaConfig
    Method = _Gepa


def _package() -> Any:
    try:
        import gepa
    except ImportError as error:
        raise ConfigInvalid(f"search.method=gepa needs its package: pip install 'maspo[gepa]' ({error})") from error
    return gepa


class _Adapter:
    """GEPA's adapter to a system (``gepa.core.adapter.GEPAAdapter``): every question is said in turns."""

    def __init__(self, package: Any, say: Say, words: Words) -> None:
        self.package, self.say, self.words = package, say, words

    def evaluate(self, batch: list[str], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """Return the scores of a candidate on a batch; a trajectory is the input that the proposer shall be shown."""
        scores = self.say(_Evaluate(dict(candidate), list(batch)))
        trajectories = list(batch) if capture_traces else None
        return self.package.EvaluationBatch(outputs=list(batch), scores=scores, trajectories=trajectories)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the inputs of the minibatch for each agent that is rewritten."""
        del candidate
        return {name: [{"input": key} for key in eval_batch.trajectories] for name in components_to_update}

    def propose_new_texts(
        self, candidate: dict[str, str], reflective_dataset: Mapping[str, Any], components_to_update: list[str]
    ) -> dict[str, str]:
        """Return new texts for some agents."""
        inputs = [entry["input"] for entry in reflective_dataset[components_to_update[0]]]
        said = self.say(_Rewrite(dict(candidate), list(components_to_update), inputs))
        if self.words == "own":
            said = self.say(_Check({name: self.reflect(name, candidate[name], said[name]) for name in said}))
        found: dict[str, str] = said
        return found

    def reflect(self, agent: str, text: str, records: Sequence[Mapping[str, str]]) -> str:
        """Return the text that the package's own reflection would have."""
        from gepa.strategies.instruction_proposal import InstructionProposalSignature as Proposal

        given = {"current_instruction_doc": text, "dataset_with_feedback": records, "prompt_template": None}
        answer = self.say(_Reflect(agent, str(Proposal.prompt_renderer(given))))
        return str(Proposal.output_extractor(answer)["new_instruction"])


class _Quiet:
    """A logger that says nothing: what the search does is told by events."""

    def log(self, message: str) -> None: ...


def _search(search: _Gepa, package: Any, say: Say) -> Mapping[str, str]:
    """Run the package to the end of the plan, and return its best candidate."""
    config, problem = search.config, search.problem
    found = package.optimize(
        seed_candidate={name: problem.seed_prompts[name] for name in search.team.rewritten},
        trainset=list(search.feedback),
        valset=list(search.sample),
        adapter=_Adapter(package, say, config.words),
        reflection_minibatch_size=config.minibatch,
        skip_perfect_score=False,  # 1 is better than the seed prompts, and not perfect
        use_merge=config.merge,
        stop_callbacks=lambda _: not say(_MayGoOn()),
        logger=_Quiet(),
        seed=problem.seed,
        raise_on_exception=True,
    )
    return dict(found.best_candidate)
