"""The document of a run, format ``maspo.view/1``: everything that its page shows, as data. See docs/interface.md.

Texts in it are made visible already (``maspo.core.invisible``), and shortened ones say so. Times are seconds since
1970, ``seconds`` are durations, shares lie between 0 and 1, money is in US dollars. Fields are added, never changed:
what reads a document passes over what it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from maspo.core.plain import Dumped
from maspo.events import LevelCounts, Shipped, VerdictWord
from maspo.report.fold import State
from maspo.report.holdout import InputOutcome
from maspo.report.questions import Answer
from maspo.report.result import AgreementFigures, CalibrationFigures, EffectFigures, HoldoutFigures
from maspo.report.team_cost import CostChangeFigures

FORMAT: Final = "maspo.view/1"

Tone: TypeAlias = Literal["plain", "good", "bad", "note"]
JudgeSource: TypeAlias = Literal["labels", "holdout", "none"]


@dataclass(frozen=True, slots=True)
class Remark(Dumped):
    """Something a reader should know before the rest: a cap that was met, calls that failed, a pause."""

    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class Holdout(Dumped):
    """The proof on the hold-out in figures and in words."""

    figures: HoldoutFigures
    net: float
    """The net win rate: (wins − losses) / inputs, or its mean over groups."""
    inputs: str
    counts: str
    test: str
    """The p-value, and what it speaks for."""
    lines: tuple[str, ...]
    """Further words: looks, inputs that would be needed, noise between two runs of the same prompts."""


@dataclass(frozen=True, slots=True)
class LeftOut(Dumped):
    """What happens on the hold-out without an agent's changes: inputs that would be worse, and better, by name."""

    inputs: int
    """On which that was tried."""
    worse: tuple[str, ...]
    worse_count: int
    better: tuple[str, ...]
    better_count: int


@dataclass(frozen=True, slots=True)
class Agent(Dumped):
    """An agent: whom it reads, its prompts by id, and what the search found of it."""

    name: str
    reads: tuple[str, ...]
    output: bool
    """Whether it gives the final answer, if only on some inputs."""
    seed: str
    winner: str
    shipped: str
    """Ids of prompts; ``shipped`` is empty until the run has finished."""
    changed: bool
    """Whether the search found another prompt than the seed."""
    times_changed: int
    placeholders: tuple[str, ...]
    """As they are written in its prompts."""
    suspicious: tuple[str, ...]
    """What in the new prompt is to be looked at twice."""
    worth: float
    share: float | None
    """Its part of the worth of all agents, by the search's own scores."""
    influence: EffectFigures | None
    """What its rewrites alone did to the final answer; None where none was tried alone."""
    calls_mean: float | None
    calls_most: int
    """Calls of it on one input, over the traces of this document; None without any."""
    repeated: int
    """Of these: calls that wrote the same as an earlier call of it on the same input."""
    why: tuple[str, ...]
    """Of each change of its prompt in one line: what asked for it, and where it helped and hurt."""
    left_out: LeftOut | None
    """None where it was not tried without its changes."""
    called: str
    """What decides whether and how often it is called, in words; empty of one that always is, once."""
    when: str
    """The agent whose output decides whether it is called; empty: it always is."""
    each: str
    """The agent for each entry of whose list it is called; empty: it is called once."""
    rounds: int
    """How often the circle that it stands in goes round, at most; 1 outside of circles."""
    same_prompt_as: str
    """The agent whose prompt it has; empty: it has its own."""


@dataclass(frozen=True, slots=True)
class Edge(Dumped):
    """Who reads whom, with the lookahead verdicts along it."""

    source: str
    reader: str
    wins: int
    losses: int
    ties: int
    agreed: int
    disagreed: int
    """How often these verdicts agreed with the global one."""
    withheld: EffectFigures | None
    """What became of the final answer when the reader was not shown the output."""
    late: bool
    """Whether the reader is shown what was written the round before."""


