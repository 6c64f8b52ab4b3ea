"""What a run is given, what it says while it runs, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from maspo.config import RunConfig
from maspo.core.usage import Usage
from maspo.data.groups import Groups
from maspo.data.inputs import Inputs
from maspo.events import Event, RunFinished
from maspo.models.base import ModelClient
from maspo.stats.looks import Taken
from maspo.store.looks import Look
from maspo.team import System
from maspo.world.spec import WorldSpec

Provider: TypeAlias = Callable[["Job", str], AbstractAsyncContextManager[ModelClient]]
"""Opens the bare model that answers the calls of a job under a run id; cache, limit, retries and metering are
wrapped around it."""


@dataclass(frozen=True)
class Job:
    """Everything that determines a run."""

    system: System
    inputs: Inputs
    config: RunConfig
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where things were read from: ``system`` and ``inputs`` paths; empty for objects given in Python."""
    world: WorldSpec | None = None
    """The simulated world that answers instead of models; None asks the endpoint of the config."""
    carried: Mapping[str, str] = field(default_factory=dict)
    """By agent, a prompt that an earlier run found: a candidate of the first round."""
    groups: Groups | None = None
    """Which inputs ask the same, as the record of a run holds it, so that it goes on with its split when the rule has
    changed since. None: today's rule tells."""


@dataclass(frozen=True, slots=True)
class BudgetLease:
    """What a run holds of a shared budget, spent or not, and the share of it that all runs are charged."""

    usd: float
    calls: int
    share: float


PAUSED: Final = "paused; `maspo steer` goes on"
"""Why no call is sent while a person has paused a run."""


def to_nobody(_: str) -> None:
    """Tell nobody what work begins: whoever leaves it out does not look on."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands now; polled by the live panel."""

    phase: str
    """``search`` or ``holdout`` of a run, ``evaluation`` of an evaluation."""
    done: int
    """Pieces of work done in this wave."""
    wave: int
    """Pieces of work in this wave."""
    calls: int
    calls_planned: int
    """Upper bound of the calls of the whole run."""
    usd: float | None
    seconds: float
    in_flight: int
    waiting: str = ""
    """Why no call is sent now, such as an outage of the endpoint, or ``PAUSED``; empty while calls flow."""
    wins: int = 0
    """Inputs of this wave on which the final answer of the changed prompts won, so far."""
    losses: int = 0
    met: int = 0
    """Inputs of this wave on which it was decided, ties included."""
    right: int = 0
    """Outputs of the evaluated prompts that are correct, so far."""
    scored: int = 0
    """Of so many."""
    calls_cap: int | None = None
    usd_cap: float | None = None
    seconds_cap: float | None = None
    usage: Mapping[str, Usage] = field(default_factory=dict)
    """What was used so far, by purpose."""
    leased: BudgetLease | None = None
    """What the run holds of a budget that it shares; None of a run that shares none."""


class Watcher(Protocol):
    """Whoever looks on: the live panel, plain lines, a test."""

    def on_event(self, event: Event) -> None:
        """Be told of an event; it is recorded already."""
        ...

    def on_progress(self, progress: Progress) -> None:
        """Be told where the run stands; called often, must be quick."""
        ...


class Looks(Protocol):
    """Remembers how often hold-outs were looked at, over all runs and evaluations of a user."""

    def take(self, look: Look) -> Taken:
        """Return the so-manyth look at its hold-out that a look is, and what it may spend, and remember it."""
        ...

    def end(self, look: Look, spent: float) -> None:
        """Remember what a look has spent, now that it has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Split:
    """The keys of the inputs that the search may see, and of those reserved for the hold-out test."""

    search: tuple[str, ...]
    holdout: tuple[str, ...]
    groups: Groups
    """Which inputs ask the same; each group is on one side."""

    @property
    def holdout_groups(self) -> int:
        """How many independent inputs are held out."""
        return self.groups.count(self.holdout)


@dataclass(frozen=True, slots=True)
class ExpectedCost:
    """What the calls that a run is expected to take cost, as whole runs divide them among agents, judge, proposer."""

    tokens_in: int
    tokens_out: int
    usd: float | None
    seconds: float
    """If each waited for the one before."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would cost at most, before anything is paid.

    Tokens are derived from text lengths; ``usd`` is None when a price is unknown, and ``unpriced`` names the models.
    """

    calls: Mapping[str, int]
    """Upper bound of each purpose alone: agent, judge, proposer."""
    most: int
    """Upper bound of all calls together; often less than the sum: who asks more of one asks less of the others."""
    planned: int
    """The calls that the run is planned for; a race begins its last round within them and ends it."""
    tokens_in: int
    tokens_out: int
    usd: float | None
    unpriced: tuple[str, ...]
    search_inputs: int
    holdout_inputs: int
    holdout_groups: int
    """Independent groups of hold-out inputs; as many as inputs where no two ask the same."""
    notes: tuple[str, ...] = ()
    expected: ExpectedCost | None = None
    """None where no plan says how many calls there will be, only a bound."""
    beyond: int = 0
    """The calls that are expected on top of the plan, such as for proofs of conflicts."""

    @property
    def about(self) -> int:
        """The calls that a run is expected to take."""
        return self.planned + self.beyond


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. ``finished`` is None when it was interrupted and can be resumed."""

    finished: RunFinished | None
    exit_code: int
    message: str
    """One plain sentence; for an interruption it says how to resume."""
    seed: int
    usage: Mapping[str, Usage]
    seconds: float
