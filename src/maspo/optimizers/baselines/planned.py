"""What every baseline shares: a plan of calls that it keeps, a score against the seed prompts, drafts. Pure.

Baselines were published for one prompt and one metric. To meet on equal terms here, each takes its evidence from the
same place as our own search: the team's final answer against that under the seed prompts, by the judge, or by labels
where they are used. What a method does with this evidence is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from pydantic import Field

from maspo.core.prompts import Prompts
from maspo.core.seeded import shuffled
from maspo.core.sums import add_up
from maspo.core.verdict import Comparison, Level
from maspo.events import LevelAgreement, SearchEnded, StepStarted
from maspo.optimizers.base import (
    Answers,
    Ask,
    Asking,
    CallCount,
    Compare,
    Drafts,
    OptimizerConfig,
    Problem,
    Propose,
    Search,
    Vet,
)
from maspo.optimizers.parts.balance import shown_first
from maspo.optimizers.parts.outcomes import Outcomes
from maspo.optimizers.parts.record import decision_event, rejected_events, scored_event
from maspo.optimizers.parts.reward import value_of
from maspo.optimizers.parts.similar import KnownPrompts
from maspo.optimizers.parts.state import SearchState
from maspo.team.graph import Team

CALLS_PER_AGENT = 1000
"""Calls planned for each agent that is rewritten; a comparison gives all methods the same number instead."""

Orders: TypeAlias = Literal[1, 2]
"""Whether a comparison is judged in one order of the two outputs, or in both."""
EVEN = 0.5
"""The share of wins of prompts that are as good as the reference."""
FEEDBACK = {
    1.0: "The final answer is better than with the first prompts.",
    EVEN: "The final answer is as good as with the first prompts; it should be better.",
    0.0: "The final answer is worse than with the first prompts.",
}
"""What a method's own question is told of an input, by the score there."""
Words: TypeAlias = Literal["ours", "own"]
WORDS: Words = Field(
    default="ours",
    description="who words what the model that writes is asked: `ours`, as of all methods, or the package's `own`",
)


class BaselineConfig(OptimizerConfig):
    """The settings that all baselines have."""

    calls: int | None = Field(
        default=None,
        ge=50,
        description=f"calls that a run plans in all, the hold-out test included; empty: {CALLS_PER_AGENT:,} an agent",
    )
    batch: int = Field(default=10, ge=1, description="inputs on which a candidate is scored")
    traces: int = Field(default=3, ge=0, description="traces shown in one proposer call; 0: the proposer sees none")

    def planned_calls(self, team: Team) -> int:
        """Return the calls that a whole run is planned for, the hold-out test included."""
        return CALLS_PER_AGENT * len(team.rewritten) if self.calls is None else self.calls


ConfigT = TypeVar("ConfigT", bound=BaselineConfig)


