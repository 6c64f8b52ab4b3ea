"""Local only: Algorithm 1 of the paper, judged by nothing but the rewritten agent's own output. Pure.

What tuning each prompt by itself comes to, and the ablation that the paper's three levels are measured against
(arXiv 2605.06623, section 4.4): the weights of readers and of the final answer are 0 (Eq. 5), and no misalignment case
leads the proposer. An agent that does its own job better may well make the team worse.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from maspo.optimizers.base import Problem, Search, Stages
from maspo.optimizers.coordinate_ascent import CoordinateAscent, CoordinateAscentConfig
from maspo.optimizers.parts.reward import Scoring, Weights


class LocalOnlyConfig(CoordinateAscentConfig):
    """The settings of Algorithm 1 as printed, with the local level alone."""

    method: Literal["local-only"] = "local-only"  # type: ignore[assignment]
    weights: Weights = Weights.model_validate({"local": 1, "lookahead": 0, "global": 0})
    hard_negatives: int = Field(default=0, ge=0, description="misalignment cases per proposal and batch: none")
    scoring: Scoring = Field(default="indicator", description="indicator: win 1, else 0 (Eq. 5 as printed)")
    reference: Literal["anchor", "parent"] = Field(
        default="parent", description="what a candidate meets: its own parent, or the prompts now in the system"
    )
    promotion: Stages = Field(default=(), description="empty: the beam's best wins, as printed")


class LocalOnly:
    """Visit agents in topological order and improve each by its own output."""

    Config = LocalOnlyConfig

    def __init__(self, config: LocalOnlyConfig) -> None:
        self.config = config

    def search(self, problem: Problem) -> Search:
        """Begin a search from the seed prompts."""
        return CoordinateAscent(self.config).search(problem)
