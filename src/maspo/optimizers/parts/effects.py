"""What each candidate adds, told apart from runs in which several were mixed. Pure.

A mixed run changes an agent's prompt by several candidates at once, so it says something about each of them: with m
candidates, n mixed runs tell as much about every single one as about m · n / 4 runs of one candidate each would.
The model is a linear one: the score of a run is the sum of its candidates' effects, plus noise,

    effect_c ~ Normal(prior_c, spread²),     score_r ~ Normal(Σ effect_c over the candidates of r, noise² of its group),

and the answer is the posterior mean (ridge regression towards the priors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maspo.core.verdict import Comparison
from maspo.stats.ridge import ridge

SCORE_VARIANCE = 0.05
"""Variance of the score of one run before any was seen: scores are ±½ where answers differ, in two runs of ten."""
_SEEN_BEFORE = 8
"""Runs that this expectation weighs as much as: a quarter of a first round's, so what is seen soon outweighs it."""
_CLOSE_ENOUGH = 1e-7
"""No effect is told more exactly: scores of whole runs differ by 0.5, their means by about 0.01."""


@dataclass(frozen=True, slots=True)
class MixedRun:
    """A run that is over: the candidates in it (by number), whose noise it has, and how it did against the anchor."""

    members: tuple[int, ...]
    group: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Observation:
    """One run: which candidates were in it (by number), its score from −½ to ½, and whose noise it has."""

    members: tuple[int, ...]
    score: float
    group: str


def estimate_effects(observations: Sequence[Observation], priors: Sequence[float], spread: float) -> tuple[float, ...]:
    """Return the expected effect of each candidate, in scores; without any observation its prior."""
    columns: list[list[tuple[int, float]]] = [[] for _ in priors]
    for number, observation in enumerate(observations):
        for member in observation.members:
            columns[member].append((number, 1.0))
    unexpected = [item.score - sum(priors[member] for member in item.members) for item in observations]
    more = ridge(columns, unexpected, _weights(observations), 1 / spread**2, _CLOSE_ENOUGH)
    return tuple(prior + extra for prior, extra in zip(priors, more, strict=True))


def _weights(observations: Sequence[Observation]) -> list[float]:
    """Return the precision of each observation: one over the mean square of the scores of its group."""
    squares: dict[str, tuple[float, int]] = {}
    for item in observations:
        total, count = squares.get(item.group, (SCORE_VARIANCE * _SEEN_BEFORE, _SEEN_BEFORE))
        squares[item.group] = (total + item.score**2, count + 1)
    return [squares[item.group][1] / squares[item.group][0] for item in observations]
