"""What an optimizer asks for, each request with its price beside it, and what it is told. Plain data, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from maspo.core.prompts import Prompts, prompts_id
from maspo.core.spoilt import NOTHING, under
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.optimizers.problem import Case, Outcome, Problem, Ruling, Tried

# ── results ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Draft:
    """One new prompt that the proposer wrote; ``rejected`` says why it may not be used, or is empty."""

    text: str
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Drafts:
    """The answer to ``Propose``; empty when the proposer failed."""

    drafts: tuple[Draft, ...]
    uncalled: bool = False
    """The agent was called on none of the inputs that would have been shown, so nobody was asked for drafts."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The answer to ``ScoreOutput``: how good the final answer is, from 0 to 1; None when it could not be told."""

    input_key: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Observed:
    """The answer to ``Observe``: the agents that were called, the first ones first; none of a run that failed."""

    input_key: str
    called: tuple[str, ...]
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The answer to ``Calibrate``: what the judge said of each output against an empty text, from both orders.

    A win is a preference for the output. Inputs on which the team brought no output are left out.
    """

    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to ``AskModel``: what the model wrote, as data; ``failed`` says why there is nothing, or is empty."""

    text: str
    failed: str = ""


Result: TypeAlias = Drafts | Comparison | Scored | Observed | Calibrated | Answered
Results: TypeAlias = tuple[Result, ...]
"""One result for each request of an ``Ask``, in their order."""


# ── requests, each with its price beside it ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Rollout:
    """A run of the team with some prompts on one input."""

    prompts: Prompts
    input_key: str
    agents: frozenset[str]
    """Who has to answer: all agents, or those that a change reaches when the run before it is known."""
    cut: tuple[str, str] = ("", "")
    """An edge (source, reader) that carries nothing."""

    @property
    def address(self) -> tuple[str, str, str, str]:
        """What the rollout is known by: equal addresses are run once."""
        return prompts_id(self.prompts), self.input_key, *self.cut


@dataclass(frozen=True, slots=True)
class RequestPrice:
    """What a request takes: the rollouts that must be known, and calls of judge and proposer.

    Rollouts that are known already, from another request, cost nothing; who counts knows which.
    """

    rollouts: tuple[Rollout, ...]
    judge: int = 0
    proposer: int = 0


FALLBACK = "fallback"
"""The purpose of a proposal that plain edits answer, at no call, whoever else writes drafts."""


EXAMPLES = "examples"
"""The purpose of a proposal that worked examples answer, at no call: the parent, with traces of ``outcomes`` in it."""


@dataclass(frozen=True, slots=True)
class Propose:
    """Ask the proposer for drafts of one agent's prompt, led by traces (Eq. 4) and hard negatives (Eq. 6).

    Other methods than the paper's lead it by prompts that were tried before, or by an instruction how to change one.
    """

    id: str
    agent: str
    prompts: Prompts
    """The joint prompts whose traces are shown; ``prompts[agent]`` is the parent."""
    inputs: tuple[str, ...]
    cases: tuple[Case, ...]
    count: int
    purpose: str = "propose"
    form: str = "rewrite"
    """How the proposer is asked: the name of a text in ``maspo/proposers/prompts/``."""
    history: tuple[Tried, ...] = ()
    """Prompts of the agent that were tried before, the best last."""
    instruction: str = ""
    """How the prompt shall be changed; or, with ``rewrites`` so, what is rewritten in the prompt's place."""
    rewrites: Literal["prompt", "instruction"] = "prompt"
    objections: tuple[Ruling, ...] = ()
    """Vetoes on prompts of the agent, of which the proposer is told."""
    outcomes: tuple[Outcome, ...] = ()
    """Runs whose traces may be shown as worked examples, the best first; of use with the purpose ``EXAMPLES``."""

    @property
    def parent(self) -> str:
        """The text that is rewritten."""
        return self.prompts[self.agent] if self.rewrites == "prompt" else self.instruction

    def price(self, problem: Problem, _: Result | None = None) -> RequestPrice:
        """Return what the request takes: a run on each input that is shown, and one call of the proposer.

        Worked examples take no call, and show runs that were made.
        """
        everyone = problem.team.everyone
        shown = [(self.prompts, key) for key in self.inputs] + [(one.prompts, one.input_key) for one in self.outcomes]
        runs = tuple(Rollout(prompts, key, everyone) for prompts, key in shown)
        return RequestPrice(runs, proposer=int(self.purpose != EXAMPLES))


@dataclass(frozen=True, slots=True)
class ShownText:
    """A text of a run of the team that is shown to a model: a search knows inputs by their keys, and holds no text."""

    prompts: Prompts
    input_key: str
    what: Literal["input", "read", "output"] = "output"
    """What the team was asked; what an agent read; what it wrote."""
    agent: str = ""
    """Whose text; empty: the team's, its final answer."""


