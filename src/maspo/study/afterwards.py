"""Prices that were not known when calls were made: recorded tokens at the price known since, told as such.

A cap in money holds for what is charged ahead; what is priced afterwards is told, and counts towards no cap.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from maspo.core.usage import Usage
from maspo.models.prices import LONG_PROMPT, Price, PriceBook
from maspo.store import Spent, Unpriced

_ROLES = ("judge", "proposer")


class HoldsUnpriced(Protocol):
    """A record of calls that knows which of them have no cost."""

    def unpriced(self) -> Iterable[Unpriced]:
        """Return the tokens of recorded calls without a cost, by purpose and model."""

    def priced(self) -> Mapping[str, float]:
        """Return what all other calls and attempts cost, by purpose, in USD."""


def price_afterwards(usage: Mapping[str, Usage], store: HoldsUnpriced, prices: PriceBook) -> dict[str, Usage]:
    """Return usage in which the cost of a purpose is known wherever all its calls have tokens, and a price by now.

    Attempts without a reply have no tokens, and stay out of it.
    """
    unknown = {purpose for purpose, one in usage.items() if one.usd is None}
    if not unknown:
        return dict(usage)
    costs: dict[str, list[float | None]] = {purpose: [] for purpose in unknown}
    for one in store.unpriced():
        if one.purpose in unknown:
            costs[one.purpose].append(_cost(one, prices))
    known, found = store.priced(), dict(usage)
    for purpose, parts in costs.items():
        added = [part for part in parts if part is not None]
        if parts and len(added) == len(parts):
            more = math.fsum(added)
            found[purpose] = replace(usage[purpose], usd=known.get(purpose, 0.0) + more, usd_afterwards=more)
    return found


def priced_now(store: HoldsUnpriced, prices: PriceBook) -> list[tuple[Unpriced, float]]:
    """Return the calls without a cost whose tokens, and by now a price, are known; with what they cost in USD."""
    costs = ((one, _cost(one, prices)) for one in store.unpriced())
    return [(one, usd) for one, usd in costs if usd is not None]


def costs_now(calls: Iterable[Spent], prices: PriceBook) -> list[float | None]:
    """Return what each call cost in USD, at the prices known by now where it had none."""
    return [_cost_of(one, prices) if one.usd is None else one.usd for one in calls]


def _cost_of(one: Spent, prices: PriceBook) -> float | None:
    if one.tokens_in is None or one.tokens_out is None:
        return None
    price = _price(one.purpose, one.model, one.tokens_in > LONG_PROMPT, prices)
    return None if price is None else price.of(one.tokens_in, one.tokens_out, one.tokens_cached)


def _price(purpose: str, model: str, long: bool, prices: PriceBook) -> Price | None:
    role = next((role for role in _ROLES if purpose.startswith(role)), "agent")
    return prices.price(model, LONG_PROMPT + 1 if long else 0, role)


def _cost(one: Unpriced, prices: PriceBook) -> float | None:
    """Return what calls cost in USD; None without a price, or where an endpoint has not told all tokens."""
    price = _price(one.purpose, one.model, bool(one.long), prices)
    return None if price is None or one.untold else price.of(one.tokens_in, one.tokens_out, one.tokens_cached)