@dataclass(frozen=True, slots=True)
class Scored:
    """Joint prompts with their share of wins over a reference; a tie is half a win."""

    prompts: Prompts
    score: float
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a step is going to run: candidates that are not written yet, against a reference."""

    reference: Prompts
    base: Prompts
    """The prompts that the candidates change."""
    agents: tuple[str, ...]
    """Whose prompts they change."""
    inputs: tuple[str, ...]
    count: int = 1
    """How many candidates there will be."""
    orders: Orders = 1


class PlannedSearch(SearchState, Generic[ConfigT]):
    """A search that begins a step only while what the step asks for fits into the plan."""

    def __init__(self, config: ConfigT, problem: Problem) -> None:
        super().__init__(problem)
        self.config = config
        self.planned = config.planned_calls(problem.team)
        self.count = CallCount(problem)
        self.outcomes = Outcomes(problem.seed)
        self.known = {name: KnownPrompts([text]) for name, text in problem.seed_prompts.items()}
        self.sample = shuffled(problem.inputs, problem.seed, "sample")[: config.batch]
        """The inputs on which every candidate is scored: the same for all, so that scores can be compared."""

    def run(self) -> Search:
        """Search, step by step."""
        raise NotImplementedError

    # ── the plan ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def learn(self, answers: Answers) -> None:
        """Count the calls that some answers took."""
        for request, result in answers:
            self.count.add(request.price(self.problem, result))
        if self.problem.examples:
            self.outcomes.learn(answers)

    def steps(self, most: int) -> range:
        """Return the numbers of the steps, from 1; there are none when nobody may be rewritten."""
        return range(1, most + 1 if self.team.rewritten else 1)

    def end(self, reason: str) -> Ask:
        """Return the end of the search, and tell why it ends; a baseline learns nothing of the levels."""
        if self.team.rewritten:
            self.events.append(SearchEnded(reason, LevelAgreement(), LevelAgreement()))
        return self.make_ask()

    def end_of_plan(self) -> Ask:
        """Return the end of a search whose next step does not fit."""
        return self.end(f"a further step would not fit into the {self.planned} calls planned (search.calls)")

    # ── steps ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def open_step(self, agents: Iterable[str], number: int, of: int) -> None:
        """Tell that the search turns to some agents, for the ``number``-th time of at most ``of``."""
        self.events += [StepStarted(f"s{number}/{name}", name, number, 1, of, 1) for name in agents]

    def draw_traces(self, where: str) -> tuple[str, ...]:
        """Return the inputs whose traces are shown in one proposal, drawn from the sample."""
        return shuffled(self.sample, self.problem.seed, "traces", where)[: self.config.traces]

    def propose(self, requests: Sequence[Propose | Vet], number: int) -> Asking[list[list[str]]]:
        """Ask for drafts, or have texts vetted as such; return the usable and new ones of each request."""
        answers = yield from self.ask(requests)
        drafts = []
        for request, result in answers:
            assert isinstance(request, Propose | Vet)  # noqa: S101 - as asked
            assert isinstance(result, Drafts)  # noqa: S101 - the answer to both
            fresh, refused = rejected_events(
                f"s{number}/{request.agent}", request.agent, result, self.known[request.agent]
            )
            self.events += refused
            drafts.append(fresh)
        return drafts

    def vet(self, number: int, parents: Prompts, texts: Mapping[str, str]) -> Asking[dict[str, str]]:
        """Return, of texts by agent that a method has of a model's answer, those that are new and may be used."""
        requests = [
            Vet(f"s{number}/{name}/vet", name, parents, (text,))
            for name, text in texts.items()
            if text != parents[name]
        ]
        drafts = (yield from self.propose(requests, number)) if requests else []
        return {request.agent: fresh[0] for request, fresh in zip(requests, drafts, strict=True) if fresh}

    def show_examples(self, pools: Mapping[str, list[str]], inputs: Sequence[str]) -> Asking[dict[str, list[str]]]:
        """Return pools with each of their prompts once more, with worked examples in it; MIPRO's first step.

        For each agent a pool is the seed prompt and the drafts. The first drafts of all meet the seed prompts together,
        and examples are drawn of the runs that won, on either side. Pools stay as they are where nobody asked for
        examples, or that does not fit into the plan.
        """
        seeds, examples = self.problem.seed_prompts, self.problem.examples
        meeting = Meeting(seeds, seeds, tuple(pools), tuple(inputs), count=2)  # and a first trial afterwards
        if not examples or not self.fits((), meeting):
            return dict(pools)
        first = {**seeds, **{name: pool[min(1, len(pool) - 1)] for name, pool in pools.items()}}
        yield from self.meet(seeds, [first], inputs, "s0/bootstrap")
        named = [(name, place, text) for name, pool in pools.items() for place, text in enumerate(pool)]
        asked = [
            self.outcomes.proposal(f"s0/{name}/examples/{place}", name, {**seeds, name: text}, examples)
            for name, place, text in named
        ]
        requests = [one for one in asked if one is not None]
        drafts = (yield from self.propose(requests, 0)) if requests else []
        wider = {name: list(pool) for name, pool in pools.items()}
        for request, found in zip(requests, drafts, strict=True):
            wider[request.agent] += found
        return wider

    # ── scores ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def meet(
        self, reference: Prompts, candidates: Sequence[Prompts], inputs: Sequence[str], where: str, orders: Orders = 1
    ) -> Asking[list[Scored]]:
        """Let joint prompts meet a reference, by final answers alone; return each with its share of wins."""
        asked = [
            self.comparisons(reference, prompts, inputs, f"{where}/{number}", orders)
            for number, prompts in enumerate(candidates)
        ]
        requests = [request for one in asked for request in one]
        answers = (yield from self.ask(requests)) if requests else ()
        results = iter([result for _, result in answers if isinstance(result, Comparison)])
        return [_scored(prompts, [next(results) for _ in one]) for prompts, one in zip(candidates, asked, strict=True)]

    def comparisons(
        self, reference: Prompts, prompts: Prompts, inputs: Sequence[str], where: str, orders: Orders = 1
    ) -> tuple[Compare, ...]:
        """Return what is asked when joint prompts meet a reference; the order of outputs is balanced and seeded."""
        changes = {name: prompts[name] for name in self.team.rewritten if prompts[name] != reference[name]}
        if not changes:
            return ()
        first = shown_first(inputs, "balanced", self.problem.seed, ("order", where), (where,))
        return tuple(
            Compare(
                id=f"{where}/{key}",
                reference=reference,
                changes=changes,
                input_key=key,
                candidate_first=key in first,
                levels=(Level.GLOBAL,),
                orders=orders,
                purpose="score",
            )
            for key in inputs
        )

    def fits(self, proposals: Sequence[Propose], met: Meeting, more: int = 0) -> bool:
        """Tell whether a step fits into the plan: proposals, runs of what they should bring, and more calls."""
        unknown = [
            {**met.base, **{name: f"{met.base[name]}\n{number}" for name in met.agents}} for number in range(met.count)
        ]
        runs = [one for text in unknown for one in self.comparisons(met.reference, text, met.inputs, "", met.orders)]
        calls = self.count.total + self.problem.reserve + more
        prices = [request.price(self.problem) for request in proposals] + [run.price(self.problem) for run in runs]
        for price in prices:
            calls += price.judge + price.proposer
            calls += sum(self.team.calls_of(one.agents) for one in price.rollouts if not self.count.knows(one))
        return calls <= self.planned

    def tell(self, number: int, agent: str, candidate: Scored, parent: str, best: Prompts) -> None:
        """Tell what a candidate of an agent came to, and whether it is the best."""
        text = candidate.prompts[agent]
        result = (candidate.score - EVEN, candidate.score, candidate.prompts == best)
        self.events.append(scored_event(f"s{number}/{agent}", agent, text, parent, candidate.comparisons, result))

    def take(self, number: int, better: Prompts, reason: str) -> None:
        """Write joint prompts into the team, and tell of each agent what became of its prompt."""
        for agent in self.team.rewritten:
            self.events.append(decision_event(f"s{number}/{agent}", agent, self.prompts[agent], better[agent], reason))
        self.prompts = dict(better)


class Baseline(Generic[ConfigT]):
    """An optimizer of planned steps: its settings, and the search that it begins anew for each problem."""

    Config: type[ConfigT]
    Method: type[PlannedSearch[ConfigT]]

    def __init__(self, config: ConfigT) -> None:
        self.config = config

    def search(self, problem: Problem) -> Search:
        """Begin a search from the seed prompts."""
        return self.Method(self.config, problem).run()


def _scored(prompts: Prompts, comparisons: Sequence[Comparison]) -> Scored:
    """Return joint prompts with their share of wins; those that change nothing would win half."""
    if not comparisons:
        return Scored(prompts, EVEN)
    return Scored(
        prompts, EVEN + add_up(value_of(one.glob) for one in comparisons) / len(comparisons), tuple(comparisons)
    )