@dataclass(frozen=True, slots=True)
class AskModel:
    """Ask the proposer's model a text of the optimizer's own, where its method has words that no ``Propose`` says.

    What comes back is data. A text that shall become a prompt is asked for with ``Vet`` first.
    """

    id: str
    messages: tuple[tuple[Literal["system", "user", "assistant"], str], ...]
    """Each with who says it."""
    shown: Mapping[str, ShownText] = field(default_factory=dict)
    """By a mark in the messages, such as ``[[shown 1]]``: what stands in its place when the model is asked."""
    agent: str = ""
    """Whom the question is about, for whoever reads what calls were for; empty: the team."""
    purpose: str = "ask"
    max_tokens: int | None = None
    """Tokens of the answer, at most; never more than the proposer's own limit."""
    example: str = ""
    """An answer of use to the method, after which it asks for the most: the bound of a search is found with it."""

    def price(self, problem: Problem, _: Result | None = None) -> RequestPrice:
        """Return what the request takes: the runs whose texts are shown, and one call of the proposer's model."""
        everyone = problem.team.everyone
        runs = {(prompts_id(one.prompts), one.input_key): one for one in self.shown.values() if one.what != "input"}
        return RequestPrice(tuple(Rollout(one.prompts, one.input_key, everyone) for one in runs.values()), proposer=1)


@dataclass(frozen=True, slots=True)
class Vet:
    """Ask whether texts may be an agent's prompt, by the rules for drafts: no call is made.

    The answer is ``Drafts``, one for each text, in their order.
    """

    id: str
    agent: str
    prompts: Prompts
    """The joint prompts that the texts were written from; ``prompts[agent]`` is the parent."""
    texts: tuple[str, ...]
    purpose: str = "vet"

    def price(self, problem: Problem, _: Result | None = None) -> RequestPrice:  # noqa: ARG002 - others cost
        """Return what the request takes: nothing."""
        return RequestPrice(())


@dataclass(frozen=True, slots=True)
class Compare:
    """Ask how changed prompts do against a reference on one input (one term of Eq. 5).

    ``changes`` may name several agents. Local and lookahead verdicts are about the first of them.
    """

    id: str
    reference: Prompts
    """The joint prompts of the reference."""
    changes: Prompts
    """What the candidate changes of them; at least one agent."""
    input_key: str
    candidate_first: bool
    """Whether the judge sees the candidate's output as number 1."""
    levels: tuple[Level, ...] = (Level.LOCAL, Level.LOOKAHEAD, Level.GLOBAL)
    orders: Literal[1, 2] = 1
    """2: the global comparison is judged in both orders."""
    when_differing: bool = False
    """Ask for local and lookahead verdicts only when the final answers differ."""
    purpose: str = "compare"
    """What the optimizer wants to know it for, in its own words."""
    decided_by: Literal["labels", "judge"] = "labels"
    """Who gives the global verdict where labels are used and the input has one."""
    substitutes: int = 0
    """Candidates that are tried on this input in its stead when it loses; they belong to its highest price."""
    settled: tuple[tuple[tuple[str, str], Verdict], ...] = ()
    """Final answers of reference and candidate, by their digests (``Comparison.answers``), of which the judge has said
    enough on this input: the global verdicts that take the place of its own."""

    @property
    def agent(self) -> str:
        """The first agent that is changed."""
        return next(iter(self.changes))

    @property
    def candidate(self) -> str:
        """The new prompt of that agent."""
        return self.changes[self.agent]

    @property
    def changed(self) -> Prompts:
        """The joint prompts of the candidate."""
        return {**self.reference, **self.changes}

    def price(self, problem: Problem, result: Result | None = None) -> RequestPrice:
        """Return what the request takes, given its result, or at most."""
        team = problem.team
        changed = Rollout(self.changed, self.input_key, team.reached(self.changes))
        rollouts = (Rollout(self.reference, self.input_key, team.everyone), changed)
        same = isinstance(result, Comparison) and result.same_answer
        by_label = self.decided_by == "labels" and self.input_key in problem.labelled
        # Of the output agent, whichever level is asked for is the global one.
        asked = Level.GLOBAL in self.levels or self.agent == team.output
        settled = isinstance(result, Comparison) and result.settled
        judge = 0 if same or by_label or settled else self.orders * asked
        if self.agent != team.output and not (same and self.when_differing):
            judge += (Level.LOCAL in self.levels) + len(team.readers(self.agent)) * (Level.LOOKAHEAD in self.levels)
        return RequestPrice(rollouts, judge)


