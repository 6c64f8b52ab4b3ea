"""What optimizers tell of their search: steps, drafts, candidates, cases, decisions, conflicts, influence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from maspo.events.base import SearchEvent, StepEvent, event


@event
class StepStarted(StepEvent):
    """The search turned to an agent: pass and generation count from 1; generation 0 is Beam Refresh."""

    step: str
    agent: str
    pass_: int
    generation: int
    passes: int
    generations: int
    kind: Literal["step_started"] = "step_started"


@event
class DraftRejected(StepEvent):
    """The proposer wrote a prompt that may not be used."""

    step: str
    agent: str
    text: str
    reason: str
    kind: Literal["draft_rejected"] = "draft_rejected"


@event
class DraftsScreened(StepEvent):
    """The proxy looked at an agent's drafts before anything was run for them: how many, and what became of them."""

    step: str
    agent: str
    asked: int
    kept: int
    dropped: int
    audited: int
    """Let through although the proxy advised against it, to see whether it is right."""
    kind: Literal["drafts_screened"] = "drafts_screened"


@event
class ProxyTold(SearchEvent):
    """What screening saved in a search so far, and how often the proxy was right; the latest one counts."""

    asked: int
    kept: int
    dropped: int
    audited: int
    runs_saved: int
    """Runs that the dropped drafts would have taken part in."""
    agreed: int
    """Tried drafts that the proxy put on the same side of the average as the race did."""
    disagreed: int
    interval: tuple[float, float]
    """95 % interval of the share that agreed."""
    worth_kept: float | None
    """Mean worth of kept drafts, as the race measured it; None when none was measured."""
    worth_audited: float | None
    kind: Literal["proxy_told"] = "proxy_told"


@dataclass(frozen=True, slots=True)
class LevelCounts:
    """Verdicts of one level over a batch, seen from the candidate."""

    wins: int = 0
    losses: int = 0
    ties: int = 0
    undecided: int = 0


@event
class CandidateScored(StepEvent):
    """A candidate met its reference on a batch (Eq. 5): reward R and accumulated score J (Eq. 7)."""

    step: str
    agent: str
    candidate: str
    """The candidate prompt's id."""
    text: str
    parent: str
    """The id of the prompt that it was written from."""
    reward: float
    score: float
    local: LevelCounts
    lookahead: LevelCounts
    glob: LevelCounts
    inputs: int
    misaligned: int
    kept: bool
    """Whether it is in the beam now."""
    spread: float | None = field(default=None, compare=False)
    """The standard deviation of ``score``, where the search knows it; None also when a version did not record it."""
    kind: Literal["candidate_scored"] = "candidate_scored"


@event
class CaseFound(StepEvent):
    """A misalignment case (Eq. 6) entered the buffer."""

    step: str
    agent: str
    input_key: str
    candidate: str
    reference: str
    lost: tuple[str, ...]
    kind: Literal["case_found"] = "case_found"


@event
class PromptKept(StepEvent):
    """No candidate was better than the prompt now in the system: a normal result."""

    step: str
    agent: str
    reason: str
    kind: Literal["prompt_kept"] = "prompt_kept"


@event
class PromptChanged(StepEvent):
    """A candidate was written into the joint system."""

    step: str
    agent: str
    before: str
    after: str
    """Both are prompt texts."""
    reason: str
    kind: Literal["prompt_changed"] = "prompt_changed"

    @property
    def ruled(self) -> bool:
        """Whether a person's pin or veto set the prompt back, rather than the search finding a new one."""
        return self.step.startswith("decided-")


@event
class ConflictFound(StepEvent):
    """The changes of two agents each won alone and lost together: they must change with regard to each other."""

    step: str
    agents: tuple[str, str]
    alone: tuple[float, float]
    """What either change is worth by all runs without the other, from −½ to ½, in the order of ``agents``."""
    together: float
    inputs: tuple[str, ...]
    """Inputs on which both lost together and neither lost alone; of a pair that was audited, those of the proof."""
    kind: Literal["conflict_found"] = "conflict_found"


@dataclass(frozen=True, slots=True)
class LevelAgreement:
    """How often the verdicts of one level agreed with the global verdict, where both were decided."""

    agreed: int = 0
    disagreed: int = 0


@event
class SearchEnded(SearchEvent):
    """The search came to its end by itself; a cap or an interruption does not say this."""

    reason: str
    local: LevelAgreement
    lookahead: LevelAgreement
    kind: Literal["search_ended"] = "search_ended"


@dataclass(frozen=True, slots=True)
class Effect:
    """What became of the final answer when one thing was changed, over comparisons on one input each."""

    compared: int = 0
    """Comparisons of which both final answers are known."""
    differed: int = 0
    wins: int = 0
    """Global verdicts for the change."""
    losses: int = 0
    interval: tuple[float, float] = (0.0, 1.0)
    """95 % interval of the share of comparisons in which the final answer differed."""

    @property
    def share(self) -> float:
        """The share of comparisons in which the final answer differed; 0 without any."""
        return self.differed / self.compared if self.compared else 0.0


@dataclass(frozen=True, slots=True)
class AgentInfluence:
    """An agent's influence: what its rewrites did to the final answer while no other prompt changed."""

    agent: str
    rewritten: Effect


@dataclass(frozen=True, slots=True)
class EdgeInfluence:
    """An edge's influence: what the reader did with the source's new output, and what became of it without any."""

    source: str
    reader: str
    wins: int
    """Lookahead verdicts for the reader's output when the source was rewritten."""
    losses: int
    ties: int
    agreement: LevelAgreement
    """How often these verdicts agreed with the global one."""
    withheld: Effect
    """The team without this edge against the team with it."""


@event
class InfluenceMeasured(SearchEvent):
    """Who matters: the influence of agents and edges on the final answer, as far as a search saw it."""

    agents: tuple[AgentInfluence, ...]
    edges: tuple[EdgeInfluence, ...]
    hint: str = ""
    """What looks wrong with the wiring rather than with prompts, in plain words; empty when nothing does."""
    kind: Literal["influence_measured"] = "influence_measured"


@event
class FaultsWeighed(SearchEvent):
    """Before a round it was looked at what each fault costs the prompts so far: how often each is met in it."""

    step: str
    costs: Mapping[str, float]
    """Of faults that were looked at, the share of a few inputs whose answer is worse, less that whose answer is better,
    as if one more had been the same."""
    weights: Mapping[str, float]
    """Of the inputs on which a fault is met, on which part it is this one."""
    kind: Literal["faults_weighed"] = "faults_weighed"


@event
class FocusNarrowed(SearchEvent):
    """Agents were left out for the rest of a search, since their changes hardly move a final answer; or nobody was."""

    step: str
    """The round after which it was."""
    shares: Mapping[str, float]
    """Of each agent that was rewritten until then, its part in what moved final answers; they sum up to 1."""
    runs: Mapping[str, int]
    """The runs in which each of them was changed."""
    left_out: tuple[str, ...]
    planned: int
    """The calls that the whole run is planned for from then on."""
    kind: Literal["focus_narrowed"] = "focus_narrowed"
