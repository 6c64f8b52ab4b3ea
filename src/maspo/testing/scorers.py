"""A contract test for people who write a scorer.

``check_scorer`` runs the whole contract and raises ``AssertionError`` with the rule that was broken::

    async def test_my_scorer() -> None:
        right, wrong = [Sample("1", "It is 4.", answer="4")], [Sample("2", "It is 5.", answer="4")]
        await check_scorer(MyScorer(), right, wrong)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

from maspo.scoring.base import Outcome, Sample, Score, Scorer
from maspo.testing.models import HARD_TEXTS
from maspo.testing.rules import rule


async def check_scorer(scorer: Scorer, right: Sequence[Sample], wrong: Sequence[Sample]) -> None:
    """Check the contract of ``Scorer``; ``right`` and ``wrong`` are samples of which that is known, one or more each.

    Raises:
        AssertionError: a rule is broken; says which.

    """
    rule(bool(right and wrong), "the kit needs samples that are right and samples that are wrong")
    rule(list(await scorer.score([])) == [], "no samples, no scores")
    known = [*right, *wrong]
    alone = [(await _scores(scorer, [sample]))[0] for sample in known]
    for sample, score in zip(known, alone, strict=True):
        wanted = sample in right
        rule(score.correct == wanted, f"{sample.output!r} is {'right' if wanted else 'wrong'}; it is scored {score}")
    rule(await _scores(scorer, known) == alone, "several samples are scored as each of them alone")
    rule(await _scores(scorer, known[::-1]) == alone[::-1], "scores come in the order of their samples")

    hard = [
        replace(right[0], id=f"hard {number}", output=text)
        for number, text in enumerate((*HARD_TEXTS, *(sample.output * 2000 for sample in right[:1])))
    ]
    nothing = replace(right[0], id="nothing", output="")
    unlabelled = [replace(sample, id=f"unlabelled {number}", answer=None) for number, sample in enumerate(known)]
    odd = [replace(right[0], id=f"odd {number}", answer=text, question=text) for number, text in enumerate(HARD_TEXTS)]
    found = await _scores(scorer, [*hard, right[0], *unlabelled, *odd, nothing])
    rule(found[len(hard)] == alone[0], "no sample touches another's score, whatever it holds")
    rule(not found[-1].correct, "an output without any text is not right")


async def _scores(scorer: Scorer, samples: Sequence[Sample]) -> list[Score]:
    try:
        scores = list(await scorer.score(samples))
    except Exception as error:
        raise AssertionError(f"nothing that a sample holds makes a scorer raise: {error!r}") from error
    rule(
        [score.id for score in scores] == [sample.id for sample in samples],
        f"one score for each sample, under its id and in its order: {[score.id for score in scores][:5]}",
    )
    for score in scores:
        rule(score.outcome in get_args(Outcome), f"an outcome is one of {', '.join(get_args(Outcome))}: {score!r}")
        rule(score.read is None or isinstance(score.read, str), f"what was read is a text, or None: {score!r}")
    return scores
