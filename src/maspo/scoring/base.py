"""What every scorer is given and gives back. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Outcome = Literal["correct", "wrong", "unread", "failed"]
"""``unread``: no answer could be extracted from the output. ``failed``: the scorer itself could not decide, for a
reason that is not the output's (a missing label, no sandbox, a judge that did not answer)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One output to be scored. Everything in it is untrusted text."""

    id: str
    output: str
    answer: str | None = None
    """The label; None when there is none."""
    others: tuple[str, ...] = ()
    """Further labels, each as right as ``answer``."""
    tests: tuple[str, ...] = ()
    """For code: statements that must each pass, in their order, after ``setup`` and the program; or as JSON what a
    program must print, ``{"stdin": …, "stdout": …}``. For calls: those that must be made, as JSON."""
    setup: str = ""
    """For code: what runs before the program (imports, given helpers)."""
    entry_point: str = ""
    """For code: the function that the tests call; empty when they name it themselves."""
    question: str = ""
    """What the output answers, with its options; read by judges and by the reader of choices."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a scorer found for one sample."""

    id: str
    outcome: Outcome
    read: str | None = None
    """The answer that was extracted from the output."""
    why: str = ""
    """One line for people; empty when the outcome says it all."""

    @property
    def correct(self) -> bool:
        """Whether it counts as right; an output that cannot be read does not."""
        return self.outcome == "correct"


class Scorer(Protocol):
    """Says which outputs are right. Never raises on what a sample holds; no sample touches another's score.

    ::

        class Same:
            async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
                return [self.scored(sample) for sample in samples]

            def scored(self, sample: Sample) -> Score:
                if sample.answer is None:
                    return Score(sample.id, "failed", why="no label")
                answer = sample.output.strip()
                if not answer:
                    return Score(sample.id, "unread", why="nothing was written")
                return Score(sample.id, "correct" if answer == sample.answer else "wrong", answer)

    ``maspo.testing.scorers.check_scorer`` checks the contract on samples that are known to be right and wrong.
    """

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        """Return one score for each sample, in their order."""
        ...
