"""The plan of a search: every number and choice that shapes it, under the paper's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Weights(BaseModel):
    """α, β and θ of Eq. 5: local validity, lookahead potential, global alignment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local: float = Field(default=0.4, ge=0)
    lookahead: float = Field(default=0.4, ge=0)
    glob: float = Field(default=0.2, ge=0, alias="global")


@dataclass(frozen=True, slots=True)
class RoundSize:
    """How large a round of the race is: mixed runs per block after each stage, inputs raced on, inputs of a union."""

    stages: tuple[int, ...]
    shared_inputs: int
    union_inputs: int


CALLS_PER_AGENT = 1000
"""Calls planned for each agent that is rewritten, unless a number is set."""
CALLS_PER_AGENT_WITH_LABELS = 1500
_LARGEST_ROUND = 1.6
"""Times `stages`, `shared_inputs` and `union_inputs`."""


class Plan(BaseModel):
    """The settings of a search; defaults are the anchor race's, and the paper's where both have them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["race", "ascent"] = Field(
        default="race", description="race: candidates meet one anchor in growing stages; ascent: Algorithm 1"
    )

    # Both methods.
    passes: int = Field(default=12, ge=1, description="D: passes over all agents; in the race: rounds, at most")
    beam_width: int = Field(default=8, ge=1, description="K: prompts of an agent that survive a generation or a stage")
    drafts: int = Field(default=3, ge=1, description="K_sub: mini-batches of traces, one proposer call each")
    hard_negatives: int = Field(default=3, ge=0, description="K_mis: misalignment cases per proposal (and batch)")
    weights: Weights = Weights()
    judge_order: Literal["balanced", "fixed"] = Field(
        default="balanced", description="fixed shows the candidate first, as the released code does; biased"
    )

    # The race.
    calls_per_agent: int | None = Field(
        default=None,
        ge=50,
        description="calls that a run plans for each agent that is rewritten, the proof included; "
        f"empty: {CALLS_PER_AGENT:,}, or {CALLS_PER_AGENT_WITH_LABELS:,} where labels decide",
    )
    calls: int | None = Field(default=None, ge=100, description="calls that a run plans in all; empty: by agent")
    edits: int = Field(default=2, ge=1, description="drafts asked for in one proposer call")
    traces: int = Field(default=4, ge=1, description="traces shown in one proposer call")
    stages: tuple[int, ...] = Field(
        default=(56,), min_length=1, description="mixed runs per block of agents after each stage of a round"
    )
    shared_inputs: int = Field(default=24, ge=1, description="inputs of a round, the same for all mixed runs")
    mixed: int = Field(default=4, ge=1, description="candidates of one agent in a mixture, on average at most")
    blocks: int = Field(default=5, ge=1, description="blocks into which a team is cut; mixed runs change one at a time")
    union_inputs: int = Field(default=20, ge=1, description="inputs on which what looks good is tried together")
    first_round: float = Field(
        default=0.6,
        gt=0,
        le=_LARGEST_ROUND,
        description="size of the first round, as a share of stages, shared_inputs and union_inputs",
    )
    growth: float = Field(
        default=0.2,
        ge=0,
        description="what each further round is larger by, as such a share; "
        f"at most {_LARGEST_ROUND} times as large in all",
    )
    ahead: bool = Field(default=True, description="ask for the next drafts while a union is tried")
    conflicts: bool = Field(
        default=True, description="look for changes of two agents that win alone and lose together, and mend them"
    )
    removals: bool = Field(default=False, description="try the anchor without one sentence that the search added")
    optimism: float = Field(
        default=0.01, description="worth expected of a draft of which nothing is known (½ is a sure win)"
    )
    spread: float = Field(default=0.025, gt=0, description="how much the worth of drafts is expected to differ")
    length_price: float = Field(
        default=0.003, ge=0, description="worth that a draft must bring for every 1,000 characters that it adds"
    )
    screen: int = Field(
        default=0, ge=0, description="drafts asked for in a call when a proxy picks the most promising `edits` of them"
    )
    interventions: int = Field(
        default=0, ge=0, description="inputs on which each edge is cut first, to see what depends on it"
    )
    weighting: Literal["learned", "fixed", "global"] = Field(
        default="learned", description="how local and lookahead verdicts count in a race's decision"
    )
    partial_inputs: int = Field(
        default=6, ge=0, description="mixed runs per block on which local and lookahead verdicts are always asked for"
    )
    partial_differing: bool = Field(
        default=True, description="ask for local and lookahead verdicts wherever the final answers differ"
    )
    double_orders: Literal["never", "unions", "always"] = Field(
        default="always", description="which comparisons of a race are judged in both orders"
    )
    contested_first: bool = Field(default=True, description="inputs whose answers differed before are raced on first")
    patience: int = Field(default=3, ge=1, description="rounds in a row without any change before the race ends")

    # The ascent (defaults: the decisions of differences_from_reference; the paper profile sets Algorithm 1).
    generations: int = Field(default=3, ge=1, description="T: generations per visit of an agent")
    batch: int = Field(default=10, ge=1, description="|B|: inputs on which a candidate is compared")
    scoring: Literal["centred", "indicator"] = Field(
        default="centred", description="centred: win +½, tie 0, loss −½; indicator: win 1, else 0 (Eq. 5 as printed)"
    )
    reference: Literal["anchor", "parent"] = Field(
        default="anchor",
        description="what a candidate is compared with: the prompts now in the system, or its own parent",
    )
    refresh: bool = Field(default=True, description="Beam Refresh (Eq. 8) when an agent is visited again")
    promotion: tuple[int, ...] = Field(
        default=(10, 20, 40),
        description="growing stages of the sequential test for promotion; empty: the beam's best wins",
    )

    def share_of(self, number: int) -> float:
        """Return the size of a round, as a share of what is planned for one; the first is number 1."""
        return min(_LARGEST_ROUND, self.first_round + self.growth * (number - 1))

    def round_size(self, number: int) -> RoundSize:
        """Return how large a round of the race is; the first is number 1."""
        share = self.share_of(number)
        shared, union = (max(1, round(share * amount)) for amount in (self.shared_inputs, self.union_inputs))
        stages = tuple(dict.fromkeys(max(1, round(share * runs)) for runs in self.stages))
        return RoundSize(stages, shared, union)

    @field_validator("stages", "promotion")
    @classmethod
    def _growing(cls, stages: tuple[int, ...]) -> tuple[int, ...]:
        if any(stage < 1 for stage in stages) or list(stages) != sorted(set(stages)):
            raise ValueError("stages are growing numbers, at least 1, such as [20, 40]")
        return stages
