"""A sequential test in growing stages: drop early what is no better, accept what stays better. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import sqrt


class Decision(Enum):
    """What a stage says."""

    DROP = "drop"
    CONTINUE = "continue"
    ACCEPT = "accept"


def decide(scores: Sequence[float], last_stage: bool, margin: float = 0.5) -> Decision:
    """Decide on one stage from one score per input (positive: the candidate is better).

    A mean of at most zero drops the candidate at once. After the last stage it is accepted when the mean exceeds
    ``margin`` standard errors; before, it goes on.
    """
    n = len(scores)
    mean = sum(scores) / n if n else 0.0
    if mean <= 0:
        return Decision.DROP
    if not last_stage:
        return Decision.CONTINUE
    variance = sum((score - mean) ** 2 for score in scores) / max(n - 1, 1)
    return Decision.ACCEPT if mean > margin * sqrt(variance / n) else Decision.DROP