@dataclass(frozen=True, slots=True)
class Candidate(Dumped):
    """A candidate prompt of a step, by the id of its text in ``prompts``."""

    id: str
    parent: str
    reward: float
    score: float
    """Its expected worth in a race, −½ to ½; else the accumulated score."""
    score_interval: tuple[float, float] | None
    """95 % interval of the expected worth; None where the search does not tell one."""
    interval: tuple[float, float] | None
    """95 % interval of the net win rate of the runs that it took part in; None without any."""
    kept: bool
    inputs: int
    misaligned: int
    local: LevelCounts
    lookahead: LevelCounts
    glob: LevelCounts


@dataclass(frozen=True, slots=True)
class Rejected(Dumped):
    """A draft that broke a rule."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision(Dumped):
    """What a step came to: prompts by id; ``after`` equals ``before`` where the prompt was kept."""

    changed: bool
    before: str
    after: str
    reason: str
    ruled: bool = False
    """Whether a person's pin or veto set the prompt back."""


@dataclass(frozen=True, slots=True)
class Tried(Dumped):
    """Comparisons that were made within a step for one purpose, such as ``mixed`` or ``union``, by global verdict."""

    purpose: str
    counts: LevelCounts


@dataclass(frozen=True, slots=True)
class Step(Dumped):
    """One step of the search: an agent's part in a round."""

    id: str
    label: str
    agent: str
    at: float | None
    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...]
    rejected_count: int
    cases: int
    tried: tuple[Tried, ...]
    lookahead: tuple[tuple[str, LevelCounts], ...]
    """By reader of the agent, its verdicts on the agent's changes."""
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class Screened(Dumped):
    """What the proxy did with an agent's drafts before anything was run for them."""

    agent: str
    asked: int
    kept: int
    dropped: int
    audited: int


@dataclass(frozen=True, slots=True)
class Conflict(Dumped):
    """Two agents whose changes each won alone and lost together."""

    step: str
    agents: tuple[str, str]
    alone: tuple[float, float]
    together: float
    inputs: tuple[tuple[str, str], ...]
    """Inputs on which both lost together, by name, each with the id of its case in this document, or empty."""
    inputs_count: int
    text: str


@dataclass(frozen=True, slots=True)
class Said(Dumped):
    """What the judge said of a pair of outputs at one level, and in which order it saw them."""

    level: str
    agent: str
    verdict: str
    """Seen from the new prompt."""
    new_first: bool
    words: str


@dataclass(frozen=True, slots=True)
class Case(Dumped):
    """A misalignment case with what was written before and after, by agent, the rewritten agent first."""

    id: str
    agent: str
    input_key: str
    label: str
    input: str
    step: str
    candidate: str
    reference: str
    """Ids of prompts."""
    outputs: tuple[tuple[str, str, str], ...]
    """Agent, before, after."""
    lost: tuple[str, ...]
    loss: str
    """In words."""
    final: str
    """The verdict on the final answers; empty when it is not known."""
    settled: bool
    """The judge had said enough of these two answers on this input before, and was not asked again."""
    said: tuple[Said, ...]
    trace: str
    """The key of the comparison, empty when it is not known."""


@dataclass(frozen=True, slots=True)
class InputRow(Dumped):
    """An input of the hold-out: what became of it."""

    id: str
    outcome: InputOutcome
    input: str
    before: str | None
    after: str | None
    verdicts: tuple[str, ...]
    """Of the judge, with the new answer shown first and second; empty where it was not asked."""
    reason: str
    trace: str


@dataclass(frozen=True, slots=True)
class Tool(Dumped):
    """A tool that an agent used within its turn."""

    name: str
    arguments: str
    result: str


@dataclass(frozen=True, slots=True)
class TraceCall(Dumped):
    """A call of an agent; ``reads`` are places in the same trace."""

    agent: str
    nth: int
    output: str
    reads: tuple[int, ...]
    tokens_in: int | None
    tokens_out: int | None
    seconds: float
    tools: tuple[Tool, ...]


