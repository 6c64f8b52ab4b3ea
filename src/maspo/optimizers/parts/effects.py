"""What each candidate adds, told apart from runs in which several were mixed. Pure.

A mixed run changes an agent's prompt by several candidates at once, so it says something about each of them: with m
candidates, n mixed runs tell as much about every single one as about m · n / 4 runs of one candidate each would.
The model is a linear one: the score of a run is the sum of its candidates' effects, plus noise,

    effect_c ~ Normal(prior_c, spread²),     score_r ~ Normal(Σ effect_c over the candidates of r, noise² of its group),

and the answer is the posterior mean (ridge regression towards the priors).
"""

from __future__ import annotations

from collections.abc import Sequence

from maspo.optimizers.parts.mixture import MixedRun
from maspo.stats.ridge import ridge

SCORE_VARIANCE = 0.05
"""Variance of the score of one run before any was seen: scores are ±½ where answers differ, in two runs of ten."""
_SEEN_BEFORE = 8
"""Runs that this expectation weighs as much as: a quarter of a first round's, so what is seen soon outweighs it."""
_CLOSE_ENOUGH = 1e-7
"""No effect is told more exactly: scores of whole runs differ by 0.5, their means by about 0.01."""


def estimate_effects(
    runs: Sequence[MixedRun], scores: Sequence[float], priors: Sequence[float], spread: float
) -> tuple[float, ...]:
    """Return the expected effect of each candidate, in scores; without any run its prior.

    ``scores`` are those of the runs, from −½ to ½.
    """
    columns: list[list[tuple[int, float]]] = [[] for _ in priors]
    squares: dict[str, tuple[float, int]] = {}
    """By group, the sum of the squares of scores and how many: the precision of a run is one over their mean."""
    unexpected: list[float] = []
    for number, (run, score) in enumerate(zip(runs, scores, strict=True)):
        for member in run.members:
            columns[member].append((number, 1.0))
        total, count = squares.get(run.group, (SCORE_VARIANCE * _SEEN_BEFORE, _SEEN_BEFORE))
        squares[run.group] = (total + score**2, count + 1)
        unexpected.append(score - sum(priors[member] for member in run.members))
    weights = [squares[run.group][1] / squares[run.group][0] for run in runs]
    more = ridge(columns, unexpected, weights, 1 / spread**2, _CLOSE_ENOUGH)
    return tuple(prior + extra for prior, extra in zip(priors, more, strict=True))