@dataclass(frozen=True, slots=True)
class AblateEdge:
    """Ask what becomes of the final answer on one input when a reader does not get what a source wrote.

    The result compares the team without this edge (the candidate) against the team as it is, by final answers alone,
    judged in both orders.
    """

    id: str
    prompts: Prompts
    input_key: str
    source: str
    reader: str
    purpose: str = "ablate"

    def price(self, problem: Problem, result: Result | None = None) -> RequestPrice:
        """Return what the request takes, given its result, or at most."""
        team = problem.team
        whole = Rollout(self.prompts, self.input_key, team.everyone)
        cut = Rollout(self.prompts, self.input_key, team.reached((self.reader,)), (self.source, self.reader))
        same = isinstance(result, Comparison) and result.same_answer
        return RequestPrice((whole, cut), judge=0 if same else 2)


@dataclass(frozen=True, slots=True)
class Endure:
    """Ask what becomes of the final answer on one input when something goes wrong.

    The result compares the team under the fault (the candidate) against the team without, by final answers alone,
    judged in both orders. An answer that follows a planted note has lost.
    """

    id: str
    prompts: Prompts
    input_key: str
    fault: str
    """What goes wrong with whom, such as ``nonsense@solver``."""
    purpose: str = "endure"

    def price(self, problem: Problem, result: Result | None = None) -> RequestPrice:
        """Return what the request takes, given its result, or at most."""
        team = problem.team
        reached = team.reached((self.fault.partition("@")[2],))
        whole = Rollout(self.prompts, under(self.input_key, NOTHING), team.everyone)
        spoilt = Rollout(self.prompts, under(self.input_key, self.fault), reached)
        asked = self.input_key not in problem.labelled and not (isinstance(result, Comparison) and result.same_answer)
        return RequestPrice((whole, spoilt), judge=2 * asked)


@dataclass(frozen=True, slots=True)
class ScoreOutput:
    """Ask how good the team's final answer is on one input with some prompts, on its own, from 0 to 1.

    The scorer that the run was given decides, else the label where labels are used; without either it is not told.
    """

    id: str
    prompts: Prompts
    input_key: str
    purpose: str = "score"

    def price(self, problem: Problem, _: Result | None = None) -> RequestPrice:
        """Return what the request takes: one run, and a call of a scorer that asks a judge where no label is."""
        rollout = Rollout(self.prompts, self.input_key, problem.team.everyone)
        return RequestPrice((rollout,), judge=self.input_key not in problem.labelled)


@dataclass(frozen=True, slots=True)
class Observe:
    """Ask who is called on one input with some prompts, in a team in which not everybody always is."""

    id: str
    prompts: Prompts
    input_key: str
    purpose: str = "observe"

    def price(self, problem: Problem, _: Result | None = None) -> RequestPrice:
        """Return what the request takes: one run."""
        return RequestPrice((Rollout(self.prompts, self.input_key, problem.team.everyone),))


@dataclass(frozen=True, slots=True)
class Calibrate:
    """Ask the judge what leaves no doubt: whether the team's outputs on some inputs are better than an empty text.

    No search needs to know it. A study asks it beside the first requests of a search, to find a judge that is a coin.
    """

    id: str
    prompts: Prompts
    inputs: tuple[str, ...]
    purpose: str = "calibrate"

    def price(self, problem: Problem, _: Result | None = None) -> RequestPrice:
        """Return what the request takes: a run on each input, and both orders judged."""
        everyone = problem.team.everyone
        rollouts = tuple(Rollout(self.prompts, key, everyone) for key in self.inputs)
        return RequestPrice(rollouts, judge=2 * len(rollouts))


Request: TypeAlias = Propose | AskModel | Vet | Compare | AblateEdge | Endure | ScoreOutput | Observe | Calibrate
Answers: TypeAlias = Sequence[tuple[Request, Result]]
"""Requests with their results."""


# ── what requests take together ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class CallCount:
    """How many calls requests need when every rollout is paid once."""

    problem: Problem
    agents: dict[str, int] = field(default_factory=dict)
    """Calls by agent."""
    judge: int = 0
    proposer: int = 0
    _known: set[tuple[str, str, str, str]] = field(default_factory=set)

    def knows(self, rollout: Rollout) -> bool:
        """Tell whether a rollout is counted already."""
        return rollout.address in self._known

    def add(self, price: RequestPrice) -> None:
        """Count what a request takes, without rollouts that are known."""
        self.judge += price.judge
        self.proposer += price.proposer
        for rollout in price.rollouts:
            address = rollout.address
            if address not in self._known:
                self._known.add(address)
                for name in rollout.agents:
                    self.agents[name] = self.agents.get(name, 0) + self.problem.team.calls_of([name])

    @property
    def total(self) -> int:
        """All calls."""
        return sum(self.agents.values()) + self.judge + self.proposer
