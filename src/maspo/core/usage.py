"""Usage: what model calls cost, and how costs add up. The one list of these figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from maspo.core.plain import Dumped


@dataclass(frozen=True, slots=True)
class Usage(Dumped):
    """What calls of one purpose, or of several, cost.

    ``usd`` is None when a price is unknown; tokens count what was reported.
    """

    calls: int = 0
    """Calls that were sent, each attempt counted."""
    cached: int = 0
    """Questions answered from the run's own record, at no cost."""
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    unmetered: int = 0
    """Calls whose endpoint reported no token usage."""
    usd: float | None = None
    cut: int = 0
    """Replies that ended at the limit of tokens: what they hold is kept, and is not whole."""
    tokens_cached: int = 0
    """Of ``tokens_in``: those that the endpoint had in its own cache."""
    tokens_thought: int = 0
    """Of ``tokens_out``: those of thoughts, which are billed and not read."""
    refused: int = 0
    """Of ``failed``: attempts that the endpoint refused or that never reached it; they cost nothing, and no cap counts
    them."""
    broken: int = 0
    """Of ``failed``: replies that the endpoint says it ended with an error; no answers, whatever their text."""
    silent: int = 0
    """Of ``failed``: replies without a text that were asked for once more."""
    lost: int = 0
    """Of ``failed``: attempts that were sent and brought nothing of use; they may have been charged."""
    thoughts_untold: int = 0
    """Calls whose replies hold thoughts, and whose endpoint did not report how many tokens these have."""
    usd_afterwards: float = 0.0
    """Of ``usd``: what calls cost that had no price when they were made, at the price known since."""

    def __add__(self, other: Usage) -> Usage:
        """Return the sum; once a part of the money is unknown, all of it is. What costs nothing has ``usd`` 0."""
        return Usage(
            calls=self.calls + other.calls,
            cached=self.cached + other.cached,
            failed=self.failed + other.failed,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            unmetered=self.unmetered + other.unmetered,
            usd=None if self.usd is None or other.usd is None else self.usd + other.usd,
            cut=self.cut + other.cut,
            tokens_cached=self.tokens_cached + other.tokens_cached,
            tokens_thought=self.tokens_thought + other.tokens_thought,
            refused=self.refused + other.refused,
            broken=self.broken + other.broken,
            silent=self.silent + other.silent,
            lost=self.lost + other.lost,
            thoughts_untold=self.thoughts_untold + other.thoughts_untold,
            usd_afterwards=self.usd_afterwards + other.usd_afterwards,
        )


class Tally:
    """Usage that grows with every call: of so many figures, a call changes a few."""

    def __init__(self, start: Usage) -> None:
        self.told: dict[str, Any] = {one.name: getattr(start, one.name) for one in fields(start)}
        """The figures so far, by the names that ``Usage`` has for them."""

    @property
    def usage(self) -> Usage:
        """The figures so far."""
        return Usage(**self.told)

    def add(self, usd: float | None = 0.0, **counts: int) -> None:
        """Add money, and some of the counts; once a part of the money is unknown, all of it is."""
        told = self.told
        for name, count in counts.items():
            told[name] += count
        if usd is None or told["usd"] is None:
            told["usd"] = None
        else:
            told["usd"] += usd


def total(usages: Iterable[Usage]) -> Usage:
    """Return the sum of usages, such as those of all purposes; money is unknown when that of any call is."""
    return sum((usage if usage.calls else replace(usage, usd=0) for usage in usages), start=Usage(usd=0))


def sum_by_purpose(*parts: Mapping[str, Usage]) -> dict[str, Usage]:
    """Return for each purpose the sum of what the parts know of it."""
    summed: dict[str, Usage] = {}
    for part in parts:
        for purpose, usage in part.items():
            summed[purpose] = summed[purpose] + usage if purpose in summed else usage
    return summed


_BESIDE = ("refused", "broken", "silent", "lost")
"""Why attempts failed: the ledger knows it, the rows of a record do not."""


def told_beside(counted: Usage, told: Usage) -> Usage:
    """Return usage as a record counts it, with what the ledger had told last of what no row tells."""
    left, known = counted.failed, {}
    for name in _BESIDE:
        known[name] = min(getattr(told, name), left)
        left -= known[name]
    return replace(counted, cached=told.cached, **known)
