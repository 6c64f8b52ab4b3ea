"""Events: what happened in a run, typed and final. Report, dashboard, terminal and JSON are folds over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from maspo.verdict import JudgeChecked


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run began: what it works on and what it plans. ``simulated`` when the world stands in for models."""

    run: str
    system: str
    agents: tuple[str, ...]
    reads: Mapping[str, tuple[str, ...]]
    seed_prompts: Mapping[str, str]
    profile: str
    seed: int
    search_inputs: int
    holdout_inputs: int
    models: Mapping[str, str]
    """Purpose (agent, judge, proposer) to model name."""
    simulated: bool
    version: str
    notes: tuple[str, ...] = ()
    """Plain remarks for the reader: merged duplicates, small hold-out, …"""
    method: Literal["", "race", "ascent"] = ""
    """How it searches; empty in runs of versions that did not say."""
    decided_by: Literal["judge", "labels"] = "judge"
    """Who decides on final answers: labels only when they were asked for and every input has one."""
    kind: Literal["run_started"] = "run_started"


@dataclass(frozen=True, slots=True)
class StepStarted:
    """The search turned to an agent: pass and generation count from 1; generation 0 is Beam Refresh."""

    step: str
    agent: str
    pass_: int
    generation: int
    passes: int
    generations: int
    kind: Literal["step_started"] = "step_started"


@dataclass(frozen=True, slots=True)
class DraftRejected:
    """The proposer wrote a prompt that may not be used."""

    step: str
    agent: str
    text: str
    reason: str
    kind: Literal["draft_rejected"] = "draft_rejected"


@dataclass(frozen=True, slots=True)
class DraftsScreened:
    """The proxy looked at an agent's drafts before anything was run for them: how many, and what became of them."""

    step: str
    agent: str
    asked: int
    kept: int
    dropped: int
    audited: int
    """Let through although the proxy advised against it, to see whether it is right."""
    kind: Literal["drafts_screened"] = "drafts_screened"


@dataclass(frozen=True, slots=True)
class ProxyTold:
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


@dataclass(frozen=True, slots=True)
class CandidateScored:
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
    kind: Literal["candidate_scored"] = "candidate_scored"


@dataclass(frozen=True, slots=True)
class CaseFound:
    """A misalignment case (Eq. 6) entered the buffer."""

    step: str
    agent: str
    input_key: str
    candidate: str
    reference: str
    lost: tuple[str, ...]
    kind: Literal["case_found"] = "case_found"


@dataclass(frozen=True, slots=True)
class PromptKept:
    """No candidate was better than the prompt now in the system: a normal result."""

    step: str
    agent: str
    reason: str
    kind: Literal["prompt_kept"] = "prompt_kept"


@dataclass(frozen=True, slots=True)
class PromptChanged:
    """A candidate was written into the joint system."""

    step: str
    agent: str
    before: str
    after: str
    """Both are prompt texts."""
    reason: str
    kind: Literal["prompt_changed"] = "prompt_changed"


@dataclass(frozen=True, slots=True)
class ConflictFound:
    """The changes of two agents each won alone and lost together: they must change with regard to each other."""

    step: str
    agents: tuple[str, str]
    alone: tuple[float, float]
    """What either change is worth by all runs without the other, from −½ to ½, in the order of ``agents``."""
    together: float
    inputs: tuple[str, ...]
    """Inputs on which both lost together and neither lost alone."""
    kind: Literal["conflict_found"] = "conflict_found"


@dataclass(frozen=True, slots=True)
class LevelAgreement:
    """How often the verdicts of one level agreed with the global verdict, where both were decided."""

    agreed: int = 0
    disagreed: int = 0


@dataclass(frozen=True, slots=True)
class SearchEnded:
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


@dataclass(frozen=True, slots=True)
class InfluenceMeasured:
    """Who matters: the influence of agents and edges on the final answer, as far as a search saw it."""

    agents: tuple[AgentInfluence, ...]
    edges: tuple[EdgeInfluence, ...]
    hint: str = ""
    """What looks wrong with the wiring rather than with prompts, in plain words; empty when nothing does."""
    kind: Literal["influence_measured"] = "influence_measured"


