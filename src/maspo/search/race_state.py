"""The state of the anchor race, and what it thinks of each candidate. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean

from maspo.events import Event
from maspo.prompts import Prompts
from maspo.search.influence import Influence
from maspo.search.mixture import Candidate, Mixture
from maspo.search.plan import RoundSize
from maspo.search.proxy import Proxy, Screened, Tally
from maspo.search.setting import Setting
from maspo.search.trust import Calibration, score
from maspo.search.work import Case, Result, Work
from maspo.search.worth import Observation, worths
from maspo.verdict import Comparison

_PRIOR_WEIGHT = 400
"""Single-candidate runs that ``search.optimism`` weighs as much as, against what the run has seen of its proposer."""


class Phase(StrEnum):
    """What the wave in flight is for."""

    WITHHOLD = "withhold"
    PROPOSE = "propose"
    RACE = "race"
    UNITE = "unite"
    PAIRS = "pairs"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Run:
    """A mixed run that is over: the candidates in it, whose noise it has, and how it did against the anchor."""

    members: tuple[int, ...]
    group: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Tried:
    """Candidates that were tried together, and how they did against the anchor."""

    part: Mixture
    met: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class State:
    """Where a race stands. ``prompts`` is the anchor; candidates are numbered within a round."""

    setting: Setting
    seed_prompts: Prompts
    prompts: Prompts
    phase: Phase = Phase.DONE
    round: int = 0
    stage: int = 0
    idle: int = 0
    """Rounds in a row without any change."""
    order: tuple[str, ...] = ()
    """The inputs of this round, in the order in which they are taken up."""
    candidates: tuple[Candidate, ...] = ()
    fallen: frozenset[int] = frozenset()
    """Candidates that were dropped after a stage."""
    runs: tuple[Run, ...] = ()
    worth: tuple[float, ...] = ()
    """What each candidate is expected to be worth, after the runs of this round."""
    members: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Per work in flight, the candidates in it."""
    parts: tuple[Mixture, ...] = ()
    """What is tried now: one union, or the parts of one that failed."""
    tried: tuple[Tried, ...] = ()
    """What was tried in this round: the union of all that looked good, then its parts."""
    gave_way: frozenset[int] = frozenset()
    """Candidates of this round that clash with those of another agent."""
    attempt: int = 0
    rejected: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per agent, prompts that lost against an anchor whose neighbourhood has not changed since."""
    differed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Per input, how often answers differed, of how many comparisons."""
    drafted: tuple[float, float] = (0.0, 0.0)
    """What this proposer's drafts were worth: Σ score · drafts and Σ drafts² over all mixed runs."""
    calibration: Calibration = field(default_factory=Calibration)
    influence: Influence = field(default_factory=Influence)
    proxy: Proxy = field(default_factory=Proxy)
    screened: tuple[Screened, ...] = ()
    """What the proxy made of this round's drafts."""
    screening: Tally = field(default_factory=Tally)
    cases: tuple[Case, ...] = ()
    spent: int = 0
    """Calls so far."""
    round_began: int = 0
    """Calls when this round began."""
    anchored: frozenset[str] = frozenset()
    """Inputs on which the anchor has been run."""
    wave: tuple[Work, ...] = ()
    told: Mapping[str, Result] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @property
    def done(self) -> bool:
        """Whether the search has ended."""
        return self.phase is Phase.DONE

    @property
    def size(self) -> RoundSize:
        """How large this round is."""
        return self.setting.plan.round_size(self.round)

    @property
    def pool(self) -> dict[str, list[int]]:
        """The candidates still in the race, by agent."""
        found: dict[str, list[int]] = {}
        for number, candidate in enumerate(self.candidates):
            if number not in self.fallen:
                found.setdefault(candidate.agent, []).append(number)
        return found

    def score(self, comparison: Comparison) -> float:
        """Return what one comparison says for the changed prompts, from −½ to ½."""
        return score(comparison, self.setting.plan, self.calibration)

    def mean(self, met: Sequence[Comparison]) -> float:
        """Return the mean score of some comparisons."""
        return fmean(self.score(comparison) for comparison in met)

    def evidence(self) -> list[list[Comparison]]:
        """Return, for each candidate, the comparisons of the runs that it was in."""
        found: list[list[Comparison]] = [[] for _ in self.candidates]
        for run in self.runs:
            for member in run.members:
                found[member].append(run.comparison)
        return found

    def estimated(self) -> tuple[float, ...]:
        """Return what each candidate is worth, judged by the runs of this round and the drafts of earlier ones."""
        plan = self.setting.plan
        total, weight = self.drafted
        draft = (total + _PRIOR_WEIGHT * plan.optimism) / (weight + _PRIOR_WEIGHT)
        # A sentence that was accepted was thought to be worth something, so taking it out is not.
        priors = [
            (-abs(plan.optimism) if candidate.removal else draft) - plan.length_price * self._growth(candidate)
            for candidate in self.candidates
        ]
        observations = [Observation(run.members, self.score(run.comparison), run.group) for run in self.runs]
        return worths(observations, priors, plan.spread)

    def _growth(self, candidate: Candidate) -> float:
        """Return by how many thousand characters a candidate is longer than the anchor's prompt."""
        return (len(candidate.text) - len(self.prompts[candidate.agent])) / 1000


def step_of(number: int, agent: str) -> str:
    """Return the step of an agent in a round, as events and ids of work name it."""
    return f"r{number}/{agent}"
