"""The scorer that asks a judge whether an output meets a rubric."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

from maspo.core.concurrency import together
from maspo.core.errors import CallFailed
from maspo.core.quoting import IDS_SAID, nonce_of, say_id, sealed, tagged
from maspo.judges.reading import read_lone_verdict, read_verdict, speaks_of_verdicts
from maspo.models.base import JUDGE_GLOBAL, Message, ModelClient, Request, RoleSettings
from maspo.scoring.base import Outcome, Sample, Score
from maspo.team.template import render

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

    def __init__(self, model: ModelClient, settings: RoleSettings, rubric: str, seed: int = 0) -> None:
        """``seed`` is the run's: it keys the names of the tags around what is judged."""
        self._model = model
        self._settings = settings
        self._rubric = rubric
        self._seed = seed

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
        settings = self._settings
        nonce = nonce_of(self._seed, "rubric", self._rubric, sample.question, sample.output)
        # A name of its own: it is told in the same words whatever the output, for a cache of prefixes.
        of_asked = nonce if settings.form < 3 else nonce_of(self._seed, "asked", sample.question)
        asked, output = tagged("input", sample.question), tagged("output_1", sample.output, nonce=nonce)
        if settings.form > 1:
            asked, output = sealed(asked, of_asked, said=False), sealed(output, nonce, said=settings.form == 2)
        slots = {"rubric": self._rubric, "input": asked, "output": output, "ids": IDS_SAID, "id": say_id(of_asked)}
        return Request(
            model=settings.model,
            messages=(Message("user", render(_prompt(settings.form), slots)),),
            purpose=JUDGE_GLOBAL,
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
        )


@cache
def _prompt(form: int) -> str:
    """Return the words of a question; what is the same for all stands first, other than in records from before."""
    place = ("prompts",) if form > 2 else ("prompts", "before")
    return resources.files(__package__).joinpath(*place, "rubric.txt").read_text(encoding="utf-8")
