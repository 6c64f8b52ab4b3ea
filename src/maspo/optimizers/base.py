"""What an optimizer is: a generator that asks for drafts and comparisons, is told the results, and ends in prompts.

Plain data and no I/O: whoever drives the generator performs the requests (``maspo.study``), replays recorded results,
or answers with the dearest results to bound what a search can cost. So a search does not know which of these happens,
and going on after a crash is the same generator over a longer record. The pattern is httpx's ``auth_flow``
(https://www.python-httpx.org/advanced/authentication/#custom-authentication-schemes).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from pydantic import AfterValidator, BaseModel, ConfigDict

from maspo.core.errors import ConfigInvalid
from maspo.core.prompts import Prompts, prompts_id
from maspo.core.spoilt import NOTHING, under
from maspo.core.verdict import Comparison, Level, Verdict
from maspo.events import SearchEvent, StepStarted
from maspo.team.graph import Team


@dataclass(frozen=True, slots=True)
class Problem:
    """What an optimizer is given: a team with its prompts, the inputs it may use, and a seed (Eq. 3)."""

    team: Team
    seed_prompts: Prompts
    inputs: tuple[str, ...]
    """Keys of the search inputs; those of the hold-out are not among them."""
    seed: int
    reserve: int = 0
    """Calls that the hold-out test will need, at most."""
    labelled: frozenset[str] = frozenset()
    """Inputs whose global verdict is a label's, at no call."""
    faults: tuple[str, ...] = ()
    """What may go wrong with whom, where the search chooses on which inputs: in the worst case."""
    under_fault: float = 0.0
    """Share of the inputs on which one of them is met."""
    carried: Mapping[str, str] = field(default_factory=dict)
    """By agent, a prompt that an earlier run found: to be tried first, and not to be believed."""
    examples: int = 0
    """Worked examples that a prompt may hold; they copy inputs, so none may be asked for (``EXAMPLES``) at 0."""


@dataclass(frozen=True, slots=True)
class Case:
    """A misalignment case (Eq. 6): on this input the candidate won locally and the team did not gain."""

    input_key: str
    agent: str
    candidate: str
    reference: Prompts
    step: str
    lost: tuple[str, ...]
    """The successors that did not improve, and ``global`` when the final answer got worse."""


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


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a person decided about an agent's prompt while the search was under way."""

    says: Literal["pin", "veto"]
    agent: str
    text: str
    """The prompt that the agent keeps; or the one that is out, with all that was made of it."""
    reason: str = ""
    """In the person's words, for the proposer: data."""


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


@dataclass(frozen=True, slots=True)
class Tried:
    """A prompt that was tried before, and how it did, from 0 to 1."""

    prompt: str
    score: float


FALLBACK = "fallback"
"""The purpose of a proposal that plain edits answer, at no call, whoever else writes drafts."""


EXAMPLES = "examples"
"""The purpose of a proposal that worked examples answer, at no call: the parent, with traces of ``outcomes`` in it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comparisons say of the team's final answer on an input under some prompts.

    With labels a win means that it is right. By a judge it means that another one was worse.
    """

    prompts: Prompts
    input_key: str
    won: int = 0
    lost: int = 0

    @property
    def net(self) -> int:
        """How much oftener it won than lost."""
        return self.won - self.lost


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


# ── the port ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Ask:
    """What an optimizer wants to know next, and where it stands. Without requests it is the end of a search."""

    prompts: Prompts
    """The joint prompts that it would end with now."""
    requests: tuple[Request, ...] = ()
    events: tuple[SearchEvent, ...] = ()
    """What happened since the last ``Ask``, for the record."""
    cases: tuple[Case, ...] = ()
    """The misalignment cases so far, newest first."""


T = TypeVar("T")
Sent: TypeAlias = tuple[Result | Ruling, ...]
"""What a ``Steerable`` search is sent: the results, and behind them what a person ruled meanwhile."""
Asking: TypeAlias = Generator[Ask, Results, T]
"""A part of a search: yields what it asks for, is sent the results, returns what it found."""
Search: TypeAlias = Asking[Ask]
"""A search under way; returns where it ended."""