@dataclass(frozen=True, slots=True)
class CaseShown:
    """The texts of a misalignment case, for the report: both traces, keyed by agent, downstream of the change."""

    agent: str
    input_key: str
    input_text: str
    candidate_prompt: str
    reference_prompt: str
    candidate_outputs: Mapping[str, str]
    reference_outputs: Mapping[str, str]
    lost: tuple[str, ...]
    step: str
    label: str = ""
    """The input's name for people: its id, when it has one."""
    kind: Literal["case_shown"] = "case_shown"


@dataclass(frozen=True, slots=True)
class BudgetStopped:
    """A hard cap ended the search before its plan was done."""

    cap: str
    """For example ``--max-calls 500``."""
    kind: Literal["budget_stopped"] = "budget_stopped"


@dataclass(frozen=True, slots=True)
class CallLost:
    """A call failed for good; what depended on it is undecided."""

    purpose: str
    agent: str
    reason: str
    attempts: int
    kind: Literal["call_lost"] = "call_lost"


@dataclass(frozen=True, slots=True)
class CallUnsettled:
    """A call was in flight when an earlier process of the run died: it may be billed twice, since it is asked again."""

    number: int
    """Of the attempt in the run's record."""
    key: str
    """The content address of the call."""
    purpose: str
    agent: str
    model: str
    usd: float | None
    """Its highest cost, which counts towards the caps; None when no price is known."""
    kind: Literal["call_unsettled"] = "call_unsettled"


@dataclass(frozen=True, slots=True)
class Paused:
    """The run was interrupted; it can be resumed."""

    reason: str
    seconds: float
    kind: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls of one purpose cost. ``usd`` is None when a price is unknown; tokens count what was reported."""

    calls: int = 0
    """Calls that were sent, each attempt counted."""
    cached: int = 0
    """Questions answered from the run's own record, at no cost."""
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    unmetered: int = 0
    """Calls whose endpoint reported no token usage."""
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class HoldoutResult:
    """The proof: winners against seed prompts on inputs that the search never saw."""

    n: int
    wins: int
    losses: int
    ties: int
    undecided: int
    p_value: float
    """One-sided exact sign test that wins exceed losses."""
    p_worse: float
    interval: tuple[float, float]
    """95 % interval of the net win rate, (wins − losses) / n."""
    needed: int | None
    """About how many hold-out inputs would let something be proven, when this many could not."""
    contradicted: int = 0
    """Of the ties: pairs on which the judge contradicted itself when the order was turned."""


VerdictWord: TypeAlias = Literal["improved", "no_evidence", "worse", "cannot_tell"]
Shipped: TypeAlias = Literal["optimized", "seed"]


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The end of a run: the verdict, what is shipped, and what it cost."""

    verdict: VerdictWord
    shipped: Shipped
    why: str
    """One or two plain sentences for the reader."""
    holdout: HoldoutResult
    prompts: Mapping[str, str]
    """What is shipped."""
    winners: Mapping[str, str]
    """What the search ended with, shipped or not."""
    usage: Mapping[str, Usage]
    """By purpose: agent, judge.local, judge.lookahead, judge.global, proposer, other.*."""
    seconds: float
    complete: bool
    """False when a cap ended the search before its plan was done."""
    truth: tuple[float, float] | None = field(default=None)
    """On a simulated world only: true accuracy of (seed prompts, shipped prompts)."""
    kind: Literal["run_finished"] = "run_finished"


Event: TypeAlias = (
    RunStarted
    | StepStarted
    | DraftRejected
    | DraftsScreened
    | CandidateScored
    | CaseFound
    | PromptKept
    | PromptChanged
    | ConflictFound
    | ProxyTold
    | SearchEnded
    | InfluenceMeasured
    | CaseShown
    | BudgetStopped
    | CallLost
    | CallUnsettled
    | JudgeChecked
    | Paused
    | RunFinished
)
