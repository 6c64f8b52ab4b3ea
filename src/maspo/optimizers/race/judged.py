"""Which final answer to an input is right, by all that the judge has said of its answers in a search. Pure.

A dull judge slips in a quarter of what it decides, but it is asked about the answers to an input again and again, by
comparisons that serve other ends, beside other words and other answers each time. All of it together tells more than
the one verdict of a comparison (a latent class model: Dawid and Skene 1979, with a judge that is given).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from maspo.core.sums import add_up
from maspo.core.verdict import Comparison, Verdict
from maspo.optimizers.parts.reward import value_of

_PREFERS_RIGHT = 0.75
"""How often a verdict that prefers one of a right and a wrong answer prefers the right one: that of a dull judge. With
0.9 a dull judge tells as much and a little more that is false, and a sharp one the same: where errors stand is a ratio
(docs/design/0040-conflicts-proven.md)."""


@dataclass(slots=True)
class JudgedAnswers:
    """The judge's preferences among final answers, by input."""

    _preferred: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    """By input, how often the first of two answers was preferred to the second."""

    def learn(self, comparison: Comparison) -> None:
        """Take up one verdict of the judge; one that was settled before is no new one."""
        if comparison.settled or not _tells_answers_apart(comparison):
            return
        reference, candidate = comparison.answers or ("", "")
        if comparison.glob in (Verdict.WIN, Verdict.LOSS):
            pair = (candidate, reference) if comparison.glob is Verdict.WIN else (reference, candidate)
            self._preferred.setdefault(comparison.input_key, Counter())[pair] += 1

    def gain(self, comparison: Comparison) -> float:
        """Return by how much likelier the candidate's answer is right than the reference's, from −1 to 1.

        Where the answers are not known it is what its own verdict says.
        """
        if not _tells_answers_apart(comparison):
            return (2 * _PREFERS_RIGHT - 1) * 2 * value_of(comparison.glob)
        reference, candidate = comparison.answers or ("", "")
        right = self._chances(comparison.input_key, (reference, candidate))
        return right[candidate] - right[reference]

    def _chances(self, input_key: str, met: tuple[str, str]) -> dict[str | None, float]:
        """Return how likely each answer that was judged or met is the right one, and that none of them is (None)."""
        preferred = self._preferred.get(input_key, Counter[tuple[str, str]]())
        # In units of ½ for each verdict, which is what one between two wrong answers is worth: a coin.
        likely: dict[str | None, float] = {None: 1.0, **dict.fromkeys(met, 1.0)}
        for (better, worse), count in preferred.items():
            likely[better] = likely.get(better, 1.0) * (2 * _PREFERS_RIGHT) ** count
            likely[worse] = likely.get(worse, 1.0) * (2 - 2 * _PREFERS_RIGHT) ** count
        total = add_up(likely.values())
        return {answer: each / total for answer, each in likely.items()}


def _tells_answers_apart(comparison: Comparison) -> bool:
    """Return whether a comparison says something of two known answers."""
    answers = None if comparison.same_answer else comparison.answers
    return answers is not None and answers[0] != answers[1]
