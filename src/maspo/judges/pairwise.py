"""The pairwise judge: asks a model which of two outputs is better at one level (≻ of Eq. 5)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from maspo.core.errors import CallFailed
from maspo.core.quoting import IDS_SAID, nonce_of, quoted, say_id, sealed, tagged
from maspo.core.verdict import Level, Verdict
from maspo.judges.base import Question
from maspo.judges.reading import read_lone_verdict, read_verdict, speaks_of_verdicts
from maspo.models.base import (
    JUDGE_GLOBAL,
    JUDGE_LOCAL,
    JUDGE_LOOKAHEAD,
    DoesNotFit,
    Message,
    ModelClient,
    Request,
    RoleSettings,
)
from maspo.team.template import render

_READ = re.compile(r"<read(?: [^>\n]*)?>\n.*?\n</read>", re.DOTALL)
_INPUT = re.compile(r"<input>\n.*?\n</input>", re.DOTALL)
"""Parts of what an agent had read, as the caller tagged them: no text inside can hold such a tag."""
_LEFT_OUT = "(left out: too long to be shown)"
_PURPOSES: Mapping[Level, str] = {
    Level.LOCAL: JUDGE_LOCAL,
    Level.LOOKAHEAD: JUDGE_LOOKAHEAD,
    Level.GLOBAL: JUDGE_GLOBAL,
}


@dataclass(frozen=True)
class PairwiseJudge:
    """Asks a model which of two outputs is better.

    Identical outputs are a tie without a call. A reply that cannot be read, and a call that failed for good, are
    undecided, never a win. A question that is longer than the model's context is asked with less (``fitting``).
    """

    model: ModelClient
    settings: RoleSettings
    seed: int = 0
    """The run's: it keys the names of the tags around what is compared."""

    async def compare(self, question: Question) -> Verdict:
        """Return the verdict on one comparison, seen from the candidate."""
        if question.candidate == question.reference:
            return Verdict.TIE
        for shown in fitting(question):
            try:
                reply = await self.model.complete(request_for(shown, self.settings, self.seed))
            except DoesNotFit:
                continue
            except CallFailed:
                break
            return verdict_in(reply.text, question)
        return Verdict.UNDECIDED


def fitting(question: Question) -> Iterator[Question]:
    """Yield a question as it is, and then with less and less, for a model whose context it does not fit.

    Whole parts go, and the place says so; no text is cut. First what the agent had read of others, the last of it
    first, then what the agent is for, then the input. The two outputs always stay.
    """
    yield question
    while found := list(_READ.finditer(question.read)):
        last = found[-1]
        question = replace(question, read=f"{question.read[: last.start()]}{_LEFT_OUT}{question.read[last.end() :]}")
        yield question
    if question.level is not Level.GLOBAL:  # a team's final results are judged without any role
        question = replace(question, role=_LEFT_OUT)
        yield question
    if _INPUT.search(question.read):
        yield replace(question, read=_INPUT.sub(_LEFT_OUT, question.read))


def request_for(question: Question, settings: RoleSettings, seed: int = 0) -> Request:
    """Return the call that puts a comparison to the judge's model; its key finds the reply in a record."""
    pair = (question.candidate, question.reference)
    one, two = pair if question.candidate_first else pair[::-1]
    nonce = nonce_of(seed, question.level, question.agent, question.role, question.read, one, two)
    # A name of its own: what was read is told in the same words whatever is compared, for a cache of prefixes.
    of_read = nonce if settings.form < 3 else nonce_of(seed, "read", question.read)
    read = question.read
    outputs = f"{tagged('output_1', one, nonce=nonce)}\n\n{tagged('output_2', two, nonce=nonce)}"
    if settings.form > 1:
        read, outputs = sealed(read, of_read, said=False), sealed(outputs, nonce, said=settings.form == 2)
    slots = {
        "agent": quoted(question.agent),
        "role": quoted(question.role),
        "read": read,
        "outputs": outputs,
        "ids": IDS_SAID,
        "id": say_id(of_read),
    }
    messages = (Message("user", render(_template(question.level, settings.form), slots)),)
    return settings.request(messages, _PURPOSES[question.level], question.agent)


def verdict_in(reply: str, question: Question) -> Verdict:
    """Return what a reply says of a comparison, seen from the candidate."""
    texts = (question.candidate, question.reference, question.read, question.role)
    read = read_lone_verdict if any(map(speaks_of_verdicts, texts)) else read_verdict
    verdict = read(reply)
    if verdict is None:
        return Verdict.UNDECIDED
    if verdict == "tie":
        return Verdict.TIE
    return Verdict.WIN if (verdict == "1") == question.candidate_first else Verdict.LOSS


@cache
def _template(level: Level, form: int) -> str:
    """Return the words of a question; what is the same for all stands first, other than in records from before."""
    place = ("prompts",) if form > 2 else ("prompts", "before")
    return resources.files(__package__).joinpath(*place, f"{level}.txt").read_text(encoding="utf-8")
