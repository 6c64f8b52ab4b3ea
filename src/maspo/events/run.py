"""The run as a whole: its beginning, its pauses, its end, and the proof on the hold-out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from maspo.core.team_cost import CostChange
from maspo.core.usage import Usage
from maspo.events.base import Event, event


@event
class RunStarted(Event):
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
    method: str = ""
    """How it searches; empty in runs of versions that did not say."""
    decided_by: Literal["judge", "labels"] = "judge"
    """Who decides on final answers: labels only when they were asked for and every input has one."""
    kind: Literal["run_started"] = "run_started"


@event
class Paused(Event):
    """The run was interrupted; it can be resumed."""

    reason: str
    seconds: float
    kind: Literal["paused"] = "paused"


@event
class BudgetStopped(Event):
    """A hard cap ended the search before its plan was done."""

    cap: str
    """For example ``--max-calls 500``."""
    kept_back: str = ""
    """What of it is kept back for the final test, in words: the search had the rest."""
    kind: Literal["budget_stopped"] = "budget_stopped"


@dataclass(frozen=True, slots=True)
class HoldoutResult:
    """The proof: winners against seed prompts on inputs that the search never saw."""

    n: int
    wins: int
    losses: int
    ties: int
    undecided: int
    p_value: float
    """One-sided exact test that wins exceed losses: signs of groups flipped; the sign test where groups are inputs."""
    p_worse: float
    interval: tuple[float, float]
    """95 % interval of the net win rate."""
    needed: int | None
    """About how many independent hold-out inputs would let something be proven, when this many could not."""
    contradicted: int = 0
    """Of the ties: pairs on which the judge contradicted itself when the order was turned."""
    unanswered: int = 0
    """Of the losses: inputs on which the new prompts alone brought no final answer."""
    groups: int | None = None
    """Independent groups among the n inputs; None in records of versions that took every input for one."""
    decided_groups: int | None = None
    """Of the groups: those with more wins than losses, or fewer."""
    net: float | None = None
    """The mean over groups of (wins − losses) / inputs; None as above, where each input counts once."""
    p_bounds: tuple[float, float] | None = None
    """p_value if all undecided inputs were lost, p_worse if all were won."""
    look: int = 1
    """The so-manyth look at this hold-out that this was, looks of other runs included."""
    level: float = 0.05
    """What p had to reach at this look."""
    spent: float | None = None
    """The chance of such a p if nothing differed, given how many inputs do; None in records of versions before."""
    searched: tuple[int, int, int] | None = None
    """Inputs of the search on which the new prompts met the seed prompts as well, wins and losses among them; None
    where the hold-out alone decided what is shipped."""
    p_searched: float | None = None
    """The p-value of both together, an input of the search at half the weight, undecided ones counted as lost."""
    spared: int = 0
    """Held-out inputs that were not looked at, since the others had proven that the new prompts are better."""
    cost: CostChange | None = field(default=None, compare=False)
    """What an input costs with the seed prompts and with the new ones; None where no run tells, and in records of
    versions before. It is no part of the proof."""


@event
class HoldoutLooked(Event):
    """The hold-out is about to be looked at, to test some prompts."""

    winners: str
    """The id of the prompts."""
    look: int
    """The so-manyth look at these inputs, counted from 1; those of other runs of this person count."""
    level: float | None = None
    """What p must reach at it; None in records of versions in which its number alone decided."""
    kind: Literal["holdout_looked"] = "holdout_looked"


@event
class RerunCompared(Event):
    """The seed prompts were run twice on some hold-out inputs: whatever differs is noise, and no effect of a prompt."""

    inputs: int
    """On which both runs brought an answer."""
    same_text: int
    """Those with the same final output, letter by letter."""
    same_answer: int
    """Those with the same final answer."""
    kind: Literal["rerun_compared"] = "rerun_compared"


@event
class LeftOut(Event):
    """The new prompts met themselves without the changes of one agent, on the hold-out inputs."""

    winners: str
    """The id of the new prompts."""
    agent: str
    inputs: int
    """On which both runs brought an answer."""
    helped: tuple[str, ...]
    """Inputs, by the names that people know, on which the team is better with the agent's changes."""
    hurt: tuple[str, ...]
    kind: Literal["left_out"] = "left_out"


VerdictWord: TypeAlias = Literal["improved", "no_evidence", "worse", "cannot_tell"]
Shipped: TypeAlias = Literal["optimized", "seed"]


@event
class RunFinished(Event):
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
    cap: str = field(default="")
    """What cut the search or its test short, such as ``--max-calls 500``; empty where nothing did, and in records of
    versions before."""
    kind: Literal["run_finished"] = "run_finished"
