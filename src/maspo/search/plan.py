"""The plan of a search: every number and choice that shapes it, under the paper's names."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Weights(BaseModel):
    """α, β and θ of Eq. 5: local validity, lookahead potential, global alignment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    local: float = Field(0.4, ge=0)
    lookahead: float = Field(0.4, ge=0)
    glob: float = Field(0.2, ge=0, alias="global")


class Plan(BaseModel):
    """The settings of a search; defaults are the paper's (method, section 4)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    passes: int = Field(3, ge=1, description="D: passes over all agents")
    generations: int = Field(3, ge=1, description="T: generations per visit of an agent")
    beam_width: int = Field(2, ge=1, description="K: prompts that survive a generation")
    drafts: int = Field(2, ge=1, description="K_sub: mini-batches of traces, one draft each, per parent")
    batch: int = Field(10, ge=1, description="|B|: inputs on which a candidate is compared")
    hard_negatives: int = Field(3, ge=0, description="K_mis: misalignment cases per batch and proposal")
    weights: Weights = Weights.model_validate({})
    scoring: Literal["centred", "indicator"] = Field(
        "centred", description="centred: win +½, tie 0, loss −½; indicator: win 1, else 0 (Eq. 5 as printed)"
    )
    reference: Literal["anchor", "parent"] = Field(
        "anchor", description="what a candidate is compared with: the prompts now in the system, or its own parent"
    )
    refresh: bool = Field(True, description="Beam Refresh (Eq. 8) when an agent is visited again")
    promotion: tuple[int, ...] = Field(
        (10, 20, 40), description="growing stages of the sequential test for promotion; empty: the beam's best wins"
    )
    judge_order: Literal["balanced", "fixed"] = Field(
        "balanced", description="fixed shows the candidate first, as the released code does; biased"
    )
