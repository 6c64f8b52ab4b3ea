"""What each candidate is worth, told apart from runs in which several were mixed. Pure.

A mixed run changes an agent's prompt by several candidates at once, so it says something about each of them: with m
candidates, n mixed runs tell as much about every single one as about m · n / 4 runs of one candidate each would.
The model is a linear one: the score of a run is the sum of what its candidates are worth, plus noise,

    worth_c ~ Normal(prior_c, spread²),     score_r ~ Normal(Σ worth_c over the candidates of r, noise² of its group),

and the answer is the posterior mean (ridge regression towards the priors).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_PASSES = 200
_CLOSE_ENOUGH = 1e-7
_NOISE = 0.05
"""Variance of a score before any was seen: two in ten answers differ."""
_NOISE_WEIGHT = 8


@dataclass(frozen=True, slots=True)
class Observation:
    """One run: which candidates were in it (by number), its score from −½ to ½, and whose noise it has."""

    members: tuple[int, ...]
    score: float
    group: str


def worths(observations: Sequence[Observation], priors: Sequence[float], spread: float) -> tuple[float, ...]:
    """Return the expected worth of each candidate, in scores; without any observation its prior.

    Coordinate descent on the normal equations: exact to 1e-7, and linear in the size of the runs, so teams of hundreds
    of agents need no matrix.
    """
    weight = _weights(observations)
    trust = 1 / spread**2
    seen: list[list[int]] = [[] for _ in priors]
    for number, observation in enumerate(observations):
        for member in observation.members:
            seen[member].append(number)
    worth = list(priors)
    left = [item.score - sum(priors[member] for member in item.members) for item in observations]
    for _ in range(_PASSES):
        largest = 0.0
        for candidate, runs in enumerate(seen):
            pull = sum(weight[run] * left[run] for run in runs) + trust * (priors[candidate] - worth[candidate])
            step = pull / (trust + sum(weight[run] for run in runs))
            worth[candidate] += step
            for run in runs:
                left[run] -= step
            largest = max(largest, abs(step))
        if largest < _CLOSE_ENOUGH:
            break
    return tuple(worth)


def _weights(observations: Sequence[Observation]) -> list[float]:
    """Return the precision of each observation: one over the mean square of the scores of its group."""
    squares: dict[str, tuple[float, int]] = {}
    for item in observations:
        total, count = squares.get(item.group, (_NOISE * _NOISE_WEIGHT, _NOISE_WEIGHT))
        squares[item.group] = (total + item.score**2, count + 1)
    return [squares[item.group][1] / squares[item.group][0] for item in observations]
