"""The judge: compares a candidate's output with a reference's at one level (≻ of Eq. 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from maspo.errors import CallFailed
from maspo.graph.template import render
from maspo.judges.reading import read_lone_verdict, read_verdict, speaks_of_verdicts
from maspo.models.base import JUDGE_GLOBAL, JUDGE_LOCAL, JUDGE_LOOKAHEAD, Message, Model, Request
from maspo.quoting import nonce_of, quoted, tagged
from maspo.runtime.concurrency import together
from maspo.verdict import Level, Verdict

_PURPOSES: Mapping[Level, str] = {
    Level.LOCAL: JUDGE_LOCAL,
    Level.LOOKAHEAD: JUDGE_LOOKAHEAD,
    Level.GLOBAL: JUDGE_GLOBAL,
}


@dataclass(frozen=True, slots=True)
class Question:
    """One comparison put to the judge.

    ``agent`` is whose prompt is judged: the rewritten agent, or the successor that is compared. ``role`` says what the
    agent is for whose outputs these are, ``read`` what both were made from.
    """

    level: Level
    agent: str
    role: str
    read: str
    candidate: str
    reference: str
    candidate_first: bool

    @property
    def turned(self) -> Question:
        """The same comparison with the two outputs in the other order."""
        return replace(self, candidate_first=not self.candidate_first)


@dataclass(frozen=True, slots=True)
class JudgeCalls:
    """How the judge is called."""

    model: str
    temperature: float = 0.0
    max_tokens: int = 4096
    seed: int = 0
    """The seed of the run: it keys the names of the tags around what is compared."""


class Judge:
    """Asks a model which of two outputs is better.

    Identical outputs are a tie without a call. A reply that cannot be read, and a call that failed for good, are
    undecided, never a win.
    """

    def __init__(self, model: Model, calls: JudgeCalls) -> None:
        self._model = model
        self._calls = calls

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

    async def compare_both_orders(self, question: Question) -> Verdict:
        """Return one verdict from both orders: a judge that follows the position cancels itself out."""
        return combined(*await together([self.compare(question), self.compare(question.turned)]))

    def _request(self, question: Question) -> Request:
        pair = (question.candidate, question.reference)
        one, two = pair if question.candidate_first else pair[::-1]
        nonce = nonce_of(self._calls.seed, question.level, question.agent, question.role, question.read, one, two)
        slots = {
            "agent": quoted(question.agent),
            "role": quoted(question.role),
            "read": question.read,
            "outputs": f"{tagged('output_1', one, nonce=nonce)}\n\n{tagged('output_2', two, nonce=nonce)}",
        }
        return Request(
            model=self._calls.model,
            messages=(Message("user", render(_prompt(question.level), slots)),),
            purpose=_PURPOSES[question.level],
            agent=question.agent,
            temperature=self._calls.temperature,
            max_tokens=self._calls.max_tokens,
        )


def combined(one: Verdict, other: Verdict) -> Verdict:
    """Return what two orders of the same comparison say together: opposite verdicts are a contradiction."""
    if Verdict.UNDECIDED in (one, other):
        return other if one is Verdict.UNDECIDED else one
    if {one, other} == {Verdict.WIN, Verdict.LOSS}:
        return Verdict.CONTRADICTED
    return one if one is not Verdict.TIE else other


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
