"""Whether two formulas are equal, by math-verify. Runs in worker processes only: it can take for ever."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


def equal(one: str, other: str) -> bool | None:
    """Return whether the formulas of two answers are equal; None when one of them cannot be read as a formula.

    Only the LaTeX reader is asked: the reader of plain expressions evaluates Python text.
    """
    import math_verify

    first, second = _parsed(one), _parsed(other)
    if not first or not second:
        return None
    # Our own clock ends the process, so the library's clock is off.
    ways = ((first, second), (second, first))
    return any(math_verify.verify(gold, answer, timeout_seconds=None) for gold, answer in ways)


@lru_cache(maxsize=2048)
def _parsed(formula: str) -> list[Any]:
    import math_verify

    return list(
        math_verify.parse(
            f"${formula.replace('$', '')}$",
            extraction_config=[math_verify.LatexExtractionConfig()],
            fallback_mode="no_fallback",
            parsing_timeout=None,
        )
    )