@dataclass(frozen=True, slots=True)
class Compared(Dumped):
    """The two runs of a comparison, call by call. A number in ``candidate`` is a place in ``reference``: the same."""

    key: str
    said: tuple[Said, ...]
    reference: tuple[TraceCall, ...]
    candidate: tuple[TraceCall | int, ...]


@dataclass(frozen=True, slots=True)
class ComparisonRow(Dumped):
    """A comparison of the search, and its verdicts at the three levels."""

    key: str
    purpose: str
    step: str
    input_key: str
    local: str
    lookahead: tuple[tuple[str, str], ...]
    glob: str
    misaligned: bool
    kept: bool
    """Whether its traces are kept in the record."""
    label: str = ""
    """The name of the input; empty where the record tells none."""


@dataclass(frozen=True, slots=True)
class JudgeFigures(Dumped):
    """The judge's record: from labels where they decided, else from the hold-out, judged in both orders."""

    source: JudgeSource
    figures: CalibrationFigures | None
    words: tuple[tuple[str, str], ...]
    """The same as names and figures."""
    agreement: tuple[tuple[str, int, int], ...]
    """Level, how often its verdicts agreed with the global one, and how often not."""
    unreadable: int
    contradicted: int
    people: AgreementFigures | None = None
    """With a person, on the cases that were judged blind on this page; None where nobody has judged any."""


@dataclass(frozen=True, slots=True)
class Spent(Dumped):
    """What calls cost, for one purpose, agent or model; ``usd`` is None where a price is unknown."""

    name: str
    calls: int
    cached: int
    failed: int
    tokens_in: int
    tokens_out: int
    usd: float | None
    unmetered: int


@dataclass(frozen=True, slots=True)
class Latency(Dumped):
    """How long replies took, in seconds."""

    name: str
    n: int
    median: float
    p90: float
    p99: float
    longest: float


@dataclass(frozen=True, slots=True)
class Burn(Dumped):
    """What had been spent some seconds after the first call."""

    seconds: float
    calls: int
    usd: float | None
    tokens: int


@dataclass(frozen=True, slots=True)
class LostCall(Dumped):
    """A call that failed for good."""

    purpose: str
    agent: str
    attempts: int
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnsettledCall(Dumped):
    """A call that was in flight when a process died; ``usd`` is its highest cost."""

    purpose: str
    agent: str
    model: str
    usd: float | None


@dataclass(frozen=True, slots=True)
class Cost(Dumped):
    """Where calls, tokens, money and time went."""

    total: Spent
    purposes: tuple[Spent, ...]
    agents: tuple[Spent, ...]
    models: tuple[Spent, ...]
    latency: tuple[Latency, ...]
    burn: tuple[Burn, ...]
    seconds: float | None
    in_flight: int
    cap_usd: float | None
    cap_calls: int | None
    cap_minutes: float | None
    money: str
    """In words: unknown is never 0."""
    thoughts: str
    """The tokens of thoughts, in words; empty where there were none, as far as is known."""
    health: tuple[str, ...]
    lost: tuple[LostCall, ...]
    lost_count: int
    unsettled: tuple[UnsettledCall, ...]
    unsettled_count: int
    unsettled_bound: str
    planned_calls: int | None = None
    """Calls that the run is expected to take, test and proofs of conflicts included; None without such a plan."""
    in_use: CostChangeFigures | None = None
    """What the team costs in use, with the seed prompts and with the new ones; None before a test has told it."""


@dataclass(frozen=True, slots=True)
class LogLine(Dumped):
    """An event of the record in one line."""

    seq: int
    at: float
    kind: str
    about: str
    """What it is about, in a word for people."""
    tone: Tone
    text: str


