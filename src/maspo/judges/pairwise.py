"""The pairwise judge: asks a model which of two outputs is better at one level (≻ of Eq. 5)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from maspo.core.errors import CallFailed
from maspo.core.quoting import nonce_of, quoted, tagged
from maspo.core.verdict import Level, Verdict
from maspo.judges.base import Question
from maspo.judges.reading import read_lone_verdict, read_verdict, speaks_of_verdicts
from maspo.models.base import JUDGE_GLOBAL, JUDGE_LOCAL, JUDGE_LOOKAHEAD, Message, ModelClient, Request, RoleSettings
from maspo.team.template import render

_PURPOSES: Mapping[Level, str] = {
    Level.LOCAL: JUDGE_LOCAL,
    Level.LOOKAHEAD: JUDGE_LOOKAHEAD,
    Level.GLOBAL: JUDGE_GLOBAL,
}


class PairwiseJudge:
    """Asks a model which of two outputs is better.

    Identical outputs are a tie without a call. A reply that cannot be read, and a call that failed for good, are
    undecided, never a win.
    """

    def __init__(self, model: ModelClient, settings: RoleSettings, seed: int = 0) -> None:
        """``seed`` is the run's: it keys the names of the tags around what is compared."""
        self._model = model
        self._settings = settings
        self._seed = seed

    async def compare(self, question: Question) -> Verdict:
        """Return the verdict on one comparison, seen from the candidate."""
        if question.candidate == question.reference:
            return Verdict.TIE
        try:
            reply = await self._model.complete(self._request(question))
        except CallFailed:
            return Verdict.UNDECIDED
        read = read_lone_verdict if _holds_verdicts(question) else read_verdict
        return _seen_from_candidate(read(reply.text), question.candidate_first)

    def _request(self, question: Question) -> Request:
        pair = (question.candidate, question.reference)
        one, two = pair if question.candidate_first else pair[::-1]
        nonce = nonce_of(self._seed, question.level, question.agent, question.role, question.read, one, two)
        slots = {
            "agent": quoted(question.agent),
            "role": quoted(question.role),
            "read": question.read,
            "outputs": f"{tagged('output_1', one, nonce=nonce)}\n\n{tagged('output_2', two, nonce=nonce)}",
        }
        messages = (Message("user", render(_prompt(question.level), slots)),)
        return self._settings.request(messages, _PURPOSES[question.level], question.agent)


def _holds_verdicts(question: Question) -> bool:
    return any(map(speaks_of_verdicts, (question.candidate, question.reference, question.read, question.role)))


def _seen_from_candidate(verdict: str | None, candidate_first: bool) -> Verdict:
    if verdict is None:
        return Verdict.UNDECIDED
    if verdict == "tie":
        return Verdict.TIE
    return Verdict.WIN if (verdict == "1") == candidate_first else Verdict.LOSS


@cache
def _prompt(level: Level) -> str:
    return resources.files(__package__).joinpath("prompts", f"{level}.txt").read_text(encoding="utf-8")
