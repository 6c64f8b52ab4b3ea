"""The scorer that asks a judge whether an output meets a rubric."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

from maspo.errors import CallFailed
from maspo.graph.template import render
from maspo.judges.judge import JudgeCalls
from maspo.judges.reading import read_lone_verdict, read_verdict, speaks_of_verdicts
from maspo.models.base import JUDGE_GLOBAL, Message, Model, Request
from maspo.quoting import nonce_of, tagged
from maspo.runtime.concurrency import together
from maspo.scoring.base import Outcome, Sample, Score

MEETS, MISSES = "1", "2"
"""The judge says it in the tags of a comparison, so that one strict reader serves both."""
_OUTCOMES: dict[str | None, tuple[Outcome, str]] = {
    MEETS: ("correct", "meets the rubric, says the judge"),
    MISSES: ("wrong", "does not meet the rubric, says the judge"),
    None: ("failed", "the judge's reply could not be read"),
}


class RubricScorer:
    """Correct is an output that meets the rubric in the judge's opinion. Labels are not used.

    A reply that cannot be read, and a call that failed for good, are failures of the scorer, never of the output.

    Raises (from ``score``):
        ProviderError, BudgetReached, Interrupted: no further call can be made.

    """

    def __init__(self, model: Model, calls: JudgeCalls, rubric: str) -> None:
        self._model = model
        self._calls = calls
        self._rubric = rubric

    async def score(self, samples: Sequence[Sample]) -> list[Score]:
        """Return one score for each sample, in their order."""
        return await together(map(self._score, samples))

    async def _score(self, sample: Sample) -> Score:
        try:
            reply = await self._model.complete(self._request(sample))
        except CallFailed as error:
            return Score(sample.id, "failed", why=f"the judge could not be asked: {error}")
        texts = (sample.output, sample.question, self._rubric)
        read = read_lone_verdict if any(map(speaks_of_verdicts, texts)) else read_verdict
        said = read(reply.text)
        outcome, why = _OUTCOMES.get(said, _OUTCOMES[None])
        return Score(sample.id, outcome, why=why)

    def _request(self, sample: Sample) -> Request:
        calls = self._calls
        nonce = nonce_of(calls.seed, "rubric", self._rubric, sample.question, sample.output)
        slots = {
            "rubric": self._rubric,
            "input": tagged("input", sample.question),
            "output": tagged("output_1", sample.output, nonce=nonce),
        }
        return Request(
            model=calls.model,
            messages=(Message("user", render(_prompt(), slots)),),
            purpose=JUDGE_GLOBAL,
            temperature=calls.temperature,
            max_tokens=calls.max_tokens,
        )


@cache
def _prompt() -> str:
    return resources.files(__package__).joinpath("prompts", "rubric.txt").read_text(encoding="utf-8")
