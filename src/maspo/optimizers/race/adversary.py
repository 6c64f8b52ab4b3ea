"""The worst case as objective: which fault an input meets is drawn by what each has cost the anchor so far. Pure.

A game of two (Freund and Schapire 1999): the search looks for prompts, and an adversary spreads weights over faults by
multiplicative updates, so that what costs the most is met the most; prompts that do well against such weights do well
in the worst case. As for groups of examples in Sagawa and others (2020), costs are measured on few inputs each time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maspo.core.prompts import Prompts
from maspo.core.seeded import rank, shuffled
from maspo.core.spoilt import NOTHING, under
from maspo.core.sums import add_up
from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import Answers, Endure

INPUTS = 2
"""Inputs on which each fault is looked at before a round: a dozen over the rounds of a run."""
_MOST_FAULTS = 12
"""Faults that are looked at before a round: all of those of a team of three, and in a larger one others each time."""
_RATE = 2.0
"""How fast weights move: a fault that costs every second answer is met 2.7 times as often after one look."""
_KEPT = 0.5
"""Part of earlier costs that still counts after a look: they are those of prompts that bear less than today's do."""
_ALIKE = 0.2
"""Share of the weights that is spread alike, so that a fault that costs nothing now is met now and then."""
_COUNTS = {Verdict.LOSS: 1.0, Verdict.WIN: -1.0}


@dataclass(frozen=True, slots=True)
class Adversary:
    """What each fault has cost, summed over the looks, early ones less: logarithms of weights, but for a rate."""

    share: float
    """Of the inputs, on which a fault is met."""
    costs: Mapping[str, float]

    @property
    def weights(self) -> dict[str, float]:
        """How often each fault is met of those that are; they sum up to 1."""
        most = max(self.costs.values())
        raw = {name: math.exp(_RATE * (cost - most)) for name, cost in self.costs.items()}
        total = add_up(raw.values())
        return {name: (1 - _ALIKE) * one / total + _ALIKE / len(raw) for name, one in raw.items()}

    def looks(self, prompts: Prompts, inputs: Sequence[str], number: int, seed: int) -> tuple[Endure, ...]:
        """Return requests that tell what faults cost some prompts, on the same few inputs; of many faults some."""
        chosen = shuffled(inputs, seed, "endure", number)[:INPUTS]
        names = shuffled(self.costs, seed, "looked at", number)[:_MOST_FAULTS]
        where = f"r{number}/endure"
        return tuple(Endure(f"{where}/{name}/{key}", prompts, key, name) for name in names for key in chosen)

    def after(self, answers: Answers) -> tuple[Adversary, dict[str, float]]:
        """Return the adversary after one look, and what each fault that was looked at has cost in it."""
        seen: dict[str, list[float]] = {}
        for request, result in answers:
            if isinstance(request, Endure) and isinstance(result, Comparison) and not result.failed:
                seen.setdefault(request.fault, []).append(_COUNTS.get(result.glob, 0.0))
        # As if one more input had cost nothing: of so few, all lost or won says little.
        more = {name: add_up(found) / (len(found) + 1) for name, found in seen.items()}
        kept = {name: _KEPT * cost + more[name] if name in more else cost for name, cost in self.costs.items()}
        return Adversary(self.share, kept), more

    def draw_faults(self, inputs: Sequence[str], number: int, seed: int) -> dict[str, str]:
        """Return by input the key under which a round meets it: under a drawn fault, or under nothing."""
        weights = self.weights
        return {key: under(key, self._fault(key, number, seed, weights)) for key in inputs}

    def _fault(self, key: str, number: int, seed: int, weights: Mapping[str, float]) -> str:
        if rank(seed, "spoilt", number, key) / 2**64 >= self.share:  # a rank has 64 bits
            return NOTHING
        drawn = rank(seed, "which fault", number, key) / 2**64
        for name, weight in weights.items():
            drawn -= weight
            if drawn < 0:
                return name
        return next(reversed(list(weights)))
