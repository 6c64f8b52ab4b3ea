"""What an input costs a team in use: its own calls, which no search and no judge adds to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean


@dataclass(frozen=True, slots=True)
class TokensOfModel:
    """Tokens that one of a team's models reads and writes; those of prompts that may be billed as long ones apart."""

    model: str
    long: bool
    tokens_in: float
    tokens_out: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What running a prompt set on one input costs, on average, calls from the record included."""

    calls: float
    tokens_in: float | None
    """None when the endpoint reports no usage."""
    tokens_out: float | None
    usd: float | None
    """None when a price or a usage is unknown. What an endpoint had in its own cache counts in full."""
    by_model: tuple[TokensOfModel, ...] = ()
    """What it can be priced by once all prices are known: told where one of them is not, and the tokens are."""

    @property
    def tokens(self) -> float | None:
        """Tokens in and out; None when either is unknown."""
        return None if self.tokens_in is None or self.tokens_out is None else self.tokens_in + self.tokens_out

    @classmethod
    def mean_of(cls, costs: Sequence[Cost]) -> Cost:
        """Return the mean of at least one cost; what is unknown of one is unknown of all.

        Sums are exact: a run that was stopped and went on has the same runs in another order, and says the same.
        """
        return cls(
            calls=fmean(cost.calls for cost in costs),
            tokens_in=_mean(cost.tokens_in for cost in costs),
            tokens_out=_mean(cost.tokens_out for cost in costs),
            usd=_mean(cost.usd for cost in costs),
            by_model=_mean_by_model(costs) if all(cost.by_model or not cost.calls for cost in costs) else (),
        )


def _mean(values: Iterable[float | None]) -> float | None:
    found = list(values)
    known = [value for value in found if value is not None]
    return fmean(known) if len(known) == len(found) else None


def _mean_by_model(costs: Sequence[Cost]) -> tuple[TokensOfModel, ...]:
    """Return the mean tokens of each model; runs that do not call it have none of its."""
    parts: dict[tuple[str, bool], list[TokensOfModel]] = {}
    for cost in costs:
        for part in cost.by_model:
            parts.setdefault((part.model, part.long), []).append(part)
    return tuple(
        TokensOfModel(
            *place,
            tokens_in=fsum(part.tokens_in for part in found) / len(costs),
            tokens_out=fsum(part.tokens_out for part in found) / len(costs),
        )
        for place, found in sorted(parts.items())
    )


@dataclass(frozen=True, slots=True)
class CostChange:
    """What an input costs with the seed prompts and with the new ones: runs on the same held-out inputs."""

    before: Cost
    after: Cost
    inputs: int