@dataclass(frozen=True, slots=True)
class Settings(Dumped):
    """What determined the run, as names and values, and remarks on it."""

    values: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunRow(Dumped):
    """A run in a list of them."""

    id: str
    """By which the list names it; given by whoever makes the list."""
    name: str
    folder: str
    state: State
    status: str
    """The state in a word or two for people."""
    label: str
    headline: str
    verdict: VerdictWord | None
    shipped: Shipped | None
    net: float | None
    interval: tuple[float, float] | None
    n: int
    wins: int
    losses: int
    calls: int
    usd: float | None
    money: str
    seconds: float | None
    written: float
    simulated: bool
    inside: str = ""
    """The id of the work that it is part of: a comparison, or prompts and structure in turns."""


@dataclass(frozen=True, slots=True)
class Ruling(Dumped):
    """Something that a person decided about the run."""

    at: float | None
    action: str
    """Its kind, such as ``pause``, ``veto`` or ``approve``; ``refused`` where it could not be done."""
    agent: str
    prompt: str
    """The id of the prompt that it is about; empty where it is about none."""
    reason: str
    """In the person's words; of what was refused, why."""
    text: str
    """All of it in one line."""
    taken: bool
    """Whether the run has acted on it; until then it is only noted."""


@dataclass(frozen=True, slots=True)
class Approval(Dumped):
    """New prompts that wait for a person after the final test."""

    agents: tuple[str, ...]
    """Those whose prompt waits: nobody has approved or rejected it yet."""
    prompts: tuple[str, ...]
    """The ids of these prompts, in the same order."""
    why: str
    net: float
    figures: HoldoutFigures


PartOf: TypeAlias = Literal["", "comparison", "prompts and structure"]
PromptFiles: TypeAlias = Literal["known", "unknown", "none"]


@dataclass(frozen=True, slots=True)
class Document(Dumped):
    """A run as its page shows it, at any moment of the run."""

    format: Literal["maspo.view/1"]
    kind: Literal["run"]
    id: str
    name: str
    folder: str
    """The name of the run folder, without where it lies; empty of a run that is in no folder."""
    state: State
    status: str
    """The state in a word or two for people; of one that a cap ended before its plan was done, that it did."""
    seq: int
    """The last entry of the record that is told here."""
    written: float
    damage: str
    held: bool
    """Whether a person has paused it; ``state`` stays what it is."""
    approval: Approval | None
    """None unless new prompts wait for a person."""
    decided: tuple[Ruling, ...]
    """What a person decided, the latest last."""
    decided_count: int
    simulated: bool
    truth: tuple[float, float] | None
    """On a simulated world only: true accuracy with the seed prompts and with the shipped prompts."""
    label: str
    headline: str
    why: str
    verdict: VerdictWord | None
    shipped: Shipped | None
    progress: str
    """How far a run is that has not finished."""
    remarks: tuple[Remark, ...]
    questions: tuple[Answer, ...]
    holdout: Holdout | None
    more: tuple[str, ...]
    """How the search ended, and what speaks for more calls."""
    prompts: Mapping[str, str]
    """Texts of prompts by id. An id without a text: it was left out."""
    agents: tuple[Agent, ...]
    edges: tuple[Edge, ...]
    hint: str
    steps: tuple[Step, ...]
    steps_count: int
    candidates_count: int
    conflicts: tuple[Conflict, ...]
    """The latest ones."""
    conflicts_count: int
    cases: tuple[Case, ...]
    cases_count: int
    inputs: tuple[InputRow, ...]
    inputs_count: int
    traces: Mapping[str, Compared]
    comparisons: tuple[ComparisonRow, ...]
    comparisons_count: int
    proxy: tuple[str, ...]
    """What screening drafts saved, and how often it was right."""
    screened: tuple[Screened, ...]
    screened_count: int
    judge: JudgeFigures
    cost: Cost
    settings: Settings
    log: tuple[LogLine, ...]
    log_count: int
    part_of: PartOf = ""
    """What the run is a part of; then its own test decides nothing."""
    prompt_files: PromptFiles = "known"
    """Whether ``maspo apply`` knows the files that prompts came from: not of a run that was started from Python. A demo
    has none."""
