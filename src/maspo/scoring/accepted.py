"""Scoring against several accepted answers: an output that gives one of them is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from maspo.scoring.base import Sample, Score, Scorer


class AnyLabel:
    """Asks a scorer about each label of a sample in turn; a sample with one label costs nothing more."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    async def score(self, samples: Sequence[Sample]) -> Sequence[Score]:
        """Return one score for each sample, in their order: the first that is correct, else the one of its label."""
        if not any(sample.others for sample in samples):
            return await self._scorer.score(samples)
        scores = iter(await self._scorer.score([one for sample in samples for one in _with_each_label(sample)]))
        return [_best([next(scores) for _ in _with_each_label(sample)]) for sample in samples]


def _with_each_label(sample: Sample) -> Iterator[Sample]:
    yield replace(sample, others=())
    for label in sample.others:
        yield replace(sample, answer=label, others=())


def _best(scores: Sequence[Score]) -> Score:
    return next((score for score in scores if score.correct), scores[0])
