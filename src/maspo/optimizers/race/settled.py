"""What the judge has said of the same two final answers on an input: it counts for all runs that met them. Pure.

Many mixtures give an input one of a few final answers, so the same two meet again and again in front of the judge,
beside other words each time. What it said of them so far is pooled: its slips then weigh less, and once it has said
enough it is not asked again (``docs/design/0056-answers-dealt-and-pooled.md``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.base import Compare
from maspo.optimizers.parts.reward import value_of

_Pair: TypeAlias = tuple[str, str]
"""What two final answers are known by, in order."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What verdicts said of a pair."""

    total: float = 0.0
    """For the second of the two, each verdict from −½ to ½."""
    count: int = 0
    orders: frozenset[int] = frozenset()
    """Which of the two the judge was shown first: 1 the second, −1 the first."""


@dataclass(slots=True)
class VerdictsOnAnswers:
    """The judge's verdicts of one search by input and pair of final answers."""

    enough: int
    """Verdicts on a pair after which the judge is not asked again; 0: each verdict is for its own comparison alone."""
    _said: dict[str, dict[_Pair, _Said]] = field(default_factory=dict)
    """By input and pair."""

    def learn(self, request: Compare, comparison: Comparison) -> None:
        """Take up one verdict of the judge, or of a label; what could not be read says nothing."""
        if not self._is_pooled(comparison) or comparison.settled or comparison.glob is Verdict.UNDECIDED:
            return
        pair, sign = _pair_of(comparison)
        said = self._said.setdefault(comparison.input_key, {})
        before = said.get(pair, _Said())
        orders = {1, -1} if request.orders == 2 else {sign if request.candidate_first else -sign}
        total, count = before.total + sign * value_of(comparison.glob), before.count + 1
        said[pair] = _Said(total, count, before.orders | orders)

    def value(self, comparison: Comparison) -> float:
        """Return what is known by now of the final answers of a comparison, from −½ to ½ for the candidate's."""
        if self._is_pooled(comparison):
            pair, sign = _pair_of(comparison)
            said = self._said.get(comparison.input_key, {}).get(pair, _Said())
            if said.count:
                return sign * said.total / said.count
        return value_of(comparison.glob)

    def known_verdicts(self, input_key: str) -> tuple[tuple[tuple[str, str], Verdict], ...]:
        """Return what need not be asked on an input: answers of reference and candidate, and what is known of them.

        The judge must have seen either of the two first: else what it prefers may be the place.
        """
        found: list[tuple[tuple[str, str], Verdict]] = []
        for (one, other), said in self._said.get(input_key, {}).items():
            if said.count >= self.enough and len(said.orders) == 2:
                found += [((one, other), _verdict(said.total)), ((other, one), _verdict(-said.total))]
        return tuple(found)

    def _is_pooled(self, comparison: Comparison) -> bool:
        if not self.enough or comparison.answers is None or comparison.same_answer:
            return False
        reference, candidate = comparison.answers
        return reference != candidate  # told apart by the task, and not by the digest


def _pair_of(comparison: Comparison) -> tuple[_Pair, int]:
    """Return the pair of a comparison, and 1 where the candidate's answer is the second of it, else −1."""
    assert comparison.answers is not None  # noqa: S101 (what was pooled)
    first, second = sorted(comparison.answers)
    return (first, second), 1 if comparison.answers == (first, second) else -1


def _verdict(total: float) -> Verdict:
    return Verdict.WIN if total > 0 else Verdict.LOSS if total < 0 else Verdict.TIE
