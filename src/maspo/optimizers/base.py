"""What an optimizer is: a generator that asks for drafts and comparisons, is told the results, and ends in prompts.

Plain data and no I/O: whoever drives the generator performs the requests (``maspo.study``), replays recorded results,
or answers with the dearest results to bound what a search can cost. So a search does not know which of these happens,
and going on after a crash is the same generator over a longer record. The pattern is httpx's ``auth_flow``
(https://www.python-httpx.org/advanced/authentication/#custom-authentication-schemes).

What it is given stands in ``problem``, what it may ask and what it is told in ``requests``; all of it is found here.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

from pydantic import AfterValidator, BaseModel, ConfigDict

from maspo.core.errors import ConfigInvalid
from maspo.core.prompts import Prompts
from maspo.events import SearchEvent, StepStarted
from maspo.optimizers.problem import Case, Outcome, Problem, Ruling, Tried
from maspo.optimizers.requests import (
    EXAMPLES,
    FALLBACK,
    AblateEdge,
    Answered,
    Answers,
    AskModel,
    Calibrate,
    Calibrated,
    CallCount,
    Compare,
    Draft,
    Drafts,
    Endure,
    Observe,
    Observed,
    Propose,
    Request,
    RequestPrice,
    Result,
    Results,
    Rollout,
    Scored,
    ScoreOutput,
    ShownText,
    Vet,
)
from maspo.team.graph import Team

__all__ = [
    "EXAMPLES",
    "FALLBACK",
    "AblateEdge",
    "Answered",
    "Answers",
    "Ask",
    "AskModel",
    "Asking",
    "BeyondPlan",
    "Calibrate",
    "Calibrated",
    "CallCount",
    "Case",
    "Compare",
    "Draft",
    "Drafts",
    "Endure",
    "InRounds",
    "Observe",
    "Observed",
    "Optimizer",
    "OptimizerClass",
    "OptimizerConfig",
    "Outcome",
    "Problem",
    "Propose",
    "Request",
    "RequestPrice",
    "Result",
    "Results",
    "Rollout",
    "Ruling",
    "ScoreOutput",
    "Scored",
    "Search",
    "Sent",
    "ShownText",
    "Stages",
    "Steerable",
    "Tried",
    "UnknownConfig",
    "Vet",
    "rounds_begun",
]


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
    ahead: tuple[Request, ...] = ()
    """What it asks for later, as it stands here, unless what comes back makes it needless: it may be begun beside the
    requests, and nobody waits for it before it is asked for."""
    rollouts: tuple[Rollout, ...] = ()
    """Runs of the team that its next requests need, whatever comes back: they may be begun now, too."""
    begun: bool = False
    """It waits for what was begun ahead: no new place in the search at which it could be steered."""


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
    gone: ClassVar[Mapping[str, str]] = {}
    """Settings that are no more, and what is so in their place."""

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
