"""What an input costs a team in use: its own calls, which no search and no judge adds to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """What running a prompt set on one input costs, on average, calls from the record included."""

    calls: float
    tokens_in: float | None
    """None when the endpoint reports no usage."""
    tokens_out: float | None
    usd: float | None
    """None when a price or a usage is unknown. What an endpoint had in its own cache counts in full."""


@dataclass(frozen=True, slots=True)
class CostChange:
    """What an input costs with the seed prompts and with the new ones: runs on the same held-out inputs."""

    before: Cost
    after: Cost
    inputs: int
