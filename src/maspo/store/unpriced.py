"""Recorded calls without a cost: their tokens, for when a price is known."""

from __future__ import annotations

from typing import Final, NamedTuple

from maspo.models.prices import LONG_PROMPT

_UNPRICED: Final = """
SELECT purpose, model, CASE WHEN tokens_in > {long} THEN 1 ELSE 0 END, COALESCE(SUM(tokens_in), 0),
    COALESCE(SUM(tokens_out), 0), {cached}, SUM(CASE WHEN tokens_in IS NULL OR tokens_out IS NULL THEN 1 ELSE 0 END),
    COUNT(*), agent
    FROM {calls} WHERE attempts > 0 AND usd IS NULL GROUP BY purpose, model, 3, agent ORDER BY purpose, model, 3, agent
"""
_SPENT: Final = """
SELECT at, usd, purpose, model, tokens_in, tokens_out, {cached} FROM {calls} WHERE attempts > 0 ORDER BY calls.rowid
"""
PRICED: Final = (
    "SELECT purpose, ADD_UP(usd) FROM calls WHERE usd IS NOT NULL GROUP BY purpose",
    "SELECT purpose, ADD_UP(usd) FROM unanswered WHERE usd IS NOT NULL GROUP BY purpose",
)
"""Of recorded calls, and of attempts without a reply, which old records do not have."""


class Unpriced(NamedTuple):
    """Calls without a cost, of one purpose, agent and model: the sums of their tokens, those of long prompts apart."""

    purpose: str
    model: str
    long: int
    tokens_in: int
    tokens_out: int
    tokens_cached: int
    """Of ``tokens_in``."""
    untold: int
    """Calls whose endpoint has not told all tokens."""
    calls: int = 0
    agent: str = ""


class Spent(NamedTuple):
    """What a recorded call cost, and what it would be priced by where no cost is known."""

    at: float
    """When its reply was recorded, in seconds since 1970."""
    usd: float | None
    purpose: str
    model: str
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int
    """Of ``tokens_in``."""


def query_of_calls(thoughts: bool) -> str:
    """Return the query for what each call cost, in a record with a table of thoughts or without."""
    return _SPENT.format(
        cached="COALESCE(tokens_cached, 0)" if thoughts else "0",
        calls="calls LEFT JOIN thoughts USING (key)" if thoughts else "calls",
    )


def query(thoughts: bool) -> str:
    """Return the query for them, in a record with a table of thoughts or without."""
    return _UNPRICED.format(
        long=LONG_PROMPT,
        cached="COALESCE(SUM(tokens_cached), 0)" if thoughts else "0",
        calls="calls LEFT JOIN thoughts USING (key)" if thoughts else "calls",
    )
