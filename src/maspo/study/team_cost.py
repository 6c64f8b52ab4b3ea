"""What runs of a team cost on average, at the prices of its models."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from maspo.config import ModelSettings
from maspo.core.team_cost import Cost, CostChange
from maspo.core.trace import Call, Trace
from maspo.models.prices import PriceBook
from maspo.store.comparisons import ComparedRuns
from maspo.team import System


def change_of_cost(
    runs: Sequence[ComparedRuns], system: System, models: ModelSettings, prices: PriceBook
) -> CostChange | None:
    """Return what runs behind comparisons with the seed prompts cost, with either prompts; None of none."""
    before, after = (
        mean_cost(traces, system, models, prices)
        for traces in ([one.reference for one in runs], [one.candidate for one in runs])
    )
    return None if before is None or after is None else CostChange(before, after, len(runs))


def mean_cost(traces: Sequence[Trace], system: System, models: ModelSettings, prices: PriceBook) -> Cost | None:
    """Return the mean cost of some runs; None of none. Calls that runs share count in each: each would make them."""
    return Cost.mean_of([cost_of_run(one, system, models, prices) for one in traces]) if traces else None


def cost_of_run(trace: Trace, system: System, models: ModelSettings, prices: PriceBook) -> Cost:
    """Return what a run costs.

    The turn of an agent that uses tools takes several calls of its model, and prices hang on the length of each.
    """
    own, endpoint = {agent.name: agent.model or models.agent for agent in system.agents}, _endpoint_of(system, models)

    def paid(call: Call) -> float | None:
        if call.tokens_in is None or call.tokens_out is None or call.agent not in own:
            return None
        price = prices.price(own[call.agent], call.tokens_in // max(call.paid_for, 1), endpoint)
        return None if price is None else price.of(call.tokens_in, call.tokens_out)

    return Cost(
        calls=sum(call.paid_for for call in trace.calls),
        tokens_in=_sum(call.tokens_in for call in trace.calls),
        tokens_out=_sum(call.tokens_out for call in trace.calls),
        usd=_sum(map(paid, trace.calls)),
    )


def priced_by_now(cost: Cost, system: System, models: ModelSettings, prices: PriceBook) -> Cost:
    """Return a recorded cost in money, too, where a price is known by now.

    Of a team of one model alone: what is recorded are sums over all agents.
    """
    own = {agent.model or models.agent for agent in system.agents}
    if cost.usd is not None or cost.tokens_in is None or cost.tokens_out is None or len(own) > 1:
        return cost
    price = prices.price(own.pop(), endpoint=_endpoint_of(system, models))
    if price is None:
        return cost
    return replace(cost, usd=cost.tokens_in * price.token_in + cost.tokens_out * price.token_out)


def _endpoint_of(system: System, models: ModelSettings) -> str:
    """Return whose endpoint answers the team: calls of an app go where those of all roles go."""
    return models.of_agents().endpoint if system.app is None else ""


def _sum(values: Iterable[float | None]) -> float | None:
    """Return a sum; None when a part of it is unknown."""
    found = list(values)
    return None if None in found else math.fsum(value for value in found if value is not None)
