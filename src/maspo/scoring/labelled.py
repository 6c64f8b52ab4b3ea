"""Scoring against labels: what is common to all scorers that read an answer and compare it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from maspo.scoring.answers import equal_answers, equals_label, final_answer, normalized
from maspo.scoring.base import Sample, Score
from maspo.scoring.choices import choice_in, chosen
from maspo.scoring.doubts import brings_another
from maspo.scoring.marked import marked_answer
from maspo.scoring.named import named_answer, only_element
from maspo.scoring.options import LETTERS
from maspo.scoring.readable import answering, readings, unfenced
from maspo.scoring.reply import parts_of, reply_of, texts_of
from maspo.scoring.wrappers import inner_text

NO_LABEL = "the row has no answer to compare with"
_AT_A_TIME = 200
_ARTICLES = ("a ", "an ", "the ", "A ", "An ", "The ")
_SENTENCE = re.compile(r"(?i)(?:so |thus |therefore,? )?(?:the|my)\s+(?:(?:final|correct)\s+)?answer\s+is\b")
"""How a mark begins that holds a sentence: "<answer>The answer is blue</answer>"."""
_ASIDE = re.compile(r"\s+\([^()\d]*\S[^()]*\)\.?\Z")
"""What stands in brackets behind an answer: "high (P1)", "Marie Curie (a person)"."""


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
    """Return the scorer that compares texts without case, space and full stop, and plain numbers by value.

    Compared is what an output marks as its answer, else what it names ("Label: positive"), else all of it.
    """
    return LabelScorer(_final, _same_text)


def choice() -> LabelScorer:
    """Return the scorer of multiple-choice questions."""
    return LabelScorer(_chosen, _same_choice)


def _final(sample: Sample) -> str | None:
    whole = reply_of(sample.output)
    reply = answering(whole)
    marked = next((found for text in readings(reply, whole) if (found := marked_answer(text)) is not None), None)
    if marked is None or _SENTENCE.match(marked):
        answer = _unmarked(unfenced(reply) if marked is None else marked, sample)
    else:
        answer = inner_text(marked)
    return answer or None


def _unmarked(said: str, sample: Sample) -> str:
    """Return the answer that a reply names, and the reply where it names none or is the label itself."""
    named = None if equal_answers(said, str(sample.answer)) else named_answer(said)
    return said if named is None else named


def _same_text(answer: str, sample: Sample) -> bool:
    label = str(sample.answer)
    marked = None if label.isalnum() else marked_answer(label)
    if equals_label(answer, label, marked):
        return True
    element = only_element(answer)
    if element is not None:
        return equals_label(element, label, marked)
    if (answer.startswith(_ARTICLES) or label.startswith(_ARTICLES)) and _without_article(answer) == _without_article(
        label
    ):
        return True
    aside = _ASIDE.search(answer) if answer.endswith((")", ").")) else None
    return aside is not None and not brings_another(aside[0]) and equal_answers(answer[: aside.start()], label)


def _without_article(answer: str) -> str:
    return normalized(answer.partition(" ")[2] if answer.startswith(_ARTICLES) else answer)


def _chosen(sample: Sample) -> str | None:
    for text in texts_of(reply_of(sample.output)):
        for part in parts_of(text):
            found = chosen(part, sample.question)
            if found is not None:
                return found
    return None


def _same_choice(answer: str, sample: Sample) -> bool | None:
    label = str(sample.answer)
    wanted = label if len(label) == 1 and label in LETTERS else _wanted(label, sample.question)
    return None if wanted is None else answer == wanted


@lru_cache(maxsize=1024)
def _wanted(label: str, question: str) -> str | None:
    """Return the letter of a label; remembered, because an evaluation scores the same rows several times."""
    marked = final_answer("auto", label)
    return choice_in(label if marked is None else marked, question)