class OptimizerConfig(BaseModel):
    """The settings of an optimizer; ``method`` names it. Settings of another optimizer are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: str
    earlier_defaults: ClassVar[Mapping[str, tuple[object, ...]]] = {}
    """What earlier versions had where nobody asked for another value, by setting: what began so goes on so."""

    def planned_calls(self, team: Team) -> int | None:  # noqa: ARG002 - others plan by the team
        """Return the calls that a whole run is planned for, the hold-out test included; None: as many as are asked."""
        return None

    def with_labels(self) -> OptimizerConfig:
        """Return the settings for a run in which labels decide."""
        return self

    def is_worst_case(self) -> bool:
        """Say whether the search chooses itself which faults are met, by what each costs."""
        return False

    def with_calls(self, calls: int) -> OptimizerConfig:
        """Return the settings for a search that starts from prompts that worked: it plans so many calls."""
        return self.model_copy(update={"calls": calls})

    def with_focus_found(self) -> OptimizerConfig:
        """Return the settings for a run that finds out itself which agents are worth rewriting.

        Raises:
            ConfigInvalid: this optimizer cannot.

        """
        raise ConfigInvalid(f"--focus auto: search.method {self.method} cannot find out whom to rewrite; race can")

    @classmethod
    def of_record(cls, recorded: Mapping[str, Any], labels: str) -> Mapping[str, Any]:  # noqa: ARG003 - others read it
        """Return recorded settings with what the version did that lacked settings of today; ``labels`` is recorded too.

        A run that goes on must ask as it began.
        """
        return recorded


def _growing(stages: tuple[int, ...]) -> tuple[int, ...]:
    if any(stage < 1 for stage in stages) or list(stages) != sorted(set(stages)):
        raise ValueError("stages are growing numbers, at least 1, such as [20, 40]")
    return stages


Stages: TypeAlias = Annotated[tuple[int, ...], AfterValidator(_growing)]
"""The stages of a sequential test: numbers of inputs or runs, each larger than the one before."""


class UnknownConfig(OptimizerConfig):
    """The recorded settings of an optimizer that is not installed here, or that was given as an object."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Optimizer(Protocol):
    """Looks for better joint prompts. Pure: a function of its settings, the problem, and the results it is sent.

    ::

        class OneDraftEach:
            class Config(OptimizerConfig):
                method: str = "one-draft-each"

            def __init__(self, config: Config) -> None:
                self.config = config

            def search(self, problem: Problem) -> Search:
                prompts = dict(problem.seed_prompts)
                for agent in problem.team.rewritten:
                    propose = Propose(f"{agent}/draft", agent, prompts, problem.inputs[:3], (), 1)
                    (drafts,) = yield Ask(prompts, (propose,))
                    for draft in drafts.drafts:
                        if not draft.rejected:
                            compare = [Compare(f"{agent}/{key}", prompts, {agent: draft.text}, key, True, orders=2)
                                       for key in problem.inputs]
                            results = yield Ask(prompts, tuple(compare))
                            wins = sum(result.glob is Verdict.WIN for result in results)
                            losses = sum(result.glob is Verdict.LOSS for result in results)
                            if wins > losses:
                                prompts = {**prompts, agent: draft.text}
                return Ask(prompts)

    ``maspo.testing.optimizers.check_optimizer`` checks the contract: ids are unique within a search, only agents that
    may be rewritten are changed, and the same results lead to the same requests.
    """

    def search(self, problem: Problem) -> Search:
        """Begin a search."""
        ...


class OptimizerClass(Protocol):
    """A class of optimizers, as it is registered: ``Config`` are its settings, and it is made from them."""

    @property
    def Config(self) -> type[OptimizerConfig]:
        """The class of its settings."""
        ...

    def __call__(self, config: Any) -> Optimizer:
        """Return the optimizer of some settings, an instance of ``Config``."""
        ...


@runtime_checkable
class InRounds(Protocol):
    """An optimizer that begins a round only while its planned calls last, and ends every round that it began.

    So all that can exceed its plan is one round at its dearest.
    """

    def rounds(self) -> int:
        """Return how many rounds there are at most."""
        ...

    def largest_round(self) -> Optimizer:
        """Return the optimizer whose first round is the largest that this one may begin; it plans no calls."""
        ...

    def dearest_outcomes(self) -> tuple[frozenset[str], ...]:
        """Return the outcomes of a round that may be dearest: for each, the purposes of comparisons that are lost."""
        ...


@runtime_checkable
class BeyondPlan(Protocol):
    """An optimizer that does something which its plan does not count."""

    def calls_beyond_plan(self, problem: Problem) -> int:
        """Return the calls that this takes at most."""
        ...

    def calls_expected_beyond_plan(self, problem: Problem) -> int:
        """Return the calls that this takes on average."""
        ...


@runtime_checkable
class Steerable(Protocol):
    """An optimizer that takes rulings: a pinned prompt stays, and what is vetoed leaves its prompts at once.

    Others are kept to them from outside: drafts that a ruling is against are refused before they see them, and a prompt
    that they end with in spite of one is the seed prompt again.
    """

    def takes_rulings(self) -> Literal[True]:
        """Say so."""
        ...


def rounds_begun(ask: Ask) -> int:
    """Return the number of the last round that the events of an ``Ask`` say was begun; 0 when they say nothing."""
    return max((event.pass_ for event in ask.events if isinstance(event, StepStarted)), default=0)


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
