"""What inputs cost a team in use, as figures and in words: 1,000 of them, since one costs a fraction of a cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from maspo.core.plain import Dumped
from maspo.core.team_cost import Cost, CostChange
from maspo.report import phrases
from maspo.report.fold import RunView

PER_INPUTS: Final = 1000
"""Cost is stated for so many inputs."""


@dataclass(frozen=True, slots=True)
class CostFigures(Dumped):
    """What so many inputs cost; None is unknown."""

    calls: float
    tokens_in: float | None
    tokens_out: float | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class CostChangeFigures(Dumped):
    """What 1,000 inputs cost with the seed prompts and with the new ones, by so many inputs that both were run on."""

    before: CostFigures
    after: CostFigures
    measured_on: int


def cost_in_use(view: RunView) -> CostChange | None:
    """Return what a run's test tells of what the team costs in use, also while its prompts await approval."""
    tested = view.finished or view.approval
    return tested.holdout.cost if tested else None


def are_kept_back(view: RunView) -> bool:
    """Say whether the new prompts were tested and do not ship, so that the team in use costs what it did before."""
    return view.finished is not None and view.finished.shipped == "seed"


def cost_figures(cost: Cost) -> CostFigures:
    """Return a cost for so many inputs."""

    def times(value: float | None) -> float | None:
        return None if value is None else value * PER_INPUTS

    return CostFigures(cost.calls * PER_INPUTS, times(cost.tokens_in), times(cost.tokens_out), times(cost.usd))


def change_figures(change: CostChange) -> CostChangeFigures:
    """Return a change of cost for so many inputs."""
    return CostChangeFigures(cost_figures(change.before), cost_figures(change.after), change.inputs)


def describe_cost(cost: Cost, simulated: bool) -> str:
    """Return what 1,000 inputs cost with one prompt set; in a simulated world no money."""
    parts = [phrases.plural(round(cost.calls * PER_INPUTS), "call")]
    if cost.tokens_in is not None and cost.tokens_out is not None:
        parts.append(f"{phrases.number(round(cost.tokens_in * PER_INPUTS))} tokens in")
        parts.append(f"{phrases.number(round(cost.tokens_out * PER_INPUTS))} out")
    if not simulated:
        parts.append("money unknown" if cost.usd is None else phrases.money(cost.usd * PER_INPUTS))
    return ", ".join(parts)


def describe_change(change: CostChange, simulated: bool) -> str:
    """Return what 1,000 inputs cost before and after, what is equal once; in a simulated world no money."""
    return ", ".join(parts_of_change(change, simulated))


def parts_of_change(change: CostChange, simulated: bool) -> list[str]:
    """Return the same in parts, what matters most first."""
    before, after = change.before, change.after
    parts = [f"{_from_to(before.calls, after.calls)} calls"]
    if not simulated and before.usd is not None and after.usd is not None:
        old, new = phrases.money(before.usd * PER_INPUTS), phrases.money(after.usd * PER_INPUTS)
        parts.append(old if old == new else f"{old} → {new}")
    tokens = [("in", before.tokens_in, after.tokens_in), ("out", before.tokens_out, after.tokens_out)]
    told = [f"{_from_to(old, new)} {what}" for what, old, new in tokens if old is not None and new is not None]
    return parts + [f"tokens {one}" if place == 0 else one for place, one in enumerate(told)]


def _from_to(before: float, after: float) -> str:
    old, new = phrases.number(round(before * PER_INPUTS)), phrases.number(round(after * PER_INPUTS))
    return old if old == new else f"{old} → {new}"
