"""What tokens cost: the user's own prices, else an offline table, else unknown."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Final, NamedTuple

from maspo.core.errors import ConfigInvalid

_MILLION = 1_000_000  # prices are published for a million tokens
LONG_PROMPT = 100_000
"""Tokens above which the dearest tier of a model is assumed; providers' tiers start at 128,000 or 200,000."""


class Price(NamedTuple):
    """USD per token, in and out.

    ``token_cached`` is that of a token in which the endpoint had in its own cache, ``token_stored`` of one that it puts
    there, which is never less than that of any other.
    """

    token_in: float
    token_out: float
    token_cached: float
    token_stored: float

    def of(self, tokens_in: float, tokens_out: float, cached: int = 0, stored: int = 0) -> float:
        """Return what so many tokens cost, in USD; of those in, ``cached`` and ``stored`` have prices of their own."""
        others = tokens_in - cached - stored
        return (
            others * self.token_in
            + cached * self.token_cached
            + stored * self.token_stored
            + tokens_out * self.token_out
        )

    def with_storing_at(self, share: float) -> Price:
        """Return prices at which a token that is put into the cache costs at least this share of one that is read."""
        least = share * self.token_in
        return self if self.token_stored >= least else self._replace(token_stored=least)

    def most(self, tokens_in: int, tokens_out: int) -> float:
        """Return what so many tokens cost at most: whoever asks may have all that is read put into a cache."""
        return self.of(tokens_in, tokens_out, stored=tokens_in)


class PriceBook:
    """Prices by model name.

    ``overrides`` are USD per million tokens (in, out, and cached, if that has a price of its own) and win. Other
    models are looked up in the table of genai-prices, when that extra is installed, without network. With a
    ``base_url`` only the provider who answers there is looked up, and those who answer at ``others``, so that a model
    that runs at home is not charged as if it were rented; the dearest of them counts. Tokens that the endpoint had in
    its cache cost what the table says, and as much as all others where it does not say. ``addresses`` are those of
    roles with an endpoint of their own. ``storing`` says by the role that has one of its own, and of the endpoint of
    all (``""``), what a token costs at least that the settings have put into a cache, of one that is read.

    Raises:
        ConfigInvalid: a price is negative or not finite: no cap could be held with it.

    """

    def __init__(
        self,
        overrides: Mapping[str, tuple[float, ...]] | None = None,
        base_url: str = "",
        addresses: Mapping[str, Sequence[str]] | None = None,
        others: Sequence[str] = (),
        storing: Mapping[str, float] | None = None,
    ) -> None:
        self._overrides: dict[str, Price] = {}
        self._addresses = dict(addresses or {})
        self._storing = dict(storing or {})
        for model, given in (overrides or {}).items():
            if not (len(given) in (2, 3) and all(_possible(usd) for usd in given)):
                shown = ", ".join(f"{usd:g}" for usd in given)
                raise ConfigInvalid(
                    f"models.prices.{model}: [{shown}] is given; expected two finite numbers, 0 or "
                    "more: US dollars per million tokens (in, out), and a third where cached tokens have a price"
                )
            token_in, token_out, *more = given
            cached = min(more[0], token_in) if more else token_in
            in_, out, kept = token_in / _MILLION, token_out / _MILLION, cached / _MILLION
            self._overrides[model] = Price(in_, out, kept, in_)
        self._base_urls = (base_url, *others)
        self._found: dict[tuple[str, bool, str], Price | None] = {}
        """What was looked up: every call asks."""

    def price(self, model: str, prompt_tokens: int = 0, endpoint: str = "") -> Price | None:
        """Return the price of a model for a prompt of this length, or None when it is unknown.

        ``endpoint`` is the role whose own endpoint answers.
        """
        sought = model, prompt_tokens > LONG_PROMPT, endpoint
        if sought not in self._found:
            price = self._overrides.get(model) or self._dearest(*sought)
            share = self._storing.get(endpoint, 1.0)
            self._found[sought] = None if price is None else price.with_storing_at(share)
        return self._found[sought]

    def _dearest(self, model: str, long: bool, endpoint: str) -> Price | None:
        """Return the price that the table has, the dearest of those who may answer."""
        asked = self._addresses.get(endpoint, self._base_urls)
        found = [price for url in asked if (price := _listed(model, url, _MILLION if long else 1)) is not None]
        return Price(*map(max, zip(*found, strict=True))) if found else None

    def near(self, model: str, endpoint: str = "") -> str:
        """Return the model whose name is near one without a price, and that has one; empty where there is none."""
        addresses = self._addresses.get(endpoint, self._base_urls)
        known = {*self._overrides, *(name for url in addresses for name in _names_at(url))}
        found = difflib.get_close_matches(model, sorted(known), n=3)
        return next((name for name in found if self.price(name, endpoint=endpoint) is not None), "")


HOW_TO_PRICE: Final = "name it under [models.prices] in maspo.toml (the `prices` extra knows those of providers)"
"""How a model without a price gets one, for figures in money."""
_EXTRA: Final = (
    "; or install the `prices` extra (pip install 'maspo[prices]'), which knows those of public endpoints, each at its "
    "own address"
)


def require_prices(models: Iterable[tuple[str, str]], prices: PriceBook) -> None:
    """Check that a cap in money can be held; ``models`` with the roles whose own endpoints answer.

    Raises:
        ConfigInvalid: a model has no known price; names them and the fix.

    """
    priceless = {model: endpoint for model, endpoint in models if prices.price(model, endpoint=endpoint) is None}
    unknown = sorted(priceless)
    if unknown:
        near = {model: prices.near(model, priceless[model]) for model in unknown}
        said = ", ".join(f"{model} (did you mean {near[model]}?)" if near[model] else model for model in unknown)
        raise ConfigInvalid(
            f"--max-usd: no price is known for {said}, so money cannot be capped; cap calls with --max-calls instead, "
            f"or set the price, e.g. --set models.prices='{{\"{unknown[0]}\": [0.4, 1.6]}}' "
            f"(USD per million tokens in, out){'' if find_spec('genai_prices') else _EXTRA}"
        )


def _possible(usd: float) -> bool:
    return math.isfinite(usd) and usd >= 0


@cache
def _names_at(base_url: str) -> tuple[str, ...]:
    """Return the models whose prices the table has for an address; none where it has no such provider."""
    try:
        from genai_prices.data_snapshot import get_snapshot

        return tuple(model.id for model in get_snapshot().find_provider(None, None, base_url or None).models)
    except (ImportError, LookupError, ValueError):
        return ()


@cache
def _listed(model: str, base_url: str, prompt_tokens: int) -> Price | None:
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return None

    def look_up(cached: int = 0, stored: int = 0) -> tuple[float, float]:
        usage = Usage(
            input_tokens=prompt_tokens, cache_read_tokens=cached, cache_write_tokens=stored, output_tokens=_MILLION
        )
        found = calc_price(usage, model, provider_api_url=base_url or None)
        return float(found.input_price) / prompt_tokens, float(found.output_price) / _MILLION

    try:
        token_in, token_out = look_up()
        # Where the table knows no price of cached tokens it says that of all others.
        token_cached, token_stored = look_up(cached=prompt_tokens)[0], look_up(stored=prompt_tokens)[0]
    except (LookupError, ValueError):
        return None
    price = Price(token_in, token_out, min(token_cached, token_in), max(token_stored, token_in))
    return price if all(_possible(usd) for usd in price) else None
