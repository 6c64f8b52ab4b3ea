"""Scoring against labels: what is common to all scorers that read an answer and compare it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from maspo.scoring.answers import equals_label, final_answer
from maspo.scoring.base import Sample, Score
from maspo.scoring.choices import choice_in, read_choice
from maspo.scoring.options import LETTERS
from maspo.scoring.readable import before_another_question, tail, without_thinking

NO_LABEL = "the row has no answer to compare with"
_AT_A_TIME = 200
_JSON_KEYS = ("answer", "final_answer", "choice", "option", "correct")


@dataclass(frozen=True, slots=True)
class LabelScorer:
    """Reads an answer from each output and compares it with the label."""

    read: Callable[[Sample], str | None]
    """The answer of an output; None when there is none to read."""
    same: Callable[[str, Sample], bool | None]
    """Whether an answer is the one of the sample's label; None when the label itself cannot be read."""

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        """Return one score for each sample, in their order."""
        scores: list[Score] = []
        for place, sample in enumerate(samples):
            if place % _AT_A_TIME == 0:
                await asyncio.sleep(0)
            scores.append(self._scored(sample))
        return scores

    def _scored(self, sample: Sample) -> Score:
        if sample.answer is None:
            return Score(sample.id, "failed", why=NO_LABEL)
        answer = self.read(sample)
        if answer is None:
            return Score(sample.id, "unread", why="no answer could be read from the output")
        right = self.same(answer, sample)
        if right is None:
            return Score(sample.id, "failed", answer, f"the label {sample.answer[:40]!r} cannot be read")
        return Score(sample.id, "correct" if right else "wrong", answer)


def exact() -> LabelScorer:
    """Return the scorer that compares texts without case, space and full stop, and plain numbers by value."""
    return LabelScorer(_final, _same_text)


def choice() -> LabelScorer:
    """Return the scorer of multiple-choice questions."""
    return LabelScorer(_chosen, _same_choice)


def marked_answer(output: str) -> str | None:
    """Return what an output has put in an answer tag, a box, or under "answer" in JSON."""
    marked = final_answer("auto", output)
    if marked is not None or "{" not in output or '"' not in output:
        return marked
    found = (final_answer(f"json:{key}", output) for key in _JSON_KEYS if f'"{key}"' in output)
    return next((answer for answer in found if answer is not None), None)


def _final(sample: Sample) -> str | None:
    output = without_thinking(sample.output)
    marked = marked_answer(output)
    answer = output.strip() if marked is None else marked
    return answer or None


def _same_text(answer: str, sample: Sample) -> bool:
    label = str(sample.answer)
    return equals_label(answer, label, marked_answer(label))


def _chosen(sample: Sample) -> str | None:
    output = tail(without_thinking(sample.output))
    own = before_another_question(output)
    found = _letter(own, sample.question)
    return found or (_letter(output, sample.question) if own != output else None)


def _letter(output: str, question: str) -> str | None:
    return read_choice(output, marked_answer(output), question)


def _same_choice(answer: str, sample: Sample) -> bool | None:
    label = str(sample.answer)
    wanted = label if len(label) == 1 and label in LETTERS else _wanted(label, sample.question)
    return None if wanted is None else answer == wanted


@lru_cache(maxsize=1024)
def _wanted(label: str, question: str) -> str | None:
    """Return the letter of a label; remembered, because an evaluation scores the same rows several times."""
    marked = final_answer("auto", label)
    return choice_in(label if marked is None else marked, question)
