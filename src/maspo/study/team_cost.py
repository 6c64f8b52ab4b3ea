"""What runs of a team cost on average, at the prices of its models."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from maspo.config import ModelSettings
from maspo.core.sums import add_up
from maspo.core.team_cost import Cost, CostChange, TokensOfModel
from maspo.core.trace import Call, Trace
from maspo.models.prices import LONG_PROMPT, PriceBook
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

    usd = _sum(map(paid, trace.calls))
    # A run that calls only models with a price is a part of a mean that has none yet.
    others = set(own.values()) - {own.get(call.agent) for call in trace.calls}
    is_priced = usd is not None and all(prices.price(model, endpoint=endpoint) for model in others)
    return Cost(
        calls=add_up(call.paid_for for call in trace.calls),
        tokens_in=_sum(call.tokens_in for call in trace.calls),
        tokens_out=_sum(call.tokens_out for call in trace.calls),
        usd=usd,
        by_model=() if is_priced else _by_model(trace, own),
    )


def _by_model(trace: Trace, own: Mapping[str, str]) -> tuple[TokensOfModel, ...]:
    """Return the tokens of a run by the models of its agents; nothing where a part of them is unknown."""
    found: dict[tuple[str, bool], tuple[int, int]] = {}
    for call in trace.calls:
        if call.tokens_in is None or call.tokens_out is None or call.agent not in own:
            return ()
        place = own[call.agent], call.tokens_in // max(call.paid_for, 1) > LONG_PROMPT
        read, written = found.get(place, (0, 0))
        found[place] = read + call.tokens_in, written + call.tokens_out
    return tuple(TokensOfModel(*place, *tokens) for place, tokens in sorted(found.items()))


def priced_by_now(cost: Cost, system: System, models: ModelSettings, prices: PriceBook) -> Cost:
    """Return a recorded cost in money, too, where the prices of all its models are known by now.

    Records from before tell sums over all agents: those of a team of one model alone can be priced.
    """
    if cost.usd is not None or cost.tokens_in is None or cost.tokens_out is None:
        return cost
    own, parts = {agent.model or models.agent for agent in system.agents}, cost.by_model
    if not parts and len(own) == 1:
        parts = (TokensOfModel(own.pop(), False, cost.tokens_in, cost.tokens_out),)
    endpoint = _endpoint_of(system, models)
    priced = [(one, prices.price(one.model, LONG_PROMPT + 1 if one.long else 0, endpoint)) for one in parts]
    usd = [price.of(one.tokens_in, one.tokens_out) for one, price in priced if price is not None]
    return replace(cost, usd=math.fsum(usd)) if parts and len(usd) == len(parts) else cost


def _endpoint_of(system: System, models: ModelSettings) -> str:
    """Return whose endpoint answers the team: calls of an app go where those of all roles go."""
    return models.of_agents().endpoint if system.app is None else ""


def _sum(values: Iterable[float | None]) -> float | None:
    """Return a sum; None when a part of it is unknown."""
    found = list(values)
    return None if None in found else math.fsum(value for value in found if value is not None)
