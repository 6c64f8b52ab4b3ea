"""The scorer ``exact``: right is an output whose final answer, read as the system file says, is the label."""

from __future__ import annotations

from maspo.scoring.answers import final_answer, is_correct
from maspo.scoring.base import Scorer
from maspo.scoring.labelled import LabelScorer
from maspo.scoring.registry import scorer_of
from maspo.study.evaluation.job import EXACT


def exact_scorer(spec: str) -> Scorer:
    """Return it for a system's ``final_answer``."""
    if spec == "auto":
        return scorer_of(EXACT)
    return LabelScorer(
        lambda sample: final_answer(spec, sample.output),
        lambda _, sample: is_correct(spec, sample.output, str(sample.answer)),
    )
